"""Who is where on the boards of a language this week, this month and of all time. Weeks and months are those of UTC.

Week and month are summed from the ledger through an index that holds all they need (a million entries in about a
tenth of a second); all-time is the players' own sum.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any

from django.db.models import Sum

from sticktionary.domain.play.outcome import PROVEN
from sticktionary.domain.play.streak import Streak, streak
from sticktionary.domain.quality import sanctions
from sticktionary.models import LedgerEntry, PlayDay, Player, Round

WEEKLY_GOAL = 1_000
N_TOP = 10
N_NEIGHBOURS = 2


class Span(StrEnum):
    WEEK = "week"
    MONTH = "month"
    EVER = "ever"


@dataclass(frozen=True)
class Row:
    place: int
    name: str
    n_points: int
    is_me: bool


@dataclass(frozen=True)
class Standing:
    """A player's place and what is around it. Those who are not shown on boards have points but no place."""

    n_points: int
    place: int | None
    to_next: int | None  # points to the place above
    neighbours: list[Row]


@dataclass(frozen=True)
class Board:
    """Everybody of a language with points in a span, most points first."""

    totals: list[tuple[int, int]]  # player id and points

    def top(self, me: int | None = None) -> list[Row]:
        return self._rows(0, N_TOP, me)

    def standing(self, player_id: int) -> Standing | None:
        """The player's own row with the ones just above and below it; None for who is not on the board."""
        at = next((i for i, (who, _) in enumerate(self.totals) if who == player_id), None)
        if at is None:
            return None
        mine = self.totals[at][1]
        n_better = self._n_better(mine)
        to_next = self.totals[n_better - 1][1] - mine if n_better else None
        return Standing(mine, n_better + 1, to_next, self._rows(at - N_NEIGHBOURS, at + N_NEIGHBOURS + 1, player_id))

    def _rows(self, start: int, end: int, me: int | None) -> list[Row]:
        lines = self.totals[max(start, 0) : end]
        names = Player.objects.in_bulk([who for who, _ in lines])
        return [Row(self._n_better(total) + 1, names[who].name, total, who == me) for who, total in lines]

    def _n_better(self, total: int) -> int:
        """Equal points share a place: one more than the number of players with more."""
        return bisect_left(self.totals, -total, key=lambda line: -line[1])


def read(language: str, span: Span, now: datetime) -> Board:
    """The board as it is now: one query, which an index answers alone."""
    shown = Player.objects.filter(language=language, on_board=True, is_active=True)
    shown = shown.exclude(pk__in=sanctions.off_board())
    if span == Span.EVER:
        totals: Iterable[Any] = shown.filter(points__gt=0).values_list("pk", "points")
    else:
        entries = LedgerEntry.objects.filter(at__gte=start_of(span, now), player__in=shown).order_by()
        totals = entries.values_list("player").annotate(total=Sum("n_points")).filter(total__gt=0)
    return Board(sorted(totals, key=lambda line: (-line[1], line[0])))


def standing(player: Player, span: Span, now: datetime, board: Board | None = None) -> Standing:
    """Where a player is on the board of their language, perhaps read already; others have only points."""
    on_board = (board or read(player.language, span, now)).standing(player.pk)
    return on_board or Standing(_own_total(player, span, now), None, None, [])


def kept_off(player_id: int) -> str:
    """Why a player is not shown on the boards, in the words of who decided so; empty when nothing keeps them off."""
    held = [sanction for sanction in sanctions.in_force(player_id) if sanction.step in sanctions.HIDES]
    return held[0].reason if held else ""


def found_this_week(language: str, now: datetime) -> int:
    """The team bar: rounds whose sticker was found from somebody's words since Monday."""
    return (
        Round.objects.filter(language=language, state__in=PROVEN, decided_at__gte=start_of(Span.WEEK, now))
        .exclude(source=Round.Source.PRACTICE)
        .count()
    )


def streak_of(player_id: int, today: date) -> Streak:
    days = PlayDay.objects.filter(player_id=player_id, n_rounds__gt=0).values_list("day", flat=True)
    return streak(set(days), today)


def streak_days(player_id: int, today: date) -> int:
    return streak_of(player_id, today).n_days


def start_of(span: Span, now: datetime) -> datetime:
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    match span:
        case Span.WEEK:
            return midnight - timedelta(days=midnight.weekday())
        case Span.MONTH:
            return midnight.replace(day=1)
        case Span.EVER:
            return datetime.min.replace(tzinfo=UTC)


def _own_total(player: Player, span: Span, now: datetime) -> int:
    if span == Span.EVER:
        return player.points
    entries = LedgerEntry.objects.filter(player=player, at__gte=start_of(span, now))
    return int(entries.aggregate(total=Sum("n_points", default=0))["total"])
