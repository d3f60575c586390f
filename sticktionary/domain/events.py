"""The one door through which players hear of committed changes."""

from __future__ import annotations

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction


def group_of(player_id: int) -> str:
    return f"player-{player_id}"


def announce(player_id: int | None) -> None:
    """After the commit, tell a player's open pages that their snapshot is out of date.

    An event carries nothing but the fact that there is news: each page asks for its snapshot, in which secrets are cut
    once, in one place. So a lost event costs freshness until the next one and never shows too much; nor does it fail
    the move that was committed.
    """
    if player_id is not None:
        # no partial: Django cannot report one that fails
        transaction.on_commit(lambda: _send(player_id, {"type": "news"}), robust=True)


def sign_out(player_id: int, session_key: str) -> None:
    """Close the pages that a session which has just ended left open in other tabs."""
    ended = {"type": "signed.out", "session": session_key}
    transaction.on_commit(lambda: _send(player_id, ended), robust=True)


def _send(player_id: int, event: dict[str, str]) -> None:
    layer = get_channel_layer()
    assert layer is not None
    async_to_sync(layer.group_send)(group_of(player_id), event)
