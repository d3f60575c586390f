"""Replying over the game's socket: two players at the same chat, a line that breaks, frames that no page would send."""

from __future__ import annotations

from typing import Any

import pytest
from asgiref.sync import sync_to_async

from sticktionary.domain.play import dealing
from sticktionary.domain.search.live import catalogue_search
from sticktionary.models import LedgerEntry, Player, Reply, Sticker
from tests.game.conftest import make_player, make_sticker
from tests.game.page import page_of
from tests.reply_round.conftest import PLAIN, chat, make_shelf, set_rules, six_done

pytestmark = pytest.mark.django_db(transaction=True)
PICK = {"intent": "joy", "scenario": "DR"}


@sync_to_async
def at_a_chat(name: str = "anna") -> Player:
    if not Sticker.objects.exists():
        set_rules(**PLAIN)
        shelf = make_shelf(3)
        make_sticker(20, queries=1, image="x", poster="x")
        chat(shelf[0], shelf[1], shelf[2])
        catalogue_search.__init__()  # type: ignore[misc]
        catalogue_search.refresh()
    player = make_player(name)
    six_done(player)
    dealing.deal(player_id=player.pk)
    return player


@sync_to_async
def replies() -> list[tuple[str, int | None]]:
    return list(Reply.objects.order_by("pk").values_list("state", "pick"))


@sync_to_async
def points() -> list[int]:
    return list(Player.objects.order_by("pk").values_list("points", flat=True))


async def test_two_players_agree_and_the_first_sees_it_come() -> None:
    async with page_of(await at_a_chat("anna")) as anna, page_of(await at_a_chat("ben")) as ben:
        assert anna.turn["chat"] == ben.turn["chat"]
        assert anna.turn["lease"] != ben.turn["lease"]
        pick = anna.turn["offers"][0]["id"]
        assert (await anna.play("reply", given=PICK | {"pick": pick}))["type"] == "done"
        assert (anna.turn["kind"], anna.turn["n_points"], anna.turn["others"]) == ("replied", 0, [])
        await ben.play("reply", given=PICK | {"pick": pick})
        while not anna.turn["others"]:
            await anna.hear()
        assert [other["name"] for other in anna.turn["others"]] == ["ben"]
        assert anna.turn["n_points"] == ben.turn["n_points"] >= 40
        await anna.play("turn_reply_over")
        assert (anna.turn["kind"], anna.turn["n_replies"], anna.turn["can_reply"]) == ("summary", 1, True)
        assert (await anna.move("another_chat"))["type"] == "done"
        await anna.hear_turn("reply")
        assert anna.turn["by_choice"]


async def test_a_frame_that_comes_again_after_a_broken_line_counts_once() -> None:
    player = await at_a_chat()
    async with page_of(player) as page:
        lease, pick = page.turn["lease"], page.turn["offers"][0]["id"]
        await page.move("reply", key="sent-twice", lease=lease, given=PICK | {"pick": pick})
    async with page_of(player) as page:
        answer = await page.move("reply", key="sent-twice", lease=lease, given=PICK | {"pick": pick})
        assert (answer["type"], page.turn["kind"]) == ("done", "replied")
        late = await page.move("reply", key="sent-late", lease=lease, given=PICK | {"pick": pick})
        assert (late["type"], late["code"]) == ("refused", "turn_over")
    assert await replies() == [("answered", pick)]


async def test_a_second_tab_follows() -> None:
    player = await at_a_chat()
    async with page_of(player) as first, page_of(player) as second:
        assert first.turn["lease"] == second.turn["lease"]
        await first.play("pass_reply", why="no_sticker")
        await second.hear_turn("summary")
    assert await replies() == [("passed", None)]


async def test_typing_finds_what_may_be_sent_and_marks_nothing() -> None:
    async with page_of(await at_a_chat()) as page:
        await page.say(type="look", lease=page.turn["lease"], number=3, text="so done")
        found = await page.hear_until("offers")
        assert found["number"] == 3
        assert set(found["offers"][0]) == {"id", "image", "poster", "alt"}
        known = await sync_to_async(Sticker.objects.get)(sha256=f"{20:064x}")
        assert found["offers"][0]["id"] == known.pk
        await page.say(type="look", lease=page.turn["lease"], number=4, text="  ")
        assert await page.hear_until("offers") == {"type": "offers", "number": 4, "offers": []}


async def test_only_the_page_in_hand_may_search() -> None:
    anna, ben = await at_a_chat("anna"), await at_a_chat("ben")
    async with page_of(anna) as page, page_of(ben) as other:
        await page.say(type="look", lease=other.turn["lease"], number=1, text="so done")
        refusal = await page.hear_until("refused")
        assert (refusal["key"], refusal["code"]) == (None, "bad_lease")


@pytest.mark.parametrize(
    "given",
    [
        {"pick": 0, "intent": "joy", "scenario": "DR"},
        {"pick": 1, "intent": "joy"},
        {"pick": 1, "intent": "joy", "scenario": "DR", "also": [1, 2, 3, 4]},
        {"pick": 1, "intent": "joy", "scenario": "DR", "points": 100},
        {"pick": "1", "intent": "joy", "scenario": "DR"},
        {"pick": 1, "intent": "j" * 41, "scenario": "DR"},
    ],
)
async def test_a_frame_of_another_shape_is_not_understood(given: dict[str, Any]) -> None:
    async with page_of(await at_a_chat()) as page:
        await page.say(type="reply", key="misshapen", lease=page.turn["lease"], given=given)
        assert (await page.hear_until("refused"))["code"] == "malformed"
    assert await replies() == [("dealt", None)]
    assert await sync_to_async(LedgerEntry.objects.count)() == 0
