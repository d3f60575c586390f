"""The searcher past one machine: the same questions, answered by a Qdrant cluster.

A sticker is a point with a sparse vector, which gives rank-bm25's scores (`words`), and a dense one; the cluster
ranks by each and fuses the ranks. What a process holds of it all is the encoder.

>>> client, layout = connect("local:")
>>> searcher = QdrantSearcher.create(client, "stickers", layout=layout)
>>> searcher.put(1, "so tired, good night", None)
>>> searcher.put(2, "party all night", None)
>>> searcher.put(3, "monday again", None)
>>> [hit.id for hit in searcher.search("tired tonight")]
[1]
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from threading import RLock
from typing import Any, Final, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from qdrant_client import QdrantClient, models

from ..dense import Vectors, unit
from ..fusion import fused_part, reciprocal_rank_fusion
from ..lexical import TermPart
from ..ranking import Ranking
from ..searcher import WEIGHTS
from ..searching import Explanation, Hit, Mode, TextEncoder
from ..text import Tokenizer, tokenise, unfinished_word
from ..texts import Text
from .asking import Asked, Wanted, ask, filter_of, fusion, request
from .layout import Layout
from .sides import Sides, hits, overall, score_at, sides_of
from .store import Document, Store
from .words import GENERATED, WORDS, Words, field_asked, fields_of

DRIFT: Final = 0.01
"""Weights are written anew when the average length has moved by this share; until then scores are off by less."""
TOLD: Final = 200
"""A hit's place on a side is told down to this one where the cluster fuses."""


class Entry(NamedTuple):
    """A sticker to put in: see `StickerSearcher.put`."""

    id: int
    text: Text
    vectors: NDArray[np.floating] | None
    generated: Text = ""
    pack: int | None = None


class QdrantSearcher:
    """A catalogue in a Qdrant collection; satisfies `searching.StickerSearcher`, for ids from 0.

    Any number of searchers, in any number of processes, may ask; one at a time may write. What one has written, all
    find with their next call. Scores on a side are those of the embedded `Searcher` to float32, after `weigh_anew`;
    before, see `DRIFT`. Differences:

    * Hybrid search is fused by the cluster, which ranks stickers of equal score on a side in an order of its own, and
      `Hit` tells places on the sides down to `TOLD`. With `fuse_here` both are as in the embedded searcher, at the
      price of `Layout.depth` rows a side on the wire.
    * A half-typed word stands for all words that it begins, not for the 16 most frequent ones.
    * Dense search goes by the cluster's graph, which may miss some (`Layout.exact`).

    Errors of the cluster (qdrant_client's, httpx's) are the caller's to catch.
    """

    def __init__(
        self,
        client: QdrantClient,
        name: str,
        encoder: TextEncoder | None = None,
        *,
        tokenizer: Tokenizer = tokenise,
        layout: Layout | None = None,
        drift: float = DRIFT,
        fuse_here: bool = False,
    ) -> None:
        """The catalogue `name`, an alias too, made by `create`. ValueError where there is none."""
        self._store = Store(client, name)
        self._encoder, self._tokenise, self._layout = encoder, tokenizer, layout or Layout()
        self._drift, self._fuse_here = drift, fuse_here
        self._writing = RLock()

    @classmethod
    def create(
        cls,
        client: QdrantClient,
        name: str,
        encoder: TextEncoder | None = None,
        *,
        dim: int | None = None,
        **options: Any,
    ) -> Self:
        """An empty catalogue in place of any of this name. `dim` is d of the vectors; without, it holds words alone."""
        Store.create(client, name, dim, options.get("layout") or Layout())
        return cls(client, name, encoder, **options)

    def __len__(self) -> int:
        statistics = self._store.look_up(())[0].statistics
        return statistics[WORDS].n if WORDS in statistics else 0

    def __contains__(self, id: object) -> bool:
        return isinstance(id, int) and bool(self._store.fields([id]).get(id))

    @property
    def model_version(self) -> str | None:
        """The version of the text encoder; None for a lexical searcher."""
        return None if self._encoder is None else self._encoder.version

    @property
    def dim(self) -> int | None:
        """d of the vectors; None where it holds words alone."""
        return self._store.dim

    # --- changes ---

    def put(
        self,
        id: int,
        text: Text,
        vectors: NDArray[np.floating] | None,
        *,
        generated: Text = "",
        pack: int | None = None,
    ) -> None:
        """Add or replace a sticker: see `StickerSearcher.put`. Many at once cost much less: `put_many`."""
        self.put_many([Entry(id, text, vectors, generated, pack)])

    def put_many(
        self, entries: Iterable[Entry], *, gone: Collection[int] = (), position: dict[str, Any] | None = None
    ) -> None:
        """Add or replace stickers, take out those that are gone, and remember the writer's `position`: all of it or, if
        the process is killed, nothing. A few hundred at a time. ValueError as for `put`; then nothing has changed."""
        documents = {entry.id: self._document(entry) for entry in entries}
        with self._writing:
            self._store.write(list(documents.values()), [id for id in gone if id not in documents], position)
            while self._drift == 0 and self._store.weigh_anew(0):
                pass

    def _document(self, entry: Entry) -> Document:
        fields = fields_of(entry.text, entry.generated, self._tokenise)
        return Document(entry.id, fields, self._unit(entry.vectors), entry.pack)

    def _unit(self, vectors: NDArray[np.floating] | None) -> Vectors | None:
        if vectors is None:
            return None
        vector = unit(np.atleast_2d(vectors).mean(axis=0))
        if self._store.dim != len(vector):
            raise ValueError(f"a vector of {len(vector)} numbers among vectors of {self._store.dim}")
        return vector

    def look(self, id: int, vectors: NDArray[np.floating] | None) -> None:
        """Replace the vectors of a sticker that is held, as `put` does; None takes them out."""
        vector = self._unit(vectors)
        with self._writing:
            if id in self:
                self._store.look(id, vector)

    def remove(self, id: int) -> bool:
        """Take a sticker out; False if there was none."""
        with self._writing:
            held = id in self
            if held:
                self.put_many([], gone=[id])
        return held

    def weigh_anew(self, *, whole: bool = True) -> bool:
        """Write weights anew by the average length of now where it has moved at all, so that scores are exact again;
        with `whole` False, only where it has moved too far, and only some: whether there is more to do."""
        with self._writing:
            while self._store.weigh_anew(0 if whole else self._drift):
                if not whole:
                    return True
        return False

    def ids(self, after: int, until: int | None) -> list[int]:
        """The stickers that are held with an id above `after`, up to `until`, in order."""
        return self._store.ids(after, until)

    def recover(self) -> None:
        """Bring to its end what a writer that was killed has begun; whoever writes next does so anyway."""
        with self._writing:
            self._store.recover()

    @property
    def position(self) -> dict[str, Any]:
        """What the last `put_many` that was given one has remembered; {} before."""
        return self._store.state().position

    # --- questions ---

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
        """The best `k` stickers for `query`: see `StickerSearcher.search`."""
        if k <= 0 or (allow is not None and not allow):
            return []
        asked, kept = self._asked(query, mode, language, partial), filter_of(pack, allow, deny)
        if self._fuse_here or len(asked) < 2:
            sides, fused = self._rank(asked, max(k, self._layout.depth if len(asked) > 1 else 0), kept), None
        else:
            sides, fused = self._rank_and_fuse(asked, k, max(k, TOLD), kept)
        return hits(overall(sides, fused, k), sides)

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
        """The best `k`, and the place of sticker `id` among the whole catalogue: `search` and `rank_of` at once."""
        found = self.search(query, k, mode=mode, language=language, partial=partial)
        rank = next((hit.rank for hit in found if hit.id == id), None)
        if rank is None and len(found) == max(k, 0):  # further down, or nowhere
            rank = self.rank_of(query, id, mode=mode, language=language, partial=partial)
        return found, rank

    def rank_of(
        self, query: str, id: int, *, mode: Mode = "hybrid", language: str | None = None, partial: bool = False
    ) -> int | None:
        """The place of sticker `id` among the whole catalogue, from 1; None where no side ranks it."""
        asked = self._asked(query, mode, language, partial)
        if self._fuse_here or len(asked) < 2:
            return overall(self._rank(asked, self._layout.depth, None), None, None).rank_of(id)
        return overall(*self._rank_and_fuse(asked, len(asked) * self._layout.depth, 1, None), None).rank_of(id)

    def rank_among(
        self, query_texts: Sequence[str], ids: Sequence[int], *, mode: Mode = "hybrid", language: str | None = None
    ) -> list[Hit]:
        """All candidates `ids`, in the order in which they answer the queries together: see `StickerSearcher`."""
        kept = filter_of(None, ids, None)
        queries = [self._asked(text, mode, language, False) for text in query_texts] if ids else []
        asked = [self._rank(query, len(ids), kept) for query in queries]
        fused = reciprocal_rank_fusion([side for sides in asked for side in sides], weights=WEIGHTS * len(asked))
        of_side = [reciprocal_rank_fusion([sides[side] for sides in asked]) for side in range(len(WEIGHTS))]
        found = hits(fused, Sides(*of_side))
        ranked = {hit.id for hit in found}
        rest = [id for id in dict.fromkeys(ids) if id not in ranked]
        return found + [Hit(id, 0.0, rank, None, None) for rank, id in enumerate(rest, len(found) + 1)]

    def neighbours(self, id: int, k: int = 24) -> list[Hit]:
        """The `k` stickers that look most like `id` to the model, itself left out; [] for one without a vector."""
        vector = self._store.vector(id)
        if vector is None or k <= 0:
            return []
        near = self._rank({"dense": vector}, k, filter_of(None, None, [id]))
        return hits(Ranking(near.dense.ids[:k], near.dense.scores[:k]), near)

    def explain(self, query: str, id: int, *, language: str | None = None) -> Explanation:
        """Why sticker `id` stands where it does for `query` in hybrid search, fused here, ties by id."""
        sides = self._rank(self._asked(query, "hybrid", language, False), self._layout.depth, None)
        ranks = [side.rank_of(id) for side in sides]
        parts = [weight * fused_part(rank) for rank, weight in zip(ranks, WEIGHTS, strict=True)]
        scores = [score_at(side, rank) for side, rank in zip(sides, ranks, strict=True)]
        rank = reciprocal_rank_fusion(sides, weights=WEIGHTS).rank_of(id)
        return Explanation(
            id, rank, sum(parts), ranks[0], scores[0], parts[0], self._terms(query, id, language),
            ranks[1], scores[1], parts[1], ranks[2], parts[2],
        )  # fmt: skip

    def _terms(self, query: str, id: int, language: str | None) -> tuple[TermPart, ...]:
        words = Words(self._tokenise(query))
        state, found = self._store.look_up(words.dimensions(WORDS, language))
        field = field_asked(state.statistics, WORDS, language)
        tokens = self._store.fields([id]).get(id, {}).get(field, [])
        return tuple(words.parts(field, state.of(field), found, tokens))

    def _asked(self, query: str, mode: Mode, language: str | None, partial: bool) -> Asked:
        """What each side is asked, by its name; a side that cannot find anything is left out."""
        asked: Asked = {}
        if mode != "dense":
            words = Words(self._tokenise(query), unfinished_word(query) if partial else "")
            kinds = {"lexical": WORDS} | ({"generated": GENERATED} if mode == "hybrid" else {})
            state, found = self._store.look_up(d for kind in kinds.values() for d in words.dimensions(kind, language))
            for side, kind in kinds.items():
                field = field_asked(state.statistics, kind, language)
                worths = words.worths(field, state.of(field), found)
                if worths:
                    numbers = sorted(worths)
                    asked[side] = models.SparseVector(indices=numbers, values=[worths[number] for number in numbers])
        if mode != "lexical" and self._encoder is not None and self._store.dim is not None and query.strip():
            asked["dense"] = self._encoder.encode([query])[0].tolist()
        return asked

    def _rank(self, asked: Asked, depth: int, kept: models.Filter | None) -> Sides:
        """The first places of each side, ties by id."""
        return sides_of(
            self._answers({side: request(query, depth, self._layout) for side, query in asked.items()}, kept)
        )

    def _rank_and_fuse(self, asked: Asked, k: int, told: int, kept: models.Filter | None) -> tuple[Sides, Ranking]:
        """The first places of each side, and those of all as the cluster has fused them."""
        requests = {side: request(query, told, self._layout) for side, query in asked.items()}
        answers = self._answers(requests | {"fused": fusion(asked, k, self._layout.depth, self._layout)}, kept)
        return sides_of(answers), answers["fused"]

    def _answers(self, requests: dict[str, Wanted], kept: models.Filter | None) -> dict[str, Ranking]:
        return ask(self._store.client, self._store.name, requests, kept)
