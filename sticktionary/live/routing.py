from __future__ import annotations

from typing import Any

from django.urls import path

from sticktionary.live.consumers import PlayConsumer
from sticktionary.live.lab import RunConsumer

websocket_urlpatterns: list[Any] = [
    path("ws/play/", PlayConsumer.as_asgi()),  # type: ignore[arg-type]
    path("ws/lab/runs/<int:run_id>/", RunConsumer.as_asgi()),  # type: ignore[arg-type]
]
