"""Whose pages may open the game's socket, and whose cookies its pictures are asked with."""

from __future__ import annotations

from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.test import override_settings

from sticktionary.asgi import application
from sticktionary.web.plates import session_key_of

HOST = (b"host", b"stick.example.org:8000")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("origin", "is_let_in"),
    [
        (None, True),
        ("http://stick.example.org:8000", True),
        ("https://front.example.org", True),
        ("http://stick.example.org:3000", False),
        ("http://stick.example.org.evil.example:8000", False),
        ("https://evil.example", False),
        ("null", False),
    ],
)
@override_settings(CSRF_TRUSTED_ORIGINS=["https://front.example.org"])
async def test_pages_of_others_get_no_socket(origin: str | None, is_let_in: bool) -> None:
    headers = [HOST] + ([(b"origin", origin.encode())] if origin else [])
    scope = {"type": "websocket", "path": "/ws/play/", "query_string": b"", "headers": headers, "subprotocols": []}
    socket: Any = ApplicationCommunicator(application, scope)  # type: ignore[no-untyped-call]
    await socket.send_input({"type": "websocket.connect"})
    answer = await socket.receive_output(timeout=5)
    assert (answer["type"] == "websocket.accept") is is_let_in
    await socket.send_input({"type": "websocket.disconnect", "code": 1001})
    await socket.wait(timeout=5)  # its reads of the channel layer end with it, not with the event loop


def test_cookies_of_other_sites_on_the_host_do_not_hide_the_session() -> None:
    cookies = b'theme={"dark":true,"a b":1}; other=\xff; sessionid=abc123; last'
    assert session_key_of({"headers": [(b"cookie", cookies)]}) == "abc123"  # type: ignore[typeddict-item]
