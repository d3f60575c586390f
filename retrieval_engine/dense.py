"""Exact search among image vectors: right for some tens of thousands of stickers (0.6 ms at 10,000 x 512)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from .ranking import Ranking

Vectors = NDArray[np.float32]
Ids = Collection[int] | NDArray[np.int64]


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

    @classmethod
    def of(cls, chunks: Iterable[tuple[Ids, NDArray[np.floating]]]) -> Self:
        """An index of many vectors, given as (ids [m], vectors [m, d]) one chunk after the other, so that a large
        catalogue is never in memory twice. Of vectors with one id the last one counts. ValueError as for `put`."""
        index = cls()
        for ids, vectors in chunks:
            index.put_many(ids, vectors)
        return index

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

    def put_many(self, ids: Ids, vectors: NDArray[np.floating]) -> None:
        """Add or replace many vectors [m, d] at once, one for each of `ids`. ValueError as for `put`."""
        for id, vector in zip(ids, unit(vectors), strict=True):
            self.put(int(id), vector)

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

    def cosine(self, query: NDArray[np.floating], id: int) -> float | None:
        """How near sticker `id` is to `query` [d]; None for one without a vector."""
        vector = self.vector(id)
        return None if vector is None else float(vector @ unit(query))

    def search(
        self, query: NDArray[np.floating], k: int | None = 20, *, allow: Ids | None = None, deny: Ids | None = None
    ) -> Ranking:
        """The `k` nearest to `query` [d] by cosine (all with None), ties by id.

        `allow` keeps only these ids, `deny` leaves these out; `k` are found wherever there are as many.
        """
        rows = np.arange(len(self)) if allow is None else self._held(allow)
        if deny is not None:
            rows = np.setdiff1d(rows, self._held(deny), assume_unique=True)
        if not len(rows):
            return Ranking.empty()
        vectors = self._rows[: len(self)] if len(rows) == len(self) else self._rows[rows]
        return Ranking.best(self._ids[rows], vectors @ unit(query), k)

    def neighbours(self, id: int, k: int = 20) -> Ranking:
        """The `k` stickers nearest to sticker `id`, itself left out; nothing for one without a vector."""
        vector = self.vector(id)
        return Ranking.empty() if vector is None else self.search(vector, k, deny=[id])

    def _held(self, ids: Ids) -> NDArray[np.intp]:
        rows = (self._row_of.get(int(id)) for id in ids)
        return np.unique(np.array([row for row in rows if row is not None], dtype=np.intp))

    def save(self, folder: Path) -> None:
        """Write a snapshot into `folder`, which is made if need be; it is there whole or not at all."""
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = folder / ".dense.npz.part"
        with unfinished.open("wb") as file:
            np.savez(file, ids=self._ids[: len(self)], rows=self._rows[: len(self)])
        unfinished.replace(folder / "dense.npz")

    @classmethod
    def open(cls, folder: Path) -> Self:
        """An index from a snapshot. ValueError for a folder that holds none."""
        try:
            with np.load(folder / "dense.npz") as held:
                return cls.of([(held["ids"], held["rows"])] if len(held["ids"]) else [])
        except (OSError, KeyError, ValueError) as error:
            raise ValueError(f"{folder}: not a snapshot of a dense index") from error
