"""How shelves come by what is on them: from a snapshot and what the log says since, or from the database as a whole.
And how the worker writes snapshots: it takes up the last one as every process does, reads on, and saves."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Final

from django.db.models import QuerySet

from retrieval_engine.dense import DenseIndex
from retrieval_engine.searcher import Searcher
from retrieval_engine.texts import Text
from sticktionary.domain.lab.embedding import KEPT_UP
from sticktionary.domain.lab.registry import WORDS_ONLY, Kind
from sticktionary.domain.search import changelog, reading, snapshots
from sticktionary.domain.search.album import Album
from sticktionary.domain.search.changelog import Place
from sticktionary.domain.search.shelves import Shelf
from sticktionary.models import IndexChange, ModelVersion, Sticker

AT_ONCE: Final = 500  # stickers
WRITTEN_FROM: Final = 5_000  # stickers; fewer are read from the database within a second or two
DUE_AFTER: Final = 1_000  # lines, or the fiftieth part of the catalogue

log = logging.getLogger(__name__)


def words() -> tuple[Shelf, Place]:
    """A shelf with everything but vectors, and up to where in the log it is true."""
    if (held := snapshots.opened(snapshots.WORDS, _open_words)) is not None:
        return held
    place, album = Place.at_the_end(), Album()

    def texts() -> Iterator[tuple[int, Text, Text, int]]:
        for entry in reading.all_entries():
            album.put(entry.id, entry.face)
            yield entry.id, entry.written, entry.generated, entry.pack

    return Shelf(WORDS_ONLY, Searcher.of(texts()), album), place


def _open_words(folder: Path) -> Shelf:
    return Shelf(WORDS_ONLY, Searcher.open(folder / "texts"), Album.open(folder / "album"))


def vectors(model: str) -> tuple[DenseIndex, Place]:
    """The vectors of one model, and up to where in the log they are true."""
    if model == WORDS_ONLY:
        return DenseIndex(), Place.at_the_end()
    if (held := snapshots.opened(snapshots.of_model(model), DenseIndex.open)) is not None:
        return held
    place = Place.at_the_end()
    return DenseIndex.of(reading.all_vectors(model)), place


def read_on(place: Place, take_over: Callable[[Collection[int]], object]) -> Place:
    """Take over all that has changed since."""
    while True:
        ids, place = place.read_on()
        if not ids:
            return place
        distinct = list(dict.fromkeys(ids))
        for start in range(0, len(distinct), AT_ONCE):
            take_over(distinct[start : start + AT_ONCE])


# --- snapshots ---


def keep_snapshots() -> int:
    """Write those that are due, and say how many; one process of a machine at a time."""
    if Sticker.objects.count() < WRITTEN_FROM:
        return 0
    with snapshots.alone() as is_alone:
        if not is_alone:
            return 0
        models = list(_kept_up().values_list("name", flat=True))
        snapshots.forget(snapshots.WORDS, *map(snapshots.of_model, models))
        n_written = 0
        if _is_due(snapshots.WORDS):
            write_words()
            n_written += 1
        for model in models:
            if _is_due(snapshots.of_model(model)):
                write_vectors(model)
                n_written += 1
        return n_written


def _kept_up() -> QuerySet[ModelVersion]:
    return ModelVersion.objects.filter(KEPT_UP, kind=Kind.RETRIEVAL).exclude(path="").order_by("pk")


def _is_due(of: str) -> bool:
    place = snapshots.place_of_newest(of)
    if place is None or not place.is_held():
        return True
    most = max(DUE_AFTER, Sticker.objects.count() // 50)
    return IndexChange.objects.filter(pk__gt=place.last)[:most].count() == most


def write_words() -> None:
    shelf, place = words()
    save_words(shelf, read_on(place, shelf.take_over))


def save_words(shelf: Shelf, place: Place) -> None:
    def save(folder: Path) -> None:
        for name, part in (("texts", shelf.searcher), ("album", shelf.album)):
            (folder / name).mkdir()
            part.save(folder / name)

    snapshots.write(snapshots.WORDS, place, save)


def write_vectors(model: str) -> None:
    images, place = vectors(model)
    shelf = Shelf(model, Searcher().beside(None, images))
    place = read_on(place, shelf.look_at)
    snapshots.write(snapshots.of_model(model), place, images.save)


def lay_ready(model: str) -> None:
    """Have the vectors of a model that is about to go live lie ready, so that other processes need only map them. It
    goes live all the same where that fails; then they are read from the database."""
    if Sticker.objects.count() < WRITTEN_FROM:
        return
    try:
        with snapshots.alone(wait=True):
            write_vectors(model)
    except (OSError, ValueError):
        log.exception("The vectors of %s could not be laid ready", model)


def forget_old_changes() -> int:
    """Lines of the log that no process and no snapshot reads any more."""
    return changelog.forget(snapshots.needed_from())
