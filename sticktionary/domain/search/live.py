"""Live search inside a web process: a searcher in memory, kept up to date a little at a time, asked without the
database. A model's vectors are read beside those in use, which go on answering until all are there."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice, zip_longest

from django.db import transaction
from django.db.models import Max, Q
from django.utils import timezone

from retrieval_engine.bundle import BundleError
from retrieval_engine.searcher import Searcher
from retrieval_engine.searching import Hit, TextEncoder
from retrieval_engine.serving import Bundle
from sticktionary.domain.lab import bundles
from sticktionary.domain.lab.registry import WORDS_ONLY, Kind, Stage, State
from sticktionary.domain.play.snapshot import Picture
from sticktionary.domain.search.shelves import Found, Shelf
from sticktionary.models import IndexChange, ModelVersion, Sticker

SETTLED_AFTER = timedelta(seconds=60)  # a transaction older than this has long committed its lines
FORGOTTEN_AFTER = timedelta(hours=12)  # lines older than this may be gone: begin anew
AT_ONCE = 200  # stickers between two moves of players, who share the database thread
IN_USE = Q(stage=Stage.CHAMPION) | Q(is_shadow=True, state=State.DONE)
OPENER = ThreadPoolExecutor(1, thread_name_prefix="opener")  # checksums of a large model take seconds

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Filling:
    """A shelf on its way to its place."""

    shelf: Shelf
    wanted: str  # the model it is for; a damaged one has a shelf of words alone
    is_shadow: bool
    is_anew: bool
    left: list[int]


class CatalogueSearch:
    def __init__(self) -> None:
        self._shelf = Shelf(WORDS_ONLY, Searcher())
        self._shadow: Shelf | None = None
        self._filling: _Filling | None = None
        self._opening: dict[str, Future[Bundle | None]] = {}
        self._catching_up = threading.Lock()
        self._changed: dict[int, None] = {}  # stickers to look at again, in the order of their lines
        self._settled = 0  # all lines up to here are read
        self._seen: set[int] = set()  # lines after that which are, too
        self._asked_at: datetime | None = None
        self._champion: str | None = None  # which the shelf was built for; none while nothing is built

    # --- with the database ---

    def refresh(self) -> None:
        """Take over all that has changed since the last call; cheap when nothing has."""
        while self.catch_up(wait=True):
            pass

    def catch_up(self, *, wait: bool = False) -> bool:
        """Take over some of it, and say whether there was any. A call during another one returns. A model that is still
        being opened is looked for again at the next call, or waited for."""
        if not self._catching_up.acquire(blocking=False):
            return False
        try:
            now = timezone.now()
            if self._asked_at is None or now - self._asked_at > FORGOTTEN_AFTER:
                self._begin(now)
            self._asked_at = now
            self._choose(wait)
            if not self._changed:
                self._follow(now)
            return self._take_some()
        finally:
            self._catching_up.release()

    def _begin(self, now: datetime) -> None:
        """Whatever came before is forgotten. Lines first: what comes later is read again."""
        old = IndexChange.objects.filter(at__lt=now - SETTLED_AFTER)
        self._settled = old.aggregate(last=Max("pk"))["last"] or 0
        self._seen = set(IndexChange.objects.filter(pk__gt=self._settled).values_list("pk", flat=True))
        self._champion, self._filling = None, None

    def _follow(self, now: datetime) -> None:
        """Lines are numbered before they are committed, so a lower number may turn up after a higher one."""
        lines = list(IndexChange.objects.filter(pk__gt=self._settled).values_list("pk", "sticker_id", "at"))
        fresh = {id: sticker_id for id, sticker_id, _at in lines if id not in self._seen}
        self._changed |= dict.fromkeys(fresh.values())
        old = [id for id, _sticker_id, at in lines if at < now - SETTLED_AFTER]
        self._settled = max(old, default=self._settled)
        self._seen = {id for id in self._seen | fresh.keys() if id > self._settled}

    def _choose(self, wait: bool) -> None:
        """Begin to fill the shelf that is wanted next: that of the live model, then that of the one beside it."""
        in_use = list(ModelVersion.objects.filter(IN_USE, kind=Kind.RETRIEVAL))
        champion = next((version for version in in_use if version.stage == Stage.CHAMPION), None)
        shadow = next((version for version in in_use if version.stage != Stage.CHAMPION), None)
        name = champion.name if champion else WORDS_ONLY
        if self._shadow is not None and (shadow is None or self._shadow.model != shadow.name):
            self._shadow = None
        if self._champion != name:
            self._fill(champion, is_shadow=False, wait=wait)
        elif shadow is not None and self._shadow is None:
            self._fill(shadow, is_shadow=True, wait=wait)
        else:
            self._filling = None

    def _fill(self, version: ModelVersion | None, *, is_shadow: bool, wait: bool) -> None:
        name = version.name if version else WORDS_ONLY
        if self._filling is not None and (self._filling.wanted, self._filling.is_shadow) == (name, is_shadow):
            return
        self._filling = None
        opening = self._opened(version)
        if not (wait or opening.done()):
            return
        encoder = opening.result()
        if is_shadow and encoder is None:
            return
        model, is_anew = name if encoder else WORDS_ONLY, self._champion is None
        shelf = Shelf(model, Searcher(encoder)) if is_anew else self._shelf.beside(model, encoder)
        ids = list(Sticker.objects.order_by("pk").values_list("pk", flat=True))
        self._filling = _Filling(shelf, name, is_shadow, is_anew, ids)

    def _opened(self, version: ModelVersion | None) -> Future[Bundle | None]:
        name, path = (version.name, version.path) if version else (WORDS_ONLY, "")
        if name not in self._opening:
            self._opening = {name: OPENER.submit(_open, name, path)}
        return self._opening[name]

    def _take_some(self) -> bool:
        if changed := list(islice(self._changed, AT_ONCE)):
            self._take_over_changed(changed)
            for id in changed:
                del self._changed[id]
        elif self._filling is not None:
            self._fill_some(self._filling)
        else:
            return False
        return True

    def _take_over_changed(self, ids: list[int]) -> None:
        self._shelf.take_over(ids)
        if self._shadow is not None:
            self._shadow.look_at(ids)
        if self._filling is not None:
            _take_over(self._filling, ids)

    def _fill_some(self, filling: _Filling) -> None:
        some, filling.left = filling.left[:AT_ONCE], filling.left[AT_ONCE:]
        _take_over(filling, some)
        if filling.left:
            return
        self._filling = None
        if filling.is_shadow:
            self._shadow = filling.shelf
            return
        self._shelf, self._champion = filling.shelf, filling.wanted
        if filling.is_anew:
            self._shadow = None  # it shares the words of the shelf before

    def beside(self, model: str, encoder: TextEncoder | None) -> Searcher:
        """A searcher with the vectors of any model over the words that are live, which it shares."""
        shelf = self._shelf.beside(model, encoder)
        shelf.look_at(list(Sticker.objects.values_list("pk", flat=True)))
        return shelf.searcher

    # --- without it, from any thread ---

    def preview(self, text: str, target: int, k: int = 24) -> Found:
        """The first `k` stickers for a half-typed text, and where the target stands among all."""
        return self._shelf.preview(text, target, k)

    def shadow_preview(self, text: str, target: int, k: int = 24) -> Found | None:
        """The same of the model beside the live one."""
        shelf = self._shadow
        return None if shelf is None else shelf.preview(text, target, k)

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
        return self._shelf.rank_among(texts, ids)

    def shadow_rank_among(self, texts: Sequence[str], ids: Sequence[int]) -> list[int] | None:
        """The same of the model beside the live one."""
        shelf = self._shadow
        return None if shelf is None else shelf.rank_among(texts, ids)

    def known_pictures(self, ids: Iterable[int], language: str) -> dict[int, Picture]:
        pictures = self._shelf.pictures
        return {id: pictures[id][language] for id in ids if id in pictures}

    @property
    def model_version(self) -> str:
        return self._shelf.model

    @property
    def shadow_version(self) -> str | None:
        shelf = self._shadow
        return None if shelf is None else shelf.model


def _open(name: str, path: str) -> Bundle | None:
    """The encoder of a model; None for words alone, or when its bundle is damaged, which is logged."""
    try:
        return bundles.opened(path) if path else None
    except (BundleError, OSError):
        log.exception("The bundle of %s cannot be opened; search goes by words alone", name)
        return None


def _take_over(filling: _Filling, ids: list[int]) -> None:
    if filling.is_anew:
        filling.shelf.take_over(ids)
    else:
        filling.shelf.look_at(ids)


def _in_turn(rankings: Sequence[Sequence[Hit]]) -> Iterable[int]:
    """The first of each ranking, then the second of each, ..."""
    return (hit.id for place in zip_longest(*rankings) for hit in place if hit is not None)


@transaction.atomic
def forget_old_changes() -> int:
    """Lines that every process has read or, having slept, will not miss."""
    return IndexChange.objects.filter(at__lt=timezone.now() - 2 * FORGOTTEN_AFTER).delete()[0]


catalogue_search = CatalogueSearch()
