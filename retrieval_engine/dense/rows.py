"""Rows of unit vectors that are only ever added to, so that many threads can read them while one writes.

A row is never written again. Changing a vector adds a row and notes since when the old one is gone; a reader works on
what was so when it began, whatever is written meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
RowNumbers = NDArray[np.int64]
Stored = NDArray[np.float16] | NDArray[np.float32]

STAYS: Final = np.iinfo(np.int64).max
"""When a row is gone that is not gone."""
NO_ROWS: Final = np.empty(0, dtype=np.int64)
SIGN_AND_REST: Final = np.int32(0x0FFFE000 - (1 << 31))
FIRST_SEGMENT: Final = 1_024
LARGEST_SEGMENT: Final = 65_536
LEAST_WASTE: Final = 4_096
BLOCK: Final = 256
"""So many rows are compared at once: in float32 they fit into a processor's cache."""
CHUNK: Final = 4_096
"""So many rows are copied at once."""


def unit(vectors: NDArray[np.floating]) -> Vectors:
    """`vectors` [..., d] scaled to length 1 as float32. ValueError for a vector that is zero or not finite."""
    vectors = np.asarray(vectors, dtype=np.result_type(vectors, np.float32))
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    if not np.all(np.isfinite(lengths) & (lengths > 0)):
        raise ValueError("a vector is zero or not finite and has no direction")
    return np.asarray(vectors / lengths, dtype=np.float32)


def in_float32(stored: Stored) -> Vectors:
    """The same numbers, none of them over 1. In NumPy's own conversion of float16 a search would spend most of its
    time: here sign, exponent and fraction are moved to where float32 has them, and 2^112 makes up for its exponents."""
    if stored.dtype == np.float32:
        return np.asarray(stored)
    moved = stored.view(np.int16).astype(np.int32)
    moved <<= 13
    moved &= SIGN_AND_REST
    numbers: Vectors = moved.view(np.float32)
    numbers *= np.float32(2.0**112)
    return numbers


def _blocks(segment: Stored) -> Iterator[Stored]:
    """Of float32 there is nothing to convert, and nothing gained by small blocks."""
    size = BLOCK if segment.dtype == np.float16 else max(1, len(segment))
    return (segment[low : low + size] for low in range(0, len(segment), size))


class Rows(NamedTuple):
    """What one reader sees: rows 0 to `n`, as they were at `version`. Nothing that it shows ever changes."""

    version: int
    n: int
    n_live: int
    segments: tuple[Stored, ...]
    starts: RowNumbers  # the number of each segment's first row
    ids: NDArray[np.int64]  # of n rows and more
    gone_since: NDArray[np.int64]  # the version

    @property
    def dim(self) -> int | None:
        """d, or None before anything was held."""
        return self.segments[0].shape[1] if self.segments else None

    @property
    def kind(self) -> np.dtype[np.floating]:
        """In what the finest vectors are kept, which are the first."""
        return self.segments[0].dtype if self.segments else np.dtype(np.float32)

    def live(self) -> NDArray[np.bool_]:
        """Which of the n rows are held."""
        return self.gone_since[: self.n] > self.version

    def only_live(self, rows: RowNumbers) -> RowNumbers:
        """Those of `rows` that are held."""
        return rows[self.gone_since[rows] > self.version]

    def vectors(self, rows: RowNumbers) -> Vectors:
        """The vectors [len(rows), d] of some rows, which ascend."""
        taken = [in_float32(part) for part in self._parts(rows)]
        return taken[0] if len(taken) == 1 else np.concatenate([np.empty((0, self.dim or 0), dtype=np.float32), *taken])

    def _parts(self, rows: RowNumbers) -> Iterator[Stored]:
        """What is stored of `rows`, some of one segment at a time."""
        edges = np.searchsorted(rows, [*self.starts.tolist(), self.n]).tolist()
        for segment, start, low, high in zip(self.segments, self.starts.tolist(), edges, edges[1:], strict=False):
            for first in range(low, high, BLOCK):
                yield segment.take(rows[first : min(first + BLOCK, high)] - start, axis=0)

    def blocks(self, start: int = 0) -> Iterator[tuple[int, Vectors]]:
        """All vectors from row `start` on, held or not, some at a time, each time with the first one's number."""
        for first, segment in zip(self.starts.tolist(), self.segments, strict=True):
            end = min(len(segment), self.n - first)
            for low in range(max(0, start - first), end, CHUNK):
                yield first + low, in_float32(segment[low : min(low + CHUNK, end)])

    def cosines(self, query: Vectors, rows: RowNumbers | None = None) -> Vectors:
        """The cosine with `query` [d] of each of n rows, or of `rows`, which ascend. A vector has one cosine, to the
        last bit, however it is come by: rows are multiplied one by one."""
        if rows is not None and 4 * len(rows) > self.n:  # in one go is quicker than here and there
            return self.cosines(query)[rows]
        if rows is None:
            used = np.minimum(self.n - self.starts, [len(segment) for segment in self.segments]).tolist()
            held = [segment[:n] for segment, n in zip(self.segments, used, strict=True)]
            parts = [np.vecdot(in_float32(block), query) for segment in held for block in _blocks(segment)]
        else:
            parts = [np.vecdot(in_float32(part), query) for part in self._parts(rows)]
        return np.concatenate(parts, dtype=np.float32) if parts else np.empty(0, dtype=np.float32)


def _coarse(segment: Stored, n_used: int) -> Stored:
    if segment.dtype == np.float16:
        return segment
    coarse = np.empty(segment.shape, dtype=np.float16)
    coarse[:n_used] = segment[:n_used]
    return coarse


class RowStore:
    """The one place where rows are written; `now` is what readers take. One writing thread at a time.

    The first `n_precise` rows are kept in float32, later ones in float16; see `make_coarse`.
    """

    def __init__(self, n_precise: int) -> None:
        self._n_precise = n_precise
        self._n_mapped = self._n_wasted = 0
        self.now = Rows(0, 0, 0, (), NO_ROWS, NO_ROWS, NO_ROWS)

    @classmethod
    def over(cls, ids: NDArray[np.int64], vectors: Stored, n_precise: int) -> Self:
        """Rows that exist already, read where they are; what comes is added in memory of our own."""
        store = cls(n_precise)
        n = store._n_mapped = len(ids)
        if n:
            store.now = Rows(0, n, n, (vectors,), np.zeros(1, dtype=np.int64), ids, np.full(n, STAYS))
        return store

    def change(self, ids: NDArray[np.int64], vectors: Vectors, gone: RowNumbers) -> None:
        """Add `vectors` [m, d] of length 1 and let the rows `gone` go, which for a reader is one moment."""
        self._make_room(*vectors.shape)
        before, n = self.now, self.now.n + len(ids)
        high = n
        for start, segment in zip(before.starts[::-1], before.segments[::-1], strict=True):
            if high == before.n:
                break
            if start < high:
                low = max(before.n, int(start))
                segment[low - start : high - start] = vectors[low - before.n : high - before.n]
                high = low
        if len(ids):  # before the first that comes, the ids are those of a snapshot, which cannot be written
            before.ids[before.n : n], before.gone_since[before.n : n] = ids, STAYS
        if len(gone):
            before.gone_since[gone] = before.version + 1
            self._n_wasted += int(np.count_nonzero(gone >= self._n_mapped))
        n_live = before.n_live + len(ids) - len(gone)
        self.now = before._replace(version=before.version + 1, n=n, n_live=n_live)

    def _make_room(self, m: int, dim: int) -> None:
        now = self.now
        if (lacking := now.n + m - len(now.ids)) > 0:
            spare = np.empty(max(lacking, FIRST_SEGMENT, len(now.ids) // 2), dtype=np.int64)
            now = now._replace(ids=np.append(now.ids, spare), gone_since=np.append(now.gone_since, spare))
        n_rows = int(now.starts[-1]) + len(now.segments[-1]) if now.segments else 0
        while n_rows < now.n + m:
            kind = np.dtype(np.float32 if n_rows < self._n_precise else np.float16)
            size = min(max(n_rows - self._n_mapped, FIRST_SEGMENT), LARGEST_SEGMENT)
            segment: Stored = np.empty((size, dim), dtype=kind)  # takes no memory before it is written
            now = now._replace(segments=(*now.segments, segment), starts=np.append(now.starts, n_rows))
            n_rows += size
        self.now = now

    def make_coarse(self) -> None:
        """Keep all vectors in float16 from now on: exactness costs little only while there are few."""
        self._n_precise = 0
        if self.now.kind == np.float32:
            now = self.now
            used = np.minimum(now.n - now.starts, [len(segment) for segment in now.segments])
            coarse = tuple(map(_coarse, now.segments, used.tolist()))
            self.now = now._replace(segments=coarse)

    @property
    def is_wasteful(self) -> bool:
        """Whether most of the rows in memory of our own are gone."""
        return self._n_wasted > max(LEAST_WASTE, (self.now.n - self._n_mapped) // 2)

    def without_gone(self, seen: Rows) -> tuple[RowStore, RowNumbers]:
        """A store of what `seen` holds, and the numbers that its rows have here. Rows that were mapped stay where they
        are, held or not. May run beside a writer, who goes on with this store; see `catch_up`."""
        store, n = RowStore(self._n_precise), self._n_mapped
        kept = np.concatenate((np.arange(n), n + np.flatnonzero(seen.live()[n:])))
        if n:
            live = seen.live()[:n]
            since = np.where(live, STAYS, 0)
            store.now = Rows(0, n, int(np.count_nonzero(live)), seen.segments[:1], seen.starts[:1], seen.ids[:n], since)
            store._n_mapped = n
        for low in range(n, len(kept), CHUNK):
            rows = kept[low : low + CHUNK]
            store.change(seen.ids[rows], seen.vectors(rows), NO_ROWS)
        return store, kept

    def catch_up(self, seen: Rows, now: Rows, kept: RowNumbers) -> None:
        """Do here what has been done elsewhere since `seen`."""
        later = now.only_live(np.arange(seen.n, now.n))
        since = now.gone_since[kept]
        gone = np.flatnonzero((since > seen.version) & (since <= now.version))
        self.change(now.ids[later], now.vectors(later), gone)
