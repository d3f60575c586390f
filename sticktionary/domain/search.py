"""Live search inside a web process: a searcher in memory, kept up to date by `refresh`, asked without the database."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain, zip_longest

import numpy as np
from django.db import transaction
from django.db.models import Max, Q
from django.utils import timezone

from retrieval_engine.searcher import Hit, Searcher
from sticktionary.domain.intake.pictures import pictures_of
from sticktionary.domain.lab import registry
from sticktionary.domain.play.outcome import PROVEN
from sticktionary.domain.play.snapshot import Picture
from sticktionary.domain.review.rulings import as_ruled
from sticktionary.models import Embedding, IndexChange, Query, Round, Sticker

SETTLED_AFTER = timedelta(seconds=60)  # a transaction older than this has long committed its lines
FORGOTTEN_AFTER = timedelta(hours=12)  # lines older than this may be gone: begin anew
AT_ONCE = 500
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
class _Shelf:
    """What is live under one model. A new model gets a new shelf; nothing is ever searched with another's vectors."""

    model: str
    searcher: Searcher
    pictures: dict[int, dict[str, Picture]] = field(default_factory=dict)  # by language
    family: dict[int, int] = field(default_factory=dict)  # twins share a number

    def take_over(self, sticker_ids: Collection[int]) -> None:
        stickers = {sticker.pk: sticker for sticker in _in_play(sticker_ids)}
        for gone in set(sticker_ids) - stickers.keys():
            self.searcher.remove(gone)
            self.pictures.pop(gone, None)
        texts, vectors = _texts(stickers.values()), _vectors(stickers, self.model)
        for id, sticker in stickers.items():
            self.pictures[id] = pictures_of(sticker)
            self.family[id] = sticker.twin_of_id or id
            self.searcher.put(id, texts[id], vectors.get(id))


def _in_play(sticker_ids: Collection[int]) -> Iterable[Sticker]:
    return Sticker.objects.filter(pk__in=sticker_ids, state=Sticker.State.ACTIVE, pack__is_active=True)


def _texts(stickers: Iterable[Sticker]) -> dict[int, str]:
    """All that is known in words of each sticker: proven and imported queries, labels, what is printed on it."""
    words = {sticker.pk: [*_label_words(sticker), sticker.printed_text] for sticker in stickers}
    facts = as_ruled(Query.objects.filter(FACTS, round__sticker_id__in=words.keys(), removed_at=None))
    for id, text in facts.order_by("position", "id").values_list("round__sticker_id", "said"):
        words[id].append(text)
    return {id: "\n".join(filter(None, parts)) for id, parts in words.items()}


def _label_words(sticker: Sticker) -> list[str]:
    values = (value if isinstance(value, list) else [value] for value in sticker.labels.values())
    return [word for word in chain.from_iterable(values) if isinstance(word, str)]


def _vectors(sticker_ids: Iterable[int], model: str) -> dict[int, np.ndarray]:
    rows = Embedding.objects.filter(sticker_id__in=sticker_ids, embedded_by=model).values_list("sticker_id", "vector")
    return {id: np.frombuffer(bytes(vector), dtype=np.float32) for id, vector in rows if vector}


class CatalogueSearch:
    def __init__(self) -> None:
        self._shelf = _Shelf(registry.WORDS_ONLY, Searcher())
        self._refreshing = threading.Lock()
        self._settled = 0  # all lines up to here are taken over
        self._seen: set[int] = set()  # lines after that which are, too
        self._asked_at: datetime | None = None
        self._champion = ""  # which the shelf was built for; a damaged one is searched by words alone

    # --- with the database ---

    def refresh(self) -> None:
        """Take over what has changed since the last call; cheap when nothing has. A call during another one returns."""
        if not self._refreshing.acquire(blocking=False):
            return
        try:
            now = timezone.now()
            champion = registry.champion_name()
            if self._asked_at is None or now - self._asked_at > FORGOTTEN_AFTER or champion != self._champion:
                self._begin(champion)
            else:
                self._follow(now)
            self._asked_at = now
        finally:
            self._refreshing.release()

    def _begin(self, champion: str) -> None:
        """Build a whole shelf, then put it in the live one's place. Lines first: what comes later is read again."""
        settled = (
            IndexChange.objects.filter(at__lt=timezone.now() - SETTLED_AFTER).aggregate(last=Max("pk"))["last"] or 0
        )
        seen = set(IndexChange.objects.filter(pk__gt=settled).values_list("pk", flat=True))
        encoder = registry.text_encoder(champion)
        shelf = _Shelf(champion if encoder else registry.WORDS_ONLY, Searcher(encoder))
        ids = list(Sticker.objects.values_list("pk", flat=True))
        for start in range(0, len(ids), AT_ONCE):
            shelf.take_over(ids[start : start + AT_ONCE])
        self._shelf, self._champion, self._settled, self._seen = shelf, champion, settled, seen

    def _follow(self, now: datetime) -> None:
        """Lines are numbered before they are committed, so a lower number may turn up after a higher one."""
        lines = list(IndexChange.objects.filter(pk__gt=self._settled).values_list("pk", "sticker_id", "at"))
        fresh = {id: sticker_id for id, sticker_id, _at in lines if id not in self._seen}
        changed = list(dict.fromkeys(fresh.values()))
        for start in range(0, len(changed), AT_ONCE):
            self._shelf.take_over(changed[start : start + AT_ONCE])
        old = [id for id, _sticker_id, at in lines if at < now - SETTLED_AFTER]
        self._settled = max(old, default=self._settled)
        self._seen = {id for id in self._seen | fresh.keys() if id > self._settled}

    # --- without it, from any thread ---

    def preview(self, text: str, target: int, k: int = 24) -> Found:
        """The first `k` stickers for a half-typed text, and where the target stands among all."""
        shelf, started = self._shelf, time.perf_counter()
        hits = shelf.searcher.search(text, k, partial=True)
        rank = next((hit.rank for hit in hits if hit.id == target), None)
        if rank is None and len(hits) == k:  # further down, or nowhere
            rank = shelf.searcher.rank_of(text, target, partial=True)
        ms = (time.perf_counter() - started) * 1_000
        return Found([hit.id for hit in hits], rank, ms, shelf.model)

    def hard_negatives(self, sticker_id: int, texts: Sequence[str], n: int) -> list[int]:
        """The stickers most easily taken for this one, by words and by looks in turn; its twins are no fair ones."""
        shelf = self._shelf
        family = shelf.family.get(sticker_id, sticker_id)
        kin = {sticker_id, *(id for id, other in list(shelf.family.items()) if other == family)}
        depth = n + len(kin)
        by_words = [shelf.searcher.search(text, depth, mode="lexical") for text in texts]
        by_looks = shelf.searcher.neighbours(sticker_id, depth)
        return [id for id in dict.fromkeys(_in_turn([*by_words, by_looks])) if id not in kin][:n]

    def lookalikes(self, sticker_id: int, n: int) -> list[int]:
        """The stickers that look most like this one to the model in use; none while it has not been read in."""
        return [hit.id for hit in self._shelf.searcher.neighbours(sticker_id, n)]

    def rank_among(self, texts: Sequence[str], ids: Sequence[int]) -> list[int]:
        """The candidates in the order in which the machine would pick them."""
        return [hit.id for hit in self._shelf.searcher.rank_among(texts, ids)]

    def known_pictures(self, ids: Iterable[int], language: str) -> dict[int, Picture]:
        pictures = self._shelf.pictures
        return {id: pictures[id][language] for id in ids if id in pictures}

    @property
    def model_version(self) -> str:
        return self._shelf.model


def _in_turn(rankings: Sequence[Sequence[Hit]]) -> Iterable[int]:
    """The first of each ranking, then the second of each, ..."""
    return (hit.id for place in zip_longest(*rankings) for hit in place if hit is not None)


@transaction.atomic
def forget_old_changes() -> int:
    """Lines that every process has read or, having slept, will not miss."""
    return IndexChange.objects.filter(at__lt=timezone.now() - 2 * FORGOTTEN_AFTER).delete()[0]


catalogue_search = CatalogueSearch()
