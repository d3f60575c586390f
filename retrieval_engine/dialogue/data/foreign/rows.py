"""What every reader of other collections gives: chats in this project's own JSON lines, and facts of stickers.

A chat is a line of the form that is imported and that `python -m retrieval_engine conversations` writes. Labels that
came with the data stand beside what they are about; whoever does not know them passes over them. They are the source's
word, never that of players here.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from ....training.release import Part

SOMEONE: Final = "speaker-not-told"
"""Who says what a format tells without a speaker."""
OTHER: Final = "other:"
"""Before a label that is in no label set here: kept as it was given."""


class Polarity(Struct, frozen=True):
    pos: float
    neg: float


class TurnRow(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Words, a sticker, or both. `intent` (goemotions-28) is what the sticker was sent for, `emotion` what its sender
    felt, `scenario` SR or DR, `appropriate` whether it fits; `style` and `attributes` are the sticker's, as in
    `StickerRow`."""

    speaker: str
    text: str = ""
    sticker_id: str | None = None
    sticker_pack: str | None = None
    intent: str | None = None
    emotion: str | None = None
    scenario: str | None = None
    appropriate: bool | None = None
    polarity: Polarity | None = None
    style: str | None = None
    attributes: dict[str, list[str]] | None = None


class SessionRow(Struct, frozen=True, kw_only=True, omit_defaults=True):
    turns: list[TurnRow]
    session_id: str | None = None
    summary: str = ""
    part: Part | None = None


class ChatRow(Struct, frozen=True, kw_only=True, omit_defaults=True):
    chat_id: str
    lang: str
    sessions: list[SessionRow]
    source: str = ""


class StickerRow(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Of `attributes` (gesture, posture, face, verbal) one that is absent was never said; an empty list was seen not to
    be there. `emotion` is of sticker820k-30 or ser30k-7, named by `emotions_of`."""

    sticker_id: str
    pack: str | None = None
    author_emoji: str | None = None
    emotions: list[str] | None = None
    emotions_of: str | None = None
    polarity: str | None = None
    style: str | None = None
    attributes: dict[str, list[str]] | None = None
    printed_text: str | None = None
    description: str | None = None
    lang: str = ""
    part: Part | None = None


Row = ChatRow | StickerRow
