from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from sticktionary.domain.play.streak import Streak, streak, week_of

MONDAY = date(2026, 11, 2)
days = st.sets(st.integers(0, 60).map(lambda n: MONDAY + timedelta(days=n)))
todays = st.integers(0, 62).map(lambda n: MONDAY + timedelta(days=n))


def week(*numbers: int) -> set[date]:
    return {MONDAY + timedelta(days=n) for n in numbers}


def naive(played: set[date], today: date) -> int:
    """The most days played since some day, with at most one day missed in any week since; today is not missed yet."""
    best = 0
    for start in played:
        since = [start + timedelta(days=n) for n in range((today - start).days + 1)]
        missed = [week_of(day) for day in since if day not in played and day != today]
        if start <= today and len(missed) == len(set(missed)):
            best = max(best, len(played & set(since)))
    return best


def test_days_in_a_row() -> None:
    assert streak(week(0, 1, 2), MONDAY + timedelta(days=2)) == Streak(3, freeze_left=True, played_today=True)


def test_today_may_still_come() -> None:
    assert streak(week(0, 1), MONDAY + timedelta(days=2)) == Streak(2, freeze_left=True, played_today=False)


def test_one_missed_day_a_week_is_forgiven_and_does_not_count() -> None:
    assert streak(week(0, 1, 3), MONDAY + timedelta(days=3)) == Streak(3, freeze_left=False, played_today=True)


def test_a_second_missed_day_in_the_week_ends_it() -> None:
    assert streak(week(0, 2, 4), MONDAY + timedelta(days=4)).n_days == 2
    assert streak(week(0, 3), MONDAY + timedelta(days=3)).n_days == 1


def test_sunday_and_monday_belong_to_two_weeks() -> None:
    assert streak(week(5, 8), MONDAY + timedelta(days=8)) == Streak(2, freeze_left=False, played_today=True)


def test_nobody_has_a_streak_before_playing() -> None:
    assert streak(set(), MONDAY) == Streak(0, freeze_left=True, played_today=False)


def test_old_days_are_no_streak() -> None:
    assert streak(week(0, 1, 2), MONDAY + timedelta(days=9)).n_days == 0


@given(days, todays)
def test_it_is_the_longest_run_that_the_rule_allows(played: set[date], today: date) -> None:
    assert streak(played, today).n_days == naive(played, today)


@given(days, todays, todays)
def test_a_day_more_never_shortens_it(played: set[date], today: date, extra: date) -> None:
    assert streak(played | {extra}, today).n_days >= streak(played, today).n_days


@given(days, todays)
def test_what_is_still_to_come_does_not_count(played: set[date], today: date) -> None:
    past = {day for day in played if day <= today}
    assert streak(played, today) == streak(past, today)


@given(st.integers(1, 400))
def test_every_day_counts_once(n: int) -> None:
    assert streak({MONDAY + timedelta(days=i) for i in range(n)}, MONDAY + timedelta(days=n - 1)).n_days == n
