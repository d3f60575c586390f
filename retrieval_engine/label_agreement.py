"""How far annotators agree on labels: percent agreement, Cohen's kappa, Krippendorff's alpha, each with an interval.

A *unit* is what was asked about, with the answers it got, in the order they came. Units with fewer than two answers say
nothing of agreement and are left out.

* Percent agreement is the share of agreeing pairs of answers of a unit, averaged over units.
* Cohen's kappa (Cohen 1960, by statsmodels) takes the first answer of each unit for one rater and the second for the
  other: annotators change from unit to unit, so the order stands for them. Third answers, asked for only where two
  disagreed, would bias it and are not in it.
* Krippendorff's alpha (Krippendorff 2019, by krippendorff) takes all answers, nominal, interval, or for sets of words
  with the MASI distance (Passonneau 2006): 1 - Jaccard x M, where M is 1 for equal sets, 2/3 when one holds the other,
  1/3 when they overlap, 0 when they are apart. Two empty sets ("nothing to see") are equal.

Intervals are percentiles of a bootstrap over units with a fixed seed, so the same answers give the same figures.

>>> agreement([["yes", "yes"], ["no", "no"], ["yes", "no"], ["no", "no"]]).percent
0.75
"""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any, Final, Literal, cast

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from krippendorff.krippendorff import DistanceMetric

Level = Literal["nominal", "interval", "set"]
Counts = NDArray[np.int64]
Figures = NDArray[np.float64]

N_RESAMPLES: Final = 1_000
SEED: Final = 20_261_121
SHARE: Final = 0.95


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % interval; no interval where too few resamples had one."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Agreement:
    n_units: int  # with two answers or more
    n_answers: int
    percent: float | None  # 0 to 1
    kappa: Estimate | None  # none for sets, and where everybody always said the same
    alpha: Estimate | None


def agreement(
    units: Sequence[Sequence[Hashable]],
    level: Level = "nominal",
    *,
    n_resamples: int = N_RESAMPLES,
    seed: int = SEED,
) -> Agreement:
    """All figures for one attribute. `level="set"` takes frozensets, `"interval"` takes numbers."""
    paired = [unit for unit in units if len(unit) >= 2]
    if not paired:
        return Agreement(0, 0, None, None, None)
    values = _domain(paired, level)
    place = {value: number for number, value in enumerate(values)}
    coded = [[place[value] for value in unit] for unit in paired]
    # how often each resample drew each unit
    weights = np.random.default_rng(seed).multinomial(len(coded), np.full(len(coded), 1 / len(coded)), n_resamples)
    return Agreement(
        n_units=len(paired),
        n_answers=sum(map(len, paired)),
        percent=float(np.mean([_share_of_pairs(unit) for unit in coded])),
        kappa=None if level == "set" else _kappa(coded, len(values), weights),
        alpha=_alpha(coded, values, level, weights),
    )


def masi_distance(first: frozenset[Any], second: frozenset[Any]) -> float:
    """MASI: 0 for the same set, 1 for sets with nothing in common.

    >>> round(masi_distance(frozenset("ab"), frozenset("abc")), 4)
    0.5556
    """
    if first == second:
        return 0.0
    return 1.0 - jaccard(first, second) * (2 / 3 if first <= second or second <= first else 1 / 3)


def jaccard(first: frozenset[Any], second: frozenset[Any]) -> float:
    """The share of all their members that both have; 1 for two empty sets."""
    return len(first & second) / len(first | second) if first | second else 1.0


def _domain(units: Sequence[Sequence[Any]], level: Level) -> list[Any]:
    seen = {value for unit in units for value in unit}
    return sorted(seen, key=(lambda value: tuple(sorted(map(str, value)))) if level == "set" else None)


def _share_of_pairs(unit: Sequence[int]) -> float:
    pairs = list(combinations(unit, 2))
    return sum(one == other for one, other in pairs) / len(pairs)


def _kappa(coded: Sequence[Sequence[int]], n_values: int, weights: Counts) -> Estimate | None:
    from statsmodels.stats.inter_rater import cohens_kappa  # a second to load; answers are compared without it

    firsts, seconds = (np.eye(n_values)[[unit[rater] for unit in coded]] for rater in (0, 1))  # [units, values]
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)  # one value throughout: no agreement by chance to compare
        value = float(cohens_kappa(firsts.T @ seconds, return_results=False))
        observed = weights @ (firsts * seconds).sum(axis=1) / len(coded)
        expected = ((weights @ firsts) * (weights @ seconds)).sum(axis=1) / len(coded) ** 2
        return _estimate(value, (observed - expected) / (1 - expected))


def _alpha(coded: Sequence[Sequence[int]], values: Sequence[Any], level: Level, weights: Counts) -> Estimate | None:
    import krippendorff

    if len(values) < 2:
        return None  # nothing varies
    counts = np.zeros((len(coded), len(values)))
    for row, unit in enumerate(coded):
        np.add.at(counts[row], unit, 1)
    distances = _distances(values, level)
    value = float(
        krippendorff.alpha(
            value_counts=counts.astype(int),
            value_domain=np.arange(len(values)),
            level_of_measurement=_looked_up(distances),
        )
    )
    return _estimate(value, _resampled_alphas(counts, distances, weights))


def _looked_up(distances: Figures) -> DistanceMetric:
    """The distance between values that are named by their place."""

    def metric(v1: Any, v2: Any, **_ignored: Any) -> Any:
        return distances[v1, v2]

    return cast("DistanceMetric", metric)


def _resampled_alphas(counts: Figures, distances: Figures, weights: Counts) -> Figures:
    """Alpha of many resamples at once: what a unit adds to the observed disagreement does not depend on the others."""
    per_unit = ((counts @ distances) * counts).sum(axis=1) / (counts.sum(axis=1) - 1)
    n_of_value = weights @ counts
    n = n_of_value.sum(axis=1)
    by_chance = ((n_of_value @ distances) * n_of_value).sum(axis=1)
    with np.errstate(all="ignore"):  # a resample in which nothing varies has no alpha
        alphas: Figures = 1 - (n - 1) * (weights @ per_unit) / by_chance
    return alphas


def _distances(values: Sequence[Any], level: Level) -> Figures:
    if level == "set":
        return np.array([[masi_distance(first, second) for second in values] for first in values])
    if level == "interval":
        steps: Figures = np.subtract.outer(np.array(values, float), np.array(values, float))
        return steps**2
    return 1.0 - np.eye(len(values))


def _estimate(value: float, resampled: Figures) -> Estimate | None:
    if not np.isfinite(value):
        return None
    held = resampled[np.isfinite(resampled)]
    if len(held) < len(resampled) / 2 or np.ptp(held) == 0:
        return Estimate(value, None, None)
    low, high = np.quantile(held, [(1 - SHARE) / 2, (1 + SHARE) / 2])
    return Estimate(value, float(low), float(high))
