"""The one searcher that everything uses: BM25 and CLIP side by side, fused by reciprocal rank.

>>> searcher = Searcher()
>>> searcher.put(1, "so tired, good night", None)
>>> searcher.put(2, "party all night", None)
>>> searcher.put(3, "monday again", None)
>>> [hit.id for hit in searcher.search("tired tonight")]
[1]
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Final, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from .dense import DenseIndex, Ids, Vectors
from .fusion import fused_part, reciprocal_rank_fusion
from .ranking import Ranking
from .searching import Explanation, Hit, Mode, StickerSearcher, TextEncoder
from .text import Tokenizer, tokenise
from .texts import Text, Texts

DEPTH: Final = 1_000
"""So many places of each side take part in a fused ranking; beyond, a sticker counts as unranked on that side."""
GENERATED_WEIGHT: Final = 0.5
"""A place among generated texts counts half of the same place among what people wrote."""
BESIDE_FROM: Final = 50_000
"""From so many vectors on, looks are searched beside words: below, changing threads costs more than it saves."""
LOOKERS: Final = ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="looks")
PARTS: Final = ("texts", "generated", "images")


class _Sides(NamedTuple):
    lexical: Ranking
    dense: Ranking
    generated: Ranking


class _Keep(NamedTuple):
    """Which stickers may be found."""

    pack: int | None = None
    allow: Collection[int] | None = None
    deny: Collection[int] | None = None


_EVERYTHING: Final = _Keep()
WEIGHTS: Final = (1.0, 1.0, GENERATED_WEIGHT)
"""What a place on each of the sides counts."""


class Searcher(StickerSearcher):
    """A catalogue in memory: texts under BM25, image vectors under cosine, both optional for each sticker.

    Texts that a generator wrote are a side of their own in hybrid search, which counts less (`GENERATED_WEIGHT`);
    without them, and in lexical search, scores are those of what people wrote alone.

    Safe with one writing and many reading threads, which wait for nobody while they scan. Without an `encoder` the
    dense side answers `neighbours` only, and hybrid search is lexical search.
    """

    def __init__(self, encoder: TextEncoder | None = None, *, tokenizer: Tokenizer = tokenise) -> None:
        self._encoder = encoder
        self._texts, self._generated = Texts(tokenizer), Texts(tokenizer)
        self._images = DenseIndex()

    @classmethod
    def of(
        cls,
        entries: Iterable[tuple[int, Text, Text, int | None]],
        encoder: TextEncoder | None = None,
        *,
        tokenizer: Tokenizer = tokenise,
    ) -> Self:
        """A searcher of many stickers at once, each given as id, text, generated text and pack, as `put` takes them;
        no vectors. Ids must differ."""
        searcher = cls(encoder, tokenizer=tokenizer)
        generated: list[tuple[int, Text, int | None]] = []

        def texts() -> Iterator[tuple[int, Text, int | None]]:
            for id, text, typical, pack in entries:
                if typical:
                    generated.append((id, typical, pack))
                yield id, text, pack

        searcher._texts = Texts.of(texts(), tokenizer)
        searcher._generated = Texts.of(generated, tokenizer)
        return searcher

    def beside(self, encoder: TextEncoder | None, images: DenseIndex | None = None) -> Searcher:
        """A searcher with another model over the same texts, which both share from now on: what is put into or removed
        from the texts of one is so in the other. Its vectors are its own: `images`, or none as yet (see `look`)."""
        other = Searcher(encoder)
        other._texts, other._generated = self._texts, self._generated
        if images is not None:
            other._images = images
        return other

    @property
    def images(self) -> DenseIndex:
        """The image vectors, to be saved or carried over to another searcher."""
        return self._images

    def save(self, folder: Path) -> None:
        """Write a snapshot of all it holds into a folder that is there, for `open`. Nobody writes meanwhile."""
        texts, generated, images = (folder / name for name in PARTS)
        for part in (texts, generated, images):
            part.mkdir()
        self._texts.save(texts)
        self._generated.save(generated)
        self._images.save(images)

    @classmethod
    def open(cls, folder: Path, encoder: TextEncoder | None = None, *, tokenizer: Tokenizer = tokenise) -> Self:
        """A searcher from a snapshot. ValueError or OSError for a folder that holds none."""
        searcher = cls(encoder, tokenizer=tokenizer)
        texts, generated, images = (folder / name for name in PARTS)
        searcher._texts, searcher._generated = Texts.open(texts, tokenizer), Texts.open(generated, tokenizer)
        searcher._images = DenseIndex.open(images)
        return searcher

    def __len__(self) -> int:
        return len(self._texts)

    def __contains__(self, id: object) -> bool:
        return id in self._texts

    @property
    def model_version(self) -> str | None:
        """The version of the text encoder; None for a lexical searcher."""
        return None if self._encoder is None else self._encoder.version

    def put(
        self,
        id: int,
        text: Text,
        vectors: NDArray[np.floating] | None,
        *,
        generated: Text = "",
        pack: int | None = None,
    ) -> None:
        """Add or replace a sticker.

        `text` is all its text, or its text by language ({"en": ..., "zh": ...}), which makes it searchable in all
        languages together and in each alone; `generated` the same of what a generator would type for it. `vectors` is
        [d] or [frames, d], or None. `pack` is the number of its pack. ValueError for vectors of another d than those
        held, or without direction; then nothing has changed.
        """
        self.look(id, vectors)
        self._texts.put(id, text, pack)
        if generated:
            self._generated.put(id, generated, pack)
        else:
            self._generated.remove(id)

    def look(self, id: int, vectors: NDArray[np.floating] | None) -> None:
        """Replace the vectors of a sticker alone, as `put` does; None takes them out."""
        if vectors is None:
            self._images.remove(id)
        else:
            self._images.put(id, vectors)

    def remove(self, id: int) -> bool:
        """Take a sticker out; False if there was none."""
        self.look(id, None)
        self._generated.remove(id)
        return self._texts.remove(id)

    def search(
        self,
        query: str,
        k: int = 24,
        *,
        mode: Mode = "hybrid",
        language: str | None = None,
        pack: int | None = None,
        allow: Collection[int] | None = None,
        deny: Collection[int] | None = None,
        partial: bool = False,
    ) -> list[Hit]:
        """The best `k` stickers for `query`, best first, ties by id.

        `language` searches the texts of that language alone, where any sticker has some. `pack` keeps one pack's
        stickers, `allow` only these ids, `deny` all but these; scores are those of the whole catalogue. `partial` takes
        the last word as still being typed. Lexical hits hold a term of the query; dense ones need not.
        """
        depth = DEPTH if mode == "hybrid" else max(k, DEPTH)
        sides = self._sides(query, mode, language, partial, _Keep(pack, allow, deny), depth)
        return _hits(_overall(sides, max(k, 0)), sides)

    def rank_of(
        self, query: str, id: int, *, mode: Mode = "hybrid", language: str | None = None, partial: bool = False
    ) -> int | None:
        """The place of sticker `id` among the whole catalogue, from 1; None where no side has it in its `DEPTH`."""
        return self.search_and_rank(query, id, 0, mode=mode, language=language, partial=partial)[1]

    def search_and_rank(
        self,
        query: str,
        id: int,
        k: int = 24,
        *,
        mode: Mode = "hybrid",
        language: str | None = None,
        partial: bool = False,
    ) -> tuple[list[Hit], int | None]:
        """What `search` and `rank_of` say, for the price of one."""
        sides = self._sides(query, mode, language, partial)
        overall, k = _overall(sides, None), max(k, 0)
        return _hits(Ranking(overall.ids[:k], overall.scores[:k]), sides), overall.rank_of(id)

    def rank_among(
        self, query_texts: Sequence[str], ids: Sequence[int], *, mode: Mode = "hybrid", language: str | None = None
    ) -> list[Hit]:
        """All candidates `ids`, in the order in which they answer the queries taken together with equal weight.

        The sides of all queries are fused by reciprocal rank. A hit's `lexical_rank`, `dense_rank` and
        `generated_rank` are those of the fusion over the queries of that side; candidates that no side ranks come
        last, in the order given, with score 0.
        """
        asked = [self._sides(text, mode, language, False, _Keep(allow=ids)) for text in query_texts]
        fused = reciprocal_rank_fusion([side for sides in asked for side in sides], weights=WEIGHTS * len(asked))
        of_side = [reciprocal_rank_fusion([sides[side] for sides in asked]) for side in range(len(WEIGHTS))]
        hits = _hits(fused, _Sides(*of_side))
        ranked = {hit.id for hit in hits}
        rest = [id for id in dict.fromkeys(ids) if id not in ranked]
        return hits + [Hit(id, 0.0, rank, None, None) for rank, id in enumerate(rest, len(hits) + 1)]

    def neighbours(self, id: int, k: int = 24) -> list[Hit]:
        """The `k` stickers that look most like `id` to the model, itself left out; [] for one without a vector."""
        near = self._images.neighbours(id, k)
        return _hits(near, _Sides(Ranking.empty(), near, Ranking.empty()))

    def explain(self, query: str, id: int, *, language: str | None = None) -> Explanation:
        """Why sticker `id` stands where it does for `query` in hybrid search."""
        sides = self._sides(query, "hybrid", language, False)
        lexical_rank, dense_rank, generated_rank = (side.rank_of(id) for side in sides)
        lexical_part, dense_part, generated_part = (
            weight * fused_part(side.rank_of(id)) for side, weight in zip(sides, WEIGHTS, strict=True)
        )
        return Explanation(
            id, reciprocal_rank_fusion(sides, weights=WEIGHTS).rank_of(id),
            lexical_part + dense_part + generated_part,
            lexical_rank, _score_at(sides.lexical, lexical_rank), lexical_part,
            self._texts.explain(query, id, language=language),
            dense_rank, _score_at(sides.dense, dense_rank), dense_part,
            generated_rank, generated_part,
        )  # fmt: skip

    def _sides(
        self,
        query: str,
        mode: Mode,
        language: str | None,
        partial: bool,
        keep: _Keep = _EVERYTHING,
        depth: int = DEPTH,
    ) -> _Sides:
        is_beside = mode == "hybrid" and len(self._images) >= BESIDE_FROM
        looking = LOOKERS.submit(self._look_for, query, depth, keep) if is_beside else None
        lexical = dense = generated = Ranking.empty()
        asked = {"language": language, "partial": partial, **keep._asdict()}
        if mode != "dense":
            lexical = self._texts.search(query, depth, **asked)
        if mode == "hybrid" and len(self._generated):
            generated = self._generated.search(query, depth, **asked)
        if mode != "lexical":
            dense = looking.result() if looking else self._look_for(query, depth, keep)
        return _Sides(lexical, dense, generated)

    def _look_for(self, query: str, depth: int, keep: _Keep) -> Ranking:
        vector = self._encode(query)
        if vector is None:
            return Ranking.empty()
        return self._images.search(vector, depth, allow=self._looked_at(keep), deny=keep.deny)

    def _looked_at(self, keep: _Keep) -> Ids | None:
        if keep.pack is None:
            return keep.allow
        ids = self._texts.ids_of(keep.pack)
        return ids if keep.allow is None else ids[np.isin(ids, list(keep.allow))]

    def _encode(self, query: str) -> Vectors | None:
        if self._encoder is None or not len(self._images) or not query.strip():
            return None
        vector: Vectors = self._encoder.encode([query])[0]
        return vector


def _overall(sides: _Sides, k: int | None) -> Ranking:
    """A single side keeps its own scores; several are fused."""
    filled = [(side, weight) for side, weight in zip(sides, WEIGHTS, strict=True) if len(side.ids)]
    if len(filled) == 1:
        only = filled[0][0]
        return Ranking(only.ids[:k], only.scores[:k])
    return reciprocal_rank_fusion([side for side, _ in filled], k, weights=[weight for _, weight in filled])


def _hits(overall: Ranking, sides: _Sides) -> list[Hit]:
    columns = (overall.scores.tolist(), count(1), *(side.ranks_of(overall.ids) for side in sides))
    return [Hit(*row) for row in zip(overall.ids.tolist(), *columns, strict=False)]


def _score_at(ranking: Ranking, rank: int | None) -> float | None:
    return None if rank is None else float(ranking.scores[rank - 1])
