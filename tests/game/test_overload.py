"""More is typed than can be searched: previews are refused, and every move is carried out."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from sticktionary.domain.play.labelling import Desk
from sticktionary.domain.search.live import CatalogueSearch
from sticktionary.live import previews, protocol
from sticktionary.live.previews import Line, Previews
from sticktionary.models import Preview, Query, Sticker
from tests.game.conftest import make_player, make_sticker
from tests.game.page import Page, page_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def stickers(transactional_db: None) -> list[Sticker]:
    """Nothing to look up: everybody writes."""
    return [make_sticker(number) for number in range(1, 12)]


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """The searcher searches when the gate is open."""
    opened, search = threading.Event(), CatalogueSearch.preview

    def behind_the_gate(*asked: Any) -> Any:
        assert opened.wait(60)
        return search(*asked)

    monkeypatch.setattr(CatalogueSearch, "preview", behind_the_gate)
    yield opened
    opened.set()


@asynccontextmanager
async def writers(n: int, name: str = "writer") -> AsyncIterator[list[Page]]:
    async with AsyncExitStack() as stack:
        pages = []
        for number in range(n):
            player = await sync_to_async(make_player)(f"{name}{number}")
            pages.append(await stack.enter_async_context(page_of(player)))
            await pages[-1].move("deal")
            assert pages[-1].turn["kind"] == "label"
        yield pages


async def ask(page: Page, number: int, text: str) -> None:
    await page.say(type="preview", lease=page.turn["lease"], number=number, text=text)


async def test_previews_beyond_the_line_are_refused_at_once_and_moves_are_not(
    stickers: list[Sticker], gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(previews, "line", Line(most=2, patience_s=60))
    async with writers(4) as pages:
        for page in pages:
            await ask(page, 1, "so done")
            await page.look() if page in pages[:2] else await page.hear_until("busy")
        for number, page in enumerate(pages):
            assert (await page.play("add_query", text=f"words of writer {number}"))["type"] == "done"
        assert await Query.objects.acount() == 4
        gate.set()
        for page in pages[:2]:
            assert (await page.hear_until("results"))["number"] == 1
        for page in pages[2:]:
            await ask(page, 2, "so done")
            assert (await page.hear_until("results"))["number"] == 2


async def test_what_would_come_too_late_is_not_searched(
    stickers: list[Sticker], gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(previews, "line", Line(patience_s=-1))
    async with writers(1) as [page]:
        for number in range(1, 4):
            await ask(page, number, f"text {number}")
            assert await page.hear_until("busy") == {"type": "busy", "number": number}
        assert (await page.play("add_query", text="still written down"))["type"] == "done"
    assert await Preview.objects.acount() == 0


async def test_of_a_burst_the_first_and_the_last_are_searched(stickers: list[Sticker], gate: threading.Event) -> None:
    async with writers(1) as [page]:
        for number in range(1, 21):
            await ask(page, number, f"text {number}"[: 5 + number % 3])
        await page.look()
        gate.set()
        while json.loads(page.frames[-1]).get("number") != 20:
            await page.hear()
        answered = [frame for frame in map(json.loads, page.frames) if frame["type"] in {"results", "busy"}]
    assert [(frame["type"], frame["number"]) for frame in answered] == [("results", 1), ("results", 20)]


async def test_a_page_that_is_left_frees_its_place_in_the_line(
    stickers: list[Sticker], gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(previews, "line", Line(most=1, patience_s=60))
    async with writers(1) as [stays]:
        async with writers(1, "leaver") as [leaves]:
            await ask(leaves, 1, "gone")
            await leaves.look()
            await ask(stays, 1, "refused")
            await stays.hear_until("busy")
        await ask(stays, 2, "searched")
        await stays.look()
        gate.set()
        assert (await stays.hear_until("results"))["number"] == 2


async def test_a_page_that_takes_nothing_holds_one_answer_and_one_question(stickers: list[Sticker]) -> None:
    sticker = stickers[0]
    desk = Desk("lease", 1, "en", sticker.pk, timezone.now(), results_hidden=True)
    sent: list[str] = []
    is_full = asyncio.Event()

    async def never(frame: str) -> None:
        sent.append(frame)
        is_full.set()
        await asyncio.Event().wait()

    asked = Previews(never)
    asked.ask(desk, protocol.Preview(lease="lease", number=0, text="x"))
    await is_full.wait()
    for number in range(1, 2_000):
        asked.ask(desk, protocol.Preview(lease="lease", number=number, text="x" * 200))
    assert (len(sent), len(asked.shown)) == (1, 0)
    asked.stop()


async def test_facts_of_who_types_on_and_on_are_written_down(
    stickers: list[Sticker], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(previews, "MOST_SHOWN", 3)
    async with writers(1) as [page]:
        for number in range(1, 6):
            await ask(page, number, f"text {number}")
            assert (await page.hear_until("results"))["number"] == number
        assert [text async for text in Preview.objects.order_by("pk").values_list("text", flat=True)] == [
            f"text {number}" for number in (1, 2, 3)
        ]
    assert await Preview.objects.acount() == 5, "the rest when the page is left"
