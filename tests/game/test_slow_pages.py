"""Pages that do not read, or are no longer there: real sockets on the web server's own protocol."""

from __future__ import annotations

import asyncio
import base64
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
import websockets

from sticktionary.live.sockets import BoundedWebSocket

FRAME = "x" * 8_192
LONG_S = 60.0  # nothing here takes that long; only a fault does


class Impatient(BoundedWebSocket):
    deaf_s = 0.05


class App:
    """Accepts, and sends on and on, or waits; remembers how it ended."""

    def __init__(self, n_frames: int | None) -> None:
        self.n_frames, self.n_sent = n_frames, 0
        self.ended = asyncio.get_running_loop().create_future()

    async def __call__(self, scope: Any, receive: Callable[..., Any], send: Callable[..., Any]) -> None:
        assert (await receive())["type"] == "websocket.connect"
        await send({"type": "websocket.accept"})
        try:
            while self.n_frames is None or self.n_sent < self.n_frames:
                await send({"type": "websocket.send", "text": FRAME})
                self.n_sent += 1
            while (event := await receive())["type"] != "websocket.disconnect":
                pass
        except OSError as error:
            self.ended.set_result(error)
        else:
            self.ended.set_result(event)


@asynccontextmanager
async def serving(app: App, **options: Any) -> AsyncIterator[int]:
    settings: dict[str, Any] = {"ws": Impatient, "ws_per_message_deflate": False, "log_level": "critical"} | options
    server = uvicorn.Server(uvicorn.Config(app, port=0, lifespan="off", timeout_graceful_shutdown=1, **settings))
    server.config.load()
    server.lifespan = server.config.lifespan_class(server.config)
    await server.startup()
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        await server.shutdown()


async def silent_page(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, bytes]:
    """Opens a WebSocket by hand and takes no more than the server's agreement; its own buffer is small."""
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    held.setblocking(False)
    await asyncio.get_running_loop().sock_connect(held, ("127.0.0.1", port))
    key = base64.b64encode(b"0123456789abcdef").decode()
    asked = f"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
    reader, writer = await asyncio.open_connection(sock=held, limit=1_024)
    writer.write(f"{asked}Sec-WebSocket-Version: 13\r\n\r\n".encode())
    return reader, writer, await reader.readuntil(b"\r\n\r\n")


async def test_who_never_reads_is_dropped_after_a_bounded_number_of_bytes() -> None:
    app = App(n_frames=None)
    async with serving(app) as port:
        _reader, writer, head = await silent_page(port)
        assert head.startswith(b"HTTP/1.1 101")
        ended = await asyncio.wait_for(app.ended, LONG_S)
        writer.close()
    assert isinstance(ended, OSError)
    assert app.n_sent * len(FRAME) < 2**20


async def test_who_answers_no_ping_is_dropped_though_there_is_much_to_send() -> None:
    app = App(n_frames=None)

    class Patient(BoundedWebSocket):
        deaf_s = 10 * LONG_S

    async with serving(app, ws=Patient, ws_ping_interval=0.05, ws_ping_timeout=0.05) as port:
        _reader, writer, _head = await silent_page(port)
        ended = await asyncio.wait_for(app.ended, LONG_S)
        writer.close()
    assert isinstance(ended, OSError)


async def test_who_is_silent_but_answers_pings_stays() -> None:
    app = App(n_frames=0)
    async with serving(app, ws_ping_interval=0.01, ws_ping_timeout=LONG_S) as port:
        async with websockets.connect(f"ws://127.0.0.1:{port}/") as page:
            for _ in range(3):
                await asyncio.wait_for(await page.ping(), LONG_S)
            assert not app.ended.done()
        assert (await asyncio.wait_for(app.ended, LONG_S))["code"] == 1000


async def test_who_reads_slowly_gets_everything() -> None:
    app = App(n_frames=64)
    async with serving(app, ws=BoundedWebSocket) as port:
        async with websockets.connect(f"ws://127.0.0.1:{port}/", max_queue=1, compression=None) as page:
            assert [len(await page.recv()) for _ in range(64)] == [len(FRAME)] * 64
        assert (await asyncio.wait_for(app.ended, LONG_S))["code"] == 1000
