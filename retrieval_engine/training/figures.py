"""What a run measured, as rows that can be put side by side whatever made them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

N_DRAWS: Final = 2_000
AT_ONCE: Final = 2**18
"""Numbers that are drawn in one go."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One number. `metric` is a long name ("recall_at_10[exact]"); `method` what was measured ("fine-tuned", "live",
    "bm25", "fusion", "zero-shot", ...); `task` which way and with what queries ("text_to_image/human_query").
    `low` and `high` bound the 95 % interval over `n` queries; `chance` is what a random order gives."""

    task: str
    method: str
    language: str
    metric: str
    value: float
    low: float | None = None
    high: float | None = None
    chance: float | None = None
    n: int = 0
    n_gallery: int = 0
    n_dropped: int = 0
    tied: float | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """All figures of a run. `headline` names the one that decides: its task, method, language and metric."""

    recipe: str
    headline: tuple[str, str, str, str]
    figures: list[Figure]
    notes: list[str] = field(default_factory=list)
    examples: list[dict[str, Any]] = field(default_factory=list)
    """A few outputs to look at: {"sticker_id", "language", "texts": [...], ...}."""

    def find(self, task: str, method: str, language: str, metric: str) -> Figure | None:
        """The figure of that name."""
        wanted = (task, method, language, metric)
        return next((f for f in self.figures if (f.task, f.method, f.language, f.metric) == wanted), None)

    def write(self, path: Path) -> None:
        """As JSON."""
        path.write_text(
            json.dumps(asdict(self), indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8"
        )

    @classmethod
    def read(cls, path: Path) -> Self:
        """What `write` wrote."""
        return cls.of(json.loads(path.read_text(encoding="utf-8")))

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Self:
        """The report that reads so as JSON."""
        figures = [Figure(**row) for row in content["figures"]]
        return cls(**{**content, "headline": tuple(content["headline"]), "figures": figures})


def interval(values: Sequence[float], *, seed: int = 0, n_draws: int = N_DRAWS) -> tuple[float, float]:
    """95 % interval of the mean of `values` by bootstrap (percentiles of `n_draws` means); NaN without values."""
    if not len(values):
        return float("nan"), float("nan")
    array, rng = np.asarray(values, dtype=float), np.random.default_rng(seed)
    n_at_once = max(1, AT_ONCE // len(array))
    sizes = [min(n_at_once, n_draws - start) for start in range(0, n_draws, n_at_once)]
    means = np.concatenate([array[rng.integers(len(array), size=(size, len(array)))].mean(axis=1) for size in sizes])
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def intervals(values: NDArray[np.float64], *, seed: int = 0, n_draws: int = N_DRAWS) -> NDArray[np.float64]:
    """[2, m]: `interval` of each column of `values` [n, m], all from the same draws."""
    n, rng = len(values), np.random.default_rng(seed)
    means = np.stack([np.bincount(rng.integers(n, size=n), minlength=n) @ values for _ in range(n_draws)]) / n
    return np.percentile(means, [2.5, 97.5], axis=0)


def difference(ours: Sequence[float], theirs: Sequence[float], *, seed: int = 0) -> tuple[float, float, float]:
    """The mean of ours - theirs over the same queries, with its 95 % interval by paired bootstrap."""
    gaps = np.asarray(ours, dtype=float) - np.asarray(theirs, dtype=float)
    return (float(gaps.mean()), *interval(gaps.tolist(), seed=seed))


def apart(ours: Figure, theirs: Figure) -> tuple[float, float, float] | None:
    """ours - theirs with a 95 % interval made of both intervals (MOVER, Zou & Donner 2008); none without intervals.

    As for independent samples: where both were measured on the same queries it is wider than it need be, so what it
    calls a difference is one.
    """
    if ours.low is None or ours.high is None or theirs.low is None or theirs.high is None:
        return None
    gap = ours.value - theirs.value
    low = gap - math.hypot(ours.value - ours.low, theirs.high - theirs.value)
    return gap, low, gap + math.hypot(ours.high - ours.value, theirs.value - theirs.low)
