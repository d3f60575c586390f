"""What goes to and comes from the child process that shows stickers and answers conversations: JSON, a line each.
Nothing here needs torch, so that whoever holds the child speaks the same forms.
"""

from __future__ import annotations

import base64
from typing import Any, Final, TypeVar

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from ..data.conversations import Session, Sticker, Turn, Use
from .replying import Answer, BadConversation, Remembered, Reply, question

Line = TypeVar("Line", bound=Struct)
LONGEST: Final = 200
"""Characters of a reason."""


class StickerLine(Struct, frozen=True, omit_defaults=True):
    """A sticker with the file of its picture. `name` is what turns of conversations call it; its number, where it has
    no other."""

    id: int
    path: str
    name: str = ""
    group: str = ""
    pack: str = ""
    attributes: dict[str, str] = {}
    style: str | None = None
    emotion: str | None = None
    intents: tuple[str, ...] = ()
    printed_text: str = ""
    queries: tuple[str, ...] = ()

    @property
    def sticker(self) -> Sticker:
        """As models take it."""
        name = self.name or str(self.id)
        return Sticker(
            name, self.group or name, self.pack, self.attributes, self.style, self.emotion, self.intents,
            self.printed_text, self.queries,
        )  # fmt: skip


class ShownLine(Struct, frozen=True, omit_defaults=True):
    """A sticker as a model sees it: `vector` is float32, little endian, in base64; or why it cannot be seen."""

    id: int
    vector: str = ""
    heat: tuple[tuple[float, ...], ...] = ()
    error: str = ""

    @property
    def numbers(self) -> NDArray[np.float32]:
        """The vector [d]."""
        return np.frombuffer(base64.b64decode(self.vector), dtype="<f4")


class TurnLine(Struct, frozen=True, omit_defaults=True):
    """Who says what, or sends which sticker."""

    speaker: str
    text: str = ""
    sticker: str | None = None

    @property
    def turn(self) -> Turn:
        """As models take it."""
        return Turn(self.speaker, self.text, self.sticker)


class SessionLine(Struct, frozen=True, omit_defaults=True):
    """A session before the one that is answered."""

    turns: tuple[TurnLine, ...] = ()
    summary: str = ""


class QuestionLine(Struct, frozen=True, omit_defaults=True):
    """A conversation to be answered with at most `k` stickers, of those in `allow`, or of all. `id` comes back."""

    id: int | str
    turns: tuple[TurnLine, ...]
    speaker: str
    language: str
    own_text: str = ""
    earlier: tuple[SessionLine, ...] = ()
    k: int = 10
    allow: tuple[int, ...] | None = None

    @classmethod
    def of(cls, id: int | str, use: Use, k: int, allow: tuple[int, ...] | None = None) -> QuestionLine:
        """To be sent."""
        sessions = tuple(SessionLine(_turn_lines(held.turns), held.summary) for held in use.earlier)
        return cls(id, _turn_lines(use.context), use.speaker, use.language, use.own_text, sessions, k, allow)

    @property
    def use(self) -> Use:
        """As models take it. Raises `BadConversation`."""
        sessions = [
            Session(str(number), "", number, tuple(line.turn for line in held.turns), held.summary)
            for number, held in enumerate(self.earlier)
        ]
        turns = [line.turn for line in self.turns]
        return question(turns, language=self.language, speaker=self.speaker, own_text=self.own_text, earlier=sessions)


class ReadyLine(Struct, frozen=True, omit_defaults=True):
    """The first line of a child that answers. `problems` says which stickers it cannot see, and why."""

    ready: str
    n_stickers: int
    problems: dict[int, str] = {}


class AnswerLine(Struct, frozen=True, omit_defaults=True):
    """To the question of the same `id`: an answer, or why there is none."""

    id: int | str | None
    answer: Answer | None = None
    error: str = ""


def read(line: bytes | str, kind: type[Line]) -> Line:
    """A line. `BadConversation` says what is wrong with one of another form."""
    try:
        return msgspec.json.decode(line, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadConversation(str(error)[:LONGEST]) from error


def written(line: Struct) -> str:
    """A line with its end."""
    return msgspec.json.encode(line).decode() + "\n"


def encoded(vector: NDArray[Any]) -> str:
    """For `ShownLine.vector`."""
    return base64.b64encode(np.ascontiguousarray(vector, dtype="<f4").tobytes()).decode()


def _turn_lines(turns: tuple[Turn, ...]) -> tuple[TurnLine, ...]:
    return tuple(TurnLine(turn.speaker, turn.text, turn.sticker) for turn in turns)


__all__ = [
    "Answer", "AnswerLine", "QuestionLine", "ReadyLine", "Remembered", "Reply", "SessionLine", "ShownLine",
    "StickerLine", "TurnLine", "encoded", "read", "written",
]  # fmt: skip
