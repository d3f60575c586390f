"""One search of a lexical index: what it took at its beginning, and how that becomes a ranking without any lock."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..ranking import Ranking
from .postings import MAX_FREQUENCY, Base
from .scanning import Floats, Frequencies, Norms, Packed, Scratch, Slots, at_least_kth, loops, scratch

SPARSE_SHARE: Final = 1 / 32
"""Continuations of a half-typed word that have fewer postings than this share of the slots are sorted, not laid out."""


class Idf(NamedTuple):
    """The idf of a term by the number of documents that hold it, the epsilon rule applied."""

    n_documents: int
    floor: float
    """What a negative idf becomes: epsilon times the mean idf of all terms."""

    def of(self, document_frequency: int) -> float:
        """ln(N - df + 0.5) - ln(df + 0.5), or the floor where that is negative."""
        idf = math.log(self.n_documents - document_frequency + 0.5) - math.log(document_frequency + 0.5)
        return idf if idf >= 0 else self.floor


class Held(NamedTuple):
    """The documents that hold a term: `dense` by slot, or in `runs`; `heavy` are (slot, frequency) of those that hold
    it more often than a posting can say."""

    dense: Frequencies | None
    runs: tuple[Packed, ...]
    heavy: tuple[tuple[int, int], ...] = ()

    def frequency(self, slot: int) -> int:
        """How often the document holds it: what was written last."""
        found = [int(run[place]) & 255 for run in self.runs for place in np.flatnonzero(run >> 8 == slot)]
        dense = int(self.dense[slot]) if self.dense is not None and slot < len(self.dense) else 0
        return dict(self.heavy).get(slot, [dense, *found][-1])

    def raise_to(self, frequencies: Frequencies) -> None:
        """Keep for each document the higher of the frequencies."""
        if self.dense is not None:
            first = frequencies[: len(self.dense)]
            np.maximum(first, self.dense, out=first)
        for run in self.runs:
            loops().raise_to(run, frequencies)

    def lower(self, frequencies: Frequencies) -> None:
        """Forget the documents that hold it."""
        if self.dense is not None:
            frequencies[: len(self.dense)] *= self.dense == 0
        for run in self.runs:
            frequencies[run >> 8] = 0


class Weighted(NamedTuple):
    """A term with its idf times how often it was asked."""

    weight: float
    held: Held


class Documents(NamedTuple):
    """By slot, as they were when the search began; what is written afterwards is behind their ends."""

    base: Base
    ids: NDArray[np.int64]
    lengths: NDArray[np.int32]
    packs: NDArray[np.int32]
    fresh: Slots
    """Slots of the documents that came after the base, some of them dead."""
    dead: Slots

    def slots_of(self, ids: Collection[int]) -> Slots:
        """The slots of the documents with these ids, some of them dead."""
        wanted = np.unique(np.fromiter(ids, dtype=np.int64, count=len(ids)))
        if not len(wanted):
            return wanted
        fresh_ids = self.ids[self.fresh]
        places = np.minimum(np.searchsorted(wanted, fresh_ids), len(wanted) - 1)
        return np.concatenate((self.base.slots_of(wanted), self.fresh[wanted[places] == fresh_ids]))


@dataclass(frozen=True, slots=True)
class Question:
    """Terms to be looked for in documents; `completions` stand together for one half-typed word. Where that is a term
    itself, a document that holds the very word has what that is worth instead."""

    documents: Documents
    idf: Idf
    k1: float
    b: float
    mean_length: float
    terms: Sequence[Weighted]
    completions: Sequence[Held] = ()
    itself: Weighted | None = None

    def best(
        self,
        k: int | None,
        *,
        pack: int | None = None,
        allow: Collection[int] | None = None,
        deny: Collection[int] | None = None,
    ) -> Ranking:
        """The best `k` matches, all with None. Slots that may not be found have the score -inf from the beginning,
        which nothing that is added can raise."""
        with scratch(len(self.documents.ids)) as held:
            scores = held.scores
            scores[self.documents.dead] = -np.inf
            parts = [part for part in (self._completed(held), self.itself, *self.terms) if part is not None]
            self._close(scores, pack, allow, deny)
            matches = self._matches(parts, scores) if any(part.weight <= 0 for part in parts) else None
            for weight, term in parts:
                self._add(weight, term, scores)
            if matches is None:
                slots = np.flatnonzero(scores > 0) if k is None else at_least_kth(scores, k)
            else:
                slots = matches
            return Ranking.best(self.documents.ids[slots], scores[slots], k)

    @property
    def _norms(self) -> Norms:
        start, slope = self.k1 * (1 - self.b), self.k1 * self.b / self.mean_length
        return Norms(self.documents.lengths, max(start, 1e-300), slope)  # nothing held of nothing is 0, not 0 / 0

    def _close(
        self, scores: Floats, pack: int | None, allow: Collection[int] | None, deny: Collection[int] | None
    ) -> None:
        if allow is not None:
            slots = self.documents.slots_of(allow)
            open_or_dead = scores[slots]
            scores.fill(-np.inf)
            scores[slots] = open_or_dead
        if pack is not None:
            np.copyto(scores, -np.inf, where=self.documents.packs != pack)
        if deny:
            scores[self.documents.slots_of(deny)] = -np.inf

    def _matches(self, parts: Iterable[Weighted], scores: Floats) -> Slots:
        """Documents that hold one of the terms and may be found, whatever they score; `scores` are left as they were.
        A weight of 0 or below is that of a term in half of the documents or more, or of all in a tiny catalogue."""
        for _, held in parts:
            self._add(1.0, held, scores)
        slots = np.flatnonzero(scores > 0)
        scores[slots] = 0.0
        return slots

    def _add(self, weight: float, held: Held, scores: Floats) -> None:
        norms, weight = self._norms, weight * (self.k1 + 1)
        if held.dense is not None:
            loops().add_dense(held.dense, norms, weight, scores)
        for run in held.runs:
            loops().add_sparse(run, norms, weight, scores)
        for slot, frequency in held.heavy:
            norm = norms.start + norms.slope * int(norms.lengths[slot])
            counted = MAX_FREQUENCY / (MAX_FREQUENCY + norm)
            scores[slot] += weight * (frequency / (frequency + norm) - counted)

    def _completed(self, held: Scratch) -> Weighted | None:
        """The continuations as one term, which a document holds as often as that one which it holds most often. They
        are sorted or, where they are many, laid out by slot."""
        if not self.completions:
            return None
        runs = [run for one in self.completions for run in one.runs]
        is_sparse = all(one.dense is None for one in self.completions)
        if is_sparse and sum(map(len, runs)) < SPARSE_SHARE * len(held.scores):
            return self._sorted(_highest(runs), held)
        for one in self.completions:
            one.raise_to(held.highest)
        held.highest[self.documents.dead] = 0
        weight = self.idf.of(int(np.count_nonzero(held.highest)))
        if self.itself is not None:
            self.itself.held.lower(held.highest)
        return Weighted(weight, Held(held.highest, ()))

    def _sorted(self, packed: Packed, held: Scratch) -> Weighted:
        packed = packed[held.scores[packed >> 8] == 0.0]  # of the dead it is -inf
        weight = self.idf.of(len(packed))
        if self.itself is not None:
            self.itself.held.raise_to(held.highest)
            packed = packed[held.highest[packed >> 8] == 0]
        return Weighted(weight, Held(None, (packed,)))


def _highest(runs: Sequence[Packed]) -> Packed:
    """Of the postings of each document, that with the highest frequency."""
    packed = np.sort(np.concatenate(runs)) if runs else np.empty(0, dtype=np.uint32)
    slots = packed >> 8
    return packed[np.concatenate((slots[1:] != slots[:-1], [True]))] if len(packed) else packed
