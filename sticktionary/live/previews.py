"""Results at typing speed: one search of a socket runs, one may wait; a newer text takes the waiting one's place. When
more is typed than can be searched, what would come too late is not searched."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

from django.utils import timezone

from sticktionary.domain.database import in_database
from sticktionary.domain.lab import shadowing
from sticktionary.domain.play import labelling
from sticktionary.domain.play.checks import clean
from sticktionary.domain.play.labelling import Desk, Shown
from sticktionary.domain.reply_round import searching
from sticktionary.domain.search.following import freshness
from sticktionary.domain.search.live import catalogue_search
from sticktionary.live import protocol

SEARCH = ThreadPoolExecutor(max_workers=max(1, min(4, (os.cpu_count() or 2) - 1)), thread_name_prefix="search")
LONGEST = 80  # what the column of facts holds
N_HITS = 24
PATIENCE_S = 1.0  # the page says that it is late then
MOST_WAITING = 256  # previews of a process, before a search thread
MOST_SHOWN = 100  # facts of a socket that wait for its next move


@dataclass(frozen=True, slots=True)
class Asked:
    desk: Desk | searching.Desk
    message: protocol.Preview | protocol.Look
    at: float  # by the monotonic clock


class Line:
    """In which the previews of all sockets of this process wait for a search thread. It is never so long, nor does
    anybody stand in it for so long, that results would be of no use: those previews are refused, so that a crowd makes
    results rarer and no move late."""

    def __init__(self, most: int = MOST_WAITING, patience_s: float = PATIENCE_S) -> None:
        self._most, self._patience_s = most, patience_s
        self.n_waiting = 0

    async def search(self, asked: Asked) -> tuple[str, Shown | None]:
        """The answer as a frame, and what it showed."""
        if self.n_waiting >= self._most:
            return _busy(asked), None
        self.n_waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(SEARCH, self._search_in_time, asked)
        finally:
            self.n_waiting -= 1

    def _search_in_time(self, asked: Asked) -> tuple[str, Shown | None]:
        if time.monotonic() - asked.at > self._patience_s:
            return _busy(asked), None
        if isinstance(asked.desk, searching.Desk):
            return look(asked.desk, asked.message.text, asked.message.number), None
        return search(asked.desk, asked.message.text, asked.message.number)


line = Line()


def _busy(asked: Asked) -> str:
    return protocol.encode(protocol.Busy(asked.message.number))


@dataclass
class Previews:
    """The previews of one socket. What was shown is kept back as facts for the next move to write down."""

    send: Callable[[str], Awaitable[None]]
    shown: list[Shown] = field(default_factory=list)
    _next: Asked | None = None
    _running: asyncio.Task[None] | None = None

    def ask(self, desk: Desk | searching.Desk, message: protocol.Preview | protocol.Look) -> None:
        self._next = Asked(desk, message, time.monotonic())
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run())

    def stop(self) -> None:
        self._next = None
        if self._running is not None:
            self._running.cancel()

    async def write_down(self) -> None:
        if shown := self.take_shown():
            await in_database(partial(labelling.record_previews, shown))

    def take_shown(self) -> list[Shown]:
        shown, self.shown = self.shown, []
        return shown

    async def _run(self) -> None:
        await freshness.keep()
        while self._next is not None:
            asked, self._next = self._next, None
            frame, fact = await line.search(asked)
            if fact is not None:
                self.shown.append(fact)
            if len(self.shown) >= MOST_SHOWN:
                await self.write_down()
            await self.send(frame)


def look(desk: searching.Desk, text: str, number: int) -> str:
    """What may be sent, as a frame; runs in a search thread. Nothing is kept of what is only typed."""
    text = clean(text)[:LONGEST]
    found = searching.found(text, desk.language, N_HITS) if text else []
    return protocol.encode(protocol.Offers(number, found))


def search(desk: Desk, text: str, number: int) -> tuple[str, Shown | None]:
    """The answer as a frame, and what it showed; runs in a search thread and touches no database."""
    text = clean(text)[:LONGEST]
    if not text or desk.results_hidden:
        return protocol.encode(protocol.Results(number, [], None, 0.0)), None
    found = catalogue_search.preview(text, desk.target, N_HITS)
    shadowing.offer_preview(desk.round_id, desk.language, text, desk.target, found)
    pictures = catalogue_search.known_pictures(found.ids, desk.language)
    hits = [
        protocol.Hit(picture.image, picture.poster, picture.alt, sticker_id == desk.target)
        for sticker_id in found.ids
        if (picture := pictures.get(sticker_id))
    ]
    fact = Shown(desk.round_id, text, timezone.now(), found.ids, found.target_rank, found.model_version, found.ms)
    return protocol.encode(protocol.Results(number, hits, found.target_rank, round(found.ms, 1))), fact
