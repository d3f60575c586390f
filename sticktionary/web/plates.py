"""Candidate images. Every answer looks alike: the same headers, no name, no date, no validator.

A page asks for 24 of them at once. Under ASGI they pass by Django's request machinery, whose thread, session and player
for each would cost ten times what the image does; the view answers the same wherever else Django runs.
"""

from __future__ import annotations

import asyncio
import re
import time
from functools import lru_cache, partial
from importlib import import_module
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, HTTPScope
from django.conf import settings
from django.contrib.auth import get_user
from django.http import Http404, HttpRequest, HttpResponse, parse_cookie
from django.urls import re_path
from django.views.decorators.http import require_safe

from sticktionary.domain.database import in_database
from sticktionary.domain.intake.pictures import path_of
from sticktionary.domain.play.plates import Plates, files_of

ADDRESS = (
    r"plates/(?P<public_id>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/(?P<letter>[a-x])(?P<still>\.still)?\.webp\Z"
)
HEADERS = {"Cache-Control": "private, max-age=3600", "X-Content-Type-Options": "nosniff"}
REMEMBERED_S = 60.0  # who is behind a session
MOST_REMEMBERED = 4_096


@require_safe
def plate(request: HttpRequest, public_id: str, letter: str, still: str | None = None) -> HttpResponse:
    image = _image(files_of(UUID(public_id), request.user.pk), letter, still)
    if image is None:
        raise Http404
    return HttpResponse(image, content_type="image/webp", headers=HEADERS)


def _image(files: Plates, letter: str, still: str | None) -> bytes | None:
    place = ord(letter) - ord("a")
    try:
        return _read(files[place][1 if still else 0]) if place < len(files) else None
    except FileNotFoundError:
        return None


@lru_cache(maxsize=512)
def _read(name: str) -> bytes:
    """Named by their content, so what was read once never changes."""
    return path_of(name).read_bytes()


urlpatterns = [re_path(rf"^{ADDRESS}", plate, name="plate")]


class Lane:
    """The same over ASGI: reads the session once a minute and page, then only files."""

    def __init__(self) -> None:
        self._remembered: dict[tuple[str, str], tuple[float, asyncio.Task[Plates]]] = {}

    async def __call__(self, scope: HTTPScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        asked = re.match(ADDRESS, scope["path"].lstrip("/"))
        body = None
        if asked and scope["method"] in {"GET", "HEAD"}:
            files = await self._files(session_key_of(scope), asked["public_id"])
            body = _image(files, asked["letter"], asked["still"])
        await _answer(send, body, head_only=scope["method"] == "HEAD")

    async def _files(self, session_key: str, public_id: str) -> Plates:
        known = self._remembered.get((session_key, public_id))
        if known is None or time.monotonic() - known[0] > REMEMBERED_S or _failed(known[1]):
            if len(self._remembered) >= MOST_REMEMBERED:
                self._remembered.clear()
            reading = asyncio.create_task(in_database(partial(files_for_session, session_key, UUID(public_id))))
            known = self._remembered[session_key, public_id] = time.monotonic(), reading
        return await asyncio.shield(known[1])


def _failed(reading: asyncio.Task[Plates]) -> bool:
    return reading.done() and (reading.cancelled() or reading.exception() is not None)


async def _answer(send: ASGISendCallable, body: bytes | None, *, head_only: bool) -> None:
    content = body or b""
    headers = {"Content-Type": "image/webp", "Content-Length": str(len(content)), **HEADERS} if body else {}
    await send({
        "type": "http.response.start",
        "status": 200 if body else 404,
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "trailers": False,
    })  # fmt: skip
    await send({"type": "http.response.body", "body": b"" if head_only else content, "more_body": False})


def session_key_of(scope: HTTPScope) -> str:
    """Read as Django reads it: a browser sends along what others on this host have set, of whatever form."""
    sent = "; ".join(value.decode("latin-1") for name, value in scope["headers"] if name == b"cookie")
    return parse_cookie(sent).get(settings.SESSION_COOKIE_NAME, "")


def files_for_session(session_key: str, public_id: UUID) -> Plates:
    store: Any = import_module(settings.SESSION_ENGINE).SessionStore
    player = get_user(SimpleNamespace(session=store(session_key or None)))  # type: ignore[arg-type]
    return files_of(public_id, player.pk) if player.is_authenticated and player.is_active else ()
