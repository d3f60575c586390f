"""News of the catalogue between processes: a word through the channel layer that there are some, and nothing of what.

A nudge only hurries. Whoever misses one, because Redis was away or was emptied, reads on with the next look at the log.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction

GROUP = "search-news"
LEAST_S = 0.2  # between two nudges of one process: an import makes dozens of changes a second
REJOIN_S = 20.0  # an emptied Redis has forgotten who listens
AGAIN_S = 1.0  # after the channel layer was away

log = logging.getLogger(__name__)
_sent_at = float("-inf")


def nudge_on_commit() -> None:
    """Have every process look at the log as soon as the transaction stands."""
    transaction.on_commit(_nudge, robust=True)


def _nudge() -> None:
    global _sent_at
    if time.monotonic() - _sent_at < LEAST_S:
        return
    _sent_at = time.monotonic()
    layer = get_channel_layer()
    assert layer is not None
    async_to_sync(layer.group_send)(GROUP, {"type": "search.news"})


async def listen(told: Callable[[], None]) -> None:
    """Call `told` with every nudge, until cancelled."""
    while True:
        try:
            await _listen(told)
        except Exception:
            log.warning("nudges of search cannot be heard just now; the log is looked at all the same", exc_info=True)
            await asyncio.sleep(AGAIN_S)


async def _listen(told: Callable[[], None]) -> None:
    layer = get_channel_layer()
    assert layer is not None
    while True:
        channel = await layer.new_channel()  # the layer forgets one whose receiver was cancelled
        await layer.group_add(GROUP, channel)
        try:
            async with asyncio.timeout(REJOIN_S):
                while True:
                    await layer.receive(channel)
                    told()
        except TimeoutError:
            pass
        finally:
            await layer.group_discard(GROUP, channel)
