"""A process that asks a cluster: it holds the model's text tower and the pictures, and nothing to search in.

While the cluster is away nothing is found, it is said once, and nobody who types or moves waits for it: what catches up
asks again and again. What only the cluster can know, such as what the machine would have picked, is then not known.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, TypeVar, cast

from retrieval_engine.qdrant import ClusterAway, QdrantSearcher, aliases
from retrieval_engine.searcher import Searcher
from retrieval_engine.searching import Explanation, Hit, TextEncoder
from sticktionary.domain.lab.registry import WORDS_ONLY, Kind, State
from sticktionary.domain.search import filling, reading, snapshots
from sticktionary.domain.search.album import Album
from sticktionary.domain.search.changelog import Place
from sticktionary.domain.search.cluster.address import alias, connected, is_local, name_of
from sticktionary.domain.search.cluster.keeping import Keeper
from sticktionary.domain.search.live import AT_ONCE, CatalogueSearch, opened
from sticktionary.domain.search.shelves import Shelf
from sticktionary.models import ModelVersion

T = TypeVar("T")

log = logging.getLogger(__name__)


class Patience:
    """Asks while the cluster answers. Once it has not, ClusterAway is raised at once until a probe finds it again."""

    def __init__(self) -> None:
        self._is_away = False

    def ask(self, question: Callable[[], T]) -> T:
        """The answer. Raises ClusterAway."""
        if self._is_away:
            raise ClusterAway("has not answered since")
        return self._tried(question)

    def ask_or(self, otherwise: T, question: Callable[[], T]) -> T:
        """The answer, or what stands in for it."""
        try:
            return self.ask(question)
        except ClusterAway:
            return otherwise

    def probe(self, question: Callable[[], object]) -> None:
        """Ask whether or not it has answered before."""
        with suppress(ClusterAway):
            self._tried(question)

    def _tried(self, question: Callable[[], T]) -> T:
        try:
            answer = question()
        except ClusterAway as error:
            if not self._is_away:
                log.warning("The search cluster does not answer: %s", error)
            self._is_away = True
            raise
        if self._is_away:
            log.warning("The search cluster answers again")
        self._is_away = False
        return answer


class Patient:
    """A searcher on a cluster that may be away: then nothing is found. Where finding nothing would be taken for a fact
    (`rank_among`, `explain`) ClusterAway is raised."""

    def __init__(self, searcher: QdrantSearcher, patience: Patience) -> None:
        self._searcher, self._patience = searcher, patience

    @property
    def model_version(self) -> str | None:
        return self._searcher.model_version

    def __len__(self) -> int:
        return self._patience.ask(self._searcher.__len__)

    def __contains__(self, id: object) -> bool:
        return self._patience.ask_or(False, lambda: id in self._searcher)

    def search(self, query: str, k: int = 24, **options: Any) -> list[Hit]:
        return self._patience.ask_or([], lambda: self._searcher.search(query, k, **options))

    def search_and_rank(self, query: str, id: int, k: int = 24, **options: Any) -> tuple[list[Hit], int | None]:
        nothing: tuple[list[Hit], int | None] = [], None
        return self._patience.ask_or(nothing, lambda: self._searcher.search_and_rank(query, id, k, **options))

    def rank_of(self, query: str, id: int, **options: Any) -> int | None:
        return self._patience.ask_or(None, lambda: self._searcher.rank_of(query, id, **options))

    def neighbours(self, id: int, k: int = 24) -> list[Hit]:
        return self._patience.ask_or([], lambda: self._searcher.neighbours(id, k))

    def rank_among(self, query_texts: Sequence[str], ids: Sequence[int], **options: Any) -> list[Hit]:
        return self._patience.ask(lambda: self._searcher.rank_among(query_texts, ids, **options))

    def explain(self, query: str, id: int, *, language: str | None = None) -> Explanation:
        return self._patience.ask(lambda: self._searcher.explain(query, id, language=language))


class ClusterSearch(CatalogueSearch):
    """What `CatalogueSearch` is, asking a cluster. A preview is answered wholly by one catalogue, with the encoder of
    its model: the alias is looked at while catching up, never while somebody types."""

    def __init__(self) -> None:
        super().__init__()
        self._client, self._layout = connected()
        self._patience = Patience()
        self._keeper = Keeper() if is_local() else None  # nobody else can open it
        self._album, self._asked = Album(), ""  # the name of the catalogue that is asked

    def catch_up(self, *, wait: bool = False) -> bool:
        """Take over what has changed of the pictures, and ask another catalogue when another is live."""
        if not self._catching_up.acquire(blocking=False):
            return False
        try:
            has_changed = self._read_on_pictures()
            has_kept = self._keeper is not None and self._keeper.step()
            self._patience.probe(self._look_at_alias)
            return has_changed or has_kept
        finally:
            self._catching_up.release()

    def _read_on_pictures(self) -> bool:
        if self._place is None or not self._place.is_held():
            self._album, self._place = _album()
            self._live = replace(self._live, album=self._album)
        ids, self._place = self._place.read_on()
        for some in (ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE)):
            entries = reading.entries(some)
            for gone in set(some) - {entry.id for entry in entries}:
                self._album.remove(gone)
            for entry in entries:
                self._album.put(entry.id, entry.face)
        return bool(ids)

    def _look_at_alias(self) -> None:
        name = aliases.target(self._client, alias())
        if name is not None and name != self._asked:
            self._live, self._asked = self._shelf(name), name
        beside = ModelVersion.objects.filter(is_shadow=True, state=State.DONE, kind=Kind.RETRIEVAL).first()
        if beside is None:
            self._shadow = None
        elif self._shadow is None or self._shadow.model != beside.name:
            self._shadow = self._ready_shelf(name_of(beside.name))

    def _ready_shelf(self, name: str) -> Shelf | None:
        """The shelf of a catalogue that holds everything."""
        if not self._client.collection_exists(f"{name}-words"):
            return None
        shelf = self._shelf(name)
        return None if shelf.model == WORDS_ONLY or not self._is_filled(name) else shelf

    def _is_filled(self, name: str) -> bool:
        position = QdrantSearcher(self._client, name).position
        return bool(position) and position["filled_to"] is None

    def _shelf(self, name: str) -> Shelf:
        model = str(QdrantSearcher(self._client, name).position["model"])
        version = ModelVersion.objects.filter(name=model, kind=Kind.RETRIEVAL).first()
        encoder = opened(model, version.path) if version else None
        return Shelf(model if encoder else WORDS_ONLY, self._searcher(name, encoder), self._album)

    def _searcher(self, name: str, encoder: TextEncoder | None) -> Searcher:
        searcher = Patient(QdrantSearcher(self._client, name, encoder, layout=self._layout), self._patience)
        return cast(Searcher, searcher)  # it is asked only what every searcher can be asked

    def beside(self, model: str, encoder: TextEncoder | None) -> Searcher:
        """A searcher with the vectors of any model: its catalogue on the cluster, or, of a model that none is kept of,
        the whole of it in memory."""
        if model == WORDS_ONLY and self._asked:
            return self._searcher(self._asked, None)
        if self._client.collection_exists(f"{name_of(model)}-words") and self._is_filled(name_of(model)):
            return self._searcher(name_of(model), encoder)
        shelf, place = filling.words()
        beside = shelf.beside(model, encoder, filling.vectors(model)[0])
        filling.read_on(place, beside.take_over)
        return beside.searcher


def _album() -> tuple[Album, Place]:
    """The pictures of all stickers, and up to where in the log they are true."""
    held = snapshots.opened(snapshots.WORDS, lambda folder: Album.open(folder / "album"))
    if held is not None:
        return held
    place, album = Place.at_the_end(), Album()
    for entry in reading.all_entries():
        album.put(entry.id, entry.face)
    return album, place
