"""Retrieval metrics as expected values under random tie breaking, with what chance would give.

A relevant item with `better` items strictly above it and a tie group of `tied` items, itself among them, is equally
likely at each of the ranks better + 1 .. better + tied.

>>> [expected_hit(Place(better=1, tied=2), k) for k in (1, 2, 3)]
[0.0, 0.5, 1.0]
>>> round(expected_reciprocal_rank(Place(better=0, tied=2)), 2)
0.75
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Place:
    """Where the relevant item stands: `better` items before it, `tied` items (at least 1, itself) at its score."""

    better: int
    tied: int


def place(scores: NDArray[np.floating], relevant: int) -> Place:
    """The place of item `relevant` by `scores` [n], -inf for items not retrieved at all. ValueError for NaN."""
    own = scores[relevant]
    if np.isnan(scores).any():
        raise ValueError("a score is not a number")
    return Place(int((scores > own).sum()), int((scores == own).sum()))


def expected_hit(place: Place, k: int) -> float:
    """P(rank <= k) = clamp((k - better) / tied, 0, 1)."""
    return min(1.0, max(0.0, (k - place.better) / place.tied))


def expected_reciprocal_rank(place: Place) -> float:
    """E[1 / rank] = (1 / tied) x sum over i = 1..tied of 1 / (better + i)."""
    return float((1.0 / np.arange(place.better + 1, place.better + place.tied + 1)).mean())


@dataclass(frozen=True, slots=True)
class Places:
    """The places of many queries' relevant items: `better` and `tied`, int64 [n], as in `Place`."""

    better: NDArray[np.int64]
    tied: NDArray[np.int64]

    @classmethod
    def by(cls, scores: NDArray[np.floating], relevant: NDArray[np.int64]) -> Self:
        """By `scores` [n, items], of which `relevant` [n] is the item that counts. ValueError for NaN."""
        if np.isnan(scores).any():
            raise ValueError("a score is not a number")
        own = np.take_along_axis(scores, relevant[:, None], axis=1)
        return cls((scores > own).sum(axis=1), (scores == own).sum(axis=1))

    @classmethod
    def joined(cls, parts: Sequence[Places]) -> Self:
        """One after the other."""
        return cls(np.concatenate([p.better for p in parts]), np.concatenate([p.tied for p in parts]))

    def of(self, chosen: NDArray[np.bool_]) -> Self:
        """Those of some queries."""
        return type(self)(self.better[chosen], self.tied[chosen])

    def hits(self, k: int) -> NDArray[np.float64]:
        """`expected_hit` of each."""
        return np.clip((k - self.better) / self.tied, 0.0, 1.0)

    def reciprocal_ranks(self) -> NDArray[np.float64]:
        """`expected_reciprocal_rank` of each."""
        return self._mean_of(lambda ranks: 1.0 / ranks)

    def gains(self, k: int) -> NDArray[np.float64]:
        """nDCG at `k` of each, for one relevant item: the expected 1 / log2(1 + rank), 0 beyond `k`."""
        return self._mean_of(lambda ranks: (ranks <= k) / np.log2(1.0 + ranks))

    def _mean_of(self, worth: Callable[[NDArray[np.int64]], NDArray[np.float64]]) -> NDArray[np.float64]:
        """The mean worth of the ranks better + 1 .. better + tied."""
        last = int((self.better + self.tied).max(initial=0))
        sums = np.concatenate([[0.0], np.cumsum(worth(np.arange(1, last + 1)))])
        means: NDArray[np.float64] = (sums[self.better + self.tied] - sums[self.better]) / self.tied
        return means


def chance_of_first(n: int, n_relevant: int) -> NDArray[np.float64]:
    """P(the first relevant item is at rank 1, 2, ..., n) in a random order of `n` items with `n_relevant` relevant."""
    before = np.arange(n)
    later = np.cumprod(np.clip((n - n_relevant - before) / (n - before), 0.0, 1.0))
    return -np.diff(later, prepend=1.0)


def recall_at(places: Sequence[Place], k: int) -> float:
    """`recall_at_k[exact]`: the mean of `expected_hit`; one relevant item for each query. NaN without queries."""
    return float(np.mean([expected_hit(place, k) for place in places])) if places else float("nan")


def mean_reciprocal_rank(places: Sequence[Place]) -> float:
    """The mean of `expected_reciprocal_rank`, which is also MAP for one relevant item. NaN without queries."""
    return float(np.mean([expected_reciprocal_rank(place) for place in places])) if places else float("nan")


def chance_recall(n: int, k: int) -> float:
    """What a random order of `n` items gives: min(k, n) / n."""
    return min(k, n) / n


def chance_reciprocal_rank(n: int) -> float:
    """What a random order of `n` items gives: the n-th harmonic number over n."""
    return expected_reciprocal_rank(Place(0, n))
