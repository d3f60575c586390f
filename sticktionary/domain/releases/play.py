"""Rounds with their queries and retrievals as they stood at the watermark, a few thousand at a time, in order.

Read by ranges of keys, into columns: nothing is held open while files are written, no row becomes an object of its
own, and memory does not grow with the data.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
from django.db.models import Case, F, Max, Min, Q, QuerySet, TextField, When
from django.db.models.functions import Cast

from sticktionary.domain.releases.reading import read
from sticktionary.models import Query, Retrieval, Round

CHUNK = 2_048  # round numbers
SETTLED_AFTER = timedelta(minutes=10)  # the machine plays its side of a retrieval after the answer
NUMBER, TEXT, TRUTH = pa.int64(), pa.string(), pa.bool_()

ROUNDS = {
    "id": NUMBER,
    "sticker_id": NUMBER,
    "language": TEXT,
    "source": TEXT,
    "labeler_id": NUMBER,
    "results_hidden": TRUTH,
    "model_version": TEXT,
}
QUERIES = {
    "round_id": NUMBER,
    "id": NUMBER,
    "text": TEXT,
    "normalised": TEXT,
    "position": NUMBER,
    "raw_nudges": TEXT,  # JSON
    "novelty": pa.float64(),
}
RETRIEVALS = {
    "round_id": NUMBER,
    "id": NUMBER,
    "player_id": NUMBER,
    "rank": NUMBER,
    "none_of_these": TRUTH,
    "target_absent": TRUTH,
    "is_gold": TRUTH,
    "raw_candidates": TEXT,  # JSON
    "raw_picks": TEXT,  # JSON
    "gave_away_id": NUMBER,
    "settled": NUMBER,  # the machine's rank, once that is final
}


@dataclass(frozen=True)
class Chunk:
    """Rows by the columns above; queries and retrievals in the order of their rounds."""

    rounds: pa.RecordBatch
    queries: pa.RecordBatch
    retrievals: pa.RecordBatch


def chunks(rounds: QuerySet[Round], moment: datetime) -> Iterator[Chunk]:
    for first in starts(rounds):
        yield _chunk(rounds, first, first + CHUNK, moment)


def starts(rounds: QuerySet[Round]) -> range:
    """Where chunks begin: the same numbers always fall into the same one."""
    ends = rounds.aggregate(first=Min("pk"), last=Max("pk"))
    if ends["first"] is None:
        return range(0)
    return range(ends["first"] - ends["first"] % CHUNK, ends["last"] + 1, CHUNK)


def _chunk(rounds: QuerySet[Round], first: int, end: int, moment: datetime) -> Chunk:
    held = rounds.filter(pk__gte=first, pk__lt=end).order_by("pk")
    return Chunk(
        read(held.values_list(*ROUNDS), ROUNDS),
        read(_queries(first, end, moment), QUERIES),
        read(_retrievals(first, end, moment), RETRIEVALS),
    )


def _queries(first: int, end: int, moment: datetime) -> QuerySet[Query, Any]:
    stood = Q(removed_at=None) | Q(removed_at__gte=moment)
    held = Query.objects.filter(stood, round_id__gte=first, round_id__lt=end, added_at__lt=moment)
    as_text = held.annotate(raw_nudges=Cast("nudges", TextField()))
    return as_text.order_by("round_id", "position", "pk").values_list(*QUERIES)


def _retrievals(first: int, end: int, moment: datetime) -> QuerySet[Retrieval, Any]:
    answered = Retrieval.objects.filter(
        round_id__gte=first, round_id__lt=end, state=Retrieval.State.ANSWERED, answered_at__lt=moment
    )
    with_machine = answered.annotate(
        settled=Case(When(answered_at__lt=moment - SETTLED_AFTER, then=F("machine_rank"))),
        raw_candidates=Cast("candidates", TextField()),
        raw_picks=Cast("picks", TextField()),
    )
    return with_machine.order_by("round_id", "pk").values_list(*RETRIEVALS)
