"""Pairs of players who agree more than their skill and the stickers explain. Pure, with false-discovery control.

For every two players who met often enough, whichever of them wrote, the finds are compared with what the two do with
everybody else: logit P(found) = base + the retriever's lead + the writer's lead + the sticker's lead (a Rasch model,
all leads fitted together, so that nobody seems poor who met poor partners, and shrunk towards nothing where there are
few answers). The pair's own answers are taken out of the leads it is judged by, to first order. Two honest players may
have something in common, a dialect or a joke, so the pair is granted `IN_COMMON` beyond its leads. The number of finds
is then Poisson-binomial; what is not known of the leads is integrated out, on each side for itself, so that a pair is
not accused of the uncertainty about it. One-sided; over all pairs tested, Benjamini and Hochberg keep the share of
false ones among the accused below `FALSE_SHARE`.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from sticktionary.domain.quality.skill import logit, sigmoid

FEWEST = 6  # rounds that one wrote and the other looked up
FALSE_SHARE = 0.05
IN_COMMON = 1.0  # logits; two who share a dialect of which others know 40 % find each other so much more easily
SPREAD = 1.0  # of leads among people and stickers, in logits, as in `skill`
N_STEPS = 20  # of the fit; it moves by less than a thousandth long before
UNRELATED = 0.5  # median of where the searcher puts the target, as a share of the page: words that say nothing of it

Pair = tuple[int, int]  # two players, the lower number first
Side = tuple[np.ndarray, float]  # logits of the finds where one of them looks up, and what moves them all alike
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(9)


@dataclass(frozen=True)
class Meeting:
    """One retriever's answer to one writer's round, with the target among the candidates."""

    round_id: int
    writer: int
    finder: int
    sticker: int
    is_found: bool
    machine_share: float | None = None  # where the searcher put the target: 0 first, 1 last
    at: float = 0.0  # seconds since the epoch

    @property
    def pair(self) -> Pair:
        return min(self.writer, self.finder), max(self.writer, self.finder)


@dataclass(frozen=True)
class Agreement:
    """What two players made of each other's rounds, against what is expected of them."""

    met: list[Meeting]
    n_found: int
    expected: float
    p: float


@dataclass(frozen=True)
class Suspicion:
    pair: Pair
    n_found: int
    n: int
    expected: float
    p: float
    n_others_found: int  # other retrievers of the same rounds
    n_others: int
    p_others: float  # of Fisher's exact test against them
    is_code: bool  # words that say nothing of the sticker, which the two find and others do not
    rounds: tuple[int, ...]


class _Leads:
    """The leads of all retrievers, writers and stickers, as they explain all answers together: the posterior's mode."""

    def __init__(self, facts: Sequence[Meeting]) -> None:
        self.found = np.array([meeting.is_found for meeting in facts], dtype=np.float64)
        self.sides = [
            np.unique([meeting.finder for meeting in facts], return_inverse=True)[1],
            np.unique([meeting.writer for meeting in facts], return_inverse=True)[1],
            np.unique([meeting.sticker for meeting in facts], return_inverse=True)[1],
        ]
        self.leads = [np.zeros(side.max() + 1) for side in self.sides]
        self.base = float(logit(np.clip(self.found.mean(), 0.05, 0.95)))
        for _ in range(N_STEPS):
            self._step()
        self.chances = self._chances()
        self.certainty = [self._certainty(side) for side in self.sides]

    def _step(self) -> None:
        """One of Newton's for each side after the other."""
        for side, leads in zip(self.sides, self.leads, strict=True):
            self.chances = self._chances()
            missing = np.bincount(side, self.found - self.chances) - leads / SPREAD**2
            leads += missing / self._certainty(side)

    def _chances(self) -> np.ndarray:
        shifts = (leads[side] for side, leads in zip(self.sides, self.leads, strict=True))
        return np.asarray(sigmoid(self.base + sum(shifts)))

    def _certainty(self, side: np.ndarray) -> np.ndarray:
        """The inverse of the variance of each lead."""
        return np.asarray(np.bincount(side, self.chances * (1 - self.chances)) + SPREAD**-2)

    def without(self, rows: Sequence[int]) -> Side:
        """The logits of some answers of one retriever to one writer, had these not been seen; and what is not known.
        One of Newton's steps away from the mode, which is exact enough while the pair is a part of what the two did."""
        chances = self.chances[rows]
        rest, known = self.found[rows] - chances, chances * (1 - chances)
        logits, variance = logit(chances), 0.0
        for side, certainty in zip(self.sides[:2], self.certainty, strict=False):
            left = certainty[side[rows[0]]] - known.sum()
            logits, variance = logits - rest.sum() / left, variance + 1 / left
        return logits - rest / (self.certainty[2][self.sides[2][rows]] - known), math.sqrt(variance)


def suspicions(
    meetings: Iterable[Meeting], *, fewest: int = FEWEST, false_share: float = FALSE_SHARE
) -> list[Suspicion]:
    """The pairs that agree above chance, the most striking first."""
    from statsmodels.stats.multitest import multipletests  # a second to load, and only the worker counts

    facts = sorted(meetings, key=lambda meeting: (meeting.round_id, meeting.finder))
    tested = every_pair(facts, fewest=fewest)
    if not tested:
        return []
    rejected = multipletests([each.p for each in tested], alpha=false_share, method="fdr_bh")[0]
    of_round: dict[int, list[Meeting]] = defaultdict(list)
    for meeting in facts:
        of_round[meeting.round_id].append(meeting)
    held = [_suspicion(each, of_round) for each, is_held in zip(tested, rejected, strict=True) if is_held]
    return sorted(held, key=lambda each: (each.p, each.pair))


def every_pair(facts: Sequence[Meeting], *, fewest: int = FEWEST) -> list[Agreement]:
    """All pairs that met often enough, with how likely their agreement is."""
    pairs: dict[Pair, list[int]] = defaultdict(list)
    for row, meeting in enumerate(facts):
        pairs[meeting.pair].append(row)
    met_often = [rows for _, rows in sorted(pairs.items()) if len(rows) >= fewest]
    if not met_often:
        return []
    leads = _Leads(facts)
    return [_agreement([facts[row] for row in rows], rows, leads) for rows in met_often]


def _agreement(met: list[Meeting], rows: list[int], leads: _Leads) -> Agreement:
    by_finder: dict[int, list[int]] = defaultdict(list)
    for row, meeting in zip(rows, met, strict=True):
        by_finder[meeting.finder].append(row)
    sides = [leads.without(rows_of_one) for rows_of_one in by_finder.values()]
    n_found = sum(meeting.is_found for meeting in met)
    expected = sum(float(sigmoid(logits).sum()) for logits, _ in sides)
    granted = [(logits + IN_COMMON, sd) for logits, sd in sides]
    return Agreement(met, n_found, round(expected, 2), excess(n_found, *granted))


def _suspicion(pair: Agreement, of_round: dict[int, list[Meeting]]) -> Suspicion:
    met = pair.met
    others = [each for meeting in met for each in of_round[meeting.round_id] if each.finder != meeting.finder]
    n_others_found = sum(each.is_found for each in others)
    p_others = fisher(pair.n_found, len(met), n_others_found, len(others))
    return Suspicion(
        pair=met[0].pair,
        n_found=pair.n_found,
        n=len(met),
        expected=pair.expected,
        p=pair.p,
        n_others_found=n_others_found,
        n_others=len(others),
        p_others=p_others,
        is_code=p_others < 0.01 and _is_unrelated(met),
        rounds=tuple(meeting.round_id for meeting in met if meeting.is_found),
    )


def excess(n_found: int, *sides: Side) -> float:
    """P(at least so many finds) of independent tries with these logits, those of a side all moved alike by a normal
    error."""
    mass = np.ones(1)
    for leads, sd in sides:
        mass = np.convolve(mass, _mixed(leads, sd))
    return float(np.clip(mass[n_found:].sum(), 0.0, 1.0))


def _mixed(leads: np.ndarray, sd: float) -> np.ndarray:
    """How likely each number of finds is on one side, the error integrated out."""
    given = [_counts(sigmoid(leads + sd * node)) for node in _NODES]
    return np.asarray(_WEIGHTS @ np.array(given) / _WEIGHTS.sum())


def _counts(chances: np.ndarray) -> np.ndarray:
    """A Poisson-binomial, by convolution."""
    mass = np.ones(1)
    for chance in chances:
        mass = np.convolve(mass, (1 - chance, chance))
    return mass


def fisher(n_found: int, n: int, n_others_found: int, n_others: int) -> float:
    """Whether the two find more of the same rounds than others do, one-sided."""
    from scipy import stats

    table = [[n_found, n - n_found], [n_others_found, n_others - n_others_found]]
    return float(stats.fisher_exact(table, alternative="greater").pvalue)


def _is_unrelated(met: list[Meeting]) -> bool:
    shares = [each.machine_share for each in met if each.is_found and each.machine_share is not None]
    return bool(shares) and float(np.median(shares)) >= UNRELATED
