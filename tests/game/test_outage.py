"""When the channel layer is away: what was committed stays a success, and a page that broke is closed to come again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from channels.layers import channel_layers
from channels_redis.core import RedisChannelLayer
from django.db import transaction
from redis.exceptions import RedisError

from sticktionary.domain.events import announce
from sticktionary.live import consumers
from sticktionary.models import Player

NOWHERE = "redis://127.0.0.1:1/0"


@pytest.fixture
def layer_is_away() -> None:
    channel_layers.set("default", RedisChannelLayer(hosts=[NOWHERE]))


@pytest.fixture(autouse=True)
def layer_comes_back() -> Iterator[None]:
    layer = channel_layers["default"]
    yield
    channel_layers.set("default", layer)


@pytest.mark.django_db(transaction=True)
def test_what_is_announced_in_vain_is_committed_and_the_rest_is_done(layer_is_away: None, anna: Player) -> None:
    done = []
    with transaction.atomic():
        announce(anna.pk)
        transaction.on_commit(lambda: done.append("after"))
    assert done == ["after"]


@pytest.mark.django_db(transaction=True)
async def test_a_page_that_cannot_be_served_is_closed(layer_is_away: None, anna: Player) -> None:
    waiting = [{"type": "websocket.connect"}]
    sent: list[tuple[str, int | None]] = []

    async def receive() -> dict[str, Any]:
        if not waiting:
            await asyncio.Event().wait()
        return waiting.pop()

    async def send(message: dict[str, Any]) -> None:
        sent.append((message["type"], message.get("code")))

    page: Any = consumers.PlayConsumer.as_asgi()
    with pytest.raises(RedisError):
        await page({"type": "websocket", "user": anna}, receive, send)
    assert sent == [("websocket.accept", None), ("websocket.close", consumers.BROKEN)]
