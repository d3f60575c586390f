"""On the socket: who is blocked while playing is shown out at once, and a reviewer's verdict is told."""

from __future__ import annotations

from typing import Any

import pytest
from asgiref.sync import sync_to_async

from sticktionary.domain.people.roles import Role
from sticktionary.domain.quality import sanctions
from sticktionary.domain.review import verdicts
from sticktionary.live import consumers
from sticktionary.models import Case, Player, Revision, Sticker
from tests.game.conftest import make_player, make_sticker
from tests.game.page import Closed, page_of
from tests.review.conftest import a_reviewer, case_of, written

pytestmark = pytest.mark.django_db(transaction=True)


async def rows(read: Any) -> Any:
    return await sync_to_async(read)()


def a_page_to_write_on() -> Player:
    for number in range(1, 5):
        make_sticker(number, image="a.webp", poster="a.webp")
    return make_player("anna")


async def test_who_is_blocked_while_playing_is_shown_out_and_comes_no_further() -> None:
    anna = await rows(a_page_to_write_on)
    head = await rows(lambda: a_reviewer("head", Role.ADMIN))
    async with page_of(anna) as page:
        await page.move("deal")
        lease = page.turn["lease"]
        await rows(lambda: sanctions.impose(player_id=anna.pk, step="blocked", reason="copying", actor=head))
        assert (await page.hear_until("refused"))["code"] == "sanctioned"
        assert await page.closed() == consumers.NOT_ADMITTED
        await page.say(type="preview", lease=lease, number=1, text="cat")
        await page.say(type="add_query", key="key-blocked", lease=lease, text="cat")
    assert await rows(Revision.objects.count) == 0
    with pytest.raises(Closed, match=str(consumers.NOT_ADMITTED)):
        async with page_of(anna):
            pass


def judged() -> Player:
    anna, stickers = a_page_to_write_on(), list(Sticker.objects.order_by("pk"))
    case: Case = case_of(written(anna, stickers[0], "monday"), [make_player("ben"), make_player("carl")])
    verdicts.judge(actor=a_reviewer("rita"), case_id=case.pk, verdict="discard", key="k", why="it fits any")
    return anna


async def test_a_verdict_is_told_with_its_reason() -> None:
    anna = await rows(judged)
    async with page_of(anna) as page:
        told = [notice for notice in page.state["notices"] if notice["kind"] == "discarded"]
    assert [notice["sentence"] for notice in told] == [
        "A reviewer left out your words “monday”. If that is wrong, appeal under “My rounds”. The reason: it fits any"
    ]
    assert told[0]["sticker"]["image"].endswith("a.webp")
