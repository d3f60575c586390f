"""A guest who turns out to be somebody who answered, and a player who leaves."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.utils import timezone

from sticktionary.domain.people import guests, leaving, mydata
from sticktionary.domain.play import history
from sticktionary.models import LedgerEntry, Player, Reply, Sticker
from tests.people.conftest import client_of
from tests.reply_round.conftest import chat, dealt, points_of, replied

pytestmark = pytest.mark.usefixtures("without_gold")


def player_of(row: Reply) -> Player:
    assert row.player is not None
    return row.player


def test_a_guests_replies_and_their_points_come_along(shelf: list[Sticker]) -> None:
    [place] = chat(shelf[0])
    guest = player_of(replied("guest", place, shelf[1]))
    Player.objects.filter(pk=guest.pk).update(is_guest=True)
    other = player_of(replied("other", place, shelf[1]))
    mine = player_of(replied("mine", chat(shelf[2], key="else")[0], shelf[1]))
    guests.merge(guest_id=guest.pk, player_id=mine.pk)
    assert Reply.objects.get(utterance=place, pick=shelf[1], player=mine).state == "answered"
    assert points_of(mine, other) == [40, 40]


def test_ones_replies_stand_in_the_history_with_how_far_others_agree(
    shelf: list[Sticker], django_assert_max_num_queries: Any
) -> None:
    first, second = chat(shelf[0], shelf[1])
    mine = player_of(replied("mine", first, shelf[0]))
    replied("mine", second, shelf[2])
    replied("same", first, shelf[0])
    replied("means the same", first, shelf[3])
    with django_assert_max_num_queries(2):
        late, early = history.replied(mine.pk).entries
    assert (early.intent, early.n_agreeing, early.is_as_sent, early.n_points) == ("Joy", 2, True, 80)
    assert (late.n_agreeing, late.is_as_sent, late.n_points) == (0, False, 0)
    page = client_of(mine).get("/history/?kind=replied").content.decode()
    assert re.findall(r"</time> · ([^<]+)</p>", page) == [
        "nobody agrees so far",
        "2 players agree with you · what was really sent is among yours",
    ]


def test_the_history_speaks_of_replies_to_those_who_replied(anna: Player, shelf: list[Sticker]) -> None:
    client = client_of(anna)
    assert "kind=replied" not in client.get("/history/").content.decode()
    replied("anna", chat(shelf[0])[0], shelf[1])
    assert "kind=replied" in client.get("/history/").content.decode()


@pytest.mark.parametrize("guest_was_first", [True, False])
def test_of_two_replies_of_one_person_the_first_counts_and_they_are_not_paid_for_themselves(
    shelf: list[Sticker], guest_was_first: bool
) -> None:
    [place] = chat(shelf[0])
    first, second = (replied(name, place, shelf[1]) for name in ("one", "two"))
    third = replied("three", place, shelf[1])
    guest, mine = (player_of(row) for row in ((first, second) if guest_was_first else (second, first)))
    Player.objects.filter(pk=guest.pk).update(is_guest=True)
    guests.merge(guest_id=guest.pk, player_id=mine.pk)
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, first.player_id) == ("answered", mine.pk)
    assert (second.state, second.player_id) == ("double", None)
    assert points_of(mine) == [40]
    assert sorted(LedgerEntry.objects.filter(player=mine).values_list("key", flat=True)) == [
        f"reply:{first.pk}:{third.pk}"
    ]


def test_who_leaves_leaves_answers_that_are_nobodys(anna: Player, shelf: list[Sticker]) -> None:
    first, second = chat(shelf[0])[0], chat(shelf[1], key="two")[0]
    kept = replied("anna", first, shelf[2])
    anna.sittings.update(ended_at=timezone.now())
    dealt(anna)
    assert Reply.objects.get(player=anna, state="dealt").utterance == second
    leaving.delete_account(player_id=anna.pk)
    [left] = Reply.objects.all()
    assert (left.pk, left.player_id, left.pick) == (kept.pk, None, shelf[2])


def test_the_download_holds_replies_and_not_which_were_gold(anna: Player, shelf: list[Sticker]) -> None:
    [place] = chat(shelf[0])
    replied("anna", place, shelf[2], shelf[3])
    told: dict[str, Any] = json.loads("".join(mydata.download(anna.pk)))
    [row] = told["replies"]
    assert (row["utterance_id"], row["pick_id"], row["also"]) == (place.pk, shelf[2].pk, [shelf[3].pk])
    assert {"is_gold", "gold_passed", "player_id"}.isdisjoint(row)
