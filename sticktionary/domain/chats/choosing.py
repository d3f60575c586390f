"""Which chats are worth keeping, by the rule of the StickerQueries paper, and where one session ends."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta

from retrieval_engine.text import segment
from sticktionary.domain.chats.shapes import Chat, Session, Turn

_COMMAND = re.compile(r"/[a-z][\w-]*(?:@\w+)?(?:\s|$)", re.I)


def is_command(text: str) -> bool:
    """Something said to a bot, such as /start or /help@somebot."""
    return _COMMAND.match(text) is not None


def passes(chat: Chat, least_words: int) -> bool:
    """Whether some sticker comes after enough words of its session, none of them a command.

    Chinese counts by words as rjieba cuts it: twenty words are some thirty characters.
    """
    return any(_has_context(session.turns, least_words) for session in chat.sessions)


def _has_context(turns: Sequence[Turn], least_words: int) -> bool:
    n_words = 0
    for turn in turns:
        if is_command(turn.text):
            return False
        n_words += len(segment(turn.text))  # words sent with the sticker come before it
        if turn.sticker is not None and n_words >= least_words:
            return True
    return False


def split_by_gap(session: Session, gap: timedelta) -> Iterator[Session]:
    """The session cut wherever nobody said anything for longer than `gap`; where no time is told, nothing is cut."""
    held: list[Turn] = []
    for turn in session.turns:
        if held and turn.at and held[-1].at and turn.at - held[-1].at > gap:
            yield Session(held)
            held = []
        held.append(turn)
    yield Session(held, session.summary if len(held) == len(session.turns) else "", session.id)
