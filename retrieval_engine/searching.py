"""What searching a catalogue means, whatever does it: the words shared by every searcher, and what each can be asked.

`searcher.Searcher` answers inside the process; other implementations answer the same from elsewhere.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from .dense import Vectors
from .fusion import RRF_K
from .lexical import TermPart
from .texts import Text

Mode = Literal["hybrid", "lexical", "dense"]


class TextEncoder(Protocol):
    """What the dense side needs of a CLIP: query texts to vectors in the space of the image vectors."""

    @property
    def version(self) -> str:
        """Names the weights; a catalogue embedded by one version is searched with the same."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        """[len(texts), d], float32, length 1. Called by many threads at once."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A sticker found. `rank` counts from 1; `score` is BM25, cosine or fused; a rank is None where its side does not
    hold the sticker. One that has nothing but a `generated_rank` was found by words that no person has written."""

    id: int
    score: float
    rank: int
    lexical_rank: int | None
    dense_rank: int | None
    generated_rank: int | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """What each side contributed to one sticker's place for one query.

    `lexical_part`, `dense_part` and `generated_part` are the reciprocal ranks, the last one weighted, that add up to
    `fused_score`; `terms` add up to `lexical_score`. A side that does not hold the sticker has None.
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
    generated_rank: int | None = None
    generated_part: float = 0.0
    rrf_k: int = RRF_K


class StickerSearcher(Protocol):
    """A catalogue that can be searched by words and by looks while it changes.

    Safe with one writing and many reading threads. Everything put in is found by the next call.
    """

    @property
    def model_version(self) -> str | None:
        """The version of the text encoder; None where search goes by words alone."""

    def __len__(self) -> int: ...

    def __contains__(self, id: object) -> bool: ...

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

        `text` is all its text, or its text by language ({"en": ..., "zh": ..., "": of none}), which makes it searchable
        in all languages together and in each alone; `generated` the same of what a generator would type for it.
        `vectors` is [d] or [frames, d], or None. `pack` is the number of its pack. ValueError for vectors of another d
        than those held, or without direction; then nothing has changed.
        """

    def look(self, id: int, vectors: NDArray[np.floating] | None) -> None:
        """Replace the vectors of a sticker alone, as `put` does; None takes them out."""

    def remove(self, id: int) -> bool:
        """Take a sticker out; False if there was none."""

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
        stickers, `allow` only these ids, `deny` all but these (those a player has seen); scores are those of the whole
        catalogue, and `k` are found wherever there are as many. `partial` takes the last word as still being typed.
        Lexical hits hold a term of the query; dense ones need not.
        """

    def rank_of(
        self, query: str, id: int, *, mode: Mode = "hybrid", language: str | None = None, partial: bool = False
    ) -> int | None:
        """The place of sticker `id` among the whole catalogue, from 1; None where no side ranks it among its first."""

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
        """The best `k` stickers as `search` gives them, and the place of sticker `id` as `rank_of` does: the query is
        encoded and scored once."""

    def rank_among(
        self, query_texts: Sequence[str], ids: Sequence[int], *, mode: Mode = "hybrid", language: str | None = None
    ) -> list[Hit]:
        """All candidates `ids`, in the order in which they answer the queries taken together with equal weight."""

    def neighbours(self, id: int, k: int = 24) -> list[Hit]:
        """The `k` stickers that look most like `id` to the model, itself left out; [] for one without a vector."""

    def explain(self, query: str, id: int, *, language: str | None = None) -> Explanation:
        """Why sticker `id` stands where it does for `query` in hybrid search."""
