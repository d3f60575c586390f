"""Image vectors: a model's grow beside those of the live one, and are kept for as long as it may be live again."""

from __future__ import annotations

import fcntl
import logging
import math
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import numpy as np
from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from retrieval_engine.bundle import BundleError
from retrieval_engine.dense import Vectors
from retrieval_engine.frames import FrameError
from retrieval_engine.serving import Bundle
from sticktionary.domain.catalogue import index_changed
from sticktionary.domain.errors import Refused
from sticktionary.domain.intake.pictures import path_of
from sticktionary.domain.lab import bundles
from sticktionary.domain.lab.registry import BUSY, Kind, Stage, State
from sticktionary.models import Embedding, ModelVersion, Sticker

AT_ONCE = 16  # stickers per call of the image tower, and per transaction
N_THREADS = max(1, min(8, (os.cpu_count() or 1) - 1))  # each holds a batch of frames
NICENESS = 15  # within what the system weighs as one: a container, a session
REST, MOST_REST = 2.0, 4.0  # times what was waited for a processor; at most times what was used of it
FORGOTTEN_AT_ONCE = 5_000
KEPT_UP = Q(stage__in=[Stage.CHAMPION, Stage.PREVIOUS]) | Q(is_shadow=True, state=State.DONE)

Told = Callable[[int], None]

log = logging.getLogger(__name__)


def active() -> QuerySet[Sticker]:
    """The stickers that have vectors."""
    return Sticker.objects.exclude(state=Sticker.State.WITHDRAWN)


def without_vector(name: str) -> QuerySet[Sticker]:
    return active().exclude(embeddings__embedded_by=name)


def embed(
    name: str, bundle: Bundle, told: Told = lambda n: None, *, is_searched: bool = False, for_s: float = math.inf
) -> int:
    """Embed the stickers that have no vector of this model yet, for so many seconds; the number that got one.

    What is written stays, so it can be stopped and taken up at any time. Search is told of them where it goes by this
    model: one that is not live yet is read as a whole when it is.
    """
    n_had, n = active().count() - without_vector(name).count(), 0
    with closing(_encoded(name, bundle, time.monotonic() + for_s)) as batches:
        for vectors in batches:
            _write_vectors(name, vectors, is_searched)
            n += len(vectors)
            told(n_had + n)
    return n


def _encoded(name: str, bundle: Bundle, until: float) -> Generator[list[tuple[int, bytes]], None, None]:
    """Vectors, some at a time, from threads that stand back for the game and touch no database."""
    with ThreadPoolExecutor(N_THREADS, "embedding", _stand_back) as threads:
        at_work = deque[Future[list[tuple[int, bytes]]]]()
        try:
            for stickers in _missing(name):
                at_work.append(threads.submit(_behind_the_game, bundle, stickers))
                if len(at_work) > N_THREADS:
                    yield at_work.popleft().result()
                if time.monotonic() >= until:
                    break
            while at_work:
                yield at_work.popleft().result()
        finally:
            for future in at_work:
                future.cancel()


def _stand_back() -> None:
    """Linux gives each thread a priority of its own; elsewhere the whole process would lose its for good."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


def _behind_the_game(bundle: Bundle, stickers: Sequence[tuple[int, str]]) -> list[tuple[int, bytes]]:
    """Whatever priorities are worth here: who had to wait for a processor sees that others want it, and rests."""
    clock, processor = time.monotonic(), time.thread_time()
    vectors = _vectors(bundle, stickers)
    time.sleep(rest_s(time.monotonic() - clock, time.thread_time() - processor))
    return vectors


def rest_s(clock_s: float, processor_s: float) -> float:
    """How long to leave the processors alone after work that took so long, and so much of one: a third to a seventh of
    one is used where all are wanted, all of one where nobody else wants it."""
    return max(0.0, min(REST * (clock_s - processor_s), MOST_REST * processor_s))


def _missing(name: str) -> Iterator[list[tuple[int, str]]]:
    """Stickers without a vector and where their pictures lie, some at a time."""
    last = 0
    while some := list(without_vector(name).filter(pk__gt=last).order_by("pk").values_list("pk", "image")[:AT_ONCE]):
        yield some
        last = some[-1][0]


@transaction.atomic
def _write_vectors(name: str, vectors: Sequence[tuple[int, bytes]], is_searched: bool) -> None:
    rows = [Embedding(sticker_id=id, embedded_by=name, vector=vector) for id, vector in vectors]
    Embedding.objects.bulk_create(rows, ignore_conflicts=True)
    if is_searched:
        index_changed(id for id, _vector in vectors)


def _vectors(bundle: Bundle, stickers: Sequence[tuple[int, str]]) -> list[tuple[int, bytes]]:
    try:
        vectors = bundle.encode_stickers([path_of(path) for _id, path in stickers])
    except ValueError:  # one by one, to see which
        return [(id, _vector(bundle, path)) for id, path in stickers]
    return [(id, _bytes(vector)) for (id, _path), vector in zip(stickers, vectors, strict=True)]


def _vector(bundle: Bundle, path: str) -> bytes:
    """None at all for a file that is gone, so that one lost file does not hold up the rest."""
    try:
        return _bytes(bundle.encode_stickers([path_of(path)])[0])
    except FrameError:
        log.warning("%s cannot be read and gets no vector", path)
        return b""
    except ValueError as error:
        raise Refused("no_vector", _("The model has no vector for the picture %(path)s.") % {"path": path}) from error


def _bytes(vector: Vectors) -> bytes:
    assert vector.dtype == np.float32
    return bytes(vector.tobytes())


def embed_missing(told: Told = lambda n: None, *, for_s: float = math.inf) -> int:
    """Embed new stickers for the live model, and for those that may stand in its place at any moment; for so many
    seconds, the rest later."""
    until = time.monotonic() + for_s
    kept_up = ModelVersion.objects.filter(KEPT_UP, kind=Kind.RETRIEVAL).exclude(path="")
    return sum(_keep_up(version, told, until) for version in kept_up.order_by("stage", "pk"))


def _keep_up(version: ModelVersion, told: Told, until: float) -> int:
    for_s = until - time.monotonic()
    if for_s <= 0 or not without_vector(version.name).exists():
        return 0
    try:
        return embed(version.name, bundles.opened(version.path), told, is_searched=True, for_s=for_s)
    except (BundleError, Refused):
        log.exception("%s cannot embed; new stickers are found by words alone", version.name)
        return 0


def keep_up(for_s: float) -> int:
    """The same where nobody else of this machine is at it. The lock ends with the process, however it ends."""
    with (Path(settings.MODELS_DIR) / ".embedding.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return 0
        return embed_missing(for_s=for_s)


def forget() -> int:
    """Delete vectors of models that were retired or turned down: what goes live again is embedded again."""
    gone = ModelVersion.objects.filter(stage__in=[Stage.RETIRED, Stage.REJECTED])
    names = gone.exclude(state__in=BUSY).exclude(is_shadow=True).values("name")
    ids = list(Embedding.objects.filter(embedded_by__in=names).values_list("pk", flat=True)[:FORGOTTEN_AT_ONCE])
    return Embedding.objects.filter(pk__in=ids).delete()[0]
