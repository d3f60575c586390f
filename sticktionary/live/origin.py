"""Which pages may open the game's socket: a browser sends a player's cookies along for other ports of the host too."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from channels.security.websocket import WebsocketDenier
from django.conf import settings


class OwnPagesOnly:
    """Refuse the socket to pages of another origin; what is no browser names none and has no cookies of others."""

    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> Any:
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        origin = headers.get(b"origin")
        is_own = origin is None or origin in settings.CSRF_TRUSTED_ORIGINS
        is_own = is_own or urlsplit(str(origin)).netloc == headers.get(b"host")
        return await (self.application if is_own else WebsocketDenier())(scope, receive, send)
