"""What search holds of the catalogue for one model: the words of every sticker, its vectors, pictures and twins."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain

import numpy as np
from django.db.models import Q, QuerySet

from retrieval_engine.searcher import Searcher
from retrieval_engine.searching import TextEncoder
from sticktionary.domain.intake.pictures import pictures_of
from sticktionary.domain.lab import generated
from sticktionary.domain.play.outcome import PROVEN
from sticktionary.domain.play.snapshot import Picture
from sticktionary.domain.review.rulings import as_ruled
from sticktionary.models import Embedding, Query, Round, Sticker

FACTS = Q(round__source=Round.Source.HOUSE) | Q(
    round__source__in=[Round.Source.PLAY, Round.Source.SUGGESTION], round__state__in=PROVEN
)


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
    searcher: Searcher
    pictures: dict[int, dict[str, Picture]] = field(default_factory=dict)  # by language
    family: dict[int, int] = field(default_factory=dict)  # twins share a number

    def beside(self, model: str, encoder: TextEncoder | None) -> Shelf:
        """One of another model: its own vectors, everything else is this one's."""
        return Shelf(model, self.searcher.beside(encoder), self.pictures, self.family)

    def take_over(self, sticker_ids: Collection[int]) -> None:
        stickers = {sticker.pk: sticker for sticker in _in_play(sticker_ids)}
        for gone in set(sticker_ids) - stickers.keys():
            self.searcher.remove(gone)
            self.pictures.pop(gone, None)
        words, vectors = known_words(stickers.values()), _vectors(stickers, self.model)
        for id, sticker in stickers.items():
            self.pictures[id] = pictures_of(sticker)
            self.family[id] = sticker.twin_of_id or id
            written, typical = words[id]
            self.searcher.put(id, written, vectors.get(id), generated=typical)

    def look_at(self, sticker_ids: Collection[int]) -> None:
        """Take over the vectors alone."""
        vectors = _vectors(_in_play(sticker_ids).values_list("pk", flat=True), self.model)
        for id in sticker_ids:
            self.searcher.look(id, vectors.get(id))

    def preview(self, text: str, target: int, k: int) -> Found:
        """The first `k` stickers for a half-typed text, and where the target stands among all."""
        started = time.perf_counter()
        hits = self.searcher.search(text, k, partial=True)
        rank = next((hit.rank for hit in hits if hit.id == target), None)
        if rank is None and len(hits) == k:  # further down, or nowhere
            rank = self.searcher.rank_of(text, target, partial=True)
        ms = (time.perf_counter() - started) * 1_000
        return Found([hit.id for hit in hits], rank, ms, self.model)

    def rank_among(self, texts: Sequence[str], ids: Sequence[int]) -> list[int]:
        """The candidates in the order in which the machine would pick them."""
        return [hit.id for hit in self.searcher.rank_among(texts, ids)]


def _in_play(sticker_ids: Collection[int]) -> QuerySet[Sticker]:
    return Sticker.objects.filter(pk__in=sticker_ids, state=Sticker.State.ACTIVE, pack__is_active=True)


def known_words(stickers: Iterable[Sticker]) -> dict[int, tuple[str, str]]:
    """All that is known in words of each sticker: proven and imported queries, labels, what is printed on it; and what
    a generator would type in a language in which nobody's words are known yet."""
    written = {sticker.pk: [*_label_words(sticker), sticker.printed_text] for sticker in stickers}
    spoken = defaultdict[int, set[str]](set)
    facts = as_ruled(Query.objects.filter(FACTS, round__sticker_id__in=written.keys(), removed_at=None))
    rows = facts.order_by("position", "id").values_list("round__sticker_id", "round__language", "said")
    for id, language, text in rows:
        written[id].append(text)
        spoken[id].add(language)
    typical = generated.texts_of(written.keys())
    return {id: (_lines(parts), _lines(_unspoken(typical.get(id, {}), spoken[id]))) for id, parts in written.items()}


def _lines(parts: Iterable[str]) -> str:
    return "\n".join(filter(None, parts))


def _unspoken(by_language: dict[str, list[str]], spoken: set[str]) -> Iterable[str]:
    return chain.from_iterable(texts for language, texts in by_language.items() if language not in spoken)


def _label_words(sticker: Sticker) -> list[str]:
    values = (value if isinstance(value, list) else [value] for value in sticker.labels.values())
    return [word for word in chain.from_iterable(values) if isinstance(word, str)]


def _vectors(sticker_ids: Iterable[int], model: str) -> dict[int, np.ndarray]:
    rows = Embedding.objects.filter(sticker_id__in=sticker_ids, embedded_by=model).values_list("sticker_id", "vector")
    return {id: np.frombuffer(bytes(vector), dtype=np.float32) for id, vector in rows if vector}
