"""What answers a conversation with stickers: the question, the answer, and whoever gives it. Nothing here needs torch.

A bi-encoder answers in the web process: the conversation goes through its bundle's ONNX file, and everything about
stickers was computed when they came in. A model that reads conversation and sticker together looks at a shortlist, with
torch, in a process of its own. Both are a `Replier`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from ..data.conversations import Session, Turn, Use

MOST_TURNS: Final = 10_000
"""Of a question; more are an error of whoever asks."""
MOST_REPLIES: Final = 100


class Note(StrEnum):
    """What an answer can say of itself: each a sentence that stands alone, so that pages can translate it."""

    TURNS = "Earlier turns were left out: this model reads the last ones."
    LENGTH = "The conversation is longer than the model reads: its beginning was cut."
    NOTHING = "The turns that are read hold nothing to go by."
    STICKER = "A sticker in the conversation is not known here and was passed over."
    LANGUAGE = "This model learned from no conversations in this language."
    EARLIER = "Earlier sessions are not read by this model."
    KNOWLEDGE = "Nothing was added about the speaker: there is no provider of knowledge."
    SUMMARY = "Earlier sessions without a summary were summed up by some of their own lines."
    NO_WORD = "No sticker has a word of what was searched for."
    FIRST_STAGE = "Ranked by vectors alone: nothing looked at conversation and sticker together."
    SHORTLIST = "Conversation and sticker were read together for a shortlist alone."


class BadConversation(ValueError):
    """A conversation that cannot be answered; the message says why to whoever wrote it."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A sticker and how well it answers; `score` is of no fixed scale. `heat`, where the model has one, is a map over
    the sticker's picture, rows of numbers from 0 to 1: where it looked. `match`, where a matcher looked at it beside
    the conversation, is how likely the two match."""

    id: int
    score: float
    heat: tuple[tuple[float, ...], ...] = ()
    match: float | None = None


@dataclass(frozen=True, slots=True)
class Remembered:
    """An earlier session that was read: its place among those given, the words that were read, and its score."""

    ordinal: int
    summary: str
    score: float


@dataclass(frozen=True, slots=True)
class Answer:
    """Stickers, best first, with what drove them. `intents` are (name, probability), likeliest first; `knowledge` is
    what was added about the speaker; `query` what was searched for by words; `searches` whether the model, left to
    itself, would have looked for a sticker at all, where it has a say. `notes`, each a `Note`, say what was done
    differently than wanted: a stub instead of a provider, a conversation that was cut, nothing to go by."""

    replies: tuple[Reply, ...]
    intents: tuple[tuple[str, float], ...] = ()
    memories: tuple[Remembered, ...] = ()
    knowledge: str = ""
    query: str = ""
    searches: bool | None = None
    notes: tuple[str, ...] = ()


class Replier(Protocol):
    """Answers conversations with the stickers it knows."""

    @property
    def name(self) -> str:
        """The model's name and version."""

    def answer(self, asked: Sequence[Use], k: int, *, allow: Collection[int] | None = None) -> list[Answer]:
        """An `Answer` with at most `k` replies for each question, of the stickers in `allow`, or all. A question's
        answer hangs on nothing but itself. Raises `BadConversation`."""


def question(
    turns: Sequence[Turn], *, language: str, speaker: str, own_text: str = "", earlier: Sequence[Session] = ()
) -> Use:
    """What is to be answered: `speaker` is about to send a sticker after `turns`, beside `own_text`. Raises
    `BadConversation` for one that nobody can read."""
    if len(turns) > MOST_TURNS:
        raise BadConversation(f"{len(turns)} turns; {MOST_TURNS} are read at most")
    if not speaker.strip():
        raise BadConversation("nobody is named who is to send the sticker")
    for number, turn in enumerate(turns, 1):
        if not turn.speaker.strip():
            raise BadConversation(f"turn {number} has no speaker")
        if not turn.text.strip() and turn.sticker is None:
            raise BadConversation(f"turn {number} has neither words nor a sticker")
    if not own_text.strip() and not any(turn.text.strip() for turn in turns):
        raise BadConversation("nobody says a word; there is nothing to answer")
    return Use("", "", "", language, "test", speaker, tuple(turns), "", own_text.strip(), earlier=tuple(earlier))
