"""The one writer of a cluster. It follows the log of changes for the catalogue of every model that may be asked (the
live one, the one before, the one beside), moves over what is missing, and has the alias stand for the live one's.

How far it has come lies with each catalogue and moves in the same step as the stickers, so whoever is next to write
goes on there. The first catalogue, and that of a model that goes live, is filled beside what is in use; roll back finds
the one before still there, and kept up.
"""

from __future__ import annotations

import fcntl
import logging
import threading
import time
import zlib
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db import connection

from retrieval_engine.bundle import BundleError, read_manifest
from retrieval_engine.qdrant import ClusterAway, Entry, QdrantSearcher, aliases
from sticktionary.domain.lab.embedding import KEPT_UP
from sticktionary.domain.lab.registry import WORDS_ONLY, Kind, Stage
from sticktionary.domain.search import reading
from sticktionary.domain.search.changelog import Place
from sticktionary.domain.search.cluster.address import alias, connected, name_of
from sticktionary.models import ModelVersion, Sticker

AT_ONCE: Final = 200  # stickers in a batch
LOOK_EVERY_S: Final = 0.4  # at the log
AGAIN_AFTER_S: Final = 2.0  # when the cluster or the database was away, or another one writes
DROPPED_AFTER_S: Final = 60.0  # by then nobody asks a catalogue any more that nobody wants

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Kept:
    """The catalogue of one model."""

    model: str
    searcher: QdrantSearcher
    place: Place  # up to which the log is taken over
    filled_to: int | None  # all stickers up to this one are there; None: all
    is_level: bool = False  # filled, and its weights are of the average length of now

    def position(self, place: Place, filled_to: int | None) -> dict[str, Any]:
        return {"model": self.model, "place": place.as_json(), "filled_to": filled_to}

    def bring_on(self) -> bool:
        """Take over some of what is missing; whether there was any."""
        has_read = self._read_on()
        if self.filled_to is not None:
            self._fill(self.filled_to)
            return True
        is_behind = self.searcher.weigh_anew(whole=False)
        self.is_level |= not is_behind
        return has_read or is_behind

    def _read_on(self) -> bool:
        ids, place = self.place.read_on()
        distinct = list(dict.fromkeys(ids))
        for start in range(0, len(distinct), AT_ONCE):
            is_last = start + AT_ONCE >= len(distinct)
            self._take_over(distinct[start : start + AT_ONCE], place if is_last else self.place, self.filled_to)
        self.place = place
        return bool(ids)

    def _fill(self, after: int) -> None:
        wanted = Sticker.objects.filter(reading.IN_PLAY, pk__gt=after).order_by("pk").values_list("pk", flat=True)
        ids = list(wanted[:AT_ONCE])
        until = ids[-1] if len(ids) == AT_ONCE else None
        strays = self.searcher.ids(after, until)  # of a time from which the log does not go on
        self._take_over(list(dict.fromkeys([*ids, *strays])), self.place, until)

    def _take_over(self, ids: Collection[int], place: Place, filled_to: int | None) -> None:
        vectors = {} if self.searcher.dim is None else reading.vectors(ids, self.model)
        entries = [
            Entry(held.id, held.written, vectors.get(held.id), held.generated, held.pack)
            for held in reading.entries(ids)
        ]
        gone = set(ids) - {entry.id for entry in entries}
        self.searcher.put_many(entries, gone=gone, position=self.position(place, filled_to))
        self.filled_to = filled_to


class Keeper:
    """To be used by one thread, `alone`."""

    def __init__(self) -> None:
        self._client, self._layout = connected(is_writer=True)
        self._kept: dict[str, _Kept] = {}
        self._unwanted_since: dict[str, float] = {}

    def step(self) -> bool:
        """Bring every catalogue on by a batch and make the right one live; whether there was anything to do."""
        models = wanted()
        self._kept = {model: self._kept.get(model) or self._opened(model) for model in models}
        is_busy = sum(kept.bring_on() for kept in self._kept.values()) > 0  # each of them, whatever the others do
        champion = self._kept[models[0]]
        if champion.is_level and aliases.target(self._client, alias()) != name_of(champion.model):
            aliases.move(self._client, alias(), name_of(champion.model))
            log.info("Search asks the catalogue of %s from now on", champion.model)
        self._drop_unwanted({name_of(model) for model in models})
        return is_busy

    def _opened(self, model: str) -> _Kept:
        name = name_of(model)
        try:
            searcher = QdrantSearcher(self._client, name, layout=self._layout)
        except ValueError:
            searcher = QdrantSearcher.create(self._client, name, dim=_dim(model), layout=self._layout)
        searcher.recover()
        position = searcher.position
        if position and (place := Place.of_json(position["place"])).is_held():
            return _Kept(model, searcher, place, position["filled_to"])
        kept = _Kept(model, searcher, Place.at_the_end(), 0)  # new, or behind all that the log still tells
        searcher.put_many([], position=kept.position(kept.place, 0))
        return kept

    def _drop_unwanted(self, wanted: Collection[str]) -> None:
        held, now = aliases.catalogues(self._client, f"{alias()}-"), time.monotonic()
        unwanted = held - set(wanted) - {aliases.target(self._client, alias())}
        self._unwanted_since = {name: self._unwanted_since.get(name, now) for name in unwanted}
        for name, since in self._unwanted_since.items():
            if now - since > DROPPED_AFTER_S:
                aliases.drop(self._client, name)


def wanted() -> Sequence[str]:
    """The models whose catalogues are kept, the live one first."""
    kept = ModelVersion.objects.filter(KEPT_UP, kind=Kind.RETRIEVAL).exclude(path="").order_by("pk")
    stages = dict(kept.values_list("name", "stage"))
    champion = next((name for name, stage in stages.items() if stage == Stage.CHAMPION), WORDS_ONLY)
    return [champion, *(name for name in stages if name != champion)]


def _dim(model: str) -> int | None:
    """d of a model's vectors, which may all be to come; None of words alone, and of a bundle that is damaged."""
    path = ModelVersion.objects.filter(name=model, kind=Kind.RETRIEVAL).values_list("path", flat=True).first()
    try:
        return read_manifest(Path(path), verify=False).dim if path else None
    except (BundleError, OSError):
        log.exception("The bundle of %s cannot be read; its catalogue holds words alone", model)
        return None


# --- one at a time ---


@contextmanager
def alone() -> Iterator[bool]:
    """Whether nobody else writes: on PostgreSQL anywhere, else on this machine. It ends with whoever holds it."""
    if connection.vendor != "postgresql":
        with (Path(settings.SEARCH_DIR) / ".keeper").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True
        return
    key = zlib.crc32(b"sticktionary search keeper " + alias().encode())
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [key])
        is_alone = bool(cursor.fetchone()[0])
    try:
        yield is_alone
    finally:
        if is_alone:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [key])


def follow(ending: threading.Event) -> None:
    """Keep the cluster up to date until the end, or stand by while another worker does."""
    is_away = False
    while not ending.is_set():
        try:
            with alone() as is_alone:
                keeper = Keeper() if is_alone else None
                while keeper is not None and not ending.is_set():
                    is_busy, is_away = keeper.step(), False
                    if not is_busy:
                        ending.wait(LOOK_EVERY_S)
        except ClusterAway as error:
            if not is_away:
                log.warning("The search cluster cannot be kept up to date: %s", error)
            is_away = True
        except Exception:
            log.exception("the search cluster could not be kept up to date")
        connection.close()
        ending.wait(AGAIN_AFTER_S)


def start(ending: threading.Event) -> threading.Thread:
    """`follow` in a thread of its own."""
    thread = threading.Thread(target=follow, args=(ending,), name="search-keeper", daemon=True)
    thread.start()
    return thread
