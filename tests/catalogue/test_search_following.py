"""How a server process hears of news, and follows the log when it hears none."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from channels.db import database_sync_to_async
from channels.layers import InMemoryChannelLayer
from django.db import OperationalError, transaction

from sticktionary.asgi import application
from sticktionary.domain.search import following, nudges
from sticktionary.domain.search.following import Follower, Freshness
from sticktionary.domain.search.nudges import GROUP, nudge_on_commit

PATIENCE_S = 60


class Layer(InMemoryChannelLayer):
    """Says when somebody has joined."""

    def __init__(self) -> None:
        super().__init__()
        self._joined = asyncio.Event()

    async def group_add(self, group: str, channel: str) -> None:
        await super().group_add(group, channel)
        self._joined.set()

    async def joined(self) -> None:
        self._joined.clear()
        async with asyncio.timeout(PATIENCE_S):
            await self._joined.wait()


@pytest.fixture(autouse=True)
def layer(monkeypatch: pytest.MonkeyPatch) -> Layer:
    """A channel layer of its own, and no nudge sent before."""
    layer = Layer()
    monkeypatch.setattr(nudges, "get_channel_layer", lambda: layer)
    monkeypatch.setattr(nudges, "_sent_at", float("-inf"))
    return layer


class Heard:
    def __init__(self) -> None:
        self.n = 0
        self._heard = asyncio.Event()

    def __call__(self) -> None:
        self.n += 1
        self._heard.set()

    async def next(self) -> None:
        async with asyncio.timeout(PATIENCE_S):
            await self._heard.wait()
        self._heard.clear()


@asynccontextmanager
async def listening(layer: Layer) -> AsyncIterator[Heard]:
    heard = Heard()
    task = asyncio.create_task(nudges.listen(heard))
    await layer.joined()
    try:
        yield heard
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@pytest.mark.django_db(transaction=True)
async def test_a_change_is_heard_of_when_it_is_committed(layer: Layer) -> None:
    def change(*, is_kept: bool) -> None:
        with suppress(KeyError), transaction.atomic():
            nudge_on_commit()
            if not is_kept:
                raise KeyError

    async with listening(layer) as heard:
        await database_sync_to_async(change)(is_kept=False)
        await database_sync_to_async(change)(is_kept=True)
        await heard.next()
        assert heard.n == 1


@pytest.mark.django_db(transaction=True)
async def test_an_import_does_not_nudge_with_every_line(layer: Layer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nudges, "LEAST_S", 3_600.0)
    sent: list[str] = []

    async def send(group: str, message: dict[str, Any]) -> None:
        sent.append(group)

    monkeypatch.setattr(layer, "group_send", send)
    for _ in range(5):
        await database_sync_to_async(nudge_on_commit)()
    assert sent == [GROUP]


async def test_who_listens_joins_again_when_all_is_forgotten(layer: Layer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nudges, "REJOIN_S", 0.01)
    async with listening(layer) as heard:
        await layer.flush()
        await layer.joined()
        await layer.group_send(GROUP, {"type": "search.news"})
        await heard.next()


async def test_who_listens_goes_on_when_the_layer_was_away(layer: Layer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nudges, "AGAIN_S", 0.0)
    n_left, kept = 3, layer.group_add

    async def add(group: str, channel: str) -> None:
        nonlocal n_left
        n_left -= 1
        if n_left > 0:
            raise ConnectionError("Redis is away")
        await kept(group, channel)

    monkeypatch.setattr(layer, "group_add", add)
    async with listening(layer) as heard:
        await layer.group_send(GROUP, {"type": "search.news"})
        await heard.next()
    assert n_left <= 0


class Search:
    """What a follower asks of search: says at each look what is told, and then that there is nothing new."""

    is_followed = False

    def __init__(self, *told: bool | Exception) -> None:
        self._told, self.waited = list(told), list[bool]()
        self.at_rest = threading.Semaphore(0)

    def catch_up(self, *, wait: bool) -> bool:
        self.waited.append(wait)
        if not self._told:
            self.at_rest.release()
            return False
        told = self._told.pop(0)
        if isinstance(told, Exception):
            raise told
        return told

    def preview(self, text: str, target: int) -> None:
        pass

    def rests(self) -> None:
        assert self.at_rest.acquire(timeout=PATIENCE_S)


@pytest.fixture
def follow(monkeypatch: pytest.MonkeyPatch) -> Callable[[Search, Callable[[], object]], Follower]:
    monkeypatch.setattr(following, "LOOK_EVERY_S", 3_600.0)
    monkeypatch.setattr(following, "AGAIN_AFTER_S", 0.0)
    return Follower  # type: ignore[return-value]  # asks for no more than Search does


def test_a_follower_reads_all_and_looks_again_when_it_is_nudged(follow: Callable[..., Follower]) -> None:
    search, warm = Search(True, True), threading.Event()
    follower = follow(search, warm.set)
    assert warm.wait(PATIENCE_S)
    search.rests()
    assert (search.is_followed, search.waited) == (True, [True, True, True])
    follower.nudge()
    search.rests()
    assert search.waited == [True, True, True, False]
    follower.end()
    follower.join(PATIENCE_S)
    assert not search.is_followed


def test_a_follower_looks_without_being_nudged(
    follow: Callable[..., Follower], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "LOOK_EVERY_S", 0.0)
    search = Search()
    follower = follow(search, lambda: None)
    for _ in range(3):
        search.rests()
    follower.end()
    follower.join(PATIENCE_S)


def test_a_follower_tries_again_when_the_database_was_away(follow: Callable[..., Follower]) -> None:
    search, warm = Search(OperationalError("away"), True, OperationalError("away")), threading.Event()
    follower = follow(search, warm.set)
    assert warm.wait(PATIENCE_S)
    assert search.waited == [True] * 4
    follower.end()
    follower.join(PATIENCE_S)


async def test_a_server_process_follows_from_its_start_to_its_end(
    settings: Any, monkeypatch: pytest.MonkeyPatch, layer: Layer
) -> None:
    settings.SEARCH_FOLLOWS = True
    monkeypatch.setattr(nudges, "REJOIN_S", 0.01)
    search, freshness = Search(True), Freshness()
    monkeypatch.setattr(following, "catalogue_search", search)
    monkeypatch.setattr("sticktionary.live.lifespan.freshness", freshness)
    server = ApplicationCommunicator(application, {"type": "lifespan"})
    await server.send_input({"type": "lifespan.startup"})
    assert (await server.receive_output(PATIENCE_S))["type"] == "lifespan.startup.complete"
    async with asyncio.timeout(PATIENCE_S):
        await freshness.keep()
    assert search.is_followed
    await layer.joined()
    await server.send_input({"type": "lifespan.shutdown"})
    assert (await server.receive_output(PATIENCE_S))["type"] == "lifespan.shutdown.complete"
    await server.wait(PATIENCE_S)
    await asyncio.to_thread(search.rests)
