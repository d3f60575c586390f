"""Where each id stands: a table for ids such as databases give, a dict for all others."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

Ids = Collection[int] | NDArray[np.int64]
"""Sticker ids; an int64 array is read quickest."""

TABLE_MOST: Final = 1 << 24
"""Ids from 0 up to here are in the table: it is never larger than a dict of a million ids."""


def as_ids(ids: Ids) -> NDArray[np.int64]:
    """The same ids as an array."""
    return ids if isinstance(ids, np.ndarray) else np.fromiter(ids, dtype=np.int64, count=len(ids))


class Places:
    """The number of the row of each id. One thread at a time."""

    def __init__(self) -> None:
        self._table = np.zeros(1_024, dtype=np.int32)  # row + 1; 0 for none: memory that is never touched is free
        self._others: dict[int, int] = {}

    @classmethod
    def of(cls, ids: NDArray[np.int64], rows: NDArray[np.int64]) -> Self:
        """Many at once; no id twice."""
        places = cls()
        places.put(ids, rows)
        return places

    def get(self, id: int) -> int | None:
        """The row of `id`, or None."""
        if 0 <= id < len(self._table):
            return int(self._table[id]) - 1 if self._table[id] else None
        return self._others.get(id)

    def rows_of(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """The rows of those of `ids` that have one."""
        if len(ids) == 1:
            row = self.get(int(ids[0]))
            return np.array([] if row is None else [row], dtype=np.int64)
        fits = (ids >= 0) & (ids < len(self._table))
        rows = self._table[ids[fits]].astype(np.int64) - 1
        others = (self._others.get(id) for id in ids[~fits].tolist()) if self._others else ()
        return np.append(rows[rows >= 0], np.array([row for row in others if row is not None], dtype=np.int64))

    def put(self, ids: NDArray[np.int64], rows: NDArray[np.int64]) -> None:
        """Note where `ids` stand now; no id twice."""
        if len(ids) == 1 and 0 <= ids[0] < len(self._table):
            self._table[ids[0]] = rows[0] + 1
            return
        fits = (ids >= 0) & (ids < TABLE_MOST)
        if fits.any():
            self._widen(int(ids[fits].max()) + 1)
            self._table[ids[fits]] = rows[fits] + 1
        self._others.update(zip(ids[~fits].tolist(), rows[~fits].tolist(), strict=True))

    def _widen(self, size: int) -> None:
        if size > len(self._table):
            wider = np.zeros(min(max(size, 2 * len(self._table)), TABLE_MOST), dtype=np.int32)
            wider[: len(self._table)] = self._table
            self._table = wider

    def drop(self, id: int) -> None:
        """Forget `id`."""
        if 0 <= id < len(self._table):
            self._table[id] = 0
        else:
            self._others.pop(id, None)
