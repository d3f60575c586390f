"""The one searcher that everything uses: BM25 and CLIP side by side, fused by reciprocal rank.

>>> searcher = Searcher()
>>> searcher.put(1, "so tired, good night", None)
>>> searcher.put(2, "party all night", None)
>>> searcher.put(3, "monday again", None)
>>> [hit.id for hit in searcher.search("tired tonight")]
[1]
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from threading import RLock, Thread
from typing import Final, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from .dense import DenseIndex, Vectors
from .fusion import RRF_K, fused_part, reciprocal_rank_fusion
from .lexical import LexicalIndex, TermPart
from .ranking import Ranking
from .text import Tokenizer, tokenise, unfinished_word

Mode = Literal["hybrid", "lexical", "dense"]

DEPTH: Final = 10_000
"""So many places of each side take part in a fused ranking; beyond, a sticker counts as unranked on that side."""
CHANGES_MOST: Final = 2_000
"""So many changes, or 2 % of the catalogue, are taken over into the flat part of a text index at once."""
BESIDE_FROM: Final = 20_000
"""From so many stickers on that is done in a thread of its own, while people search."""


class TextEncoder(Protocol):
    """What the dense side needs of a CLIP: query texts to vectors in the space of the image vectors."""

    @property
    def version(self) -> str:
        """Names the weights; a catalogue embedded by one version is searched with the same."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        """[len(texts), d], float32, length 1. Called by many threads at once."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A sticker found. `rank` counts from 1; `score` is BM25, cosine or fused; None where a side does not rank it."""

    id: int
    score: float
    rank: int
    lexical_rank: int | None
    dense_rank: int | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """What each side contributed to one sticker's place for one query.

    `lexical_part` and `dense_part` are the reciprocal ranks that add up to `fused_score`; `terms` add up to
    `lexical_score`. A side that does not hold the sticker has None.
    """

    id: int
    rank: int | None
    fused_score: float
    lexical_rank: int | None
    lexical_score: float | None
    lexical_part: float
    terms: tuple[TermPart, ...]
    dense_rank: int | None
    cosine: float | None
    dense_part: float
    rrf_k: int = RRF_K


class Searcher:
    """A catalogue in memory: texts under BM25, image vectors under cosine, both optional for each sticker.

    Safe with one writing and many reading threads; queries are encoded outside of the lock. Without an `encoder` the
    dense side answers `neighbours` only, and hybrid search is lexical search.
    """

    def __init__(self, encoder: TextEncoder | None = None, *, tokenizer: Tokenizer = tokenise) -> None:
        self._encoder, self._tokenise = encoder, tokenizer
        self._ids: set[int] = set()
        self._texts: dict[str | None, LexicalIndex] = {None: LexicalIndex()}
        self._images = DenseIndex()
        self._lock = RLock()
        self._compacting: Thread | None = None

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, id: object) -> bool:
        return id in self._ids

    @property
    def model_version(self) -> str | None:
        """The version of the text encoder; None for a lexical searcher."""
        return None if self._encoder is None else self._encoder.version

    def put(self, id: int, text: str | Mapping[str, str], vectors: NDArray[np.floating] | None) -> None:
        """Add or replace a sticker.

        `text` is all its text, or its text by language ({"en": ..., "zh": ...}), which makes it searchable in all
        languages together and in each alone. `vectors` is [d] or [frames, d], or None. ValueError for vectors of
        another d than those held, or without direction; then nothing has changed.
        """
        parts: dict[str | None, str] = {None: text if isinstance(text, str) else "\n".join(text.values())}
        parts.update({} if isinstance(text, str) else text)
        tokens = {language: self._tokenise(part) for language, part in parts.items()}
        with self._lock:
            if vectors is None:
                self._images.remove(id)
            else:
                self._images.put(id, vectors)
            for language in self._texts.keys() - tokens.keys():
                self._texts[language].remove(id)
            for language, terms in tokens.items():
                self._texts.setdefault(language, LexicalIndex()).put(id, terms)
            self._ids.add(id)
            self._keep_up()

    def _keep_up(self) -> None:
        for index in self._texts.values():
            if index.n_changes <= max(CHANGES_MOST, len(index) // 50):
                continue
            if len(index) < BESIDE_FROM:
                index.compact()
            elif self._compacting is None:
                self._compacting = Thread(target=self._compact, args=(index,), daemon=True)
                self._compacting.start()

    def _compact(self, index: LexicalIndex) -> None:
        try:
            with self._lock:
                compaction = index.begin_compaction()
            base = compaction.merge()
            with self._lock:
                index.finish_compaction(compaction, base)
        finally:
            self._compacting = None

    def remove(self, id: int) -> bool:
        """Take a sticker out; False if there was none."""
        with self._lock:
            held = id in self._ids
            self._ids.discard(id)
            self._images.remove(id)
            for index in self._texts.values():
                index.remove(id)
        return held

    def search(
        self,
        query: str,
        k: int = 24,
        *,
        mode: Mode = "hybrid",
        language: str | None = None,
        allow: Collection[int] | None = None,
        partial: bool = False,
    ) -> list[Hit]:
        """The best `k` stickers for `query`, best first, ties by id.

        `language` searches the texts of that language alone, where any sticker has some; `allow` keeps only these ids;
        `partial` takes the last word as still being typed. Lexical hits hold a term of the query; dense ones need not.
        """
        sides = self._sides(query, mode, language, allow, partial)
        return _hits(*sides, k)

    def rank_of(
        self, query: str, id: int, *, mode: Mode = "hybrid", language: str | None = None, partial: bool = False
    ) -> int | None:
        """The place of sticker `id` among the whole catalogue, from 1; None where neither side ranks it."""
        return _overall(*self._sides(query, mode, language, None, partial), None).rank_of(id)

    def rank_among(
        self, query_texts: Sequence[str], ids: Sequence[int], *, mode: Mode = "hybrid", language: str | None = None
    ) -> list[Hit]:
        """All candidates `ids`, in the order in which they answer the queries taken together with equal weight.

        The sides of all queries are fused by reciprocal rank. A hit's `lexical_rank` and `dense_rank` are those of the
        fusion over the queries of that side; candidates that no side ranks come last, in the order given, with score 0.
        """
        pairs = [self._sides(text, mode, language, ids, False) for text in query_texts]
        lexical, dense = (reciprocal_rank_fusion([pair[side] for pair in pairs]) for side in (0, 1))
        fused = reciprocal_rank_fusion([ranking for pair in pairs for ranking in pair])
        hits = _ranked(fused, lexical, dense)
        ranked = {hit.id for hit in hits}
        rest = [id for id in dict.fromkeys(ids) if id not in ranked]
        return hits + [Hit(id, 0.0, rank, None, None) for rank, id in enumerate(rest, len(hits) + 1)]

    def neighbours(self, id: int, k: int = 24) -> list[Hit]:
        """The `k` stickers that look most like `id` to the model, itself left out; [] for one without a vector."""
        with self._lock:
            near = self._images.neighbours(id, k)
        return _hits(Ranking.empty(), near, k)

    def explain(self, query: str, id: int, *, language: str | None = None) -> Explanation:
        """Why sticker `id` stands where it does for `query` in hybrid search."""
        lexical, dense = self._sides(query, "hybrid", language, None, False)
        fused = reciprocal_rank_fusion([lexical, dense])
        with self._lock:
            terms = tuple(self._lexical(language).explain(self._tokenise(query), id))
        lexical_rank, dense_rank = lexical.rank_of(id), dense.rank_of(id)
        lexical_part, dense_part = fused_part(lexical_rank), fused_part(dense_rank)
        return Explanation(
            id, fused.rank_of(id), lexical_part + dense_part,
            lexical_rank, _score_at(lexical, lexical_rank), lexical_part, terms,
            dense_rank, _score_at(dense, dense_rank), dense_part,
        )  # fmt: skip

    def _sides(
        self, query: str, mode: Mode, language: str | None, allow: Collection[int] | None, partial: bool
    ) -> tuple[Ranking, Ranking]:
        tokens = self._tokenise(query) if mode != "dense" else []
        unfinished = unfinished_word(query) if partial and mode != "dense" else ""
        vector = self._encode(query) if mode != "lexical" else None
        with self._lock:
            lexical = self._lexical(language).search(tokens, DEPTH, allow=allow, unfinished=unfinished)
            dense = Ranking.empty() if vector is None else self._images.search(vector, DEPTH, allow=allow)
        return lexical, dense

    def _encode(self, query: str) -> Vectors | None:
        if self._encoder is None or not len(self._images) or not query.strip():
            return None
        vector: Vectors = self._encoder.encode([query])[0]
        return vector

    def _lexical(self, language: str | None) -> LexicalIndex:
        index = self._texts.get(language)
        return self._texts[None] if index is None or not len(index) else index


def _overall(lexical: Ranking, dense: Ranking, k: int | None) -> Ranking:
    """A single side keeps its own scores; two are fused."""
    sides = [side for side in (lexical, dense) if len(side.ids)]
    if len(sides) == 1:
        return Ranking(sides[0].ids[:k], sides[0].scores[:k])
    return reciprocal_rank_fusion(sides, k)


def _hits(lexical: Ranking, dense: Ranking, k: int) -> list[Hit]:
    return _ranked(_overall(lexical, dense, max(k, 0)), lexical, dense)


def _ranked(overall: Ranking, lexical: Ranking, dense: Ranking) -> list[Hit]:
    by_text, by_image = lexical.ranks(), dense.ranks()
    pairs = zip(overall.ids.tolist(), overall.scores.tolist(), strict=True)
    return [Hit(id, score, rank, by_text.get(id), by_image.get(id)) for rank, (id, score) in enumerate(pairs, 1)]


def _score_at(ranking: Ranking, rank: int | None) -> float | None:
    return None if rank is None else float(ranking.scores[rank - 1])
