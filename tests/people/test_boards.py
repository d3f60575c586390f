from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from sticktionary.domain.people import accounts
from sticktionary.domain.play import board
from sticktionary.domain.play.board import Row, Span
from sticktionary.models import PlayDay, Player, Round
from tests.people.conftest import Play, client_of, make_player

THURSDAY = datetime(2026, 11, 19, 15, 30, tzinfo=UTC)


def board_of(play: Play, *points: int, at: datetime = THURSDAY) -> list[Player]:
    players = [make_player(f"p{n}") for n in range(len(points))]
    for player, n_points in zip(players, points, strict=True):
        play.pay(player, n_points, at)
    return players


@pytest.mark.parametrize("span", Span)
def test_equal_points_share_a_place(play: Play, span: Span) -> None:
    board_of(play, 30, 50, 30, 80, 10)
    rows = [(row.place, row.name, row.n_points) for row in board.read("en", span, THURSDAY).top()]
    assert rows == [(1, "p3", 80), (2, "p1", 50), (3, "p0", 30), (3, "p2", 30), (5, "p4", 10)]


@pytest.mark.parametrize("span", Span)
def test_my_row_stands_between_its_neighbours(play: Play, span: Span) -> None:
    players = board_of(play, 100, 90, 80, 70, 60, 50, 40)
    mine = board.standing(players[3], span, THURSDAY)
    assert (mine.n_points, mine.place, mine.to_next) == (70, 4, 10)
    assert mine.neighbours == [
        Row(2, "p1", 90, False),
        Row(3, "p2", 80, False),
        Row(4, "p3", 70, True),
        Row(5, "p4", 60, False),
        Row(6, "p5", 50, False),
    ]


def test_among_equals_i_have_their_place(play: Play) -> None:
    players = board_of(play, 70, 70, 70, 90)
    mine = board.standing(players[1], Span.WEEK, THURSDAY)
    assert (mine.place, mine.to_next) == (2, 20)
    assert [(row.place, row.name) for row in mine.neighbours] == [(1, "p3"), (2, "p0"), (2, "p1"), (2, "p2")]


def test_the_first_has_nobody_above(play: Play) -> None:
    first, _ = board_of(play, 20, 10)
    mine = board.standing(first, Span.WEEK, THURSDAY)
    assert (mine.place, mine.to_next, [row.place for row in mine.neighbours]) == (1, None, [1, 2])


@pytest.mark.parametrize("span", Span)
def test_who_does_not_want_to_be_shown_is_not(play: Play, span: Span) -> None:
    hidden, other = board_of(play, 90, 10)
    accounts.show_on_boards(player_id=hidden.pk, shown=False)
    hidden.refresh_from_db()
    assert [row.name for row in board.read("en", span, THURSDAY).top()] == ["p1"]
    assert board.standing(other, span, THURSDAY).place == 1
    mine = board.standing(hidden, span, THURSDAY)
    assert (mine.n_points, mine.place, mine.neighbours) == (90, None, [])


def test_the_blocked_and_other_languages_are_not_on_it(play: Play) -> None:
    blocked, chinese, _ = board_of(play, 90, 80, 10)
    Player.objects.filter(pk=blocked.pk).update(is_active=False)
    Player.objects.filter(pk=chinese.pk).update(language="zh")
    assert [row.name for row in board.read("en", Span.WEEK, THURSDAY).top()] == ["p2"]
    assert [row.name for row in board.read("zh", Span.WEEK, THURSDAY).top()] == ["p1"]


def test_weeks_begin_on_monday_and_months_on_the_first_in_utc(play: Play) -> None:
    player = make_player("tamsin")
    for n_points, at in [
        (1, datetime(2026, 11, 16, 0, 0, tzinfo=UTC)),
        (10, datetime(2026, 11, 15, 23, 59, tzinfo=UTC)),
        (100, datetime(2026, 11, 1, 0, 0, tzinfo=UTC)),
        (1000, datetime(2026, 10, 31, 23, 59, tzinfo=UTC)),
    ]:
        play.pay(player, n_points, at)
    player.refresh_from_db()
    points = {span: board.standing(player, span, THURSDAY).n_points for span in Span}
    assert points == {Span.WEEK: 1, Span.MONTH: 111, Span.EVER: 1111}


def test_nobody_is_on_a_board_without_points(play: Play) -> None:
    (player,) = board_of(play, -10)
    assert board.read("en", Span.WEEK, THURSDAY).top() == []
    assert board.standing(player, Span.WEEK, THURSDAY).place is None


@given(st.lists(st.integers(1, 6), min_size=1, max_size=8), st.data())
@settings(max_examples=40)
@pytest.mark.django_db
def test_a_place_is_one_more_than_the_number_of_better_ones(points: list[int], data: st.DataObject) -> None:
    from sticktionary.domain.people.names import key_of

    Player.objects.all().delete()
    Player.objects.bulk_create(
        Player(username=f"q{n}", name_key=key_of(f"q{n}"), points=total) for n, total in enumerate(points)
    )
    mine = data.draw(st.sampled_from(list(Player.objects.all())))
    standing = board.standing(mine, Span.EVER, THURSDAY)
    assert standing.place == 1 + sum(total > mine.points for total in points)
    better = [total for total in points if total > mine.points]
    assert standing.to_next == (min(better) - mine.points if better else None)
    totals = [row.n_points for row in standing.neighbours]
    assert totals == sorted(totals, reverse=True)
    assert len([row for row in standing.neighbours if row.is_me]) == 1


def test_the_team_bar_counts_what_was_found_this_week(play: Play, player: Player) -> None:
    inside, before = THURSDAY - timedelta(days=1), THURSDAY - timedelta(days=7)
    found = Round.State.FOUND
    play.round(player, state=found, decided_at=inside)
    play.round(None, state=found, decided_at=inside, source=Round.Source.HOUSE)
    play.round(player, state=found, decided_at=before)
    play.round(player, state=found, decided_at=inside, language="zh")
    play.round(player, state=found, decided_at=inside, source=Round.Source.PRACTICE)
    play.round(player, state=Round.State.NEEDS_REVIEW, decided_at=inside)
    assert board.found_this_week("en", THURSDAY) == 2


def test_the_streak_counts_days_with_a_finished_round(player: Player) -> None:
    today = THURSDAY.date()
    for n_days, n_rounds in [(0, 1), (1, 2), (2, 0), (3, 1)]:
        PlayDay.objects.create(player=player, day=today - timedelta(days=n_days), n_rounds=n_rounds)
    assert board.streak_days(player.pk, today) == 3


def test_the_page_shows_me_and_the_board(play: Play, player: Player) -> None:
    play.pay(player, 120)
    play.pay(make_player("moss"), 150)
    response = client_of(player).get("/boards/")
    assert response.context["standing"].neighbours == [Row(1, "moss", 150, False), Row(2, "tamsin", 120, True)]
    assert response.context["standing"].to_next == 30
    assert client_of(player).get("/boards/?span=ever&language=zh").context["top"] == []


def test_an_empty_board_invites(player: Player) -> None:
    assert "Nobody has points here yet." in client_of(player).get("/boards/").content.decode()


def test_bad_addresses_are_no_boards(player: Player) -> None:
    for query in ("span=year", "language=fr"):
        assert client_of(player).get(f"/boards/?{query}").status_code == 404


def test_boards_are_read_with_few_queries(play: Play, django_assert_max_num_queries: object) -> None:
    players = board_of(play, *range(1, 20), at=timezone.now())
    with django_assert_max_num_queries(4):  # type: ignore[operator]
        board.read("en", Span.WEEK, timezone.now()).top()
        board.standing(players[9], Span.WEEK, timezone.now())
