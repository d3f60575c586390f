"""Play a snapshot to the page in place of the server's, to see a state that is rare in play."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, WebSocketRoute

SOCKET = "**/ws/play/"
SHOWN_AS = {
    "found": ".reveal",
    "written": ".reveal",
    "reply": "main.send",
    "waiting": ".word-page h1",
    "nothing": ".word-page h1",
}  # where it is not `main` with a class of the turn's name


class Stage:
    """The server's part of the socket: says what it is told to and remembers what it heard."""

    def __init__(self, answer: Callable[[dict[str, Any]], list[dict[str, Any]]] | None = None) -> None:
        self.heard: list[dict[str, Any]] = []
        self.route: WebSocketRoute | None = None
        self.answer = answer or (lambda message: [])
        self.snapshot: dict[str, Any] | None = None

    def opened(self, route: WebSocketRoute) -> None:
        self.route = route
        route.on_message(self.hear)
        self.show()

    def hear(self, frame: str | bytes) -> None:
        message = json.loads(frame)
        self.heard.append(message)
        for reply in self.answer(message):
            self.say(reply)

    def say(self, message: dict[str, Any]) -> None:
        assert self.route is not None
        self.route.send(json.dumps(message))

    def show(self) -> None:
        if self.snapshot is not None:
            self.say({"type": "snapshot", "state": self.snapshot})

    def moves(self, kind: str) -> list[dict[str, Any]]:
        return [message for message in self.heard if message["type"] == kind]


def stage(
    page: Page,
    snapshot: dict[str, Any],
    answer: Callable[[dict[str, Any]], list[dict[str, Any]]] | None = None,
) -> Stage:
    """The game's page with this snapshot on it."""
    acted = Stage(answer)
    acted.snapshot = snapshot
    page.unroute_all()
    page.route_web_socket(SOCKET, acted.opened)
    page.evaluate("sessionStorage.clear()")
    page.reload()
    kind = snapshot["turn"]["kind"]
    page.locator(SHOWN_AS.get(kind, f"main.{kind}")).wait_for()
    return acted
