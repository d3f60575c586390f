"""Bonus pages at the same moment. On PostgreSQL they run in threads; SQLite lets one writer in at a time anyway."""

from __future__ import annotations

from typing import Any

import pytest

from sticktionary.domain.annotation import annotating
from sticktionary.domain.play import dealing
from sticktionary.models import Annotation, LedgerEntry, Pack, Player, Sticker, Task
from tests.annotation.conftest import GIVEN, asking, bonus_of, chat, dealt, six_done
from tests.game.conftest import make_player, make_sticker
from tests.game.test_races import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def only_sticker(*tasks: str) -> Sticker:
    pack = asking(Pack.objects.create(slug="asked", title="Asked"), *tasks)
    return make_sticker(1, pack, image="x", poster="x")


def deal_to(players: list[Player]) -> list[Any]:
    return at_once([lambda player=player: dealing.deal(player_id=player.pk) for player in players])  # type: ignore[misc]


def players_after_six(n: int) -> list[Player]:
    players = [make_player(f"p{number}") for number in range(n)]
    for player in players:
        six_done(player)
    return players


def test_never_more_pages_than_places() -> None:
    only_sticker(Task.EMOTION)
    deal_to(players_after_six(5))
    assert Annotation.objects.filter(state=Annotation.State.DEALT).count() in {1, 2}  # a locked one is passed over


def test_never_more_than_places_about_one_use_in_a_chat() -> None:
    chat(only_sticker(Task.FITS))
    deal_to(players_after_six(5))
    assert Annotation.objects.filter(state=Annotation.State.DEALT).count() in {1, 2}


def test_one_page_is_dealt_to_a_player_who_asks_from_many_tabs() -> None:
    only_sticker(Task.EMOTION, Task.STYLE)
    [player] = players_after_six(1)
    deal_to([player] * 5)
    assert Annotation.objects.count() == 1


def test_two_who_agree_at_the_same_moment_are_both_paid_once() -> None:
    only_sticker(Task.EMOTION)
    players = [make_player(f"p{number}") for number in range(2)]
    leases = [dealt(player).lease for player in players]

    def answer(player: Player, lease: str) -> None:
        annotating.answer(player_id=player.pk, lease=lease, key="one-answer", given=GIVEN["emotion"])

    pairs = list(zip(players, leases, strict=True)) * 2
    at_once([lambda pair=pair: answer(*pair) for pair in pairs])  # type: ignore[misc]
    assert sorted(LedgerEntry.objects.values_list("player__username", "n_points")) == [("p0", 10), ("p1", 10)]
    assert [bonus_of(player) for player in players] == [None, None]


def test_a_key_that_comes_twice_at_once_counts_once() -> None:
    only_sticker(Task.EMOTION)
    player = make_player("tabs")
    lease = dealt(player).lease

    def skip() -> None:
        annotating.skip(player_id=player.pk, lease=lease, key="one-skip")

    at_once([skip] * 4)
    assert list(Annotation.objects.values_list("state", flat=True)) == [Annotation.State.SKIPPED]
