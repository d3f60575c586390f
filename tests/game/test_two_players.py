"""Real sockets: whole exchanges, second tabs, lost connections."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from sticktionary.domain.play import retrieving
from sticktionary.models import LedgerEntry, Player, Preview, Query, Retrieval, Round, Sticker, Turn
from tests.game.conftest import make_player, make_sticker
from tests.game.page import Page, page_of
from tests.rules import leave_nothing_to_chance

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _target_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    leave_nothing_to_chance(monkeypatch)


@pytest.fixture
def stickers(transactional_db: None) -> list[Sticker]:
    return [make_sticker(number, queries=2) for number in range(1, 27)]


@pytest.fixture
def anna(transactional_db: None) -> Player:
    return make_player("anna")


@pytest.fixture
def ben(transactional_db: None) -> Player:
    return make_player("ben")


async def rows(read: Callable[[], Any]) -> Any:
    return await sync_to_async(read)()


async def to_label(page: Page) -> None:
    """Deal until the page is one to write on."""
    await page.move("deal")
    while page.turn["kind"] != "label":
        if page.turn["kind"] == "find":
            await page.play("answer", picks=[])  # worth nothing, whatever was dealt
        await page.move("deal")


def right_letter(player: Player) -> str:
    retrieval = Retrieval.objects.select_related("round").get(
        turn__sitting__player=player, turn__state=Turn.State.PLAYING
    )
    return retrieving.LETTERS[retrieval.candidates.index(retrieval.round.sticker_id)]


async def test_two_players_play_a_whole_exchange_while_one_waits(
    stickers: list[Sticker], anna: Player, ben: Player
) -> None:
    async with page_of(anna) as writer, page_of(ben) as seeker:
        await to_label(writer)
        await seeker.move("deal")
        assert seeker.turn["can_wait"] is True
        await seeker.play("wait")
        assert (seeker.turn["kind"], seeker.turn["n_writing"]) == ("waiting", 1)

        await writer.play("add_query", text="pretend you saw nothing")
        await writer.play("add_query", text="wrong group chat")
        await writer.play("submit")
        assert (writer.turn["kind"], writer.turn["state"]) == ("written", "open")
        turn = await seeker.hear_turn("find")  # without asking for it
        assert [query["text"] for query in turn["queries"]] == ["pretend you saw nothing", "wrong group chat"]
        assert (turn["writer"], turn["can_wait"]) == ("anna", False)

        await seeker.play("answer", picks=[await rows(lambda: right_letter(ben))])
        assert (seeker.turn["kind"], seeker.turn["outcome"], seeker.turn["n_points"]) == ("found", "first", 100)
        await seeker.play("gave_away", query=2)
        assert seeker.turn["gave_away"] == 2

        while not writer.state["notices"]:  # without asking for it
            await writer.hear()
        (notice,) = writer.state["notices"]
        assert (notice["kind"], notice["partner"], notice["rank"], notice["n_points"]) == ("found", "ben", 1, 150)
        assert writer.state["points"] == 150
        await writer.move("notices_seen", upto=notice["id"])
        assert writer.state["notices"] == []
    assert await rows(lambda: Player.objects.get(pk=ben.pk).points) == 100


async def test_who_was_away_hears_of_it_when_they_are_back(stickers: list[Sticker], anna: Player, ben: Player) -> None:
    async with page_of(anna) as writer:
        await to_label(writer)
        await writer.play("add_query", text="pretend you saw nothing")
        await writer.play("submit")
    async with page_of(ben) as seeker:
        await seeker.move("deal")
        await seeker.play("answer", picks=[await rows(lambda: right_letter(ben))])
    async with page_of(anna) as writer:
        assert [notice["kind"] for notice in writer.state["notices"]] == ["found"]


async def test_results_come_while_typing_and_are_kept_as_facts(stickers: list[Sticker], anna: Player) -> None:
    async with page_of(anna) as page:
        await to_label(page)
        await page.say(type="preview", lease=page.turn["lease"], number=7, text="so done with today")
        results = await page.hear_until("results")
        assert (results["number"], len(results["hits"])) == (7, 24)
        assert sum(hit["is_target"] for hit in results["hits"]) == (1 if results["target_rank"] <= 24 else 0)
        await page.say(type="preview", lease=page.turn["lease"], number=8, text="   ")
        assert (await page.hear_until("results"))["hits"] == []
        await page.play("add_query", text="nobody says this")
        (fact,) = await rows(lambda: list(Preview.objects.all()))
        assert (fact.text, len(fact.hits), fact.target_rank) == ("so done with today", 24, results["target_rank"])
        await page.say(type="preview", lease=page.turn["lease"], number=9, text="monday again")
        await page.hear_until("results")
    assert await rows(Preview.objects.count) == 2  # what was shown last is written down on leaving


async def test_of_many_texts_typed_at_once_the_last_is_always_answered(stickers: list[Sticker], anna: Player) -> None:
    text = "so done with today"
    async with page_of(anna) as page:
        await to_label(page)
        for number in range(1, len(text) + 1):
            await page.say(type="preview", lease=page.turn["lease"], number=number, text=text[:number])
        numbers = []
        while not numbers or numbers[-1] != len(text):
            numbers.append((await page.hear_until("results"))["number"])
    assert numbers == sorted(set(numbers))


async def test_two_tabs_show_the_same_and_a_repeated_frame_counts_once(stickers: list[Sticker], anna: Player) -> None:
    async with page_of(anna) as first, page_of(anna) as second:
        await to_label(first)
        await second.hear_same(first)
        frame = {"type": "add_query", "key": "same-key-1", "lease": first.turn["lease"], "text": "two of me"}
        for page in (first, second, first):
            await page.say(**frame)
            await page.hear_until("done")
        await first.look()
        assert [query["text"] for query in first.turn["queries"]] == ["two of me"]
        await second.hear_same(first)
        submit = {"type": "submit", "key": "same-key-2", "lease": first.turn["lease"]}
        for page in (first, second):
            await page.say(**submit)
            await page.hear_until("done")
            await page.hear_turn("written")
    assert await rows(lambda: Query.objects.filter(text="two of me").count()) == 1
    assert await rows(lambda: Round.objects.filter(labeler=anna, state=Round.State.OPEN).count()) == 1


async def test_what_was_acknowledged_is_there_after_the_connection_broke(stickers: list[Sticker], anna: Player) -> None:
    async with page_of(anna) as page:
        await to_label(page)
        await page.play("add_query", text="still here")
        turn = page.turn
        await page.say(type="add_query", key="never-heard", lease=turn["lease"], text="sent into the dark")
    async with page_of(anna) as page:
        await page.say(type="add_query", key="never-heard", lease=turn["lease"], text="sent into the dark")
        await page.hear_until("done")
        await page.look()
        assert [query["text"] for query in page.turn["queries"]] == ["still here", "sent into the dark"]
        assert page.turn["lease"] == turn["lease"]


async def test_an_answer_sent_twice_pays_once(stickers: list[Sticker], ben: Player) -> None:
    async with page_of(ben) as first, page_of(ben) as second:
        await first.move("deal")
        letter = await rows(lambda: right_letter(ben))
        frame = {"type": "answer", "key": "answer-key", "lease": first.turn["lease"], "picks": [letter]}
        for page in (first, second):
            await page.say(**frame)
        for page in (first, second):
            await page.hear_until("done")
    assert await rows(lambda: [entry.n_points for entry in LedgerEntry.objects.all()]) == [100]


async def test_the_machine_looks_too_and_its_place_is_no_more_than_a_fact(stickers: list[Sticker], ben: Player) -> None:
    async with page_of(ben) as page:
        await page.move("deal")
        await page.play("answer", picks=["a"])
        while not any(line["code"] == "machine" for line in page.turn["others"]):
            await page.hear()
        (rank,) = [line["values"]["rank"] for line in page.turn["others"] if line["code"] == "machine"]
    assert await rows(lambda: Retrieval.objects.get(player=ben).machine_rank) == rank


async def test_players_play_in_their_own_language(stickers: list[Sticker]) -> None:
    lin = await rows(lambda: make_player("lin", "zh"))
    async with page_of(lin) as page:
        await page.move("deal")
        assert [query["text"] for query in page.turn["queries"]] == ["不想上班", "又是周一"]
        await to_label(page)
        assert (await page.play("add_query", text="i am so very tired today"))["code"] == "wrong_script"
        assert (await page.play("add_query", text="装作没看见"))["type"] == "done"
