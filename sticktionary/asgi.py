"""HTTP to Django, sockets to the game."""

from __future__ import annotations

import os
from typing import Any, cast

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import re_path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sticktionary.settings")
django_application = get_asgi_application()

from sticktionary.live.lifespan import lifespan  # noqa: E402  (models need a loaded registry)
from sticktionary.live.origin import OwnPagesOnly  # noqa: E402
from sticktionary.live.routing import websocket_urlpatterns  # noqa: E402
from sticktionary.web.plates import Lane  # noqa: E402

routes = cast(Any, [re_path(r"^plates/", Lane()), re_path(r"", django_application)])  # type: ignore[arg-type]
application = ProtocolTypeRouter(
    {
        "lifespan": lifespan,
        "http": URLRouter(routes),
        "websocket": OwnPagesOnly(AuthMiddlewareStack(URLRouter(websocket_urlpatterns))),
    }
)
