"""A catalogue in a Qdrant collection and its vocabulary beside it, so written that a writer may be killed any time.

    NAME          a point per sticker: sparse vector `words`, dense vector `look`, payload `fields` and `pack`
    NAME-words    a point per dimension: its number in `words` and its document frequency; and three more: the
                  statistics of every field, the writer's ledger, and a journal of what is being written

A batch is worked out whole, written down in the journal, carried out, and taken out of the journal. Everything in it
is absolute, so that whoever finds a journal carries it out again: a batch has happened wholly or not at all. One
writer at a time; any number of readers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, TypeVar

import numpy as np
from qdrant_client import QdrantClient, models

from ..dense import Vectors
from .journal import DENSE, SPARSE, Batch, Point
from .layout import Layout
from .state import JOURNAL, LEDGER, STATISTICS, State
from .words import Dimension, Fields, dimensions, frequencies

AT_ONCE: Final = 256
"""Stickers that are weighed anew in one request."""
LOOKED_UP: Final = 5_000
"""Words of the vocabulary that are read or written in one request."""


Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Document:
    """A sticker as it is to be written."""

    id: int
    fields: Fields
    vector: Vectors | None
    pack: int | None = None


class Store:
    """The two collections of one catalogue. ValueError for a name that has none."""

    def __init__(self, client: QdrantClient, name: str) -> None:
        self.client, self.name, self.vocabulary = client, name, f"{name}-words"
        if not client.collection_exists(self.vocabulary) or not self._words([STATISTICS], False):
            raise ValueError(f"there is no catalogue {name}")
        vectors = client.get_collection(name).config.params.vectors
        self.dim: int | None = vectors[DENSE].size if isinstance(vectors, dict) and DENSE in vectors else None

    @classmethod
    def create(cls, client: QdrantClient, name: str, dim: int | None, layout: Layout) -> Store:
        """An empty catalogue. Its statistics come last: without them there is none."""
        for half_made in (name, f"{name}-words"):
            client.delete_collection(half_made)
        client.create_collection(
            name,
            vectors_config={} if dim is None else {DENSE: layout.dense(dim)},
            sparse_vectors_config={SPARSE: layout.sparse()},
            **layout.spread(),
        )
        client.create_payload_index(name, "pack", models.PayloadSchemaType.INTEGER)
        client.create_collection(f"{name}-words", vectors_config={}, **layout.spread())
        points = [models.PointStruct(id=id, vector={}, payload=payload) for id, payload in State().as_points()]
        client.upsert(f"{name}-words", points, wait=True)
        return cls(client, name)

    # --- reading ---

    def look_up(self, wanted: Iterable[Dimension]) -> tuple[State, dict[Dimension, tuple[int, int]]]:
        """The state without its ledger, and of each dimension that occurs its number and its document
        frequency; one request for a query."""
        by_id = {dimension.id: dimension for dimension in wanted}
        payloads = self._words([STATISTICS, *by_id], ["statistics", "number", "df"])
        found = {by_id[id]: (held["number"], held["df"]) for id, held in payloads.items() if id in by_id}
        return State.of_points(payloads), found

    def state(self) -> State:
        """With the ledger."""
        return State.of_points(self._words([STATISTICS, LEDGER], True))

    def _words(self, ids: Iterable[str], fields: list[str] | bool) -> dict[str, dict[str, Any]]:
        return {
            str(record.id): record.payload or {}
            for some in _batched(ids, LOOKED_UP)
            for record in self.client.retrieve(self.vocabulary, list(some), with_payload=fields)
        }

    def fields(self, ids: Sequence[int]) -> dict[int, dict[str, list[str]]]:
        """The tokens of each sticker as they were counted."""
        records = self.client.retrieve(self.name, ids, with_payload=["fields"]) if ids else []
        return {int(record.id): fields_in(record.payload) for record in records}

    def ids(self, after: int, until: int | None) -> list[int]:
        """The stickers with an id above `after`, up to `until`, in order."""
        ids: list[int] = []
        following: models.ExtendedPointId | None = after + 1
        while following is not None and (until is None or int(str(following)) <= until):
            limit = LOOKED_UP if until is None else min(LOOKED_UP, until - int(str(following)) + 1)
            records, following = self.client.scroll(self.name, limit=limit, offset=following, with_payload=False)
            ids += [int(str(record.id)) for record in records]
        return [id for id in ids if until is None or id <= until]

    def vector(self, id: int) -> list[float] | None:
        """The dense vector of a sticker, or None."""
        records = self.client.retrieve(self.name, [id], with_payload=False, with_vectors=[DENSE]) if self.dim else []
        held = records[0].vector if records else None
        found = held.get(DENSE) if isinstance(held, dict) else None
        return found if isinstance(found, list) else None  # type: ignore[return-value]  # one vector, not several

    # --- writing ---

    def write(
        self, documents: Sequence[Document], gone: Sequence[int] = (), position: dict[str, Any] | None = None
    ) -> None:
        """Add or replace stickers, take others out, and move the writer's position, all or nothing."""
        self.recover()
        state = self.state()
        before = self.fields([document.id for document in documents] + list(gone))
        after = {document.id: document.fields for document in documents}
        changed = self._recount(state, before, after)
        if position is not None:
            state.position = position
        numbers = {dimension: number for dimension, (number, _df) in changed.items()}
        batch = Batch(
            points=[_point(document, state, numbers) for document in documents],
            gone=[id for id in gone if id in before],
            words=[(dimension.id, _entry(dimension, *held)) for dimension, held in changed.items() if held[1]],
            forgotten=[dimension.id for dimension, (_number, df) in changed.items() if not df],
            state=state.as_points(),
        )
        self._write_words([(JOURNAL, batch.as_payload())])
        self._carry_out(batch)

    def recover(self) -> None:
        """Carry out what a killed writer has left in the journal."""
        for payload in self._words([JOURNAL], True).values():
            self._carry_out(Batch.of_payload(payload))

    def _carry_out(self, batch: Batch) -> None:
        if batch.points:
            self.client.upsert(self.name, [point.as_model() for point in batch.points], wait=True)
        if batch.gone:
            self.client.delete(self.name, models.PointIdsList(points=list(batch.gone)), wait=True)
        self._write_words([*batch.words, *batch.state])
        self.client.delete(self.vocabulary, models.PointIdsList(points=[*batch.forgotten, JOURNAL]), wait=True)

    def _recount(
        self, state: State, before: Mapping[int, Fields], after: Mapping[int, Fields]
    ) -> dict[Dimension, tuple[int, int]]:
        """Bring the statistics up to date; the number and document frequency of every dimension that is concerned."""
        change = Counter[Dimension]()
        for by, documents in ((-1, before), (1, after)):
            for fields in documents.values():
                for name, tokens in fields.items():
                    state.of(name).count(len(tokens), by)
                for dimension in dimensions(fields):
                    change[dimension] += by
        _, known = self.look_up(change)
        changed = {}
        for dimension, by in change.items():
            number, df = known.get(dimension, (state.n_numbers, 0))
            state.n_numbers = max(state.n_numbers, number + 1)
            changed[dimension] = number, df + by
            if not dimension.is_beginning:
                state.of(dimension.field).move(df, df + by)
        for name in {*_all_fields(before), *_all_fields(after)}:
            statistics = state.of(name)
            statistics.settle()
            if statistics.n == sum(name in fields for fields in after.values()):  # all of it is in this batch
                statistics.weighed = statistics.average
        return changed

    def look(self, id: int, vector: Vectors | None) -> None:
        """Replace the dense vector alone."""
        if vector is not None:
            points = [models.PointVectors(id=id, vector={DENSE: vector.tolist()})]
            self.client.update_vectors(self.name, points, wait=True)
        elif self.dim is not None:
            self.client.delete_vectors(self.name, [DENSE], [id], wait=True)

    # --- weights written anew ---

    def weigh_anew(self, drift: float) -> bool:
        """Begin to write weights anew where the average length has moved by more than the share `drift`, or go on with
        it for some stickers; whether there is more to do."""
        state = self.state()
        if state.weighing_from is None:
            moved = [each for each in state.statistics.values() if each.drift > drift]
            for statistics in moved:
                statistics.weighed = statistics.average
            if not moved:
                return False
            state.weighing_from = 0
            self._write_words(state.as_points())
        records, following = self.client.scroll(
            self.name, limit=AT_ONCE, offset=state.weighing_from, with_payload=["fields"]
        )
        self._weigh(state, {int(record.id): fields_in(record.payload) for record in records})
        state.weighing_from = None if following is None else int(str(following))
        self._write_words(state.as_points())
        return True

    def _weigh(self, state: State, documents: Mapping[int, Fields]) -> None:
        _, known = self.look_up({each for fields in documents.values() for each in dimensions(fields)})
        numbers = {dimension: number for dimension, (number, _df) in known.items()}
        weighed = {id: _weights(fields, state, numbers) for id, fields in documents.items()}
        points = [
            models.PointVectors(id=id, vector={SPARSE: models.SparseVector(indices=held, values=weights)})
            for id, (held, weights) in weighed.items()
            if held
        ]
        if points:
            self.client.update_vectors(self.name, points, wait=True)

    def _write_words(self, payloads: Iterable[tuple[str, dict[str, Any]]]) -> None:
        for some in _batched(payloads, LOOKED_UP):
            points = [models.PointStruct(id=id, vector={}, payload=payload) for id, payload in some]
            self.client.upsert(self.vocabulary, points, wait=True)


def _batched(items: Iterable[Item], n: int) -> Iterator[list[Item]]:
    iterator = iter(items)
    while some := list(islice(iterator, n)):
        yield some


def fields_in(payload: Mapping[str, Any] | None) -> dict[str, list[str]]:
    return {held["field"]: held["tokens"] for held in (payload or {}).get("fields", ())}


def _entry(dimension: Dimension, number: int, df: int) -> dict[str, Any]:
    return {"field": dimension.field, "term": dimension.term, "number": number, "df": df}


def _all_fields(documents: Mapping[int, Fields]) -> Iterator[str]:
    return (field for fields in documents.values() for field in fields)


def _point(document: Document, state: State, numbers: Mapping[Dimension, int]) -> Point:
    fields = [{"field": field, "tokens": list(tokens)} for field, tokens in document.fields.items()]
    look = None if document.vector is None else document.vector.astype(np.float32).tobytes()
    payload = {"fields": fields, "pack": document.pack}
    return Point(document.id, *_weights(document.fields, state, numbers), look, payload)


def _weights(fields: Fields, state: State, numbers: Mapping[Dimension, int]) -> tuple[list[int], list[float]]:
    """The numbers of all dimensions of a sticker, ascending, and what each weighs."""
    weights = {
        numbers[dimension]: statistics.weight(frequency, len(tokens))
        for field, tokens in fields.items()
        for statistics in (state.of(field),)
        for dimension, frequency in frequencies(field, tokens).items()
    }
    ascending = sorted(weights)
    return ascending, [weights[number] for number in ascending]
