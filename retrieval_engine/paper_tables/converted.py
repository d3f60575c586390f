"""Chats that `python -m retrieval_engine conversations` wrote, for the tables: a file instead of a release's folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..data import DataError
from ..dialogue.data.foreign.rows import ChatRow, SessionRow
from .table import PARTS, lines_of


def sessions(path: Path) -> Iterator[tuple[str, ChatRow, SessionRow]]:
    """(side of the split, chat, session), in order; of what tells no side all is for training. `DataError` names a line
    of another form, and a file with nothing in it."""
    n = 0
    for chat in lines_of(path, ChatRow):
        for session in chat.sessions:
            n += 1
            yield session.part or PARTS[0], chat, session
    if not n:
        raise DataError(f"{path}: nothing in it")
