"""How the web server speaks WebSocket: as uvicorn does, but that a page which does not read, or is no longer there,
costs nothing after a while."""

from __future__ import annotations

import asyncio
import socket
from typing import cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

SEND_BUFFER = 64 * 1024  # bytes that the kernel keeps for a page; by itself it would go up to megabytes
DEAF_S = 20.0


class BoundedWebSocket(WebSocketsSansIOProtocol):
    """uvicorn closes a connection when all has been sent; to a page that takes nothing that is never. Here what it has
    not taken in `deaf_s` is dropped, and the connection with it, which ends whatever waits to send."""

    deaf_s = DEAF_S
    _dropping: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        held = transport.get_extra_info("socket")
        if held is not None:
            held.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        super().connection_made(cast(asyncio.Transport, transport))

    def pause_writing(self) -> None:
        super().pause_writing()
        self._drop_after(self.deaf_s)

    def resume_writing(self) -> None:
        self._forgive()
        super().resume_writing()

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self._drop_after(1.0)  # in which the close code can still go out

    def connection_lost(self, exc: Exception | None) -> None:
        self._forgive()
        super().connection_lost(exc)

    def _drop_after(self, delay_s: float) -> None:
        self._forgive()
        self._dropping = self.loop.call_later(delay_s, self.transport.abort)

    def _forgive(self) -> None:
        if self._dropping is not None:
            self._dropping.cancel()
            self._dropping = None
