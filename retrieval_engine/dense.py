"""Exact search among image vectors: right for some tens of thousands of stickers (0.6 ms at 10,000 x 512)."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import numpy as np
from numpy.typing import NDArray

from .ranking import Ranking

Vectors = NDArray[np.float32]


def unit(vectors: NDArray[np.floating]) -> Vectors:
    """`vectors` [..., d] scaled to length 1 as float32. ValueError for a vector that is zero or not finite."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    if not np.all(np.isfinite(lengths) & (lengths > 0)):
        raise ValueError("a vector is zero or not finite and has no direction")
    return np.asarray(vectors / lengths, dtype=np.float32)


class DenseIndex:
    """Unit vectors [n, d] by id, searched by cosine. One thread at a time; `Searcher` does the locking."""

    def __init__(self) -> None:
        self._rows: Vectors = np.empty((0, 0), dtype=np.float32)
        self._ids = np.empty(0, dtype=np.int64)
        self._row_of: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._row_of)

    def __contains__(self, id: object) -> bool:
        return id in self._row_of

    @property
    def dim(self) -> int | None:
        """d, or None while nothing is held."""
        return self._rows.shape[1] if len(self) else None

    def put(self, id: int, vectors: NDArray[np.floating]) -> None:
        """Add or replace `vectors` [d], or the mean of [frames, d]. ValueError for another d or no direction."""
        vector = unit(np.atleast_2d(vectors).mean(axis=0))
        if self.dim not in (None, len(vector)):
            raise ValueError(f"a vector of {len(vector)} numbers among vectors of {self.dim}")
        if id not in self._row_of:
            self._make_room(len(vector))
            self._row_of[id] = len(self._row_of)
        row = self._row_of[id]
        self._rows[row], self._ids[row] = vector, id

    def _make_room(self, dim: int) -> None:
        n = len(self)
        if n and n < len(self._ids):
            return
        rows, ids = np.empty((max(64, 2 * n), dim), dtype=np.float32), np.empty(max(64, 2 * n), dtype=np.int64)
        if n:
            rows[:n], ids[:n] = self._rows[:n], self._ids[:n]
        self._rows, self._ids = rows, ids

    def remove(self, id: int) -> bool:
        """Take a vector out; False if there was none. The last row moves into its place."""
        row = self._row_of.pop(id, None)
        if row is None:
            return False
        last = len(self._row_of)
        if row != last:
            self._rows[row], self._ids[row] = self._rows[last], self._ids[last]
            self._row_of[int(self._ids[row])] = row
        return True

    def vector(self, id: int) -> Vectors | None:
        """The unit vector [d] of one sticker, or None."""
        row = self._row_of.get(id)
        return None if row is None else self._rows[row].copy()

    def search(
        self, query: NDArray[np.floating], k: int | None = 20, *, allow: Collection[int] | None = None
    ) -> Ranking:
        """The `k` nearest to `query` [d] by cosine (all with None), ties by id; `allow` keeps only these ids."""
        rows = np.arange(len(self)) if allow is None else self._allowed(allow)
        if not len(rows):
            return Ranking.empty()
        vectors = self._rows[: len(self)] if allow is None else self._rows[rows]
        return Ranking.best(self._ids[rows], vectors @ unit(query), k)

    def neighbours(self, id: int, k: int = 20) -> Ranking:
        """The `k` stickers nearest to sticker `id`, itself left out; nothing for one without a vector."""
        vector = self.vector(id)
        if vector is None:
            return Ranking.empty()
        near = self.search(vector, k + 1)
        others = near.ids != id
        return Ranking(near.ids[others][:k], near.scores[others][:k])

    def _allowed(self, ids: Iterable[int]) -> NDArray[np.intp]:
        return np.array([row for row in map(self._row_of.get, set(ids)) if row is not None], dtype=np.intp)
