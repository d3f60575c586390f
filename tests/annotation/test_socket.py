"""Bonus pages over the game's socket: two tabs, a refresh, a repeated frame, frames that no page would send."""

from __future__ import annotations

from typing import Any

import pytest
from asgiref.sync import sync_to_async

from sticktionary.domain.play import dealing
from sticktionary.models import Annotation, Pack, Player, Task
from tests.annotation.conftest import asking, chat, six_done
from tests.game.conftest import make_player, make_sticker
from tests.game.page import page_of

pytestmark = pytest.mark.django_db(transaction=True)
EMOTION = {"choice": "Smiling"}


@sync_to_async
def at_a_bonus_page(*tasks: str, name: str = "anna") -> Player:
    pack = Pack.objects.filter(slug="asked").first() or Pack.objects.create(slug="asked", title="Asked")
    if not pack.stickers.exists():
        for number in range(1, 4):
            make_sticker(number, pack, image="x", poster="x")
        chat(pack.stickers.order_by("pk")[0])
    asking(pack, *tasks)
    player = make_player(name)
    six_done(player)
    dealing.deal(player_id=player.pk)
    return player


@sync_to_async
def states() -> list[str]:
    return list(Annotation.objects.order_by("pk").values_list("state", flat=True))


async def test_a_page_answers_and_gets_the_next_then_the_summary() -> None:
    async with page_of(await at_a_bonus_page(Task.EMOTION)) as page:
        assert (page.turn["kind"], page.turn["task"], page.turn["number"]) == ("bonus", "emotion", 1)
        assert [tab["state"] for tab in page.state["tabs"]] == ["done"] * 6
        assert (await page.play("annotate", given=EMOTION))["type"] == "done"
        assert (page.turn["kind"], page.turn["number"]) == ("bonus", 2)
        await page.play("annotate", given=EMOTION)
        assert (page.turn["kind"], page.turn["n_bonus"]) == ("summary", 2)
    assert await states() == ["answered", "answered"]


async def test_a_refresh_and_a_second_tab_show_the_same_page_and_follow() -> None:
    player = await at_a_bonus_page(Task.EMOTION)
    async with page_of(player) as first, page_of(player) as second:
        assert first.turn["lease"] == second.turn["lease"]
        await first.play("annotate", given=EMOTION)
        await second.hear_same(first)
        assert second.turn["number"] == 2
        answer = await second.move("annotate", lease=second.turn["lease"], given=EMOTION)
        assert answer["type"] == "done"
        await first.hear_turn("summary")


async def test_a_frame_that_comes_again_after_a_reconnection_is_answered_again() -> None:
    player = await at_a_bonus_page(Task.EMOTION)
    async with page_of(player) as page:
        lease = page.turn["lease"]
        await page.move("annotate", key="sent-twice", lease=lease, given=EMOTION)
    async with page_of(player) as page:
        answer = await page.move("annotate", key="sent-twice", lease=lease, given=EMOTION)
        assert answer["type"] == "done"
    assert await states() == ["answered", "dealt"]


async def test_skip_brings_the_next_and_finish_the_summary() -> None:
    async with page_of(await at_a_bonus_page(Task.EMOTION)) as page:
        await page.play("skip_bonus")
        assert (page.turn["kind"], page.turn["number"]) == ("bonus", 2)
        await page.play("skip_bonus", finish=True)
        assert (page.turn["kind"], page.turn["n_bonus"]) == ("summary", 0)
    assert await states() == ["skipped", "lapsed"]


@pytest.mark.parametrize(
    ("task", "given"),
    [
        (Task.STYLE, {"choice": "cute cartoons"}),
        (Task.TEXT, {"none": True}),
        (Task.DESCRIPTION, {"text": "A cat lies on a desk."}),
        (Task.GESTURE, {"words": ["waving", "thumbs up"]}),
        (Task.VERBAL, {"words": ["hello"]}),
        (Task.INTENT, {"choice": "joy"}),
        (Task.FITS, {"fits": False, "score": 2}),
        (Task.SCENARIO, {"choice": "SR"}),
    ],
)
async def test_each_task_is_answered_in_its_own_form(task: Task, given: dict[str, Any]) -> None:
    async with page_of(await at_a_bonus_page(task)) as page:
        assert page.turn["task"] == task
        assert (await page.play("annotate", given=given))["type"] == "done"
    assert "answered" in await states()


@pytest.mark.parametrize(
    "given",
    [
        {"choice": 7},
        {"words": ["a"] * 6},
        {"text": "x" * 301},
        {"score": 6, "fits": True},
        {"verdict": "yes"},
        "Smiling",
    ],
)
async def test_malformed_answers_are_refused_and_change_nothing(given: Any) -> None:
    async with page_of(await at_a_bonus_page(Task.EMOTION)) as page:
        await page.say(type="annotate", key="key-malformed", lease=page.turn["lease"], given=given)
        assert (await page.hear_until("refused"))["code"] == "malformed"
        await page.look()
        assert page.turn["kind"] == "bonus"
    assert await states() == ["dealt"]


async def test_a_refused_answer_says_why_in_the_players_language() -> None:
    player = await at_a_bonus_page(Task.DESCRIPTION)
    async with page_of(player) as page:
        answer = await page.play("annotate", given={"text": "cat"})
        assert (answer["type"], answer["code"]) == ("refused", "wrong_length")
        assert answer["message"] == "One sentence, please: 5 to 140 characters."
        await page.look()
        assert page.turn["kind"] == "bonus"


async def test_anothers_lease_is_none() -> None:
    first = await at_a_bonus_page(Task.EMOTION)
    second = await at_a_bonus_page(Task.EMOTION, name="ben")
    async with page_of(first) as mine, page_of(second) as theirs:
        for kind, rest in (("annotate", {"given": EMOTION}), ("skip_bonus", {})):
            answer = await theirs.move(kind, lease=mine.turn["lease"], **rest)
            assert (answer["type"], answer["code"]) == ("refused", "bad_lease")
    assert await states() == ["dealt", "dealt"]
