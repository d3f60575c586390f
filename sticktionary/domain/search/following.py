"""Keeping a server process's search up to date: a thread with a database connection of its own follows the log."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable

from django.conf import settings
from django.db import connection

from sticktionary.domain.database import in_database
from sticktionary.domain.lab import shadowing
from sticktionary.domain.search import nudges
from sticktionary.domain.search.live import CatalogueSearch, catalogue_search

LOOK_EVERY_S = 0.4  # at the log, whether or not anybody searches
AGAIN_AFTER_S = 1.0  # when the database was away
REFRESH_EVERY_S = 1.0  # where nobody follows

log = logging.getLogger(__name__)


class Follower(threading.Thread):
    """Reads on whenever it is nudged, and every `LOOK_EVERY_S` without."""

    def __init__(self, search: CatalogueSearch, when_warm: Callable[[], object]) -> None:
        """`when_warm` is called in its thread when all that had happened before it began is taken over."""
        super().__init__(name="search-follower", daemon=True)
        self._search, self._when_warm, self._is_warm = search, when_warm, False
        search.is_followed = True
        self._is_nudged, self._is_ending = threading.Event(), threading.Event()
        self.start()

    def nudge(self) -> None:
        self._is_nudged.set()

    def end(self) -> None:
        self._is_ending.set()
        self._is_nudged.set()

    def run(self) -> None:
        try:
            while not self._is_ending.is_set():
                self._is_nudged.wait(LOOK_EVERY_S if self._read_on() else AGAIN_AFTER_S)
                self._is_nudged.clear()
        finally:
            self._search.is_followed = False
            connection.close()

    def _read_on(self) -> bool:
        """Whether it could."""
        try:
            while self._search.catch_up(wait=not self._is_warm) and not self._is_ending.is_set():
                pass
            if not self._is_warm:
                self._search.preview("warm", 0)  # the first search of a process compiles and loads for a second
                self._is_warm = True
                self._when_warm()
            shadowing.write_down()
        except Exception:
            log.exception("search could not catch up with the catalogue")
            connection.close()
            return False
        return True


class Freshness:
    """Of this process's search. In a server process the follower keeps it, from the first call or the process's start
    on; elsewhere (`SEARCH_FOLLOWS` is off) whoever searches reads on, at most once a second."""

    def __init__(self) -> None:
        self._follower: Follower | None = None
        self._is_warm = asyncio.Event()
        self._listening: asyncio.Task[None] | None = None
        self._read_at = float("-inf")

    def start(self) -> None:
        """Follow from now on, and hear nudges on this event loop."""
        if settings.SEARCH_FOLLOWS and self._follower is None:
            loop = asyncio.get_running_loop()
            self._follower = Follower(catalogue_search, lambda: loop.call_soon_threadsafe(self._is_warm.set))
            self._listening = loop.create_task(nudges.listen(self._follower.nudge))

    def end(self) -> None:
        if self._follower is not None and self._listening is not None:
            self._listening.cancel()
            self._follower.end()
            self._follower = self._listening = None

    async def keep(self) -> None:
        """Wait for the first reading, without which there is nothing to find; never for a later one."""
        if not settings.SEARCH_FOLLOWS:
            await self._read_here()
            return
        self.start()
        await self._is_warm.wait()

    async def _read_here(self) -> None:
        if self._is_warm.is_set() and time.monotonic() - self._read_at < REFRESH_EVERY_S:
            return
        self._read_at = time.monotonic()
        reading = asyncio.ensure_future(self._refresh())
        if not self._is_warm.is_set():
            await asyncio.shield(reading)

    async def _refresh(self) -> None:
        try:
            await in_database(catalogue_search.refresh)
            self._is_warm.set()
            await in_database(shadowing.write_down)
        except Exception:
            log.exception("search could not catch up with the catalogue")


freshness = Freshness()
