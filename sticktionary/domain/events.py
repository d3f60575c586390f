"""The one door through which players hear of committed changes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from channels.layers import get_channel_layer
from django.db import transaction

from sticktionary.domain.database import without_waiting

_speaker: ContextVar[str] = ContextVar("speaker", default="")


def group_of(player_id: int) -> str:
    return f"player-{player_id}"


@contextmanager
def spoken_by(page: str) -> Iterator[None]:
    """What is announced meanwhile names the page that moved: its answer brings it the new snapshot anyway."""
    token = _speaker.set(page)
    try:
        yield
    finally:
        _speaker.reset(token)


def announce(player_id: int | None) -> None:
    """After the commit, tell a player's open pages that their snapshot is out of date.

    An event carries nothing but the fact that there is news: each page asks for its snapshot, in which secrets are cut
    once, in one place. So a lost event costs freshness until the next one and never shows too much; nor does it fail
    the move that was committed.
    """
    if player_id is not None:
        _after_commit(player_id, {"type": "news", "by": _speaker.get()})


def sign_out(player_id: int, session_key: str) -> None:
    """Close the pages that a session which has just ended left open in other tabs."""
    _after_commit(player_id, {"type": "signed.out", "session": session_key})


@dataclass(frozen=True)
class _Letter:
    """An event on its way."""

    player_id: int
    event: tuple[tuple[str, str], ...]

    def send(self) -> None:
        without_waiting(self._deliver)

    async def _deliver(self) -> None:
        layer = get_channel_layer()
        assert layer is not None
        await layer.group_send(group_of(self.player_id), dict(self.event))


def _after_commit(player_id: int, event: dict[str, str]) -> None:
    """Once, however often a move announces it; but for what a savepoint may take back."""
    letter = _Letter(player_id, tuple(event.items()))
    connection = transaction.get_connection()
    savepoints = set(connection.savepoint_ids)
    on_their_way = ((saved, getattr(send, "__self__", None)) for saved, send, _ in connection.run_on_commit)
    if (savepoints, letter) not in on_their_way:
        transaction.on_commit(letter.send, robust=True)
