"""The engine of the Qdrant server as a library (`pip install qdrant-edge-py`), behind as much of `QdrantClient` as the
searcher uses: what a server does with a shard, without the network and the cluster around it."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import qdrant_edge as edge
from qdrant_client import QdrantClient, models


class EdgeClient:
    """Collections of one shard each, in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._shards: dict[str, edge.EdgeShard] = {}
        self._dense: dict[str, dict[str, models.VectorParams]] = {}

    def as_client(self) -> QdrantClient:
        return self  # type: ignore[return-value]  # the part of it that the searcher uses

    def path(self, name: str) -> Path:
        return self._folder / name

    def optimise(self, name: str) -> None:
        """Build what a server builds in the background."""
        self._shards[name].optimize()
        self._shards[name].flush()

    # --- collections ---

    def collection_exists(self, name: str) -> bool:
        return name in self._shards

    def get_collection(self, name: str) -> Any:
        return SimpleNamespace(config=SimpleNamespace(params=SimpleNamespace(vectors=self._dense[name])))

    def delete_collection(self, name: str) -> None:
        if (shard := self._shards.pop(name, None)) is not None:
            shard.close()
        shutil.rmtree(self.path(name), ignore_errors=True)

    def create_collection(
        self,
        name: str,
        vectors_config: dict[str, models.VectorParams],
        sparse_vectors_config: dict[str, models.SparseVectorParams] | None = None,
        **spread: Any,
    ) -> None:
        self.path(name).mkdir(parents=True)
        self._dense[name] = vectors_config
        config = edge.EdgeConfig(
            vectors={each: _dense(params) for each, params in vectors_config.items()} or None,
            sparse_vectors={each: edge.EdgeSparseVectorParams() for each in sparse_vectors_config or {"none": None}},
        )
        self._shards[name] = edge.EdgeShard.create(str(self.path(name)), config)

    def create_payload_index(self, name: str, field: str, schema: models.PayloadSchemaType) -> None:
        index = edge.UpdateOperation.create_field_index(field, edge.PayloadSchemaType.Integer)
        self._shards[name].update(index)

    # --- points ---

    def upsert(self, name: str, points: Sequence[models.PointStruct], wait: bool = True) -> None:
        made = [edge.Point(point.id, _vectors(point.vector), point.payload) for point in points]
        self._shards[name].update(edge.UpdateOperation.upsert_points(made))

    def delete(self, name: str, selector: models.PointIdsList, wait: bool = True) -> None:
        self._shards[name].update(edge.UpdateOperation.delete_points(selector.points))

    def update_vectors(self, name: str, points: Sequence[models.PointVectors], wait: bool = True) -> None:
        made = [edge.PointVectors(point.id, _vectors(point.vector)) for point in points]
        self._shards[name].update(edge.UpdateOperation.update_vectors(made))

    def delete_vectors(self, name: str, vectors: list[str], points: list[int], wait: bool = True) -> None:
        self._shards[name].update(edge.UpdateOperation.delete_vectors(points, vectors))

    def retrieve(
        self, name: str, ids: Iterable[Any], with_payload: Any = True, with_vectors: list[str] | None = None
    ) -> list[Any]:
        found = self._shards[name].retrieve(list(ids), with_payload, with_vectors or False)
        return [_record(record) for record in found]

    def scroll(
        self, name: str, limit: int, offset: Any = None, with_payload: Any = True, with_vectors: bool = False
    ) -> tuple[list[Any], Any]:
        request = edge.ScrollRequest(offset=offset, limit=limit, with_payload=with_payload, with_vector=with_vectors)
        records, following = self._shards[name].scroll(request)
        return [_record(record) for record in records], following

    def query_batch_points(self, name: str, requests: Sequence[models.QueryRequest]) -> list[Any]:
        shard = self._shards[name]
        return [SimpleNamespace(points=shard.query(_request(request))) for request in requests]


# --- the same in the library's own words ---


def _dense(params: models.VectorParams) -> edge.EdgeVectorParams:
    hnsw = params.hnsw_config or models.HnswConfigDiff()
    quantised = None
    if isinstance(params.quantization_config, models.ScalarQuantization):
        quantised = edge.ScalarQuantizationConfig(edge.ScalarType.Int8, quantile=0.99, always_ram=True)
    return edge.EdgeVectorParams(
        params.size,
        edge.Distance.Dot,
        on_disk=params.on_disk,
        hnsw_config=edge.HnswIndexConfig(hnsw.m if hnsw.m is not None else 16, hnsw.ef_construct or 100, 10_000),
        quantization_config=quantised,
    )


def _vectors(vectors: Any) -> dict[str, Any]:
    return {name: _vector(vector) for name, vector in vectors.items()}


def _vector(vector: Any) -> Any:
    return edge.SparseVector(vector.indices, vector.values) if isinstance(vector, models.SparseVector) else vector


def _record(record: Any) -> Any:
    vector = {
        name: models.SparseVector(indices=each.indices, values=each.values)
        if isinstance(each, edge.SparseVector)
        else each
        for name, each in (record.vector or {}).items()
    }
    return SimpleNamespace(id=record.id, payload=record.payload, vector=vector)


def _request(request: models.QueryRequest) -> edge.QueryRequest:
    return edge.QueryRequest(
        request.limit,
        query=_query(request.query, request.using),
        prefetches=[_prefetch(each) for each in request.prefetch or ()],
        filter=None if request.filter is None else _filter(request.filter),
        params=_params(request.params),
        with_payload=False,
    )


def _prefetch(prefetch: models.Prefetch) -> edge.Prefetch:
    inner = prefetch.prefetch if isinstance(prefetch.prefetch, list) else []
    return edge.Prefetch(
        prefetch.limit,
        query=_query(prefetch.query, prefetch.using),
        prefetches=[_prefetch(each) for each in inner],
        params=_params(prefetch.params),
    )


def _query(query: Any, using: str | None) -> Any:
    if isinstance(query, models.RrfQuery):
        return edge.Fusion.Rrf(k=query.rrf.k)
    if isinstance(query, models.FormulaQuery):
        return edge.Formula(_expression(query.formula))
    return edge.Query.Nearest(_vector(query), using=using)


def _expression(expression: Any) -> edge.Expression:
    if isinstance(expression, models.SumExpression):
        return edge.Expression.Sum([_expression(each) for each in expression.sum])
    if isinstance(expression, models.MultExpression):
        return edge.Expression.Mult([_expression(each) for each in expression.mult])
    return edge.Expression.Variable(expression) if isinstance(expression, str) else edge.Expression.Constant(expression)


def _filter(kept: models.Filter) -> edge.Filter:
    return edge.Filter(
        must=[_condition(each) for each in kept.must or ()], must_not=[_condition(each) for each in kept.must_not or ()]
    )


def _condition(condition: Any) -> Any:
    if isinstance(condition, models.HasIdCondition):
        return edge.HasIdCondition(set(condition.has_id))
    return edge.FieldCondition(condition.key, match=edge.MatchValue(condition.match.value))


def _params(params: models.SearchParams | None) -> edge.SearchParams | None:
    if params is None:
        return None
    quantised = params.quantization
    return edge.SearchParams(
        hnsw_ef=params.hnsw_ef,
        exact=bool(params.exact),
        quantization=quantised and edge.QuantizationSearchParams(rescore=True, oversampling=quantised.oversampling),
    )
