"""Postings of a large catalogue in flat arrays, by term and by document, and how they are put together.

>>> rows = stacked(2, [Rows.of({0: [7], 1: [8, 9]}, 2), Rows.of({0: [5]}, 1)])
>>> rows.row(0).tolist(), rows.row(1).tolist()
([7, 5], [8, 9])
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from .scanning import Frequencies, Packed, Slots

MAX_SLOTS: Final = 2**24
MAX_FREQUENCY: Final = 255
"""A term that a document holds more often counts so often here; the true number is kept beside."""
DENSE_FROM: Final = 50_000
"""From so many documents on, frequencies of terms that stand in many lie slot by slot."""
DENSE_SHARE: Final = 0.125
PIECE: Final = 2**20
"""So many values are moved at a time, so that what is in between stays small."""


class Rows(NamedTuple):
    """Rows of values of any length: row r is `values[starts[r]:starts[r + 1]]`."""

    starts: NDArray[np.signedinteger[Any]]
    values: NDArray[np.unsignedinteger[Any]]

    @classmethod
    def of(cls, rows: Mapping[int, Sequence[int]], n_rows: int) -> Self:
        """From some rows of whole numbers below 2**32, by their numbers; the others are empty."""
        counts, values = np.zeros(n_rows, dtype=np.int64), array("I")
        for number in sorted(rows):
            counts[number] = len(rows[number])
            values.extend(rows[number])
        return cls.counted(counts, np.array(values, dtype=np.uint32))

    @classmethod
    def by(cls, numbers: NDArray[np.integer[Any]], values: NDArray[np.unsignedinteger[Any]], n_rows: int) -> Self:
        """From values in the order of their rows, whose numbers stand beside them."""
        return cls.counted(np.bincount(numbers, minlength=n_rows), values)

    @classmethod
    def counted(cls, counts: NDArray[np.integer[Any]], values: NDArray[np.unsignedinteger[Any]]) -> Self:
        """From values in the order of their rows, and how many each row has."""
        starts = np.concatenate(([0], np.cumsum(counts)))
        return cls(starts.astype(np.int32) if starts[-1] < 2**31 else starts, values)

    @property
    def n(self) -> int:
        """How many rows."""
        return len(self.starts) - 1

    def row(self, number: int) -> NDArray[np.unsignedinteger[Any]]:
        """The values of one row; none for a row that came later."""
        return self.values[self.starts[number] : self.starts[number + 1]] if number < self.n else self.values[:0]

    def pieces(self) -> Iterator[tuple[int, int]]:
        """Ranges of whole rows that hold about `PIECE` values, from the first row to behind the last."""
        first = 0
        while first < self.n:
            last = int(np.searchsorted(self.starts, self.starts[first] + PIECE, side="right")) - 1
            last = min(max(last, first + 1), self.n)
            yield first, last
            first = last

    def kept(self, is_kept: Callable[[NDArray[Any]], NDArray[np.bool_]]) -> Self:
        """The same rows with those values alone that `is_kept` says."""
        counts, values = np.zeros(self.n, dtype=np.int64), [self.values[:0]]
        for first, last in self.pieces():
            part = self.values[self.starts[first] : self.starts[last]]
            is_in = is_kept(part)
            before = np.concatenate(([0], np.cumsum(is_in)))[self.starts[first : last + 1] - self.starts[first]]
            counts[first:last] = np.diff(before)
            values.append(part[is_in])
        return type(self).counted(counts, np.concatenate(values))

    def without(self, rows: NDArray[np.integer[Any]]) -> Self:
        """The same with nothing in some `rows`."""
        counts = np.diff(self.starts)
        is_in = np.ones(self.n, dtype=np.bool_)
        is_in[rows] = False
        if is_in.all():
            return self
        held = [self.values[self.starts[a] : self.starts[b]] for a, b in _runs(is_in)]
        return type(self).counted(np.where(is_in, counts, 0), np.concatenate([self.values[:0], *held]))


def _runs(is_in: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Where it is so without a break: (first, behind the last)."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], is_in.view(np.int8), [0]))))
    return zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


def stacked(n_rows: int, parts: Sequence[Rows], dtype: type[np.unsignedinteger[Any]] = np.uint32) -> Rows:
    """Rows that hold what the rows of the same number hold in each of the parts, one part after the other."""
    counts = np.zeros(n_rows, dtype=np.int64)
    for part in parts:
        counts[: part.n] += np.diff(part.starts)
    rows = Rows.counted(counts, np.empty(int(counts.sum()), dtype=dtype))
    ends, values = rows.starts[:-1].astype(np.int64), rows.values
    for part in parts:
        for first, last in part.pieces():
            own = part.starts[first : last + 1]
            places = np.arange(own[0], own[-1]) + np.repeat(ends[first:last] - own[:-1], np.diff(own))
            values[places] = part.values[own[0] : own[-1]]
        ends[: part.n] += np.diff(part.starts)
    return rows


def narrow(n_terms: int) -> type[np.unsignedinteger[Any]]:
    """What numbers of terms are kept in."""
    return np.uint16 if n_terms <= 2**16 else np.uint32


@dataclass(frozen=True, slots=True)
class Base:
    """Immutable postings of all documents up to the last compaction.

    `by_term` has the postings of each term but those in `dense`; `by_slot` the numbers of the distinct terms of each
    document. `ids` are ascending, `slots` stand beside them.
    """

    by_term: Rows
    by_slot: Rows
    ids: NDArray[np.int64]
    slots: NDArray[np.int32]
    dense: dict[int, Frequencies] = field(default_factory=dict)
    """By slot, of terms in many documents: a quarter of the bytes, and no jumps."""

    @classmethod
    def of(cls, by_term: Rows, by_slot: Rows, ids: NDArray[np.int64], slots: NDArray[np.integer[Any]]) -> Self:
        """From the postings of all terms, and the documents that are held, in any order."""
        order = np.argsort(ids, kind="stable")
        n_slots = by_slot.n
        often = np.diff(by_term.starts) > (DENSE_SHARE * n_slots if n_slots >= DENSE_FROM else n_slots)
        dense = {number: _laid_out(by_term.row(number), n_slots) for number in np.flatnonzero(often).tolist()}
        sparse = by_term.without(np.flatnonzero(often))
        return cls(sparse, by_slot, ids[order], slots[order].astype(np.int32), dense)

    @classmethod
    def empty(cls) -> Self:
        """Of no documents."""
        nothing = np.empty(0, dtype=np.int64)
        return cls.of(Rows.of({}, 0), Rows.of({}, 0), nothing, nothing)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All that it consists of, by name, for a file."""
        dense = np.stack([*self.dense.values()]) if self.dense else np.empty((0, self.by_slot.n), dtype=np.uint8)
        numbers = np.array([*self.dense], dtype=np.int64)
        rows = {"starts": self.by_term.starts, "packed": self.by_term.values}
        slots = {"begins": self.by_slot.starts, "terms": self.by_slot.values}
        return rows | slots | {"ids": self.ids, "slots": self.slots, "often": numbers, "frequencies": dense}

    @classmethod
    def from_arrays(cls, held: Mapping[str, NDArray[Any]]) -> Self:
        """From those `arrays`."""
        dense = dict(zip(held["often"].tolist(), held["frequencies"], strict=True))
        by_term, by_slot = Rows(held["starts"], held["packed"]), Rows(held["begins"], held["terms"])
        return cls(by_term, by_slot, held["ids"], held["slots"], dense)

    def terms_of(self, slot: int) -> list[int]:
        """The distinct terms of a document, by number."""
        found: list[int] = self.by_slot.row(slot).tolist()
        return found

    def slot_of(self, id: int) -> int | None:
        """Where the document was put; it may have been taken out since."""
        place = int(np.searchsorted(self.ids, id))
        return int(self.slots[place]) if place < len(self.ids) and self.ids[place] == id else None

    def slots_of(self, ids: NDArray[np.int64]) -> NDArray[np.int32]:
        """Where the documents were put, of those that were."""
        places = np.searchsorted(self.ids, ids)
        places[places == len(self.ids)] = 0
        return self.slots[places[self.ids[places] == ids]] if len(self.ids) else self.slots

    def with_fresh(
        self, by_term: Rows, by_slot: Rows, gone: Slots, ids: NDArray[np.int64], slots: NDArray[np.integer[Any]]
    ) -> Base:
        """Of these and more documents, but those in the slots that are `gone`. `ids` and `slots` are what is held."""
        n_terms, n_slots = max(by_term.n, self.by_term.n), max(by_slot.n, self.by_slot.n)
        is_gone = np.zeros(n_slots, dtype=np.bool_)
        is_gone[gone] = True
        numbers = sorted(self.dense)
        dense = Rows.by(*_columns((number, _packed(self.dense[number])) for number in numbers), n_rows=n_terms)
        parts = [part.kept(lambda packed: ~is_gone[packed >> 8]) for part in (self.by_term, dense, by_term)]
        documents = [self.by_slot.without(gone[gone < self.by_slot.n]), by_slot]
        return Base.of(stacked(n_terms, parts), stacked(n_slots, documents, narrow(n_terms)), ids, slots)


def _laid_out(packed: NDArray[Any], n_slots: int) -> Frequencies:
    frequencies = np.zeros(n_slots, dtype=np.uint8)
    frequencies[packed >> 8] = packed & 255
    return frequencies


def _packed(frequencies: Frequencies) -> Packed:
    slots = np.flatnonzero(frequencies)
    return (slots << 8 | frequencies[slots]).astype(np.uint32)


def _columns(rows: Iterable[tuple[int, Packed]]) -> tuple[NDArray[np.int64], Packed]:
    """Numbers beside values, from a run of values for each number."""
    held = [(np.full(len(values), number), values) for number, values in rows]
    numbers, values = zip(*held, strict=True) if held else ((), ())
    return np.concatenate([np.empty(0, np.int64), *numbers]), np.concatenate([np.empty(0, np.uint32), *values])
