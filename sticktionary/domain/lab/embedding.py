"""Image vectors: a model's grow beside those of the live one, and are kept for as long as it may be live again."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import numpy as np
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from retrieval_engine.bundle import BundleError
from retrieval_engine.frames import FrameError
from retrieval_engine.serving import Bundle
from sticktionary.domain.catalogue import index_changed
from sticktionary.domain.errors import Refused
from sticktionary.domain.intake.pictures import path_of
from sticktionary.domain.lab import bundles
from sticktionary.domain.lab.registry import BUSY, Kind, Stage, State
from sticktionary.models import Embedding, ModelVersion, Sticker

AT_ONCE = 16  # stickers per call of the image tower
FORGOTTEN_AT_ONCE = 5_000
KEPT_UP = Q(stage__in=[Stage.CHAMPION, Stage.PREVIOUS]) | Q(is_shadow=True, state=State.DONE)

log = logging.getLogger(__name__)


def active() -> QuerySet[Sticker]:
    """The stickers that have vectors."""
    return Sticker.objects.exclude(state=Sticker.State.WITHDRAWN)


def without_vector(name: str) -> QuerySet[Sticker]:
    return active().exclude(embeddings__embedded_by=name)


def embed(name: str, bundle: Bundle, told: Callable[[int], None] = lambda n: None, *, is_searched: bool = False) -> int:
    """Embed every sticker that has no vector of this model yet; the number that got one. Search is told of them where
    it goes by this model: one that is not live yet is read as a whole when it is."""
    missing = list(without_vector(name).order_by("pk").values_list("pk", "image"))
    n_before = active().count() - len(missing)
    for start in range(0, len(missing), AT_ONCE):
        some = missing[start : start + AT_ONCE]
        _write_vectors(name, [(id, _vector(bundle, path)) for id, path in some], is_searched)
        told(n_before + start + len(some))
    return len(missing)


@transaction.atomic
def _write_vectors(name: str, vectors: Sequence[tuple[int, bytes]], is_searched: bool) -> None:
    rows = [Embedding(sticker_id=id, embedded_by=name, vector=vector) for id, vector in vectors]
    Embedding.objects.bulk_create(rows, ignore_conflicts=True)
    if is_searched:
        index_changed(id for id, _vector in vectors)


def _vector(bundle: Bundle, path: str) -> bytes:
    """Its float32 bytes; none at all for a file that is gone, so that one lost file does not hold up the rest."""
    try:
        vector = bundle.encode_stickers([path_of(path)])[0]
    except FrameError:
        log.warning("%s cannot be read and gets no vector", path)
        return b""
    except ValueError as error:
        raise Refused("no_vector", _("The model has no vector for the picture %(path)s.") % {"path": path}) from error
    assert vector.dtype == np.float32
    return bytes(vector.tobytes())


def embed_missing(told: Callable[[int], None] = lambda n: None) -> int:
    """Embed new stickers for the live model, and for those that may stand in its place at any moment."""
    kept_up = ModelVersion.objects.filter(KEPT_UP, kind=Kind.RETRIEVAL).exclude(path="")
    return sum(_keep_up(version, told) for version in kept_up.order_by("stage", "pk"))


def _keep_up(version: ModelVersion, told: Callable[[int], None]) -> int:
    if not without_vector(version.name).exists():
        return 0
    try:
        return embed(version.name, bundles.opened(version.path), told, is_searched=True)
    except (BundleError, Refused):
        log.exception("%s cannot embed; new stickers are found by words alone", version.name)
        return 0


def forget() -> int:
    """Delete vectors of models that were retired or turned down: what goes live again is embedded again."""
    gone = ModelVersion.objects.filter(kind=Kind.RETRIEVAL, stage__in=[Stage.RETIRED, Stage.REJECTED])
    names = gone.exclude(state__in=BUSY).exclude(is_shadow=True).values("name")
    ids = list(Embedding.objects.filter(embedded_by__in=names).values_list("pk", flat=True)[:FORGOTTEN_AT_ONCE])
    return Embedding.objects.filter(pk__in=ids).delete()[0]
