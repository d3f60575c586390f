"""The one thread on which sockets use the database, and its one connection.

`database_sync_to_async` would close and open a connection around every call, which costs more than most verbs do.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from asgiref.sync import async_to_sync, sync_to_async
from django.db import InterfaceError, OperationalError, connection

IDLE_S = 30.0  # after which the server may have dropped the connection
T = TypeVar("T")
_used_at = time.monotonic()
_asked_from = threading.local()  # the event loop, while work is done for it
_begun = set[asyncio.Future[None]]()
log = logging.getLogger(__name__)


async def in_database(work: Callable[[], T]) -> T:
    """Do the work on the database thread; a connection that broke is opened anew for the next."""
    return await sync_to_async(_guarded, thread_sensitive=True)(work, asyncio.get_running_loop())


def without_waiting(job: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """From work in the database: have something done on the event loop that asked for the work, some time soon. From
    anywhere else it is done before this returns."""
    loop = getattr(_asked_from, "loop", None)
    if loop is None:
        async_to_sync(job)()
    else:
        loop.call_soon_threadsafe(_begin, job)


def _begin(job: Callable[[], Coroutine[Any, Any, None]]) -> None:
    task = asyncio.ensure_future(job())
    _begun.add(task)
    task.add_done_callback(_ended)


def _ended(task: asyncio.Future[None]) -> None:
    _begun.discard(task)
    if not task.cancelled() and (error := task.exception()):
        log.error("what was to be done after a commit failed", exc_info=error)


def _guarded(work: Callable[[], T], loop: asyncio.AbstractEventLoop) -> T:
    global _used_at
    _asked_from.loop = loop
    if time.monotonic() - _used_at > IDLE_S and not connection.in_atomic_block:
        connection.close()
    try:
        return work()
    except (InterfaceError, OperationalError):
        if not connection.in_atomic_block:
            connection.close()
        raise
    finally:
        _used_at, _asked_from.loop = time.monotonic(), None
