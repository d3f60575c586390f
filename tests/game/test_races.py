"""Moves at the same moment. On PostgreSQL they run in threads; SQLite lets one writer in at a time anyway."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import Sum
from django.utils import timezone

from sticktionary.domain.play import dealing, ledger, retrieving
from sticktionary.domain.play.sitting import snapshot_for
from sticktionary.models import LedgerEntry, Player, Retrieval, Round, Sitting, Turn
from tests.game.conftest import make_player, make_sticker
from tests.rules import leave_nothing_to_chance

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _target_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    leave_nothing_to_chance(monkeypatch)


def at_once(work: Sequence[Callable[[], Any]]) -> list[Any]:
    def alone(one: Callable[[], Any]) -> Any:
        try:
            return one()
        finally:
            if connection.vendor != "sqlite":
                connection.close()

    if connection.vendor == "sqlite":
        return [one() for one in work]
    with ThreadPoolExecutor(len(work)) as threads:
        return list(threads.map(alone, work))


def written_round() -> Round:
    for number in range(6):
        make_sticker(number, image="x", poster="x")
    now = timezone.now()
    author, sticker = make_player("author"), make_sticker(10, image="x", poster="x")
    round_ = Round.objects.create(
        sticker=sticker, language="en", state=Round.State.OPEN, labeler=author, dealt_at=now, submitted_at=now
    )
    round_.queries.create(text="x", normalised="x", position=1, added_at=now, novelty=1.5)
    return round_


def test_never_more_leases_than_places() -> None:
    round_ = written_round()
    players = [make_player(f"p{number}") for number in range(6)]
    at_once([lambda player=player: dealing.deal(player_id=player.pk) for player in players])  # type: ignore[misc]
    live = Retrieval.objects.filter(round=round_, lease_until__gt=timezone.now())
    assert 1 <= live.count() <= 2
    assert Turn.objects.filter(sitting__player__in=players, state=Turn.State.PLAYING).count() == 6


def test_one_page_is_dealt_to_a_player_who_asks_from_many_tabs() -> None:
    written_round()
    player = make_player("tabs")
    at_once([lambda: dealing.deal(player_id=player.pk)] * 5)
    assert Sitting.objects.filter(player=player).count() == 1
    assert Turn.objects.filter(sitting__player=player).count() == 1


def test_two_answers_at_once_are_paid_and_counted_once_each() -> None:
    round_ = written_round()
    seekers = [make_player("ben"), make_player("carl")]
    answers = []
    for seeker in seekers:
        dealing.deal(player_id=seeker.pk)
        retrieval = Retrieval.objects.get(player=seeker, round=round_)
        letter = retrieving.LETTERS[retrieval.candidates.index(round_.sticker_id)]
        lease = snapshot_for(seeker.pk).turn.lease  # type: ignore[union-attr]
        answers += [
            lambda seeker=seeker, lease=lease, letter=letter: retrieving.answer(
                player_id=seeker.pk, lease=lease, key="the-same-key", picks=[letter]
            )
        ] * 2
    at_once(answers)
    round_.refresh_from_db()
    assert round_.state == Round.State.FOUND
    points = {player.username: player.points for player in Player.objects.all()}
    assert points == {"author": 300, "ben": 100, "carl": 100}


def test_payments_to_the_same_two_players_at_once_add_up() -> None:
    anna, ben = make_player("anna"), make_player("ben")

    def pay(number: int) -> None:
        order = [anna, ben] if number % 2 else [ben, anna]
        ledger.pay(
            ledger.Payment(player.pk, 10, LedgerEntry.Reason.RETRIEVED, f"for:{number // 2}:{player.pk}")
            for player in order
        )

    at_once([lambda number=number: pay(number) for number in range(12)])  # type: ignore[misc]
    sums = dict(LedgerEntry.objects.values_list("player").annotate(Sum("n_points")))
    assert {player.pk: player.points for player in Player.objects.all()} == sums == {anna.pk: 60, ben.pk: 60}


def test_a_lease_that_lapsed_is_given_to_one_other_only() -> None:
    round_ = written_round()
    now = timezone.now()
    gone = [make_player("gone1"), make_player("gone2")]
    for number, player in enumerate(gone):
        Retrieval.objects.create(
            round=round_, player=player, candidates=[], dealt_at=now,
            lease_until=now + timedelta(minutes=5 if number else -5),
        )  # fmt: skip
    players = [make_player(f"p{number}") for number in range(4)]
    at_once([lambda player=player: dealing.deal(player_id=player.pk) for player in players])  # type: ignore[misc]
    assert Retrieval.objects.filter(round=round_, player__in=players).count() == 1
