"""BM25 over a catalogue that changes while people search it.

Holds term frequencies only; idf and the average length are applied at query time, so that adding or removing a sticker
costs as much as its own text, and scores are at every moment those of a fresh index.

>>> index = LexicalIndex()
>>> for id, text in enumerate(["so tired", "tired of mondays", "happy", "hungry"]):
...     index.put(id, text.split())
>>> [(int(id), round(float(score), 3)) for id, score in zip(*index.search(["happy"], k=2))]
[(2, 1.05)]
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from heapq import nlargest
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .ranking import Ranking

Floats = NDArray[np.float64]
Slots = NDArray[np.intp]

N_COMPLETIONS: Final = 16
"""A half-typed word stands for at most this many words of the catalogue, the most frequent first."""


@dataclass(frozen=True, slots=True)
class TermPart:
    """What one term adds to one sticker's score: times it is in the query x `idf` x saturated `frequency`."""

    term: str
    idf: float
    frequency: int
    score: float


@dataclass(slots=True)
class _Postings:
    """Where one term occurs: slots ascending, some of them dead; `n_live` is the document frequency."""

    slots: array[int] = field(default_factory=lambda: array("i"))
    frequencies: array[int] = field(default_factory=lambda: array("i"))
    n_live: int = 0

    def arrays(self) -> tuple[Slots, Floats]:
        return np.array(self.slots, dtype=np.intp), np.array(self.frequencies, dtype=np.float64)


class LexicalIndex:
    """BM25 with the scores of rank-bm25's `BM25Okapi`, updated in place.

    score(q, D) = sum over the terms w of q, repeats counted, of idf(w) tf (k1 + 1) / (tf + k1 (1 - b + b |D| / avgdl)),
    idf(w) = ln(N - df + 0.5) - ln(df + 0.5); a negative idf, of a term in more than half of the documents, becomes
    epsilon times the mean idf of all terms (Trotman, Puurula and Burgess 2014, "Improvements to BM25 and language
    models examined").

    A document matches when it holds a term of the query, whatever its score: 0 and below happen in tiny catalogues.
    Ties go to the lower id. An empty text counts as a document and matches nothing. One thread at a time; `Searcher`
    locks.
    """

    def __init__(self, *, k1: float = 1.5, b: float = 0.75, epsilon: float = 0.25) -> None:
        self.k1, self.b, self.epsilon = k1, b, epsilon
        self._clear()

    def _clear(self) -> None:
        self._postings: dict[str, _Postings] = {}
        self._n_terms_by_df: Counter[int] = Counter()
        self._slot_of: dict[int, int] = {}
        self._terms_of: list[tuple[str, ...]] = []
        self._ids, self._lengths, self._alive = array("q"), array("q"), array("b")
        self._n_tokens = 0
        self._mean_idf: float | None = None
        self._sorted_terms: list[str] | None = None

    def __len__(self) -> int:
        return len(self._slot_of)

    def __contains__(self, id: object) -> bool:
        return id in self._slot_of

    @property
    def n_terms(self) -> int:
        """Distinct terms of the documents held now."""
        return len(self._postings)

    def put(self, id: int, tokens: Sequence[str]) -> None:
        """Add a document, or replace the one with this id."""
        self.remove(id)
        slot = self._slot_of[id] = len(self._ids)
        frequencies = Counter(tokens)
        self._ids.append(id)
        self._lengths.append(len(tokens))
        self._alive.append(1)
        self._terms_of.append(tuple(frequencies))
        self._n_tokens += len(tokens)
        self._mean_idf = None
        for term, frequency in frequencies.items():
            self._append(term, slot, frequency)

    def _append(self, term: str, slot: int, frequency: int) -> None:
        postings = self._postings.get(term)
        if postings is None:
            postings = self._postings[term] = _Postings()
            self._sorted_terms = None
        postings.slots.append(slot)
        postings.frequencies.append(frequency)
        self._recount(postings, +1)

    def _recount(self, postings: _Postings, change: int) -> None:
        counts = self._n_terms_by_df
        counts[postings.n_live] -= 1
        postings.n_live += change
        counts[postings.n_live] += 1

    def remove(self, id: int) -> bool:
        """Take a document out; False if there was none. Its postings stay behind, dead, until enough have gathered."""
        slot = self._slot_of.pop(id, None)
        if slot is None:
            return False
        self._alive[slot] = 0
        self._n_tokens -= self._lengths[slot]
        self._mean_idf = None
        for term in self._terms_of[slot]:
            self._recount(self._postings[term], -1)
            if not self._postings[term].n_live:
                del self._postings[term]
                self._sorted_terms = None
        self._terms_of[slot] = ()
        if len(self._ids) > 256 + 2 * len(self._slot_of):
            self._compact()
        return True

    def _compact(self) -> None:
        documents = list(self._documents())
        self._clear()
        for id, tokens in documents:
            self.put(id, tokens)

    def _documents(self) -> Iterator[tuple[int, list[str]]]:
        tokens: dict[int, list[str]] = {slot: [] for slot in self._slot_of.values()}
        for term, postings in self._postings.items():
            for slot, frequency in zip(postings.slots, postings.frequencies, strict=True):
                if self._alive[slot]:
                    tokens[slot] += [term] * frequency
        return ((self._ids[slot], terms) for slot, terms in tokens.items())

    def search(
        self, tokens: Sequence[str], k: int | None = 20, *, allow: Collection[int] | None = None, unfinished: str = ""
    ) -> Ranking:
        """The best `k` matches (all of them with None), best first, ties by id.

        `allow` keeps only these ids, with the scores of the whole catalogue. `unfinished` is a half-typed last word: it
        stands for its most frequent continuations taken as one term, and replaces itself among `tokens`.
        """
        scores, matched = self._score(tokens, unfinished)
        slots = np.flatnonzero(matched if allow is None else matched & self._mask(allow))
        return Ranking.best(np.array(self._ids, dtype=np.int64)[slots], scores[slots], k)

    def explain(self, tokens: Sequence[str], id: int) -> list[TermPart]:
        """What each term of the query adds to the score of document `id`, in the query's order, repeats merged."""
        slot = self._slot_of.get(id)
        if slot is None:
            return []
        parts = [self._part(term, times, slot) for term, times in Counter(tokens).items()]
        return [part for part in parts if part is not None]

    def _part(self, term: str, times: int, slot: int) -> TermPart | None:
        postings = self._postings.get(term)
        place = bisect_left(postings.slots, slot) if postings else 0
        if postings is None or place == len(postings.slots) or postings.slots[place] != slot:
            return None
        frequency = postings.frequencies[place]
        idf = self.idf(postings.n_live)
        share = self._saturated(np.array([float(frequency)]), np.array([float(self._lengths[slot])]))
        return TermPart(term, idf, frequency, times * idf * float(share[0]))

    def idf(self, document_frequency: int) -> float:
        """The idf of a term in this many of the documents held now, the epsilon rule applied."""
        idf = self._raw_idf(document_frequency)
        return idf if idf >= 0 else self.epsilon * self._average_idf()

    def _raw_idf(self, document_frequency: int) -> float:
        return math.log(len(self) - document_frequency + 0.5) - math.log(document_frequency + 0.5)

    def _average_idf(self) -> float:
        if self._mean_idf is None:
            counts = ((df, n) for df, n in self._n_terms_by_df.items() if df and n)
            self._mean_idf = math.fsum(n * self._raw_idf(df) for df, n in counts) / len(self._postings)
        return self._mean_idf

    def _saturated(self, frequencies: Floats, lengths: Floats) -> Floats:
        relative = lengths * (len(self) / max(self._n_tokens, 1))
        shares: Floats = frequencies * (self.k1 + 1) / (frequencies + self.k1 * (1 - self.b + self.b * relative))
        return shares

    def _score(self, tokens: Sequence[str], unfinished: str) -> tuple[Floats, NDArray[np.bool_]]:
        scores, matched = np.zeros(len(self._ids)), np.zeros(len(self._ids), dtype=np.bool_)
        lengths = np.array(self._lengths, dtype=np.float64)
        for term, times in Counter(token for token in tokens if token != unfinished).items():
            if (postings := self._postings.get(term)) is not None:
                slots, frequencies = postings.arrays()
                scores[slots] += times * self.idf(postings.n_live) * self._saturated(frequencies, lengths[slots])
                matched[slots] = True
        if unfinished:
            completed, held = self._score_completed(unfinished, lengths)
            scores, matched = scores + completed, matched | held
        return scores, matched & np.array(self._alive, dtype=np.bool_)

    def _score_completed(self, prefix: str, lengths: Floats) -> tuple[Floats, NDArray[np.bool_]]:
        """Score the continuations of `prefix` as one term; the very word keeps what it is worth by itself."""
        frequency = np.zeros(len(lengths))
        for term in self.completions(prefix):
            slots, frequencies = self._postings[term].arrays()
            frequency[slots] = np.maximum(frequency[slots], frequencies)
        held = (frequency > 0) & np.array(self._alive, dtype=np.bool_)
        scores = np.zeros(len(lengths))
        scores[held] = self.idf(int(held.sum())) * self._saturated(frequency[held], lengths[held])
        if prefix in self._postings:
            scores = np.maximum(scores, self._score([prefix], "")[0])
        return scores, held

    def completions(self, prefix: str, n: int = N_COMPLETIONS) -> list[str]:
        """The `n` most frequent terms that begin with `prefix`, most frequent first, ties in alphabetical order."""
        if self._sorted_terms is None:
            self._sorted_terms = sorted(self._postings)
        start = bisect_left(self._sorted_terms, prefix)
        end = bisect_left(self._sorted_terms, prefix + "\U0010ffff", start)
        return nlargest(n, self._sorted_terms[start:end], key=lambda term: self._postings[term].n_live)

    def _mask(self, ids: Iterable[int]) -> NDArray[np.bool_]:
        mask = np.zeros(len(self._ids), dtype=np.bool_)
        mask[[slot for slot in map(self._slot_of.get, ids) if slot is not None]] = True
        return mask
