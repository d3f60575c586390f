"""The socket's edge: who gets in, and what becomes of frames that no page of ours would send."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from sticktionary.live import consumers, protocol
from sticktionary.live.limits import Bucket
from sticktionary.models import Consent, Player, Query, Retrieval, Sticker, Turn
from tests.game.conftest import make_player, make_sticker
from tests.game.page import Closed, page_of

pytestmark = pytest.mark.django_db(transaction=True)

LEASED: list[dict[str, Any]] = [
    {"type": "add_query", "text": "mine"},
    {"type": "edit_query", "query": 1, "text": "mine"},
    {"type": "remove_query", "query": 1},
    {"type": "reorder", "order": [1]},
    {"type": "submit"},
    {"type": "answer", "picks": ["a"]},
    {"type": "suggest", "candidate": "a", "text": "mine"},
    {"type": "gave_away", "query": 1},
    {"type": "skip", "reason": "unclear"},
    {"type": "wait"},
]
BROKEN = [
    "", "null", "[]", "{", "{}", '"hello"', "12", '{"type": "nonsense"}', '{"type": "deal"}',
    '{"type": "deal", "key": "short"}', '{"type": "deal", "key": "has spaces in it"}',
    '{"type": "deal", "key": "12345678", "extra": 1}', '{"type": "hello", "type": 3}',
    '{"type": "add_query", "key": "12345678", "lease": 3, "text": "x"}',
    '{"type": "add_query", "key": "12345678", "lease": "x", "text": "\\ud800"}',
    '{"type": "answer", "key": "12345678", "lease": "x", "picks": ["a", "b", "c", "d"]}',
    '{"type": "answer", "key": "12345678", "lease": "x", "picks": ["z"]}',
    '{"type": "remove_query", "key": "12345678", "lease": "x", "query": -1}',
    '{"type": "remove_query", "key": "12345678", "lease": "x", "query": 1e400}',
    '{"type": "preview", "lease": "x", "number": -1, "text": "x"}',
    '{"type": "preview", "lease": "x", "number": 1, "text": "' + "x" * 201 + '"}',
    "[" * 2_000 + "]" * 2_000, "x" * 5_000, "\x00", "{" * 4_000,
]  # fmt: skip


async def rows(read: Any) -> Any:
    return await sync_to_async(read)()


@pytest.fixture
def stickers(transactional_db: None) -> list[Sticker]:
    return [make_sticker(number, queries=2, image="x", poster="x") for number in range(1, 9)]


@pytest.fixture
def anna(transactional_db: None) -> Player:
    return make_player("anna")


async def test_who_is_not_signed_in_stays_out(stickers: list[Sticker]) -> None:
    async with page_of(None) as page:
        assert await page.closed() == consumers.SIGNED_OUT
    assert page.frames == []


async def test_who_has_not_agreed_stays_out(stickers: list[Sticker], anna: Player) -> None:
    await rows(Consent.objects.all().delete)
    with pytest.raises(Closed, match=str(consumers.NOT_ADMITTED)):
        async with page_of(anna):
            pass


async def test_who_is_blocked_is_shown_out_and_no_move_counts(stickers: list[Sticker], anna: Player) -> None:
    async with page_of(anna) as page:
        await rows(lambda: Player.objects.filter(pk=anna.pk).update(is_active=False))
        await page.say(type="deal", key="key-blocked")
        assert (await page.hear_until("refused"))["code"] == "blocked"
        assert await page.closed() == consumers.NOT_ADMITTED
    assert await rows(Turn.objects.count) == 0


async def test_a_guest_plays_like_anybody(stickers: list[Sticker]) -> None:
    guest = await rows(lambda: make_player("guest 77", is_guest=True))
    async with page_of(guest) as page:
        assert page.state["is_guest"] is True
        assert (await page.move("deal"))["type"] == "done"


@pytest.mark.parametrize("role", ["guest", "contributor", "superuser"])
async def test_no_message_works_with_somebody_elses_lease(stickers: list[Sticker], anna: Player, role: str) -> None:
    fields = {"is_guest": role == "guest", "is_superuser": role == "superuser", "is_staff": role == "superuser"}
    other = await rows(lambda: make_player("other", **fields))
    async with page_of(anna) as own, page_of(other) as page:
        await own.move("deal")
        before = own.turn
        for message in LEASED:
            fields = {name: value for name, value in message.items() if name != "type"}
            refusal = await page.move(message["type"], lease=before["lease"], **fields)
            assert refusal["code"] == "bad_lease", message
        await page.say(type="preview", lease=before["lease"], number=1, text="so done")
        assert (await page.hear_until("refused"))["code"] == "bad_lease"
        await own.look()
        assert own.turn == before
    assert await rows(Query.objects.filter(text="mine").count) == 0


@pytest.mark.parametrize("frame", BROKEN)
def test_broken_frames_are_told_from_messages(frame: str) -> None:
    with pytest.raises((protocol.msgspec.DecodeError, ValueError, RecursionError)):
        protocol.parse(frame)


async def test_broken_frames_get_a_word_and_have_no_effect(
    stickers: list[Sticker], anna: Player, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    for some in (BROKEN[:13], BROKEN[13:]):
        async with page_of(anna) as page:
            for frame in some:
                await page.send(text=frame)
                assert (await page.hear_until("refused"))["code"] == "malformed"
            assert (await page.move("deal"))["type"] == "done"
    assert caplog.records == []
    assert await rows(Turn.objects.count) == 1


async def test_who_keeps_sending_broken_frames_is_cut_off(stickers: list[Sticker], anna: Player) -> None:
    async with page_of(anna) as page:
        for _ in range(40):
            await page.send(text="{")
        assert await page.closed() == consumers.MALFORMED


async def test_binary_frames_end_the_conversation(stickers: list[Sticker], anna: Player) -> None:
    async with page_of(anna) as page:
        await page.send(bytes=b"\x00\x01")
        assert await page.closed() == consumers.MALFORMED


@pytest.mark.parametrize(
    "message",
    [
        {"type": "hello"},
        {"type": "notices_seen", "key": "key-flood-1", "upto": 1},
        {"type": "preview", "lease": "x", "number": 1, "text": "x"},
    ],
)
async def test_a_flood_is_refused_and_then_cut_off(
    stickers: list[Sticker], anna: Player, message: dict[str, Any]
) -> None:
    async with page_of(anna) as page:
        for _ in range(200):
            await page.say(**message)
        assert await page.closed() == consumers.TOO_FAST
        codes = {heard["code"] for heard in map(json.loads, page.frames) if heard["type"] == "refused"}
        assert "too_fast" in codes


async def test_moves_out_of_order_are_refused_and_change_nothing(stickers: list[Sticker], anna: Player) -> None:
    async with page_of(anna) as page:
        for message in LEASED:
            fields = {name: value for name, value in message.items() if name != "type"}
            assert (await page.move(message["type"], lease="1.1:nothing", **fields))["code"] == "bad_lease"
        await page.move("deal")
        assert page.turn["kind"] == "find"
        turn = page.turn
        for kind, fields in [
            ("submit", {}), ("add_query", {"text": "x y"}), ("reorder", {"order": []}), ("gave_away", {"query": 1}),
            ("wait", {}), ("answer", {"picks": ["x"]}), ("skip", {"reason": "because"}),
        ]:  # fmt: skip
            assert (await page.play(kind, **fields))["type"] == "refused"
        await page.look()
        assert page.turn == turn
        await page.play("answer", picks=["a"])
        for kind, fields in [("answer", {"picks": ["b"]}), ("skip", {"reason": "unclear"}), ("wait", {})]:
            assert (await page.move(kind, lease=turn["lease"], **fields))["code"] == "turn_over"
    (retrieval,) = await rows(lambda: list(Retrieval.objects.all()))
    assert len(retrieval.picks) == 1


async def test_stop_waiting_without_waiting_deals_and_no_more(stickers: list[Sticker], anna: Player) -> None:
    async with page_of(anna) as page:
        await page.move("stop_waiting")
        turn = page.turn
        await page.move("stop_waiting")
        await page.move("deal")
        assert page.turn == turn


def test_a_bucket_lets_a_burst_through_and_then_so_many_a_second() -> None:
    now = [0.0]
    bucket = Bucket(per_s=2, burst=3, clock=lambda: now[0])
    assert [bucket.take() for _ in range(4)] == [True, True, True, False]
    now[0] = 0.5
    assert [bucket.take() for _ in range(2)] == [True, False]
    now[0] = 100.0
    assert sum(bucket.take() for _ in range(10)) == 3


async def test_pages_of_others_hear_nothing(stickers: list[Sticker], anna: Player) -> None:
    other = await rows(lambda: make_player("other"))
    async with page_of(anna) as own, page_of(other) as page:
        n_frames = len(page.frames)
        await own.move("deal")
        await page.look()
        assert len(page.frames) == n_frames + 1
