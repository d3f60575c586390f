"""Rounds with their queries and retrievals as they stood at the watermark, a few thousand at a time, in order.

Read by ranges of keys: nothing is held open while files are written, and memory does not grow with the data.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from django.db.models import Case, F, Max, Min, Q, QuerySet, TextField, When
from django.db.models.functions import Cast

from sticktionary.models import Query, Retrieval, Round

CHUNK = 4_096  # round numbers
SETTLED_AFTER = timedelta(minutes=10)  # the machine plays its side of a retrieval after the answer


class RoundRow(NamedTuple):
    id: int
    sticker_id: int
    language: str
    source: str
    labeler_id: int | None
    results_hidden: bool
    model_version: str


class QueryRow(NamedTuple):
    round_id: int
    id: int
    text: str
    normalised: str
    position: int
    nudges: str  # JSON
    novelty: float | None


class RetrievalRow(NamedTuple):
    round_id: int
    id: int
    player_id: int | None
    rank: int
    none_of_these: bool
    target_absent: bool
    is_gold: bool
    candidates: str  # JSON
    picks: str  # JSON
    gave_away_id: int | None
    machine_rank: int | None


@dataclass(frozen=True)
class Chunk:
    rounds: Sequence[RoundRow]
    queries: dict[int, list[QueryRow]]
    retrievals: dict[int, list[RetrievalRow]]


NEVER = (Round.State.LABELLING, Round.State.SKIPPED, Round.State.LAPSED, Round.State.WITHDRAWN)


def submitted(sources: Sequence[str], languages: Sequence[str], moment: datetime) -> QuerySet[Round]:
    rounds = Round.objects.filter(submitted_at__lt=moment, source__in=sources, language__in=languages)
    return rounds.exclude(state__in=NEVER)


def chunks(rounds: QuerySet[Round], moment: datetime) -> Iterator[Chunk]:
    ends = rounds.aggregate(first=Min("pk"), last=Max("pk"))
    if ends["first"] is None:
        return
    start = ends["first"] - ends["first"] % CHUNK  # so that the same numbers always fall into the same chunk
    for first in range(start, ends["last"] + 1, CHUNK):
        yield _chunk(rounds, first, first + CHUNK, moment)


def _chunk(rounds: QuerySet[Round], first: int, end: int, moment: datetime) -> Chunk:
    held = rounds.filter(pk__gte=first, pk__lt=end).order_by("pk")
    columns = ("pk", "sticker_id", "language", "source", "labeler_id", "results_hidden", "model_version")
    return Chunk(
        [RoundRow(*row) for row in held.values_list(*columns)],
        _by_round(map(QueryRow._make, _queries(first, end, moment))),
        _by_round(map(RetrievalRow._make, _retrievals(first, end, moment))),
    )


def _by_round(rows: Iterator[Any]) -> dict[int, list[Any]]:
    return {round_id: list(group) for round_id, group in groupby(rows, itemgetter(0))}


def _queries(first: int, end: int, moment: datetime) -> QuerySet[Query, Any]:
    stood = Q(removed_at=None) | Q(removed_at__gte=moment)
    held = Query.objects.filter(stood, round_id__gte=first, round_id__lt=end, added_at__lt=moment)
    columns = ("round_id", "pk", "text", "normalised", "position", "raw", "novelty")
    raw = Cast("nudges", TextField())
    return held.annotate(raw=raw).order_by("round_id", "position", "pk").values_list(*columns)


def _retrievals(first: int, end: int, moment: datetime) -> QuerySet[Retrieval, Any]:
    answered = Retrieval.objects.filter(
        round_id__gte=first, round_id__lt=end, state=Retrieval.State.ANSWERED, answered_at__lt=moment
    )
    with_machine = answered.annotate(
        settled=Case(When(answered_at__lt=moment - SETTLED_AFTER, then=F("machine_rank"))),
        raw_candidates=Cast("candidates", TextField()),
        raw_picks=Cast("picks", TextField()),
    )
    columns = ("round_id", "pk", "player_id", "rank", "none_of_these", "target_absent", "is_gold", "raw_candidates")
    return with_machine.order_by("round_id", "pk").values_list(*columns, "raw_picks", "gave_away_id", "settled")
