"""What search holds of the catalogue for one model: the words of every sticker, its vectors, pictures and twins."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from retrieval_engine.dense import DenseIndex
from retrieval_engine.searcher import Searcher
from retrieval_engine.searching import TextEncoder
from sticktionary.domain.search import reading
from sticktionary.domain.search.album import Album


@dataclass(frozen=True, slots=True)
class Found:
    ids: list[int]
    target_rank: int | None  # among the whole catalogue
    ms: float
    model_version: str


@dataclass(slots=True)
class Shelf:
    """What is live under one model. A new model gets a new shelf; nothing is ever searched with another's vectors."""

    model: str
    searcher: Searcher = field(default_factory=Searcher)
    album: Album = field(default_factory=Album)

    def beside(self, model: str, encoder: TextEncoder | None, images: DenseIndex | None) -> Shelf:
        """One of another model: its own vectors, everything else is this one's."""
        return Shelf(model, self.searcher.beside(encoder, images), self.album)

    def take_over(self, sticker_ids: Collection[int]) -> None:
        """Take over everything but vectors, for all models."""
        entries = reading.entries(sticker_ids)
        for gone in set(sticker_ids) - {entry.id for entry in entries}:
            self.searcher.remove(gone)
            self.album.remove(gone)
        for entry in entries:
            self.album.put(entry.id, entry.face)
            self.searcher.put(entry.id, entry.written, None, generated=entry.generated, pack=entry.pack)

    def look_at(self, sticker_ids: Collection[int]) -> None:
        """Take over the vectors alone."""
        vectors = reading.vectors(sticker_ids, self.model)
        for id in sticker_ids:
            self.searcher.look(id, vectors.get(id))

    def preview(self, text: str, target: int, k: int) -> Found:
        """The first `k` stickers for a half-typed text, and where the target stands among all."""
        started = time.perf_counter()
        hits, rank = self.searcher.search_and_rank(text, target, k, partial=True)
        ms = (time.perf_counter() - started) * 1_000
        return Found([hit.id for hit in hits], rank, ms, self.model)

    def rank_among(self, texts: Sequence[str], ids: Sequence[int]) -> list[int]:
        """The candidates in the order in which the machine would pick them."""
        return [hit.id for hit in self.searcher.rank_among(texts, ids)]
