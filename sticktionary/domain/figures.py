"""What each day of play came to, per language: rows that the sweep keeps, so that no page has to count the facts.

An hour of play is measured on pages: from being dealt to being done or dropped, at most `PAGE_MOST` each, because a
page may lie open while its reader is at lunch. Practice does not count.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain
from typing import Any

from django.db.models import Count, DurationField, ExpressionWrapper, F, Q, Sum, Value
from django.db.models.functions import Least
from django.utils import timezone

from sticktionary.domain.play.outcome import PROVEN
from sticktionary.models import DayFigures, Query, Round, Ruling, Skip, Turn
from sticktionary.models.players import Language

N_DAYS = 28
PAGE_MOST = timedelta(minutes=3)
TODAY_AFTER = timedelta(minutes=1)
LATELY = timedelta(days=7)  # a review may still change what these days came to
LATELY_AFTER = timedelta(hours=6)
AT_ONCE = 7  # days in one sweep
DECIDED = (*PROVEN, Round.State.NEEDS_REVIEW, Round.State.DISCARDED)
OF_PLAYERS = (Round.Source.PLAY, Round.Source.SUGGESTION)

Rows = Iterable[Mapping[str, Any]]  # one per language


def refresh(now: datetime | None = None) -> int:
    """Work out the days of the last four weeks that are missing or may have changed; how many."""
    now = now or timezone.now()
    written: dict[date, datetime] = dict(DayFigures.objects.values_list("day", "written_at"))
    days = [now.date() - timedelta(days=n) for n in range(N_DAYS)]
    due = [day for day in days if day not in written or _may_have_changed(day, written[day], now)]
    for day in due[:AT_ONCE]:
        work_out(day, now)
    return len(due[:AT_ONCE])


def _may_have_changed(day: date, written_at: datetime, now: datetime) -> bool:
    end = _bounds(day)[1]
    if written_at < end:
        return now - written_at >= TODAY_AFTER
    return now - end < LATELY and now - written_at >= LATELY_AFTER


def work_out(day: date, now: datetime | None = None) -> None:
    """Write what the day came to; doing it twice writes the same."""
    begin, end = _bounds(day)
    counts: dict[str, dict[str, Any]] = defaultdict(dict)
    for row in chain(_pages(begin, end), _skips(begin, end), _rounds(begin, end), _queries(begin, end)):
        counts[row["in_language"]] |= {name: value for name, value in row.items() if name != "in_language"}
    rows = [
        DayFigures(day=day, language=language, written_at=now or timezone.now(), **counts[language])
        for language in Language.values
    ]
    columns = [field.name for field in DayFigures._meta.fields if field.name not in {"id", "day", "language"}]
    DayFigures.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["day", "language"], update_fields=columns
    )


def _bounds(day: date) -> tuple[datetime, datetime]:
    begin = datetime.combine(day, time.min, UTC)
    return begin, begin + timedelta(days=1)


def _pages(begin: datetime, end: datetime) -> Rows:
    took = ExpressionWrapper(F("ended_at") - F("dealt_at"), output_field=DurationField())
    most = Value(PAGE_MOST, output_field=DurationField())
    done = Q(state=Turn.State.DONE)
    rows = (
        Turn.objects.filter(ended_at__gte=begin, ended_at__lt=end, sitting__is_practice=False)
        .values(in_language=F("round__language"))
        .annotate(
            n_written=Count("pk", filter=done & Q(role=Turn.Role.LABELER)),
            n_looked_up=Count("pk", filter=done & Q(role=Turn.Role.RETRIEVER)),
            n_players=Count("sitting__player", distinct=True),
            played=Sum(Least(took, most)),
        )
    )
    for row in rows:
        counts: dict[str, Any] = dict(row)
        played: timedelta = counts.pop("played") or timedelta()
        yield {**counts, "played_s": max(0, round(played.total_seconds()))}


def _skips(begin: datetime, end: datetime) -> Rows:
    skips = Skip.objects.filter(at__gte=begin, at__lt=end).exclude(round__source=Round.Source.PRACTICE)
    return skips.values(in_language=F("round__language")).annotate(n_skipped=Count("pk"))


def _rounds(begin: datetime, end: datetime) -> Rows:
    rounds = Round.objects.filter(
        language__in=Language.values, state__in=DECIDED, decided_at__gte=begin, decided_at__lt=end
    )
    return (
        rounds.filter(source__in=OF_PLAYERS)
        .values(in_language=F("language"))
        .annotate(n_decided=Count("pk"), n_proven=Count("pk", filter=Q(state__in=PROVEN)))
    )


def _queries(begin: datetime, end: datetime) -> Rows:
    queries = Query.objects.filter(
        round__language__in=Language.values,
        round__state__in=PROVEN,
        round__decided_at__gte=begin,
        round__decided_at__lt=end,
        round__source__in=OF_PLAYERS,
        removed_at=None,
    ).exclude(ruling__verdict=Ruling.Verdict.DISCARDED)
    return queries.values(in_language=F("round__language")).annotate(n_verified=Count("pk"))
