"""The one thread on which sockets use the database, and its one connection.

`database_sync_to_async` would close and open a connection around every call, which costs more than most verbs do.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from asgiref.sync import sync_to_async
from django.db import InterfaceError, OperationalError, connection

IDLE_S = 30.0  # after which the server may have dropped the connection
T = TypeVar("T")
_used_at = time.monotonic()


async def in_database(work: Callable[[], T]) -> T:
    """Do the work on the database thread; a connection that broke is opened anew for the next."""
    return await sync_to_async(_guarded, thread_sensitive=True)(work)


def _guarded(work: Callable[[], T]) -> T:
    global _used_at
    if time.monotonic() - _used_at > IDLE_S and not connection.in_atomic_block:
        connection.close()
    try:
        return work()
    except (InterfaceError, OperationalError):
        if not connection.in_atomic_block:
            connection.close()
        raise
    finally:
        _used_at = time.monotonic()
