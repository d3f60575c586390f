"""Live search inside a process: a searcher in memory, kept up to date a little at a time, asked without the database.
Another model's vectors are made ready beside those in use, which go on answering until all are there."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice, zip_longest

from django.conf import settings
from django.db import connection
from django.db.models import Q
from django.utils import timezone

from retrieval_engine.bundle import BundleError
from retrieval_engine.dense import DenseIndex
from retrieval_engine.searcher import Searcher
from retrieval_engine.searching import Hit, TextEncoder
from retrieval_engine.serving import Bundle
from sticktionary.domain.lab import bundles
from sticktionary.domain.lab.registry import WORDS_ONLY, Kind, Stage, State
from sticktionary.domain.play.snapshot import Picture
from sticktionary.domain.search import filling
from sticktionary.domain.search.changelog import Place
from sticktionary.domain.search.shelves import Found, Shelf
from sticktionary.models import ModelVersion

AT_ONCE = 200  # stickers between two looks at the log
ASLEEP_AFTER = timedelta(hours=1)  # lines may have been forgotten meanwhile
IN_USE = Q(stage=Stage.CHAMPION) | Q(is_shadow=True, state=State.DONE)
OPENER = ThreadPoolExecutor(1, thread_name_prefix="opener")  # a large model's checksums and vectors take seconds

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Ready:
    """What a model brings; one whose bundle is damaged brings nothing, and words alone are searched."""

    model: str
    encoder: Bundle | None
    images: DenseIndex
    place: Place  # up to which line of the log the images are true


@dataclass(slots=True)
class _Coming:
    """A model on its way to its place."""

    wanted: str
    is_shadow: bool
    ready: Future[_Ready]


class CatalogueSearch:
    def __init__(self) -> None:
        self.is_followed = False  # by a thread that keeps it up to date
        self._words = self._live = Shelf(WORDS_ONLY)
        self._shadow: Shelf | None = None
        self._champion: str | None = None  # for which the live shelf was made; none while nothing is
        self._coming: _Coming | None = None
        self._catching_up = threading.Lock()
        self._place: Place | None = None  # up to which the log is read
        self._looked_at: datetime | None = None
        self._changed: dict[int, None] = {}  # stickers to look at again, the newest last

    # --- with the database ---

    def refresh(self) -> None:
        """Take over all that has changed since the last call; cheap when nothing has, or when somebody follows."""
        while not self.is_followed and self.catch_up(wait=True):
            pass

    def catch_up(self, *, wait: bool = False) -> bool:
        """Take over some of it, and say whether there was any. A call during another one returns. Another model is
        made ready in a thread of its own and looked for again at the next call, or here and now with `wait`."""
        if not self._catching_up.acquire(blocking=False):
            return False
        try:
            self._place = self._read_on(self._place)
            return self._choose(wait) | self._take_some()
        finally:
            self._catching_up.release()

    def _read_on(self, place: Place | None) -> Place:
        now, before = timezone.now(), self._looked_at
        is_awake = before is not None and now - before < ASLEEP_AFTER
        if place is None or not (is_awake or place.is_held()):
            self._words, place = filling.words()
            self._champion, self._coming, self._changed = None, None, {}
        ids, place = place.read_on()
        for id in ids:
            self._changed.pop(id, None)  # to the end: it is new again
            self._changed[id] = None
        self._looked_at = now
        return place

    def _choose(self, wait: bool) -> bool:
        """Make ready what is wanted next: the live model, then the one beside it. Whether one has come to its place."""
        in_use = list(ModelVersion.objects.filter(IN_USE, kind=Kind.RETRIEVAL))
        champion = next((version for version in in_use if version.stage == Stage.CHAMPION), None)
        shadow = next((version for version in in_use if version.stage != Stage.CHAMPION), None)
        if self._shadow is not None and (shadow is None or self._shadow.model != shadow.name):
            self._shadow = None
        if self._champion != (champion.name if champion else WORDS_ONLY):
            return self._bring(champion, is_shadow=False, wait=wait)
        if shadow is not None and self._shadow is None:
            return self._bring(shadow, is_shadow=True, wait=wait)
        self._coming = None
        return False

    def _bring(self, version: ModelVersion | None, *, is_shadow: bool, wait: bool) -> bool:
        name, path = (version.name, version.path) if version else (WORDS_ONLY, "")
        coming = self._coming
        if coming is None or (coming.wanted, coming.is_shadow) != (name, is_shadow):
            ready = _now(name, path) if wait else OPENER.submit(_in_a_thread, name, path)
            coming = self._coming = _Coming(name, is_shadow, ready)
        return coming.ready.done() and self._put_in_place(coming)

    def _put_in_place(self, coming: _Coming) -> bool:
        """One assignment changes over, when all that changed meanwhile has been looked at."""
        if coming.ready.exception() is not None:
            self._coming = None  # tried again at the next call
        ready = coming.ready.result()
        if coming.is_shadow and ready.encoder is None:
            return False
        shelf = self._words.beside(ready.model, ready.encoder, ready.images)
        filling.read_on(ready.place, shelf.look_at)
        self._coming = None
        if coming.is_shadow:
            self._shadow = shelf
            return True
        if self._champion is None:
            self._shadow = None  # it shares the words of before
        self._live, self._champion = shelf, coming.wanted
        return True

    def _take_some(self) -> bool:
        """The newest first: one sticker that is taken out does not wait behind a whole catalogue."""
        ids = list(islice(reversed(self._changed), AT_ONCE))
        if not ids:
            return False
        self._words.take_over(ids)
        for shelf in (self._live, self._shadow):
            if shelf is not None and shelf.model != WORDS_ONLY:
                shelf.look_at(ids)
        for id in ids:
            del self._changed[id]
        return True

    def beside(self, model: str, encoder: TextEncoder | None) -> Searcher:
        """A searcher with the vectors of any model over the words that are live, which it shares."""
        images, place = filling.vectors(model)
        shelf = self._words.beside(model, encoder, images)
        filling.read_on(place, shelf.look_at)
        return shelf.searcher

    # --- without it, from any thread ---

    def preview(self, text: str, target: int, k: int = 24) -> Found:
        """The first `k` stickers for a half-typed text, and where the target stands among all."""
        return self._live.preview(text, target, k)

    def shadow_preview(self, text: str, target: int, k: int = 24) -> Found | None:
        """The same of the model beside the live one."""
        shelf = self._shadow
        return None if shelf is None else shelf.preview(text, target, k)

    def found(self, text: str, k: int = 24) -> list[int]:
        """The first `k` stickers for a half-typed text of somebody who looks for none in particular."""
        return [hit.id for hit in self._live.searcher.search(text, k, partial=True)]

    def by_words(self, texts: Sequence[str], n: int) -> list[int]:
        """Stickers of which something is known that one of these texts says, too; the best for each text in turn."""
        hits = [self._live.searcher.search(text, n, mode="lexical") for text in texts]
        return list(dict.fromkeys(_in_turn(hits)))[:n]

    def hard_negatives(self, sticker_id: int, texts: Sequence[str], n: int) -> list[int]:
        """The stickers most easily taken for this one, by words and by looks in turn; its twins are no fair ones."""
        shelf = self._live
        kin = shelf.album.kin(sticker_id)
        depth = n + len(kin)
        by_words = [shelf.searcher.search(text, depth, mode="lexical") for text in texts]
        by_looks = shelf.searcher.neighbours(sticker_id, depth)
        return [id for id in dict.fromkeys(_in_turn([*by_words, by_looks])) if id not in kin][:n]

    def lookalikes(self, sticker_id: int, n: int) -> list[int]:
        """The stickers that look most like this one to the model in use; none while it has not been read in."""
        return [hit.id for hit in self._live.searcher.neighbours(sticker_id, n)]

    def rank_among(self, texts: Sequence[str], ids: Sequence[int]) -> list[int]:
        """The candidates in the order in which the machine would pick them."""
        return self._live.rank_among(texts, ids)

    def shadow_rank_among(self, texts: Sequence[str], ids: Sequence[int]) -> list[int] | None:
        """The same of the model beside the live one."""
        shelf = self._shadow
        return None if shelf is None else shelf.rank_among(texts, ids)

    def known_pictures(self, ids: Iterable[int], language: str) -> dict[int, Picture]:
        return self._live.album.pictures(ids, language)

    @property
    def model_version(self) -> str:
        return self._live.model

    @property
    def shadow_version(self) -> str | None:
        shelf = self._shadow
        return None if shelf is None else shelf.model


def _made_ready(name: str, path: str) -> _Ready:
    encoder = opened(name, path)
    model = name if encoder else WORDS_ONLY
    return _Ready(model, encoder, *filling.vectors(model))


def _in_a_thread(name: str, path: str) -> _Ready:
    try:
        return _made_ready(name, path)
    finally:
        connection.close()


def _now(name: str, path: str) -> Future[_Ready]:
    ready = Future[_Ready]()
    ready.set_result(_made_ready(name, path))
    return ready


def opened(name: str, path: str) -> Bundle | None:
    """The encoder of a model; None for words alone, or when its bundle is damaged, which is logged."""
    try:
        return bundles.opened(path) if path else None
    except (BundleError, OSError):
        log.exception("The bundle of %s cannot be opened; search goes by words alone", name)
        return None


def _in_turn(rankings: Sequence[Sequence[Hit]]) -> Iterable[int]:
    """The first of each ranking, then the second of each, ..."""
    return (hit.id for place in zip_longest(*rankings) for hit in place if hit is not None)


def _of_setting() -> CatalogueSearch:
    if not settings.SEARCH_URL:
        return CatalogueSearch()
    from sticktionary.domain.search.cluster.asking import ClusterSearch

    return ClusterSearch()


catalogue_search = _of_setting()
