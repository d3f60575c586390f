"""The rows of a release's tables. What stands here is the JSON line, the Arrow schema and the order of the columns."""

from __future__ import annotations

import typing
from functools import cache
from types import NoneType
from typing import Any

import pyarrow as pa
from msgspec import Struct

PLAIN = {int: pa.int64(), float: pa.float64(), str: pa.string(), bool: pa.bool_()}


class AnswerRow(Struct, frozen=True, gc=False):
    """One retriever's answer as proof of a query; the whole retrieval is in `retrievals`."""

    retrieval_id: int
    retriever: str
    retriever_weight: float
    rank: int
    none_of_these: bool
    n_candidates: int
    gave_away: int | None
    machine_rank: int | None


class QueryHalf(Struct, frozen=True, gc=False):
    """What a query has of its own; its row goes on with its round's half."""

    v: int
    query_id: int
    query: str
    normalised: str
    typed: str | None
    status: str
    weight: float
    position: int
    novelty: float | None
    nudges: list[str]
    n_gave_away: int


class RoundHalf(Struct, frozen=True, gc=False):
    round_id: int
    sticker_id: str
    language: str
    split: str
    source: str
    labeler: str
    labeler_weight: float
    n_retrievers: int
    n_found: int
    best_rank: int
    p_find: float | None  # none where nobody has looked
    p_find_low: float | None
    p_find_high: float | None
    results_hidden: bool
    model_version: str
    retrievals: list[AnswerRow]


class PairRow(Struct, frozen=True, gc=False):
    query: str
    sticker_id: str
    language: str
    weight: float
    source: str
    query_id: int


class RetrievalRow(Struct, frozen=True, gc=False):
    v: int
    retrieval_id: int
    round_id: int
    sticker_id: str
    language: str
    split: str
    retriever: str
    retriever_weight: float
    candidates: list[str | None]  # none: a sticker that is not in the release
    picks: list[str | None]
    rank: int
    none_of_these: bool
    target_absent: bool
    is_gold: bool
    counts: bool
    gave_away: int | None
    machine_rank: int | None


class Media(Struct, frozen=True, gc=False):
    kind: str  # static, animated
    w: int
    h: int
    frames: int
    ms: int


class StickerRow(Struct, frozen=True, gc=False):
    v: int
    sticker_id: str
    file: str | None  # none where the picture may not be published
    sha256: str
    media: Media
    pack_id: str
    dup_cluster: str
    author_emoji: str | None
    source: str
    license: str
    harmful: str
    printed_text: str
    perceptual_hash: str
    split: str


class SplitRow(Struct, frozen=True, gc=False):
    v: int
    split_id: str
    kind: str
    id: str
    part: str
    group: str


class TombstoneRow(Struct, frozen=True, gc=False):
    v: int
    kind: str  # query, sticker, player, answer, conversation, release
    release: int | None  # in which it had this name; none: it has the same in all of them
    id: str


@cache
def schema_of(row: type[Struct]) -> pa.Schema:
    return pa.schema(_fields(row))


def _fields(row: type[Struct]) -> list[pa.Field]:
    return [pa.field(name, _type(hint)) for name, hint in typing.get_type_hints(row).items()]


def _type(hint: Any) -> pa.DataType:
    kinds = [kind for kind in typing.get_args(hint) if kind is not NoneType]
    if typing.get_origin(hint) is list:
        return pa.list_(_type(kinds[0]))
    if kinds:  # a kind, or none
        return _type(kinds[0])
    return PLAIN[hint] if hint in PLAIN else pa.struct(_fields(hint))


QUERY_SCHEMA = pa.schema([*schema_of(QueryHalf), *schema_of(RoundHalf)])


def columns_of(schema: pa.Schema) -> dict[str, str]:
    return {field.name: str(field.type) for field in schema}
