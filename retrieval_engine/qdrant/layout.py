"""Where a Qdrant cluster is and how catalogues lie on it: all of it in one address.

    http://qdrant:6333?shards=6&replicas=2&quantisation=int8&ef=256      a cluster
    local:/path/to/folder                                                the client's local mode: one process, to try
    local:                                                               the same in memory, gone with the process

Everything after the question mark has a default; what it costs and when to change it: docs/operations.md.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from threading import RLock
from typing import Any, Final, Literal, cast
from urllib.parse import parse_qsl, urlsplit

from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import ApiException

from ..searcher import DEPTH

TIMEOUT_S: Final = 2.0
"""A cluster that takes longer has not answered: somebody is typing."""
WRITING_TIMEOUT_S: Final = 60.0
LOCAL: Final = "local:"
ClusterAway = ApiException
"""Raised by whatever asks a cluster that cannot be reached, is too slow, or refuses."""
Quantisation = Literal["none", "int8", "binary"]


@dataclass(frozen=True)
class Layout:
    """How collections are made and searched. ValueError for what makes no sense."""

    shards: int = 1
    """Parts that a collection is cut into: fixed when it is made; a multiple of the nodes there will be."""
    replicas: int = 1
    """Copies of each shard, on different nodes: 2 outlive the loss of a node."""
    quantisation: Quantisation = "none"
    """What is kept in memory of dense vectors: all, a byte or a bit per number; the whole vectors then lie on disk."""
    oversampling: float = 3.0
    """With quantisation: so many times as many as asked for are weighed anew by their whole vectors."""
    m: int = 16
    """Links of a vector in the graph."""
    ef_construct: int = 128
    """Candidates looked at when a vector is linked in."""
    ef: int = 0
    """Candidates looked at when searching; 0 leaves it to the server (`ef_construct`)."""
    depth: int = DEPTH
    """So many places of each side take part in a fused ranking: fewer cost less, in the graph above all."""
    exact: bool = False
    """No graph: every vector is compared. Slower by the size of a shard, and nothing is missed."""

    def __post_init__(self) -> None:
        if self.shards < 1 or self.replicas < 1 or self.m < 0 or self.ef < 0 or self.depth < 1 or self.oversampling < 1:
            raise ValueError("shards, replicas, depth and oversampling begin at 1, m and ef at 0")
        if self.quantisation not in {"none", "int8", "binary"}:
            raise ValueError(f"quantisation is none, int8 or binary, not {self.quantisation!r}")

    def dense(self, dim: int) -> models.VectorParams:
        """Unit vectors, so that their dot product is the cosine."""
        return models.VectorParams(
            size=dim,
            distance=models.Distance.DOT,
            on_disk=self.quantisation != "none" or None,
            hnsw_config=models.HnswConfigDiff(m=0 if self.exact else self.m, ef_construct=self.ef_construct),
            quantization_config=self._quantised,
        )

    @cached_property
    def _quantised(self) -> models.QuantizationConfig | None:
        if self.quantisation == "int8":
            scalar = models.ScalarQuantizationConfig(type=models.ScalarType.INT8, quantile=0.99, always_ram=True)
            return models.ScalarQuantization(scalar=scalar)
        if self.quantisation == "binary":
            return models.BinaryQuantization(binary=models.BinaryQuantizationConfig(always_ram=True))
        return None

    def sparse(self) -> models.SparseVectorParams:
        """Whole float32: half of it would not be rank-bm25's score any more. Never the server's own idf."""
        return models.SparseVectorParams(index=models.SparseIndexParams(datatype=models.Datatype.FLOAT32))

    def spread(self) -> dict[str, Any]:
        """How a collection is spread over the nodes. A write counts when all copies have it: the writer reads what it
        has counted, from whichever copy answers."""
        return {
            "shard_number": self.shards,
            "replication_factor": self.replicas,
            "write_consistency_factor": self.replicas,
            "on_disk_payload": True,
        }

    def dense_search(self) -> models.SearchParams | None:
        """What a dense search is told; None where the server's own ways will do."""
        if not (self.ef or self.exact or self.quantisation != "none"):
            return None
        quantised = models.QuantizationSearchParams(rescore=True, oversampling=self.oversampling)
        return models.SearchParams(
            hnsw_ef=self.ef or None,
            exact=self.exact and self.quantisation == "none",
            quantization=None if self.quantisation == "none" else quantised,
        )


def connect(address: str, *, api_key: str = "", is_writer: bool = False) -> tuple[QdrantClient, Layout]:
    """A client for an address of the kinds above, and what it says of the layout. ValueError for any other address.

    Nothing is asked of the cluster yet.
    """
    if address.startswith(LOCAL):
        client = _local(address.removeprefix(LOCAL))
        return client, Layout()
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"{address!r} is neither http://... nor {LOCAL}PATH")
    layout = layout_of(parts.query)
    timeout = WRITING_TIMEOUT_S if is_writer else TIMEOUT_S
    url = parts._replace(query="").geturl()
    port = parts.port or (443 if parts.scheme == "https" else 6333)
    client = QdrantClient(
        url=url, port=port, api_key=api_key or None, timeout=cast(int, timeout), check_compatibility=False
    )
    return client, layout


def layout_of(query: str) -> Layout:
    """The layout that an address says after its question mark. ValueError for what it cannot say."""
    kinds: dict[str, type[str | float | bool]] = {
        each.name: type(getattr(Layout, each.name)) for each in fields(Layout)
    }
    given: dict[str, Any] = {}
    for name, value in parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query)):
        if name not in kinds:
            raise ValueError(f"a cluster's address can say {', '.join(kinds)}, not {name!r}")
        try:
            given[name] = value.lower() in {"1", "true", "yes"} if kinds[name] is bool else kinds[name](value)
        except ValueError:
            raise ValueError(f"{name}={value!r} is no number") from None
    return Layout(**given)


class _OneAtATime:
    """The local mode is made for one thread; a searcher is asked by many."""

    def __init__(self, client: QdrantClient) -> None:
        self._client, self._lock = client, RLock()

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)
        if not callable(method):
            return method

        def locked(*args: Any, **kwargs: Any) -> Any:
            with self._lock:
                return method(*args, **kwargs)

        return locked


def _local(path: str) -> QdrantClient:
    client = QdrantClient(path=path, force_disable_check_same_thread=True) if path else QdrantClient(":memory:")
    return cast(QdrantClient, _OneAtATime(client))
