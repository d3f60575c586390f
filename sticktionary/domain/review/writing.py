"""How a round was written, for the one who judges it: its lines, the moves, and what came up for half-typed texts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from sticktionary.domain.review import spelling
from sticktionary.models import Preview, Query, Retrieval, Revision, Round

MOST_PREVIEWS = 60
MOST_MOVES = 60


@dataclass(frozen=True)
class Said:
    """A query as it was typed, and what is known of it."""

    id: int
    text: str
    nudges: list[str]
    pasted: bool
    is_removed: bool
    novelty: float | None
    suggestion: str  # a likelier spelling; empty when it looks right
    ruling: str  # of a judgement in force
    mended: str
    led_there: int  # retrievers who said that it gave the sticker away


@dataclass(frozen=True)
class Seen:
    """What came up for a half-typed text; `height` is the target's place as a share of a hundred, for the drawing."""

    at_s: float  # since the sticker was dealt
    text: str
    rank: int | None
    height: int

    @property
    def top(self) -> int:
        return 100 - self.height


@dataclass(frozen=True)
class Move:
    at_s: float
    what: str
    text: str


def queries(round_: Round) -> list[Query]:
    return list(Query.objects.filter(round=round_).select_related("ruling").order_by("position", "pk"))


def said(round_: Round, retrievals: Iterable[Retrieval]) -> list[Said]:
    """Every line, with a likelier spelling where there is one."""
    vocabulary = spelling.shelf.vocabulary() if round_.language == "en" else None
    led = [retrieval.gave_away_id for retrieval in retrievals if retrieval.rank]
    return [_line(query, led.count(query.pk), vocabulary) for query in queries(round_)]


def _line(query: Query, n_led: int, vocabulary: spelling.Vocabulary | None) -> Said:
    ruling = getattr(query, "ruling", None)
    is_removed = query.removed_at is not None
    return Said(
        id=query.pk,
        text=query.text,
        nudges=query.nudges,
        pasted=query.pasted,
        is_removed=is_removed,
        novelty=query.novelty,
        suggestion=spelling.suggestion(query.text, vocabulary) if vocabulary and not is_removed else "",
        ruling=ruling.verdict if ruling else "",
        mended=ruling.text if ruling else "",
        led_there=n_led,
    )


def moves(round_: Round) -> list[Move]:
    """What the labeler did, as it was done; what retrievers did is with their answers."""
    rows = Revision.objects.filter(Q(turn__role="labeler") | Q(turn=None), round=round_).order_by("at", "pk")
    return [
        Move(between(round_.dealt_at, row.at) or 0.0, row.move, str(row.detail.get("text", "")))
        for row in rows[:MOST_MOVES]
    ]


def seen(round_: Round) -> list[Seen]:
    rows = Preview.objects.filter(round=round_).order_by("at", "pk").values_list("at", "text", "target_rank")
    return [
        Seen(between(round_.dealt_at, at) or 0.0, text, rank, _height(rank)) for at, text, rank in rows[:MOST_PREVIEWS]
    ]


def _height(rank: int | None) -> int:
    """100 for the first place, 50 for the tenth, and nothing below the hundredth: what is further down nobody sees."""
    if rank is None:
        return 0
    steps = [(1, 100), (3, 85), (6, 70), (12, 50), (24, 35), (50, 20), (100, 10)]
    return next((height for place, height in steps if rank <= place), 4)


def between(start: datetime, end: datetime | None) -> float | None:
    return round((end - start).total_seconds(), 1) if end else None
