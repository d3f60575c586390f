"""The socket of a run's page: each second what is new of it, read from its rows, whatever process trains."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from typing import Any
from urllib.parse import parse_qs

import msgspec
from channels.generic.websocket import AsyncWebsocketConsumer
from django.utils import translation

from sticktionary.domain.database import in_database
from sticktionary.domain.errors import NotAllowed
from sticktionary.domain.lab import showing
from sticktionary.domain.people import accounts
from sticktionary.models import Player, TrainingRun

SIGNED_OUT = 4401
NOT_ALLOWED = 4403
NO_SUCH_RUN = 4404
EVERY_S = 1.0
EDITIONS = {"en": "en", "zh": "zh-hans"}


class RunConsumer(AsyncWebsocketConsumer):
    """Says nothing while nothing changes; ends when the run is over and all of it has been told."""

    watching: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        await self.accept()  # a close code reaches the page only after this
        user = self.scope["user"]
        if user is None or not user.is_authenticated:
            await self.close(SIGNED_OUT)
            return
        self.watching = asyncio.create_task(self._watch(user.pk, _position(self.scope["query_string"])))

    async def disconnect(self, code: int) -> None:
        if self.watching is not None:
            self.watching.cancel()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """A page has nothing to say here."""

    async def _watch(self, player_id: int, position: int) -> None:
        run_id = int(self.scope["url_route"]["kwargs"]["run_id"])
        told: dict[str, Any] = {}
        try:
            while True:
                look = partial(_look, player_id, self.scope["session"], run_id, position)
                news = await in_database(look)
                if news["events"] or news["run"] != told:
                    await self._hand(news)
                if news["events"]:
                    position = news["events"][-1]["position"]
                elif news["run"]["is_over"]:
                    break
                told = news["run"]
                await asyncio.sleep(0 if len(news["events"]) == showing.AT_ONCE else EVERY_S)
        except NotAllowed as refusal:
            await self.close(SIGNED_OUT if refusal.code == "signed_out" else NOT_ALLOWED)
        except TrainingRun.DoesNotExist:
            await self.close(NO_SUCH_RUN)
        else:
            await self.close()

    async def _hand(self, news: dict[str, Any]) -> None:
        with suppress(OSError):  # the page may have gone without a word
            await self.send(msgspec.json.encode(news).decode())


def _position(query_string: bytes) -> int:
    """How much of the run the page has already."""
    asked = parse_qs(query_string.decode("latin-1")).get("after", ["0"])[0]
    return int(asked) if asked.isdecimal() and len(asked) < 16 else 0


def _look(player_id: int, session: Any, run_id: int, position: int) -> dict[str, Any]:
    """What is new, for somebody who may still see it."""
    player = Player.objects.filter(pk=player_id).first()
    if player is None or not session.exists(session.session_key):
        raise NotAllowed("signed_out", "")
    accounts.require(player, "view_trainingrun")
    with translation.override(EDITIONS[player.language]):
        run = TrainingRun.objects.select_related("model").get(pk=run_id)
        return {"run": showing.state_of(run), "events": showing.events_after(run_id, position)}
