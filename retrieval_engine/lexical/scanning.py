"""The loops of a search through a large catalogue, compiled where numba is installed and in NumPy where it is not.

A posting is one number: the document's slot in the upper 24 bits, how often the term occurs in the lower 8. Terms that
stand in many documents have their frequencies slot by slot instead, 0 for those without. All loops give the same scores
to the last bit, so that two documents with one text tie whichever way each of them is held.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Packed = NDArray[np.uint32]
Frequencies = NDArray[np.uint8]
Slots = NDArray[np.int64]
Floats = NDArray[np.float64]

AT_ONCE: Final = 16_384
"""So many slots NumPy takes at a time: what it writes in between stays in the processor's cache."""


class Norms(NamedTuple):
    """`start` + `slope` x length of a document is what its frequencies are saturated with."""

    lengths: NDArray[np.int32]
    start: float
    slope: float


def _add_sparse(packed: Packed, norms: Norms, weight: float, scores: Floats) -> None:
    for first in range(0, len(packed), AT_ONCE):
        part = packed[first : first + AT_ONCE]
        slots = (part >> 8).astype(np.intp)
        frequencies = (part & 255).astype(np.float64)
        scores[slots] += weight * frequencies / (frequencies + (norms.start + norms.slope * norms.lengths[slots]))


def _add_dense(frequencies: Frequencies, norms: Norms, weight: float, scores: Floats) -> None:
    for first in range(0, len(frequencies), AT_ONCE):
        part = frequencies[first : first + AT_ONCE].astype(np.float64)
        divisors = norms.slope * norms.lengths[first : first + len(part)]
        divisors += norms.start
        divisors += part
        part *= weight
        part /= divisors
        scores[first : first + len(part)] += part


def _raise_to(packed: Packed, frequencies: Frequencies) -> None:
    slots = packed >> 8
    frequencies[slots] = np.maximum(frequencies[slots], packed.astype(np.uint8))  # the lower 8 bits


def _compiled_add_sparse(packed: Any, lengths: Any, start: float, slope: float, weight: float, scores: Any) -> None:
    for i in range(packed.shape[0]):
        slot = packed[i] >> 8
        frequency = float(packed[i] & 255)
        scores[slot] += weight * frequency / (frequency + (start + slope * lengths[slot]))


def _compiled_add_dense(frequencies: Any, lengths: Any, start: float, slope: float, weight: float, scores: Any) -> None:
    for slot in range(frequencies.shape[0]):
        frequency = float(frequencies[slot])
        scores[slot] += weight * frequency / (frequency + (start + slope * lengths[slot]))


def _compiled_raise_to(packed: Any, frequencies: Any) -> None:
    for i in range(packed.shape[0]):
        slot = packed[i] >> 8
        frequencies[slot] = max(frequencies[slot], np.uint8(packed[i] & 255))


@dataclass(frozen=True, slots=True)
class Loops:
    """The inner loops of a search."""

    add_sparse: Callable[[Packed, Norms, float, Floats], None]
    """Add weight x tf / (tf + norm) of each posting to its document's score."""
    add_dense: Callable[[Frequencies, Norms, float, Floats], None]
    """The same for frequencies slot by slot."""
    raise_to: Callable[[Packed, Frequencies], None]
    """Keep for each document the highest frequency that its postings have."""
    are_compiled: bool


IN_NUMPY: Final = Loops(_add_sparse, _add_dense, _raise_to, are_compiled=False)


@cache
def loops() -> Loops:
    """Compiled where numba is installed. It is loaded with the first search: half a second and 60 MB that a process
    which never searches does without."""
    try:
        from numba import njit
    except ImportError:
        return IN_NUMPY
    compiled = njit(cache=True, nogil=True, error_model="numpy")
    add_sparse, add_dense = compiled(_compiled_add_sparse), compiled(_compiled_add_dense)
    return Loops(
        lambda packed, norms, weight, scores: add_sparse(packed, *norms, weight, scores),
        lambda frequencies, norms, weight, scores: add_dense(frequencies, *norms, weight, scores),
        compiled(_compiled_raise_to),
        are_compiled=True,
    )


# --- what a search writes on ---


class Scratch(NamedTuple):
    """By slot; all 0 whenever nobody searches with it."""

    scores: Floats
    highest: Frequencies


_idle = deque[Scratch]()


@contextmanager
def scratch(n_slots: int) -> Iterator[Scratch]:
    """A scratch for one search alone; as many are kept as ever searched at once. One that an error left unclean is
    let go."""
    try:
        held = _idle.pop()
    except IndexError:
        held = Scratch(np.zeros(0), np.zeros(0, dtype=np.uint8))
    if len(held.scores) < n_slots:
        size = n_slots * 9 // 8
        held = Scratch(np.zeros(size), np.zeros(size, dtype=np.uint8))
    yield Scratch(held.scores[:n_slots], held.highest[:n_slots])
    held.scores[:n_slots], held.highest[:n_slots] = 0.0, 0
    _idle.append(held)


def at_least_kth(scores: Floats, k: int) -> Slots:
    """Slots of positive scores among which are the `k` highest: all that reach what `k` of them are known to reach."""
    if k <= 0:
        return np.empty(0, dtype=np.int64)
    n_columns = min(max(4_096, 4 * k), len(scores))
    n_rows = len(scores) // max(n_columns, 1)
    if k < n_columns:
        for n_looked_at in sorted({max(n_rows // 4, 1), n_rows}):  # a quarter says nearly as much, but for rare terms
            maxima = scores[: n_looked_at * n_columns].reshape(n_looked_at, n_columns).max(axis=0)
            if (cut := np.partition(maxima, n_columns - k)[n_columns - k]) > 0:
                return np.flatnonzero(scores >= cut)
    return np.flatnonzero(scores > 0)
