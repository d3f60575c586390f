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

import json
import math
from array import array
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final, Self
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from .postings import (
    MAX_FREQUENCY,
    MAX_SLOTS,
    Base,
    Floats,
    Packed,
    Slots,
    add_dense_scores,
    at_least_kth,
    counted,
    joined,
    loops,
)
from .ranking import Ranking

N_COMPLETIONS: Final = 16
"""A half-typed word stands for at most this many words of the catalogue, the most frequent first."""
MAX_TERMS: Final = 64
"""Of a query, the terms after so many distinct ones are left out: a text of thousands of words is no search."""
SAVED: Final = ("starts", "packed", "begins", "terms", "ids", "slots")
_Delta = dict[int, "array[int]"]


@dataclass(frozen=True, slots=True)
class TermPart:
    """What one term adds to one sticker's score: times it is in the query x `idf` x saturated `frequency`."""

    term: str
    idf: float
    frequency: int
    score: float


class Compaction:
    """The changes since the last compaction on their way into flat arrays; `merge` may run in another thread."""

    def __init__(self, base: Base, delta: _Delta, dead: set[int], ids: NDArray[np.int64], slots: Slots) -> None:
        self._base, self._delta, self._ids, self._slots = base, delta, ids, slots
        self.dead = dead

    def merge(self) -> Base:
        """The postings of all documents that were held when the compaction began."""
        numbers = np.repeat(
            np.fromiter(self._delta, dtype=np.int64, count=len(self._delta)),
            [len(run) for run in self._delta.values()],
        )
        fresh = joined(np.frombuffer(run, dtype=np.uint32) for run in self._delta.values())
        fresh_keys = (numbers << 24) | (fresh >> 8)
        order = np.argsort(fresh_keys)
        keys = np.concatenate((self._base.keys(), fresh_keys[order]))  # two ascending runs are merged, not sorted
        frequencies = np.concatenate((self._base.packed, fresh[order])).astype(np.uint8)
        if self.dead:
            slots = keys & (MAX_SLOTS - 1)
            gone = np.zeros(max(*self.dead, int(slots.max(initial=0)), 0) + 1, dtype=np.bool_)
            gone[list(self.dead)] = True
            kept = ~gone[slots]
            keys, frequencies = keys[kept], frequencies[kept]
        return Base.of(keys, frequencies, self._ids, self._slots)


class LexicalIndex:
    """BM25 with the scores of rank-bm25's `BM25Okapi`, updated in place; up to 16.7 million documents.

    score(q, D) = sum over the terms w of q, repeats counted, of idf(w) tf (k1 + 1) / (tf + k1 (1 - b + b |D| / avgdl)),
    idf(w) = ln(N - df + 0.5) - ln(df + 0.5); a negative idf, of a term in more than half of the documents, becomes
    epsilon times the mean idf of all terms (Trotman, Puurula and Burgess 2014, "Improvements to BM25 and language
    models examined").

    A document matches when it holds a term of the query, whatever its score: 0 and below happen in tiny catalogues.
    Ties go to the lower id. An empty text counts as a document and matches nothing. One thread at a time; `Searcher`
    locks. Only `Compaction.merge` may run beside.
    """

    def __init__(self, *, k1: float = 1.5, b: float = 0.75, epsilon: float = 0.25) -> None:
        self.k1, self.b, self.epsilon = k1, b, epsilon
        self._numbers: dict[str, int] = {}  # of all terms that were ever held
        self._terms: list[str] = []
        self._sorted: list[str] | None = None  # the terms in alphabetical order, their numbers beside them
        self._sorted_numbers = array("i")
        self._df = array("i")
        self._base = Base.empty()
        self._delta: _Delta = {}
        self._merging: _Delta = {}  # a delta that a compaction has taken and not yet given back
        self._merging_slots = set[int]()  # of the documents in it
        self._heavy: dict[int, dict[int, int]] = {}  # term: slot: frequency above MAX_FREQUENCY
        self._fresh_slots: dict[int, int] = {}  # by id, of documents that came after the base
        self._fresh_terms: dict[int, tuple[int, ...]] = {}  # by slot
        self._free: list[int] = []
        self._dead: set[int] = set()  # slots of removed documents whose postings are still there
        self._dead_slots: Slots | None = None  # the same, as an index
        self._n_slots = self._n_live = self._n_tokens = self._n_live_terms = 0
        self._ids, self._lengths = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int32)
        self._alive = np.zeros(0, dtype=np.bool_)
        self._scores = np.zeros(0)  # all 0 between searches
        self._norms: Floats | None = None  # k1 (1 - b + b |D| / avgdl) by slot
        self._mean_idf: float | None = None

    def __len__(self) -> int:
        return self._n_live

    def __contains__(self, id: object) -> bool:
        return isinstance(id, int) and self._slot_of(id) is not None

    @property
    def n_terms(self) -> int:
        """Distinct terms of the documents held now."""
        return self._n_live_terms

    # --- changes ---

    @classmethod
    def of(cls, documents: Iterable[tuple[int, Sequence[str]]], **options: float) -> Self:
        """An index of many documents at once: some 250,000 a second. Of documents with one id the last one counts."""
        numbers: defaultdict[str, int] = defaultdict(count().__next__)
        ids, lengths, flat, seen = array("q"), array("i"), array("I"), set[int]()
        again: list[tuple[int, Sequence[str]]] = []
        for id, tokens in documents:
            if id in seen:
                again.append((id, tokens))
                continue
            seen.add(id)
            ids.append(id)
            lengths.append(len(tokens))
            flat.extend(map(numbers.__getitem__, tokens))
        index = cls(**options)
        index._adopt(ids, lengths, dict(numbers), flat)
        for id, tokens in again:
            index.put(id, tokens)
        return index

    def _adopt(self, ids: array[int], lengths: array[int], numbers: dict[str, int], flat: array[int]) -> None:
        self._numbers, self._terms = numbers, list(numbers)
        keys, frequencies = counted(np.frombuffer(flat, dtype=np.uint32) if flat else np.empty(0, np.uint32), lengths)
        self._df.frombytes(np.bincount(keys >> 24, minlength=len(numbers)).astype(np.int32).tobytes())
        self._n_live_terms = len(numbers)
        for key, frequency in zip(*(part[frequencies > MAX_FREQUENCY] for part in (keys, frequencies)), strict=True):
            self._heavy.setdefault(int(key) >> 24, {})[int(key) & (MAX_SLOTS - 1)] = int(frequency)
        self._grow(len(ids))
        self._n_slots = self._n_live = len(ids)
        self._ids[: len(ids)], self._lengths[: len(ids)] = ids, lengths
        self._alive[: len(ids)] = True
        self._n_tokens = len(flat)
        light = np.where(frequencies > MAX_FREQUENCY, 0, frequencies).astype(np.uint8)
        self._base = Base.of(keys, light, self._ids[: len(ids)], np.arange(len(ids)))

    def put(self, id: int, tokens: Sequence[str]) -> None:
        """Add a document, or replace the one with this id."""
        self.remove(id)
        slot = self._new_slot()
        frequencies = Counter(tokens)
        numbers = tuple(self._number_of(term) for term in frequencies)
        for number, frequency in zip(numbers, frequencies.values(), strict=True):
            self._add_posting(number, slot, frequency)
        self._ids[slot], self._lengths[slot], self._alive[slot] = id, len(tokens), True
        self._fresh_slots[id], self._fresh_terms[slot] = slot, numbers
        self._n_live += 1
        self._n_tokens += len(tokens)
        self._mean_idf = self._norms = None

    def _new_slot(self) -> int:
        if self._free:
            return self._free.pop()
        if self._n_slots == len(self._ids):
            self._grow(max(1_024, self._n_slots * 5 // 4))
        self._n_slots += 1
        return self._n_slots - 1

    def _grow(self, size: int) -> None:
        if size > MAX_SLOTS:
            raise ValueError(f"a lexical index holds at most {MAX_SLOTS:,} documents")
        for name in ("_ids", "_lengths", "_scores", "_alive"):
            held = getattr(self, name)
            setattr(self, name, np.concatenate((held, np.zeros(size - len(held), dtype=held.dtype))))

    def _number_of(self, term: str) -> int:
        number = self._numbers.get(term)
        if number is None:
            number = self._numbers[term] = len(self._terms)
            self._terms.append(term)
            self._df.append(0)
            if self._sorted is not None:
                place = bisect_left(self._sorted, term)
                self._sorted.insert(place, term)
                self._sorted_numbers.insert(place, number)
        return number

    def _add_posting(self, number: int, slot: int, frequency: int) -> None:
        if frequency > MAX_FREQUENCY:
            self._heavy.setdefault(number, {})[slot] = frequency
            frequency = 0
        run = self._delta.get(number)
        if run is None:
            run = self._delta[number] = array("I")
        run.append(slot << 8 | frequency)
        self._df[number] += 1
        self._n_live_terms += self._df[number] == 1

    def remove(self, id: int) -> bool:
        """Take a document out; False if there was none. Its postings stay behind, dead, until the next compaction."""
        slot = self._slot_of(id)
        if slot is None:
            return False
        self._fresh_slots.pop(id, None)
        fresh = self._fresh_terms.pop(slot, None)
        for number in self._base.terms_of(slot) if fresh is None else fresh:
            self._df[number] -= 1
            self._n_live_terms -= self._df[number] == 0
            if number in self._heavy:
                self._heavy[number].pop(slot, None)
        self._alive[slot] = False
        self._dead.add(slot)
        self._dead_slots = None
        self._n_live -= 1
        self._n_tokens -= int(self._lengths[slot])
        self._mean_idf = self._norms = None
        return True

    def _slot_of(self, id: int) -> int | None:
        slot = self._fresh_slots.get(id)
        if slot is None:
            slot = self._base.slot_of(id)
        return slot if slot is not None and self._alive[slot] and self._ids[slot] == id else None

    # --- compaction ---

    @property
    def n_changes(self) -> int:
        """Documents that came or went since the last compaction: a few per cent of all cost searches little."""
        return len(self._fresh_slots) + len(self._dead)

    def compact(self) -> None:
        """Take the changes over into flat arrays, here and now: about two seconds for a million documents."""
        compaction = self.begin_compaction()
        self.finish_compaction(compaction, compaction.merge())

    def begin_compaction(self) -> Compaction:
        """Set the changes so far aside, to be merged while people search and change on."""
        assert not self._merging, "one compaction at a time"
        self._merging, self._delta = self._delta, {}
        held = np.flatnonzero(self._alive[: self._n_slots])
        self._merging_slots = set(self._fresh_terms)
        return Compaction(self._base, self._merging, self._dead.copy(), self._ids[held], held)

    def finish_compaction(self, compaction: Compaction, base: Base) -> None:
        """Search what was merged from now on; slots of documents that are gone are used again."""
        self._base, self._merging = base, {}
        for slot in self._merging_slots:
            if self._fresh_terms.pop(slot, None) is not None:
                del self._fresh_slots[int(self._ids[slot])]
        self._dead -= compaction.dead
        self._dead_slots = None
        self._free += compaction.dead

    # --- searching ---

    def search(
        self, tokens: Sequence[str], k: int | None = 20, *, allow: Collection[int] | None = None, unfinished: str = ""
    ) -> Ranking:
        """The best `k` matches (all of them with None), best first, ties by id.

        `allow` keeps only these ids, with the scores of the whole catalogue. `unfinished` is a half-typed last word: it
        stands for its most frequent continuations taken as one term, and replaces itself among `tokens`.
        """
        terms = Counter(token for token in tokens if token != unfinished)
        weights = self._weights(dict(list(terms.items())[:MAX_TERMS]))
        scores = self._scores[: self._n_slots]
        try:
            self._score(weights, scores)
            completed = self._score_unfinished(unfinished, scores) if unfinished else None
            scores[self._dead_by_slot] = 0.0
            has_zero = any(weight <= 0 for weight in weights.values())
            has_zero |= completed is not None and len(completed) > 0 and self.idf(len(completed)) <= 0
            if allow is not None or k is None or has_zero:
                slots = self._matching(weights, completed, allow)
            else:
                slots = at_least_kth(scores, k)
            return Ranking.best(self._ids[slots], scores[slots], k)
        finally:
            scores.fill(0.0)

    def _weights(self, terms: Mapping[str, int]) -> dict[int, float]:
        """Times a term is in the query x its idf, by the term's number; of terms that occur."""
        numbers = {term: self._numbers.get(term) for term in terms}
        return {
            number: terms[term] * self.idf(self._df[number])
            for term, number in numbers.items()
            if number is not None and self._df[number]
        }

    def _score(self, weights: Mapping[int, float], scores: Floats) -> None:
        norms, add_scores = self._norms_by_slot, loops().add_scores
        for number, weight in weights.items():
            if (dense := self._base.dense.get(number)) is not None:
                add_dense_scores(dense, norms, weight * (self.k1 + 1), scores)
            for packed in self._fresh_postings(number) if dense is not None else self._postings(number):
                add_scores(packed, norms, weight * (self.k1 + 1), scores)
            for slot, frequency in self._heavy.get(number, {}).items():
                scores[slot] += weight * self._share(frequency, slot)

    @property
    def _norms_by_slot(self) -> Floats:
        if self._norms is None:
            average = self._n_tokens / self._n_live if self._n_tokens else 1.0
            self._norms = self.k1 * (1 - self.b + self.b * (self._lengths[: self._n_slots] / average))
        return self._norms

    def _share(self, frequency: float, slot: int) -> float:
        return float(frequency * (self.k1 + 1) / (frequency + self._norms_by_slot[slot]))

    @property
    def _dead_by_slot(self) -> Slots:
        if self._dead_slots is None:
            self._dead_slots = np.fromiter(self._dead, dtype=np.int64)
        return self._dead_slots

    def _postings(self, number: int) -> list[Packed]:
        """Runs of a term's postings, some of them dead."""
        base = self._base.postings(number)
        return ([base] if len(base) else []) + self._fresh_postings(number)

    def _fresh_postings(self, number: int) -> list[Packed]:
        runs = (delta.get(number) for delta in (self._merging, self._delta))
        return [np.array(run, dtype=np.uint32) for run in runs if run]

    def _score_unfinished(self, prefix: str, scores: Floats) -> Slots:
        """Score the continuations of `prefix` as one term; the very word keeps what it is worth by itself.

        Answers with the slots of the documents that hold one.
        """
        numbers = [self._numbers[term] for term in self.completions(prefix)]
        slots, frequencies = self._highest_frequencies(numbers)
        if not len(slots):
            return slots
        shares = frequencies * (self.k1 + 1) / (frequencies + self._norms_by_slot[slots])
        worth = self.idf(len(slots)) * shares
        if own := self._weights({prefix: 1}):
            alone = np.zeros(self._n_slots)
            self._score(own, alone)
            worth = np.maximum(worth, alone[slots])
        scores[slots] += worth
        return slots

    def _highest_frequencies(self, numbers: Sequence[int]) -> tuple[Slots, Floats]:
        """How often each document holds that one of the terms which it holds most often; documents that hold any."""
        highest, raise_frequencies = np.zeros(self._n_slots, dtype=np.uint8), loops().raise_frequencies
        for number in numbers:
            if (dense := self._base.dense.get(number)) is not None:
                np.maximum(highest[: len(dense)], dense, out=highest[: len(dense)])
            for packed in self._fresh_postings(number) if dense is not None else self._postings(number):
                raise_frequencies(packed, highest)
            highest[list(self._heavy.get(number, ()))] = MAX_FREQUENCY
        highest[self._dead_by_slot] = 0
        slots = np.flatnonzero(highest)
        frequencies = highest[slots].astype(np.float64)
        for number in numbers:
            for slot, frequency in self._heavy.get(number, {}).items():
                place = int(np.searchsorted(slots, slot))
                frequencies[place] = max(frequencies[place], frequency)
        return slots, frequencies

    def _matching(self, weights: Iterable[int], completed: Slots | None, allow: Collection[int] | None) -> Slots:
        """Documents that hold one of the terms, or of the completions, whatever they score."""
        matched = np.zeros(self._n_slots, dtype=np.bool_)
        for number in weights:
            for packed in self._postings(number):
                matched[packed >> 8] = True
        if completed is not None:
            matched[completed] = True
        matched[self._dead_by_slot] = False
        if allow is None:
            return np.flatnonzero(matched)
        places = (self._slot_of(id) for id in set(allow))
        allowed = np.fromiter((slot for slot in places if slot is not None), dtype=np.int64)
        return allowed[matched[allowed]]

    def explain(self, tokens: Sequence[str], id: int) -> list[TermPart]:
        """What each term of the query adds to the score of document `id`, in the query's order, repeats merged."""
        slot = self._slot_of(id)
        if slot is None:
            return []
        parts = [self._part(term, times, slot) for term, times in Counter(tokens).items()]
        return [part for part in parts if part is not None]

    def _part(self, term: str, times: int, slot: int) -> TermPart | None:
        number = self._numbers.get(term)
        runs = self._postings(number) if number is not None else []
        held = [int(run[place]) & 255 for run in runs for place in np.flatnonzero(run >> 8 == slot)]
        if number is None or not held:
            return None
        frequency = self._heavy.get(number, {}).get(slot, held[-1])
        idf = self.idf(self._df[number])
        return TermPart(term, idf, frequency, times * idf * self._share(frequency, slot))

    # --- idf ---

    def idf(self, document_frequency: int) -> float:
        """The idf of a term in this many of the documents held now, the epsilon rule applied."""
        idf = math.log(self._n_live - document_frequency + 0.5) - math.log(document_frequency + 0.5)
        return idf if idf >= 0 else self.epsilon * self._average_idf()

    def _average_idf(self) -> float:
        if self._mean_idf is None:
            n_terms = np.bincount(np.array(self._df, dtype=np.int64))
            dfs = np.flatnonzero(n_terms)
            dfs = dfs[dfs > 0]
            idfs = np.log(self._n_live - dfs + 0.5) - np.log(dfs + 0.5)
            self._mean_idf = math.fsum(n_terms[dfs] * idfs) / self._n_live_terms
        return self._mean_idf

    def completions(self, prefix: str, n: int = N_COMPLETIONS) -> list[str]:
        """The `n` most frequent terms that begin with `prefix`, most frequent first, ties in alphabetical order."""
        if self._sorted is None:
            self._sorted = sorted(self._numbers)
            self._sorted_numbers = array("i", map(self._numbers.__getitem__, self._sorted))
        start = bisect_left(self._sorted, prefix)
        end = bisect_left(self._sorted, prefix + "\U0010ffff", start)
        numbers = np.array(self._sorted_numbers[start:end], dtype=np.int64)
        best = Ranking.best(np.arange(start, end), np.array(self._df, dtype=np.float64)[numbers], n)
        return [self._sorted[place] for place, df in zip(best.ids, best.scores, strict=True) if df]

    # --- files ---

    def save(self, path: Path) -> None:
        """Write a snapshot, compacted, that `open` takes up in a second; the file appears whole or not at all."""
        self.compact()
        unfinished = path.with_name(f".{path.name}.part")
        about = {"k1": self.k1, "b": self.b, "epsilon": self.epsilon, "terms": self._terms}
        heavy = [(number, *each) for number, held in self._heavy.items() for each in held.items()]
        with unfinished.open("wb") as file:
            np.savez(
                file,
                about=np.frombuffer(json.dumps(about | {"heavy": heavy}).encode(), dtype=np.uint8),
                ids=self._ids[self._base.slots],
                lengths=self._lengths[self._base.slots],
                df=np.array(self._df, dtype=np.int32),
                **{name: getattr(self._base, name) for name in SAVED if name != "ids"},
            )
        unfinished.replace(path)

    @classmethod
    def open(cls, path: Path) -> Self:
        """An index from a snapshot. ValueError for a file that is none."""
        try:
            with np.load(path) as held:
                arrays = {name: held[name] for name in held.files}
            about = json.loads(arrays["about"].tobytes())
            index = cls(k1=about["k1"], b=about["b"], epsilon=about["epsilon"])
            index._restore(arrays, about["terms"], about["heavy"])
        except (OSError, KeyError, EOFError, ValueError, BadZipFile) as error:
            raise ValueError(f"{path}: not a snapshot of a lexical index") from error
        return index

    def _restore(self, arrays: Mapping[str, NDArray[np.generic]], terms: list[str], heavy: list[list[int]]) -> None:
        self._base = Base(**{name: arrays[name] for name in SAVED}).with_dense()  # type: ignore[arg-type]
        self._terms, self._numbers = terms, {term: number for number, term in enumerate(terms)}
        self._df.frombytes(arrays["df"].tobytes())
        self._n_live_terms = int(np.count_nonzero(arrays["df"]))
        slots = self._base.slots
        self._n_slots = int(slots.max()) + 1 if len(slots) else 0
        self._grow(self._n_slots)
        self._ids[slots], self._lengths[slots], self._alive[slots] = arrays["ids"], arrays["lengths"], True
        self._n_live, self._n_tokens = len(slots), int(self._lengths.sum())
        self._free = np.flatnonzero(~self._alive[: self._n_slots]).tolist()
        for number, slot, frequency in heavy:
            self._heavy.setdefault(number, {})[slot] = frequency
