"""Many documents at once on their way into a lexical index, a piece at a time: what is in between stays small."""

from __future__ import annotations

import sys
from array import array
from collections import defaultdict
from collections.abc import Sequence
from ctypes import CDLL
from itertools import count
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .postings import MAX_FREQUENCY, MAX_SLOTS, Rows, narrow, stacked
from .scanning import Slots

TOKENS_AT_ONCE: Final = 2**21
NO_PACK: Final = -1


def give_back() -> None:
    """Let the system have what was freed: pieces that lay between others the C library keeps unless it is asked."""
    if sys.platform == "linux" and (trim := getattr(CDLL(None), "malloc_trim", None)) is not None:
        trim(0)


class Documents(NamedTuple):
    """All that was counted; a document's slot is its place in the order of arrival."""

    terms: list[str]
    by_term: Rows
    by_slot: Rows
    heavy: dict[int, dict[int, int]]
    ids: NDArray[np.int64]
    lengths: NDArray[np.int32]
    packs: NDArray[np.int32]
    replaced: Slots
    """Slots of documents that another one of the same id followed."""


def number_of(pack: int | None) -> int:
    """How a pack is kept: its number, or `NO_PACK`. ValueError for one that is negative or above 2**31."""
    if pack is not None and not 0 <= pack < 2**31:
        raise ValueError(f"{pack} is no number of a pack")
    return NO_PACK if pack is None else pack


class Counted:
    """How often each term stands in each of a stream of documents."""

    def __init__(self) -> None:
        self._numbers: defaultdict[str, int] = defaultdict(count().__next__)
        self._ids, self._packs, self._lengths = array("q"), array("i"), array("i")
        self._flat, self._n_done = array("I"), 0  # term numbers of the documents after the first `n_done`
        self._by_term, self._terms_of = list[Rows](), list[NDArray[np.uint32]]()
        self._n_terms_of = list[NDArray[np.int64]]()
        self._heavy: dict[int, dict[int, int]] = {}

    def add(self, id: int, tokens: Sequence[str], pack: int | None = None) -> None:
        """Count one more. ValueError for what is no number of a pack."""
        self._packs.append(number_of(pack))
        self._ids.append(id)
        self._lengths.append(len(tokens))
        self._flat.extend(map(self._numbers.__getitem__, tokens))
        if len(self._flat) >= TOKENS_AT_ONCE:
            self._count()

    def _count(self) -> None:
        """Distinct pairs of term and slot, by sorting them as one number."""
        if len(self._ids) > MAX_SLOTS:
            raise ValueError(f"a lexical index holds at most {MAX_SLOTS:,} documents")
        lengths = np.array(self._lengths[self._n_done :], dtype=np.int64)
        slots = np.repeat(np.arange(self._n_done, len(self._ids)), lengths)
        keys = np.array(self._flat, dtype=np.int64) << 24 | slots
        keys.sort()
        firsts = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])[: 1 + bool(len(keys))]))[: len(keys)]
        frequencies, keys = np.diff(firsts, append=len(keys)), keys[firsts]
        self._keep(keys >> 24, keys & (MAX_SLOTS - 1), frequencies, len(lengths))
        self._flat, self._n_done = array("I"), len(self._ids)

    def _keep(self, numbers: Slots, slots: Slots, frequencies: Slots, n_documents: int) -> None:
        for at in np.flatnonzero(frequencies > MAX_FREQUENCY).tolist():
            self._heavy.setdefault(int(numbers[at]), {})[int(slots[at])] = int(frequencies[at])
        packed = (slots << 8 | np.minimum(frequencies, MAX_FREQUENCY)).astype(np.uint32)
        self._by_term.append(Rows.by(numbers, packed, len(self._numbers)))
        by_slot = np.sort(slots << 32 | numbers)
        self._terms_of.append(by_slot.astype(np.uint32))  # the lower bits
        self._n_terms_of.append(np.bincount(slots - self._n_done, minlength=n_documents))

    def done(self) -> Documents:
        """Everything that was counted."""
        self._count()
        terms, ids = list(self._numbers), np.array(self._ids, dtype=np.int64)
        by_term = stacked(len(terms), self._by_term)
        self._by_term.clear()
        of_slot = np.concatenate([part.astype(narrow(len(terms))) for part in self._terms_of])
        self._terms_of.clear()
        by_slot = Rows.counted(np.concatenate(self._n_terms_of), of_slot)
        order = np.argsort(ids, kind="stable")
        replaced = order[:-1][ids[order[:-1]] == ids[order[1:]]]
        lengths, packs = np.array(self._lengths, dtype=np.int32), np.array(self._packs, dtype=np.int32)
        return Documents(terms, by_term, by_slot, self._heavy, ids, lengths, packs, replaced)
