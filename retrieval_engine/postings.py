"""Postings of a large catalogue in flat arrays, and the two inner loops of BM25 over them.

A posting is one number: the document's slot in the upper 24 bits, how often the term occurs in the lower 8. The loops
are compiled where numba is installed and written in NumPy where it is not; both give the same scores.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

Packed = NDArray[np.uint32]
Slots = NDArray[np.int64]
Floats = NDArray[np.float64]

MAX_SLOTS: Final = 2**24
MAX_FREQUENCY: Final = 255
"""A term that a document holds more often is kept beside the arrays."""
DENSE_FROM: Final = 50_000
DENSE_SHARE: Final = 0.125


def _add_scores(packed: Packed, norms: Floats, weight: float, scores: Floats) -> None:
    slots = packed >> 8
    frequencies = (packed & 255).astype(np.float64)
    scores[slots] += weight * frequencies / (frequencies + norms[slots])


def _raise_frequencies(packed: Packed, frequencies: NDArray[np.uint8]) -> None:
    slots = packed >> 8
    frequencies[slots] = np.maximum(frequencies[slots], (packed & 255).astype(np.uint8))


def _compiled_add_scores(packed: Any, norms: Any, weight: float, scores: Any) -> None:
    for i in range(packed.shape[0]):
        slot = packed[i] >> 8
        frequency = float(packed[i] & 255)
        scores[slot] += weight * frequency / (frequency + norms[slot])


def _compiled_raise_frequencies(packed: Any, frequencies: Any) -> None:
    for i in range(packed.shape[0]):
        slot = packed[i] >> 8
        frequency = packed[i] & 255
        if frequency > frequencies[slot]:
            frequencies[slot] = frequency


@dataclass(frozen=True, slots=True)
class Loops:
    """The two inner loops of a search."""

    add_scores: Callable[[Packed, Floats, float, Floats], None]
    """Add weight x tf / (tf + norm) of each posting to its document's score."""
    raise_frequencies: Callable[[Packed, NDArray[np.uint8]], None]
    """Keep for each document the highest frequency that its postings have."""
    are_compiled: bool


IN_NUMPY: Final = Loops(_add_scores, _raise_frequencies, are_compiled=False)


@cache
def loops() -> Loops:
    """Compiled where numba is installed. It is loaded with the first search: half a second and 60 MB that a process
    which never searches does without."""
    try:
        from numba import njit
    except ImportError:
        return IN_NUMPY
    compiled = njit(cache=True, nogil=True)
    return Loops(compiled(_compiled_add_scores), compiled(_compiled_raise_frequencies), are_compiled=True)


def add_dense_scores(frequencies: NDArray[np.uint8], norms: Floats, weight: float, scores: Floats) -> None:
    """The same for a term that stands in so many documents that its frequencies lie slot by slot."""
    n = len(frequencies)
    shares = frequencies.astype(np.float64)
    divisors = shares + norms[:n]
    shares *= weight
    shares /= divisors
    scores[:n] += shares


@dataclass(frozen=True, slots=True)
class Base:
    """Immutable postings of all documents up to the last compaction, by term and by document.

    `packed[starts[t]:starts[t + 1]]` are the postings of term number t, slots ascending;
    `terms[begins[s]:begins[s + 1]]` the terms of slot s. `ids` are ascending, `slots` stand beside them.
    """

    starts: NDArray[np.int64]
    packed: Packed
    begins: NDArray[np.int32]
    terms: NDArray[np.uint16] | NDArray[np.uint32]
    ids: NDArray[np.int64]
    slots: NDArray[np.int32]
    dense: dict[int, NDArray[np.uint8]] = field(default_factory=dict)
    """Frequencies by slot of terms in many documents, where adding to all is faster than adding to those."""

    def with_dense(self) -> Self:
        """For NumPy alone: a compiled loop needs none."""
        n_slots = len(self.begins) - 1
        if n_slots >= DENSE_FROM and not loops().are_compiled:
            for number in np.flatnonzero(np.diff(self.starts) > DENSE_SHARE * n_slots).tolist():
                postings = self.postings(number)
                self.dense[number] = np.zeros(n_slots, dtype=np.uint8)
                self.dense[number][postings >> 8] = postings & 255
        return self

    @classmethod
    def of(cls, keys: NDArray[np.int64], frequencies: NDArray[np.uint8], ids: NDArray[np.int64], slots: Slots) -> Self:
        """From distinct keys, term number << 24 | slot, in any order, and the documents that are held."""
        order = np.argsort(keys, kind="stable") if np.any(keys[1:] < keys[:-1]) else slice(None)
        keys, frequencies = keys[order], frequencies[order]
        numbers, where = keys >> 24, (keys & (MAX_SLOTS - 1)).astype(np.uint32)
        n_terms = int(numbers[-1]) + 1 if len(numbers) else 0
        n_slots = int(slots.max()) + 1 if len(slots) else 0
        by_slot = np.sort(where.astype(np.int64) << 32 | numbers)
        by_id = np.argsort(ids, kind="stable")
        return cls(
            starts=np.searchsorted(numbers, np.arange(n_terms + 1)),
            packed=(where << np.uint32(8)) | frequencies,
            begins=np.searchsorted(by_slot >> 32, np.arange(n_slots + 1)).astype(np.int32),
            terms=by_slot.astype(np.uint16) if n_terms <= 2**16 else by_slot.astype(np.uint32),  # the lower bits
            ids=ids[by_id],
            slots=slots[by_id].astype(np.int32),
        ).with_dense()

    @classmethod
    def empty(cls) -> Self:
        """Of no documents."""
        nothing = np.empty(0, dtype=np.int64)
        return cls.of(nothing, nothing.astype(np.uint8), nothing, nothing)

    def postings(self, number: int) -> Packed:
        """Of a term; none for one that came later."""
        if number + 1 >= len(self.starts):
            return self.packed[:0]
        return self.packed[self.starts[number] : self.starts[number + 1]]

    def terms_of(self, slot: int) -> list[int]:
        """The distinct terms of a document, by number."""
        found: list[int] = self.terms[self.begins[slot] : self.begins[slot + 1]].tolist()
        return found

    def slot_of(self, id: int) -> int | None:
        """Where the document was put; it may have been taken out since."""
        place = int(np.searchsorted(self.ids, id))
        return int(self.slots[place]) if place < len(self.ids) and self.ids[place] == id else None

    def keys(self) -> NDArray[np.int64]:
        """Term number << 24 | slot of each posting."""
        numbers = np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))
        return (numbers << 24) | (self.packed >> 8)


def counted(numbers: NDArray[np.uint32], lengths: Sequence[int]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Distinct keys, ascending, and how often each occurs, of documents in slots 0, 1, ... as runs of term numbers."""
    slots = np.repeat(np.arange(len(lengths), dtype=np.int64), np.asarray(lengths, dtype=np.int64))
    keys = numbers.astype(np.int64) << 24
    keys |= slots
    keys.sort()
    firsts = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1]))) if len(keys) else np.empty(0, np.int64)
    return keys[firsts], np.diff(np.append(firsts, len(keys)))


def at_least_kth(scores: Floats, k: int) -> Slots:
    """Slots of positive scores among which are the `k` highest: those that reach the k-th of the blocks' maxima."""
    if k <= 0:
        return np.empty(0, dtype=np.int64)
    size = max(1, min(256, len(scores) // (4 * k)))
    whole = len(scores) // size * size
    maxima = scores[:whole].reshape(-1, size).max(axis=1) if whole else scores[:0]
    if k < len(maxima) and (cut := np.partition(maxima, len(maxima) - k)[len(maxima) - k]) > 0:
        return np.flatnonzero(scores >= cut)
    return np.flatnonzero(scores > 0)


def joined(parts: Iterable[Packed]) -> Packed:
    """Several runs of postings as one."""
    held = [part for part in parts if len(part)]
    return np.concatenate(held) if held else np.empty(0, dtype=np.uint32)
