"""The dashboard says of the facts what they come to; days are worked out again while they may change, and only then."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from sticktionary.domain import dashboard, figures
from sticktionary.models import (
    Case,
    DayFigures,
    ExportJob,
    Flag,
    Judgement,
    PlayDay,
    Player,
    Query,
    Release,
    Round,
    Ruling,
    Sitting,
    Skip,
    Sticker,
    Turn,
)
from tests.people.conftest import Play, client_of

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = NOON.date()


def page(player: Player, round_: Round, s: int, role: str = "labeler", practice: bool = False, **fields: Any) -> Turn:
    sitting = Sitting.objects.create(player=player, is_practice=practice, started_at=NOON, ended_at=NOON)
    ended = {"state": "done", "dealt_at": NOON, "ended_at": NOON + timedelta(seconds=s)} | fields
    return Turn.objects.create(sitting=sitting, number=1, role=role, round=round_, **ended)


def row(language: str = "en", day: date = DAY) -> dict[str, int]:
    held = DayFigures.objects.filter(day=day, language=language).values().get()
    return {name: value for name, value in held.items() if name.startswith(("n_", "played")) and value}


def test_a_day_comes_to_what_was_played_on_it(play: Play, player: Player, admin: Player) -> None:
    fields = {"submitted_at": NOON, "decided_at": NOON}
    found = play.round(player, "one", "two", state="found", **fields)
    Query.objects.filter(text="two").update(removed_at=NOON)
    missed = play.round(player, "three", state="needs_review", **fields)
    chinese = play.round(player, "四", state="accepted", language="zh", **fields)
    play.round(None, "of the house", state="found", source="house", **fields)
    page(player, found, 60)
    page(player, missed, 600)
    page(admin, found, 20, "retriever")
    page(admin, missed, 10, "retriever", state="dropped")
    page(admin, found, 30, practice=True)
    page(player, chinese, 40)
    Skip.objects.create(player=admin, round=missed, sticker=missed.sticker, reason="other", as_labeler=False, at=NOON)
    page(player, found, 50, dealt_at=NOON - timedelta(days=1), ended_at=NOON - timedelta(days=1))
    figures.work_out(DAY)
    figures.work_out(DAY)
    assert row() == {
        "n_written": 2,
        "n_looked_up": 1,
        "n_skipped": 1,
        "n_players": 2,
        "played_s": 60 + 180 + 20 + 10,
        "n_decided": 2,
        "n_proven": 1,
        "n_verified": 1,
    }
    assert row("zh") == {
        "n_written": 1,
        "n_players": 1,
        "played_s": 40,
        "n_decided": 1,
        "n_proven": 1,
        "n_verified": 1,
    }
    assert DayFigures.objects.count() == 2


def test_a_query_that_was_discarded_is_not_verified(play: Play, player: Player) -> None:
    round_ = play.round(player, "one", "two", state="accepted", decided_at=NOON)
    case = Case.objects.create(kind="not_found", round=round_, opened_at=NOON)
    judgement = Judgement.objects.create(case=case, verdict="accept", key="k", at=NOON)
    Ruling.objects.create(query=round_.queries.all()[0], judgement=judgement, verdict="discarded")
    figures.work_out(DAY)
    assert row()["n_verified"] == 1


def test_days_are_worked_out_while_they_may_change(db: None) -> None:
    assert [figures.refresh(NOON) for _ in range(5)] == [7, 7, 7, 7, 0]
    minutes, hours = timedelta(minutes=2), timedelta(hours=7)
    assert figures.refresh(NOON + minutes) == 1
    DayFigures.objects.filter(day=DAY - timedelta(days=20)).delete()
    assert figures.refresh(NOON + minutes) == 1
    later = {"n": figures.refresh(NOON + hours)}
    assert later == {"n": 7}
    rewritten = set(DayFigures.objects.filter(written_at=NOON + hours).values_list("day", flat=True))
    assert rewritten == {DAY - timedelta(days=n) for n in range(7)}


def test_a_day_that_was_worked_out_before_its_end_is_done_again_after_it(play: Play, player: Player) -> None:
    figures.work_out(DAY, NOON)
    page(player, play.round(player, "late"), 30, ended_at=NOON + timedelta(hours=9), dealt_at=NOON)
    figures.refresh(NOON + timedelta(days=1))
    assert row()["n_written"] == 1


@pytest.fixture
def today(play: Play, player: Player, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dashboard.timezone, "now", lambda: NOON)
    for n in range(3):
        day = DAY - timedelta(days=n)
        counts = {"n_written": 4, "n_looked_up": 6, "n_skipped": 2, "n_decided": 4, "n_proven": 3, "n_verified": 9}
        DayFigures.objects.create(day=day, language="en", played_s=1_200, written_at=NOON, **counts)
    DayFigures.objects.create(day=DAY - timedelta(days=40), language="en", n_written=99, written_at=NOON)
    PlayDay.objects.create(player=player, day=DAY - timedelta(days=3), n_rounds=1)
    round_ = play.round(player, "x", state="needs_review")
    Case.objects.create(kind="not_found", round=round_, opened_at=NOON)
    Case.objects.create(kind="appeal", player=player, round=round_, opened_at=NOON)
    Case.objects.create(kind="split", state="decided", opened_at=NOON)
    Flag.objects.create(kind="bot", player=player, key="k", at=NOON)
    Sticker.objects.update(state="halted")
    ExportJob.objects.create(state="running")
    ExportJob.objects.create(state="failed", ended_at=NOON)
    Release.objects.create(number=1, title="first", state="done", watermark_at=NOON)
    Release.objects.create(title="unfinished", state="running", watermark_at=NOON)


def test_the_board_sums_four_weeks(today: None) -> None:
    board = dashboard.board()
    english, chinese = board.editions
    assert (english.n_pages, english.n_verified, english.hours) == (30, 27, 1.0)
    assert (english.verified_per_hour, english.skip_rate, english.success_rate) == (27.0, 6 / 36, 0.75)
    assert (chinese.verified_per_hour, chinese.skip_rate, chinese.success_rate) == (None, None, None)
    assert [day.n_pages for day in english.days] == [0] * 25 + [10] * 3
    assert board.active == [(1, 0), (7, 1), (28, 1)]
    assert [release.title for release in board.releases] == ["first"]


def test_the_board_counts_what_waits(today: None) -> None:
    queues = {queue.name: (queue.n, queue.n_failed) for queue in dashboard.board().queues if queue.n or queue.n_failed}
    assert queues == {
        "review": (1, 0),
        "appeals": (1, 0),
        "flags": (1, 0),
        "halted": (1, 0),
        "exportjob": (1, 1),
        "release": (1, 0),
    }


SEEN = {
    "moderator": ({"review", "appeals", "flags", "halted"}, False),
    "reviewer": ({"review", "appeals", "flags", "halted"}, False),
    "publisher": ({"halted", "exportjob", "release", "publication"}, True),
    "researcher": (
        {"halted", "exportjob", "release", "publication", "modelversion", "trainingrun", "conversationimport"},
        True,
    ),
}


@pytest.mark.parametrize("role", SEEN)
def test_each_role_sees_its_part_of_the_board(today: None, staff: Callable[[str], Client], role: str) -> None:
    client = staff(role)
    assert client.get("/admin/").status_code == 200
    shown = dashboard.shown_to(Player.objects.get(username=f"the_{role}"))
    assert ({queue.name for queue in shown.queues}, bool(shown.releases)) == SEEN[role]
    assert len(shown.editions) == 2


def test_somebody_without_a_role_sees_nothing_of_the_board(today: None, player: Player) -> None:
    assert dashboard.shown_to(player) == dashboard.Board()


def test_the_board_is_held_for_a_while(today: None, admin: Player) -> None:
    first = dashboard.board()
    Flag.objects.all().delete()
    assert dashboard.board() == first
    cache.clear()
    assert {queue.name: queue.n for queue in dashboard.board().queues}["flags"] == 0


def test_the_page_shows_it(today: None, admin: Player) -> None:
    page = client_of(admin).get("/admin/").content.decode()
    assert page.count('class="played"') == 3
    assert "<dd>27.0</dd>" in page
    assert "As of 12:00 UTC." in page
