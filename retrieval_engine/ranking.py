"""An ordered list of sticker ids with their scores: what every retriever gives, and what fusion and metrics take."""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray


class Ranking(NamedTuple):
    """`ids` int64[n], best first, and `scores` float[n], descending. Equal scores are in the order of ids."""

    ids: NDArray[np.int64]
    scores: NDArray[np.floating]

    @classmethod
    def best(cls, ids: NDArray[np.int64], scores: NDArray[np.floating], k: int | None) -> Self:
        """The `k` highest of `scores` (all with None), best first, ties by id. Selects before it sorts."""
        if k is not None and k < len(ids):
            cut = np.partition(scores, len(scores) - k)[len(scores) - k] if k > 0 else np.inf
            kept = np.flatnonzero(scores >= cut)
            ids, scores = ids[kept], scores[kept]
        order = np.lexsort((ids, -scores))[:k]
        return cls(ids[order], scores[order])

    @classmethod
    def empty(cls) -> Self:
        """A ranking of nothing."""
        return cls(np.empty(0, dtype=np.int64), np.empty(0))

    def rank_of(self, id: int) -> int | None:
        """The place of `id`, counted from 1, or None."""
        places = np.flatnonzero(self.ids == id)
        return int(places[0]) + 1 if len(places) else None

    def ranks_of(self, ids: NDArray[np.int64]) -> list[int | None]:
        """The places of some `ids`, counted from 1, or None."""
        if not len(self.ids):
            return [None] * len(ids)
        order = np.argsort(self.ids)
        places = order[np.minimum(np.searchsorted(self.ids, ids, sorter=order), len(order) - 1)]
        found = (self.ids[places] == ids).tolist()
        return [place + 1 if is_in else None for place, is_in in zip(places.tolist(), found, strict=True)]

    def ranks(self) -> dict[int, int]:
        """Place by id, counted from 1."""
        return {id: rank for rank, id in enumerate(self.ids.tolist(), 1)}
