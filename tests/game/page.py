"""A player's open page in tests: the socket as a browser would speak it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from django.conf import settings
from django.test import Client

from sticktionary.asgi import application
from sticktionary.models import Player

_numbers = count(1)


def client_of(player: Player) -> Client:
    client = Client()
    client.force_login(player, settings.AUTHENTICATION_BACKENDS[0])
    return client


class Closed(Exception):
    """The server closed the socket; the code says why."""


class Page:
    def __init__(self, headers: list[tuple[bytes, bytes]]) -> None:
        scope = {"type": "websocket", "path": "/ws/play/", "query_string": b"", "headers": headers, "subprotocols": []}
        self.socket = ApplicationCommunicator(application, scope)
        self.frames: list[str] = []  # all that was heard
        self.state: dict[str, Any] = {}

    async def open(self) -> None:
        await self.socket.send_input({"type": "websocket.connect"})
        assert (await self.socket.receive_output(timeout=5))["type"] == "websocket.accept"

    async def leave(self) -> None:
        await self.socket.send_input({"type": "websocket.disconnect", "code": 1001})
        await self.socket.wait(timeout=5)

    @property
    def turn(self) -> dict[str, Any]:
        turn: dict[str, Any] = self.state["turn"]
        return turn

    async def hear(self) -> dict[str, Any]:
        event = await self.socket.receive_output(timeout=5)
        if event["type"] == "websocket.close":
            raise Closed(event["code"])
        self.frames.append(event["text"])
        message: dict[str, Any] = json.loads(event["text"])
        if message["type"] == "snapshot":
            self.state = message["state"]
        return message

    async def hear_until(self, kind: str) -> dict[str, Any]:
        while (message := await self.hear())["type"] != kind:
            pass
        return message

    async def hear_turn(self, kind: str) -> dict[str, Any]:
        """Wait, without asking, for the page to turn to this kind."""
        while self.turn["kind"] != kind:
            await self.hear()
        return self.turn

    async def hear_same(self, other: Page) -> None:
        """Wait, without asking, for this page to show what another page of the player does."""
        while self.turn != other.turn:
            await self.hear()

    async def say(self, **message: Any) -> None:
        await self.send(text=json.dumps(message))

    async def send(self, **frame: Any) -> None:
        await self.socket.send_input({"type": "websocket.receive", **frame})

    async def move(self, kind: str, **message: Any) -> dict[str, Any]:
        """Make a move and hear what came of it, with the snapshot that follows when it was carried out."""
        key = message.setdefault("key", f"key-{next(_numbers):08}")
        await self.say(type=kind, **message)
        while (answer := await self.hear())["type"] == "snapshot" or answer.get("key") != key:
            pass
        if answer["type"] == "done":
            await self.look()
        return answer

    async def play(self, kind: str, **message: Any) -> dict[str, Any]:
        return await self.move(kind, lease=self.turn["lease"], **message)

    async def look(self) -> None:
        """Drain what is under way by asking for the state and hearing it."""
        await self.say(type="hello")
        await self.hear_until("snapshot")
        while not await self.socket.receive_nothing(timeout=0.01, interval=0.005):
            await self.hear()

    async def closed(self) -> int:
        """The code with which the server closes the socket, whatever it says before."""
        try:
            while True:
                await self.hear()
        except Closed as closed:
            code: int = closed.args[0]
            return code


@asynccontextmanager
async def page_of(player: Player | None) -> AsyncIterator[Page]:
    headers = []
    if player is not None:
        client = await sync_to_async(client_of)(player)
        headers = [(b"cookie", f"{settings.SESSION_COOKIE_NAME}={client.session.session_key}".encode())]
    page = Page(headers)
    await page.open()
    try:
        if player is not None:
            await page.hear_until("snapshot")
        yield page
    finally:
        await page.leave()
