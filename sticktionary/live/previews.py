"""Results at typing speed: one search of a socket runs, one may wait; a newer text takes the waiting one's place."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from django.utils import timezone

from sticktionary.domain.lab import shadowing
from sticktionary.domain.play.checks import clean
from sticktionary.domain.play.labelling import Desk, Shown
from sticktionary.domain.search.following import freshness
from sticktionary.domain.search.live import catalogue_search
from sticktionary.live import protocol

SEARCH = ThreadPoolExecutor(max_workers=max(1, min(4, (os.cpu_count() or 2) - 1)), thread_name_prefix="search")
LONGEST = 80  # what the column of facts holds
N_HITS = 24
log = logging.getLogger(__name__)


@dataclass
class Previews:
    """The previews of one socket. What was shown is kept back as facts for the next move to write down."""

    send: Callable[[str], Awaitable[None]]
    shown: list[Shown] = field(default_factory=list)
    _next: tuple[Desk, protocol.Preview] | None = None
    _running: asyncio.Task[None] | None = None

    def ask(self, desk: Desk, message: protocol.Preview) -> None:
        self._next = (desk, message)
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run())

    def stop(self) -> None:
        self._next = None
        if self._running is not None:
            self._running.cancel()

    def take_shown(self) -> list[Shown]:
        shown, self.shown = self.shown, []
        return shown

    async def _run(self) -> None:
        await freshness.keep()
        while self._next is not None:
            (desk, message), self._next = self._next, None
            frame, fact = await asyncio.get_running_loop().run_in_executor(SEARCH, search, desk, message)
            if fact is not None:
                self.shown.append(fact)
            await self.send(frame)


def search(desk: Desk, message: protocol.Preview) -> tuple[str, Shown | None]:
    """The answer as a frame, and what it showed; runs in a search thread and touches no database."""
    text = clean(message.text)[:LONGEST]
    if not text or desk.results_hidden:
        return protocol.encode(protocol.Results(message.number, [], None, 0.0)), None
    found = catalogue_search.preview(text, desk.target, N_HITS)
    shadowing.offer_preview(desk.round_id, desk.language, text, desk.target, found)
    pictures = catalogue_search.known_pictures(found.ids, desk.language)
    hits = [
        protocol.Hit(picture.image, picture.poster, picture.alt, sticker_id == desk.target)
        for sticker_id in found.ids
        if (picture := pictures.get(sticker_id))
    ]
    fact = Shown(desk.round_id, text, timezone.now(), found.ids, found.target_rank, found.model_version, found.ms)
    return protocol.encode(protocol.Results(message.number, hits, found.target_rank, round(found.ms, 1))), fact
