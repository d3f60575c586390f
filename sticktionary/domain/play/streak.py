"""Days in a row, with one missed day a week forgiven. Days and weeks are those of UTC; weeks begin on Monday."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True)
class Streak:
    n_days: int  # days played; a forgiven day keeps the streak but does not count
    freeze_left: bool  # this week's free day has not been needed yet
    played_today: bool


def streak(days: Collection[date], today: date) -> Streak:
    """Walk back from today, or from yesterday while today is open, until a day is missed that nothing forgives."""
    played_today = today in days
    day = today if played_today else today - timedelta(days=1)
    n_days, pending, frozen = 0, set[tuple[int, int]](), set[tuple[int, int]]()
    while True:
        if day in days:
            n_days += 1
            frozen |= pending
        elif week_of(day) in pending | frozen:
            break
        else:
            pending.add(week_of(day))
        day -= timedelta(days=1)
    return Streak(n_days, week_of(today) not in frozen, played_today)


def week_of(day: date) -> tuple[int, int]:
    """The ISO year and week."""
    return day.isocalendar()[:2]
