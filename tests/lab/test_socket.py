"""The socket of a run's page: what is new, whatever process writes it, and only for who may see it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from django.test import Client
from django.utils import timezone

from sticktionary.asgi import application
from sticktionary.domain.lab import runs
from sticktionary.live import lab
from sticktionary.models import Player, Release, RunEvent, TrainingRun
from tests.people.conftest import client_of, make_player

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab, "EVERY_S", 0.01)


@pytest.fixture
def run(researcher: Player, frozen: Release) -> TrainingRun:
    return runs.start(actor=researcher, recipe="stickerclip", release=frozen, base="tiny")


def happens(run: TrainingRun, *steps: int) -> None:
    for step in steps:
        told = {"position": 10 * step, "at": timezone.now(), "kind": "step", "step": step, "data": {"text": ""}}
        RunEvent.objects.create(run=run, **told)


@asynccontextmanager
async def watching(browser: Client, run_id: int, after: int = 0) -> AsyncIterator[ApplicationCommunicator]:
    """A run's page, open in somebody's browser."""
    cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in browser.cookies.items())
    scope = {
        "type": "websocket",
        "path": f"/ws/lab/runs/{run_id}/",
        "query_string": f"after={after}".encode(),
        "headers": [(b"cookie", cookies.encode())],
        "subprotocols": [],
    }
    page = ApplicationCommunicator(application, scope)
    await page.send_input({"type": "websocket.connect"})
    assert (await page.receive_output(timeout=5))["type"] == "websocket.accept"
    yield page
    await page.send_input({"type": "websocket.disconnect", "code": 1001})
    await page.wait(timeout=5)


async def told(page: ApplicationCommunicator) -> tuple[list[int], str]:
    news = json.loads((await page.receive_output(timeout=10))["text"])
    return [event["step"] for event in news["events"]], news["run"]["status"]


async def code(page: ApplicationCommunicator) -> int:
    closing = await page.receive_output(timeout=10)
    assert closing["type"] == "websocket.close"
    return int(closing.get("code", 1000))


@pytest.fixture
def browser(researcher: Player) -> Client:
    return client_of(researcher)


async def test_a_page_hears_what_happens_after_what_it_has(browser: Client, run: TrainingRun) -> None:
    await sync_to_async(happens)(run, 1, 2)
    async with watching(browser, run.pk, after=10) as page:
        assert await told(page) == ([2], "queued")
        await sync_to_async(happens)(run, 3)
        assert await told(page) == ([3], "queued")
        await TrainingRun.objects.filter(pk=run.pk).aupdate(state="cancelled")
        assert await told(page) == ([], "cancelled")


async def test_the_socket_ends_with_the_run_once_all_is_told(browser: Client, run: TrainingRun) -> None:
    await sync_to_async(happens)(run, 1)
    await TrainingRun.objects.filter(pk=run.pk).aupdate(state="failed")
    async with watching(browser, run.pk) as page:
        assert (await told(page), await code(page)) == (([1], "failed"), 1000)


async def test_a_long_history_comes_in_pieces(
    browser: Client, run: TrainingRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lab.showing, "AT_ONCE", 2)
    await sync_to_async(happens)(run, 1, 2, 3)
    async with watching(browser, run.pk) as page:
        assert [(await told(page))[0], (await told(page))[0]] == [[1, 2], [3]]


async def test_who_may_not_see_runs_hears_nothing(run: TrainingRun) -> None:
    stranger = await sync_to_async(lambda: client_of(make_player("somebody")))()
    for browser, expected in ((stranger, lab.NOT_ALLOWED), (Client(), lab.SIGNED_OUT)):
        async with watching(browser, run.pk) as page:
            assert await code(page) == expected


async def test_there_is_no_such_run(browser: Client) -> None:
    async with watching(browser, 4_711) as page:
        assert await code(page) == lab.NO_SUCH_RUN


async def test_signing_out_ends_the_socket(browser: Client, run: TrainingRun) -> None:
    async with watching(browser, run.pk) as page:
        assert await told(page) == ([], "queued")
        await sync_to_async(browser.session.flush)()
        assert await code(page) == lab.SIGNED_OUT


async def test_a_role_that_is_taken_away_ends_it_too(browser: Client, researcher: Player, run: TrainingRun) -> None:
    async with watching(browser, run.pk) as page:
        await told(page)
        await sync_to_async(researcher.groups.clear)()
        assert await code(page) == lab.NOT_ALLOWED
