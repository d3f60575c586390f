"""What begins and ends with a server process."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from sticktionary.domain.search.following import freshness


async def lifespan(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[dict[str, Any]]],
    send: Callable[[dict[str, Any]], Awaitable[None]],
) -> None:
    """Search is read in from the start, not from the first player on."""
    while (await receive())["type"] == "lifespan.startup":
        freshness.start()
        await send({"type": "lifespan.startup.complete"})
    freshness.end()
    await send({"type": "lifespan.shutdown.complete"})
