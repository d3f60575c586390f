"""A chat as it came out of a file: sessions, turns, the stickers that these ask for; and a line that would not do."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sticktionary.domain.chats.labels import Label


@dataclass(frozen=True, slots=True)
class Wanted:
    """The sticker of a turn, as the file calls it."""

    name: str = ""
    sha256: str = ""
    pack: str = ""

    def __str__(self) -> str:
        return self.name or self.sha256


@dataclass(frozen=True, slots=True)
class Turn:
    line: int
    speaker: str
    text: str
    sticker: Wanted | None
    at: datetime | None
    labels: tuple[Label, ...] = ()


@dataclass(slots=True)
class Session:
    turns: list[Turn]
    summary: str = ""
    id: str = ""


@dataclass(slots=True)
class Chat:
    line: int  # its first
    key: str
    language: str
    source: str
    licence: str
    sessions: list[Session] = field(default_factory=list)
    names: dict[str, set[str]] = field(default_factory=dict)  # by speaker
    n_turns: int = 0
    turn_ids: set[str] = field(default_factory=set)
    last_at: datetime | None = None
    is_spoiled: bool = False  # a line of it was bad


@dataclass(frozen=True, slots=True)
class BadLine:
    number: int
    reason: str


@dataclass(frozen=True, slots=True)
class Noted:
    """Something of a line that is not taken, while the rest of it is."""

    number: int
    reason: str
