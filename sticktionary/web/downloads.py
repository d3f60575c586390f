"""Files on their way to a browser, a piece at a time, read beside the loop that serves the game."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from django.http import StreamingHttpResponse

PIECE = 2**20


def of_file(found: Path, kind: str = "application/octet-stream") -> StreamingHttpResponse:
    response = of_pieces(_pieces(found), found.name, kind)
    response.headers["Content-Length"] = str(found.stat().st_size)
    return response


def of_pieces(pieces: Iterator[bytes], name: str, kind: str) -> StreamingHttpResponse:
    """What is made while it is sent; how long it will be is not known."""
    plain = "".join(letter if letter.isascii() and letter not in '"\\\r\n' else "_" for letter in name)
    headers = {"Content-Disposition": f'attachment; filename="{plain}"', "X-Content-Type-Options": "nosniff"}
    return StreamingHttpResponse(_beside(pieces), content_type=kind, headers=headers)


def _pieces(found: Path) -> Iterator[bytes]:
    with found.open("rb") as file:
        while piece := file.read(PIECE):
            yield piece


async def _beside(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
        yield piece
