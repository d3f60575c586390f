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
from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from threading import RLock
from typing import Any, Final, Self, TypedDict, Unpack
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from ..ranking import Ranking
from .counting import NO_PACK, Counted, give_back, number_of
from .postings import MAX_FREQUENCY, MAX_SLOTS, Base, Rows
from .scanning import Slots
from .scoring import Documents, Held, Idf, Question, Weighted
from .vocabulary import Vocabulary

N_COMPLETIONS: Final = 16
"""A half-typed word stands for at most this many words of the catalogue, the most frequent first."""
MAX_TERMS: Final = 64
"""Of a query, the terms after so many distinct ones are left out: a text of thousands of words is no search."""
_Delta = dict[int, "array[int]"]


@dataclass(frozen=True, slots=True)
class TermPart:
    """What one term adds to one sticker's score: times it is in the query x `idf` x saturated `frequency`."""

    term: str
    idf: float
    frequency: int
    score: float


@dataclass(frozen=True, slots=True)
class Compaction:
    """The changes since the last compaction on their way into flat arrays; `merge` may run in another thread."""

    base: Base
    delta: _Delta
    terms: dict[int, tuple[int, ...]]  # by slot, of the documents in the delta
    dead: Slots
    ids: NDArray[np.int64]
    alive: NDArray[np.bool_]
    n_terms: int

    def merge(self) -> Base:
        """The postings of all documents that were held when the compaction began."""
        by_term, by_slot = Rows.of(self.delta, self.n_terms), Rows.of(self.terms, len(self.ids))
        held = np.flatnonzero(self.alive)
        return self.base.with_fresh(by_term, by_slot, self.dead, self.ids[held], held)


class Options(TypedDict, total=False):
    """The constants of BM25 (1.5, 0.75 and 0.25), and how many distinct terms of a query count (None: all)."""

    k1: float
    b: float
    epsilon: float
    max_terms: int | None


class LexicalIndex:
    """BM25 with the scores of rank-bm25's `BM25Okapi`, updated in place; up to 16.7 million documents.

    score(q, D) = sum over the terms w of q, repeats counted, of idf(w) tf (k1 + 1) / (tf + k1 (1 - b + b |D| / avgdl)),
    idf(w) = ln(N - df + 0.5) - ln(df + 0.5); a negative idf, of a term in more than half of the documents, becomes
    epsilon times the mean idf of all terms (Trotman, Puurula and Burgess 2014, "Improvements to BM25 and language
    models examined").

    A document matches when it holds a term of the query, whatever its score: 0 and below happen in tiny catalogues.
    Ties go to the lower id. An empty text counts as a document and matches nothing.

    Safe with one writing and many reading threads. A search takes what it needs at its beginning, in some microseconds
    under the lock, and reckons without it: what is written meanwhile, it does not see.
    """

    def __init__(self, **options: Unpack[Options]) -> None:
        self.k1, self.b, self.epsilon = options.get("k1", 1.5), options.get("b", 0.75), options.get("epsilon", 0.25)
        self.max_terms = options.get("max_terms", MAX_TERMS)
        self._lock = RLock()
        self._vocabulary = Vocabulary()
        self._base = Base.empty()
        self._delta: _Delta = {}
        self._merging: _Delta = {}  # a delta that a compaction has taken and not yet given back
        self._heavy: dict[int, dict[int, int]] = {}  # term: slot: frequency above MAX_FREQUENCY
        self._fresh: dict[int, int] = {}  # slots by id, of documents that came after the base
        self._fresh_terms: dict[int, tuple[int, ...]] = {}  # by slot
        self._fresh_slots = array("I")  # of all documents that came after the base, some of them dead
        self._dead_slots = array("I")  # of removed documents whose postings are still there
        self._free: list[int] = []
        self._n_slots = self._n_live = self._n_tokens = 0
        # By slot. Readers look at them as they were: between two compactions they only grow at the end.
        self._ids, self._lengths = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int32)
        self._packs = np.zeros(0, dtype=np.int32)
        self._alive = np.zeros(0, dtype=np.bool_)  # for the writer alone

    def __len__(self) -> int:
        return self._n_live

    def __contains__(self, id: object) -> bool:
        with self._lock:
            return isinstance(id, int) and self._slot_of(id) is not None

    @property
    def n_terms(self) -> int:
        """Distinct terms of the documents held now."""
        return self._vocabulary.n_live

    # --- changes ---

    @classmethod
    def of(cls, documents: Iterable[tuple[int, Sequence[str]]], **options: Unpack[Options]) -> Self:
        """An index of many documents at once: some 250,000 a second. Of documents with one id the last one counts."""
        counted = Counted()
        for id, tokens in documents:
            counted.add(id, tokens)
        return cls.adopted(counted, **options)

    @classmethod
    def adopted(cls, counted: Counted, **options: Unpack[Options]) -> Self:
        """An index of documents that are counted already."""
        index, given = cls(**options), counted.done()
        index._vocabulary = Vocabulary(given.terms, np.diff(given.by_term.starts))
        index._heavy = given.heavy
        index._base = Base.of(given.by_term, given.by_slot, given.ids, np.arange(len(given.ids)))
        index._lay_out(given.ids, given.lengths, np.arange(len(given.ids)))
        index._packs[:] = given.packs
        for slot in given.replaced.tolist():
            index._bury(slot, index._base.terms_of(slot))
        if len(given.replaced):
            index.compact()
        del given
        give_back()
        return index

    def _lay_out(self, ids: NDArray[np.int64], lengths: NDArray[np.int32], slots: NDArray[np.integer[Any]]) -> None:
        self._n_slots = self._base.by_slot.n
        self._grow(self._n_slots)
        self._ids[slots], self._lengths[slots], self._alive[slots] = ids, lengths, True
        self._n_live, self._n_tokens = len(slots), int(self._lengths.sum(dtype=np.int64))
        self._free = np.flatnonzero(~self._alive).tolist()

    def put(self, id: int, tokens: Sequence[str], *, pack: int | None = None) -> None:
        """Add a document, or replace the one with this id; `pack` is the number of its pack (below 2**31)."""
        frequencies, pack_number = Counter(tokens), number_of(pack)
        with self._lock:
            self.remove(id)
            slot = self._new_slot()
            numbers = tuple(map(self._vocabulary.number_of, frequencies))
            for number, frequency in zip(numbers, frequencies.values(), strict=True):
                self._add_posting(number, slot, frequency)
            self._vocabulary.count_in(numbers)
            self._ids[slot], self._lengths[slot], self._alive[slot] = id, len(tokens), True
            self._packs[slot] = pack_number
            self._fresh[id], self._fresh_terms[slot] = slot, numbers
            self._fresh_slots.append(slot)
            self._n_live += 1
            self._n_tokens += len(tokens)

    def _new_slot(self) -> int:
        if self._free:
            return self._free.pop()
        if self._n_slots == len(self._ids):
            self._grow(max(1_024, self._n_slots * 9 // 8))
        self._n_slots += 1
        return self._n_slots - 1

    def _grow(self, size: int) -> None:
        if size > MAX_SLOTS:
            raise ValueError(f"a lexical index holds at most {MAX_SLOTS:,} documents")
        for name, fill in (("_ids", 0), ("_lengths", 0), ("_packs", NO_PACK), ("_alive", False)):
            held = getattr(self, name)
            setattr(self, name, np.concatenate((held, np.full(size - len(held), fill, dtype=held.dtype))))

    def _add_posting(self, number: int, slot: int, frequency: int) -> None:
        if frequency > MAX_FREQUENCY:
            self._heavy.setdefault(number, {})[slot] = frequency
            frequency = MAX_FREQUENCY
        run = self._delta.get(number)
        if run is None:
            run = self._delta[number] = array("I")
        run.append(slot << 8 | frequency)

    def remove(self, id: int) -> bool:
        """Take a document out; False if there was none. Its postings stay behind, dead, until the next compaction."""
        with self._lock:
            slot = self._slot_of(id)
            if slot is None:
                return False
            self._fresh.pop(id, None)
            fresh = self._fresh_terms.pop(slot, None)
            self._bury(slot, self._base.terms_of(slot) if fresh is None else fresh)
            return True

    def _bury(self, slot: int, numbers: Sequence[int]) -> None:
        self._vocabulary.count_out(numbers)
        for number in numbers:
            if number in self._heavy:
                self._heavy[number].pop(slot, None)
        self._alive[slot] = False
        self._dead_slots.append(slot)
        self._n_live -= 1
        self._n_tokens -= int(self._lengths[slot])

    def _slot_of(self, id: int) -> int | None:
        slot = self._fresh.get(id)
        if slot is None:
            slot = self._base.slot_of(id)
        return slot if slot is not None and self._alive[slot] and self._ids[slot] == id else None

    def ids_of(self, pack: int) -> NDArray[np.int64]:
        """The documents of a pack."""
        with self._lock:
            n, alive = self._n_slots, self._alive[: self._n_slots].copy()
            packs, ids = self._packs[:n], self._ids[:n]
        alive &= packs == pack
        return ids[alive]

    # --- compaction ---

    @property
    def n_changes(self) -> int:
        """Documents that came or went since the last compaction: a few per cent of all cost searches little."""
        return len(self._fresh) + len(self._dead_slots)

    def compact(self) -> None:
        """Take the changes over into flat arrays, here and now: about a second for a million documents."""
        compaction = self.begin_compaction()
        self.finish_compaction(compaction, compaction.merge())

    def begin_compaction(self) -> Compaction:
        """Set the changes so far aside, to be merged while people search and change on."""
        with self._lock:
            assert not self._merging, "one compaction at a time"
            self._merging, self._delta = self._delta, {}
            return Compaction(
                self._base, self._merging, dict(self._fresh_terms), np.array(self._dead_slots, dtype=np.int64),
                self._ids[: self._n_slots], self._alive[: self._n_slots].copy(), len(self._vocabulary.terms),
            )  # fmt: skip

    def finish_compaction(self, compaction: Compaction, base: Base) -> None:
        """Search what was merged from now on; slots of documents that are gone are used again. Who searches still with
        the postings of before has the documents of before, too."""
        with self._lock:
            self._base, self._merging = base, {}
            for slot in compaction.terms:
                if self._fresh_terms.pop(slot, None) is not None:
                    del self._fresh[int(self._ids[slot])]
            self._fresh_slots = array("I", self._fresh_terms)
            del self._dead_slots[: len(compaction.dead)]
            self._free += compaction.dead.tolist()
            self._ids, self._lengths, self._packs = self._ids.copy(), self._lengths.copy(), self._packs.copy()

    # --- searching ---

    def search(
        self,
        tokens: Sequence[str],
        k: int | None = 20,
        *,
        pack: int | None = None,
        allow: Collection[int] | None = None,
        deny: Collection[int] | None = None,
        unfinished: str = "",
    ) -> Ranking:
        """The best `k` matches (all of them with None), best first, ties by id.

        `pack` keeps the documents of one pack, `allow` only these ids, `deny` all but these; scores are those of the
        whole catalogue. `unfinished` is a half-typed last word: it stands for its most frequent continuations taken as
        one term, and replaces itself among `tokens`.
        """
        return self._question(tokens, unfinished).best(k, pack=pack, allow=allow, deny=deny)

    def _question(self, tokens: Sequence[str], unfinished: str) -> Question:
        times = Counter(token for token in tokens if token != unfinished)
        with self._lock:
            completions = self._vocabulary.completions(unfinished, N_COMPLETIONS) if unfinished else []
            numbers = {term: self._vocabulary.number(term) for term in islice(times, self.max_terms)}
            asked = [(number, times[term]) for term, number in numbers.items() if number is not None]
            itself = self._vocabulary.number(unfinished) if unfinished else None
            idf = self._idf(sum(map(self._vocabulary.df, {*completions, *(number for number, _ in asked)})))
            mean_length = self._n_tokens / self._n_live if self._n_tokens else 1.0
            return Question(
                self._documents(), idf, self.k1, self.b, mean_length,
                [self._weighted(number, n, idf) for number, n in asked if self._vocabulary.df(number)],
                [self._held(number) for number in completions],
                None if itself is None or not self._vocabulary.df(itself) else self._weighted(itself, 1, idf),
            )  # fmt: skip

    def _documents(self) -> Documents:
        n = self._n_slots
        fresh, dead = (np.array(slots, dtype=np.int64) for slots in (self._fresh_slots, self._dead_slots))
        return Documents(self._base, self._ids[:n], self._lengths[:n], self._packs[:n], fresh, dead)

    def _idf(self, df_most: int) -> Idf:
        """For terms that stand in `df_most` documents or fewer: only in more than half does the mean come in."""
        floor = self.epsilon * self._vocabulary.mean_idf(self._n_live) if 2 * df_most > self._n_live else 0.0
        return Idf(self._n_live, floor)

    def idf(self, document_frequency: int) -> float:
        """The idf of a term in this many of the documents held now, the epsilon rule applied."""
        with self._lock:
            return self._idf(document_frequency).of(document_frequency)

    def _weighted(self, number: int, times: int, idf: Idf) -> Weighted:
        return Weighted(times * idf.of(self._vocabulary.df(number)), self._held(number))

    def _held(self, number: int) -> Held:
        base, dense = self._base.by_term.row(number), self._base.dense.get(number)
        fresh = (np.array(run, dtype=np.uint32) for delta in (self._merging, self._delta) if (run := delta.get(number)))
        runs = [base.astype(np.uint32, copy=False)] if len(base) else []
        return Held(dense, (*runs, *fresh), tuple(self._heavy.get(number, {}).items()))

    def completions(self, prefix: str, n: int = N_COMPLETIONS) -> list[str]:
        """The `n` most frequent terms that begin with `prefix`, most frequent first, ties in alphabetical order."""
        with self._lock:
            return [self._vocabulary.terms[number] for number in self._vocabulary.completions(prefix, n)]

    def explain(self, tokens: Sequence[str], id: int) -> list[TermPart]:
        """What each term of the query adds to the score of document `id`, in the query's order, repeats merged."""
        with self._lock:
            slot = self._slot_of(id)
            if slot is None:
                return []
            norm = self.k1 * (1 - self.b + self.b * int(self._lengths[slot]) * self._n_live / max(self._n_tokens, 1))
            parts = [self._part(term, times, slot, norm) for term, times in Counter(tokens).items()]
            return [part for part in parts if part is not None]

    def _part(self, term: str, times: int, slot: int, norm: float) -> TermPart | None:
        number = self._vocabulary.number(term)
        frequency = 0 if number is None else self._held(number).frequency(slot)
        if number is None or not frequency:
            return None
        idf = self.idf(self._vocabulary.df(number))
        return TermPart(term, idf, frequency, times * idf * frequency * (self.k1 + 1) / (frequency + norm))

    # --- files ---

    def save(self, path: Path) -> None:
        """Write a snapshot, compacted, that `open` takes up in a second; the file appears whole or not at all."""
        with self._lock:
            self.compact()
            base, vocabulary = self._base, self._vocabulary
            heavy = [(number, *each) for number, held in self._heavy.items() for each in held.items()]
            about = {"k1": self.k1, "b": self.b, "epsilon": self.epsilon, "heavy": heavy, "terms": vocabulary.terms}
            arrays: dict[str, Any] = base.arrays() | {
                "about": np.frombuffer(json.dumps(about).encode(), dtype=np.uint8),
                "df": vocabulary.document_frequencies,
                "lengths": self._lengths[base.slots],
                "packs": self._packs[base.slots],
            }
        unfinished = path.with_name(f".{path.name}.part")
        with unfinished.open("wb") as file:
            np.savez(file, **arrays)
        unfinished.replace(path)

    @classmethod
    def open(cls, path: Path) -> Self:
        """An index from a snapshot. ValueError for a file that is none."""
        try:
            with np.load(path) as held:
                arrays = {name: held[name] for name in held.files}
            about = json.loads(arrays["about"].tobytes())
            index = cls(k1=about["k1"], b=about["b"], epsilon=about["epsilon"])
            index._vocabulary = Vocabulary(about["terms"], arrays["df"])
            index._base = Base.from_arrays(arrays)
            index._lay_out(index._base.ids, arrays["lengths"], index._base.slots)
            index._packs[index._base.slots] = arrays["packs"]
            for number, slot, frequency in about["heavy"]:
                index._heavy.setdefault(number, {})[slot] = frequency
        except (OSError, KeyError, EOFError, ValueError, BadZipFile) as error:
            raise ValueError(f"{path}: not a snapshot of a lexical index") from error
        return index
