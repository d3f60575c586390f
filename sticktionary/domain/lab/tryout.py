"""Search with any version of a model, beside the live one and without touching it: for looking at, not for play."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import lru_cache

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from retrieval_engine.bundle import BundleError
from retrieval_engine.searcher import Searcher
from retrieval_engine.searching import Hit
from sticktionary.domain.errors import Refused
from sticktionary.domain.lab import bundles
from sticktionary.domain.lab.registry import WORDS_ONLY
from sticktionary.domain.play.candidates import seen_by
from sticktionary.domain.play.snapshot import Picture
from sticktionary.domain.search.live import catalogue_search
from sticktionary.models import Embedding, ModelVersion, Pack

MOST = 100  # hits
ANEW_S = 600  # seconds for which one is used
AT_HAND = 3  # versions that are kept in memory, words alone among them


@dataclass(frozen=True)
class Tried:
    model: str
    ms: float
    hits: list[tuple[Hit, Picture]]


@dataclass(frozen=True)
class Kept:
    """Which stickers may be found, and by which words."""

    language: str | None = None  # of the words; none: all
    pack: str = ""  # its address; none: all
    unseen_by: int | None = None  # a player, who wants none whose queries they wrote or found


EVERYTHING = Kept()


def versions() -> list[tuple[str, str]]:
    """What can be tried, by name and title: words alone, and every retrieval model that has looked at stickers."""
    has_looked = Exists(Embedding.objects.filter(embedded_by=OuterRef("name")))
    found = ModelVersion.objects.filter(has_looked, kind=ModelVersion.Kind.RETRIEVAL).order_by("-pk")
    return [(WORDS_ONLY, _("words alone (BM25)")), *((version.name, version.title) for version in found)]


def search(name: str, text: str, k: int, *, language: str, kept: Kept = EVERYTHING) -> Tried:
    """The first `k` stickers for a text by one version, with their pictures as a player of that language sees them."""
    pack = _pack_number(kept.pack)
    seen = None if kept.unseen_by is None else seen_by(kept.unseen_by)
    catalogue_search.refresh()
    held, started = searcher(name), time.perf_counter()
    hits = held.search(text.strip(), min(k, MOST), language=kept.language, pack=pack, deny=seen)
    ms = 1_000 * (time.perf_counter() - started)
    pictures = catalogue_search.known_pictures([hit.id for hit in hits], language)
    return Tried(name, ms, [(hit, pictures[hit.id]) for hit in hits if hit.id in pictures])


def _pack_number(slug: str) -> int | None:
    if not slug:
        return None
    number = Pack.objects.filter(slug=slug, is_active=True).values_list("pk", flat=True).first()
    if number is None:
        raise Refused("no_pack", _("There is no pack called %(name)s in play.") % {"name": slug})
    return number


def searcher(name: str) -> Searcher:
    span = int(time.time() // ANEW_S)
    if name == WORDS_ONLY:
        return _beside(name, "", 0, span)
    version = ModelVersion.objects.filter(name=name, kind=ModelVersion.Kind.RETRIEVAL).exclude(path="").first()
    if version is None:
        raise Refused("no_model", _("There is no retrieval model called %(name)s.") % {"name": name})
    n_vectors = Embedding.objects.filter(embedded_by=name).count()
    if not n_vectors:
        text = _("%(name)s has not looked at the stickers yet. Let it run beside the live one, or promote it.")
        raise Refused("not_embedded", text % {"name": name})
    return _beside(name, version.path, n_vectors, span)


@lru_cache(maxsize=AT_HAND)
def _beside(name: str, path: str, n_vectors: int, span: int) -> Searcher:
    """Opened when it is first asked, and anew when stickers have come in; also from time to time, since the words that
    it shares with the live search are other ones once that has read the whole catalogue again."""
    try:
        return catalogue_search.beside(name, bundles.opened(path) if path else None)
    except BundleError as error:
        raise Refused("damaged_bundle", str(error)) from error
