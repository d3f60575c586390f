"""A conversation as the models take it: who said what, which stickers were sent, and what people said of both.

A `Use` is one sticker that somebody sent, with all that was said before it in its session and what is remembered of the
sessions before. It is what StickerInt calls a conversation, MultiChat a sample, and PBR a dialogue with its response.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Literal

from ...training.release import Part

Scenario = Literal["SR", "DR"]
"""SR: the sticker goes with the sender's own words; DR: it is itself the reply. (StickerInt)"""
ATTRIBUTES: Final = ("gesture", "posture", "face", "verbal")
"""What is said of how a sticker looks, in the order of Int-RA."""
EMOTIONS: Final = ("surprise", "happiness", "disgust", "fear", "sadness", "anger", "neutral")
"""The seven of SER30K, in the order of PBR's anchors."""


@dataclass(frozen=True, slots=True)
class Polarity:
    """How much of a text is glad and how much is not: two sums, 0 or more, of no fixed scale."""

    positive: float
    negative: float


@dataclass(frozen=True, slots=True)
class Turn:
    """Words, a sticker, or both. `polarity` is what people said of it; none where nobody was asked."""

    speaker: str
    text: str = ""
    sticker: str | None = None
    polarity: Polarity | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """A part of a chat without long breaks. `ordinal` is its place among the sessions of the chat."""

    id: str
    chat: str
    ordinal: int
    turns: tuple[Turn, ...]
    summary: str = ""

    @property
    def speakers(self) -> frozenset[str]:
        """Who says something in it."""
        return frozenset(turn.speaker for turn in self.turns)


@dataclass(frozen=True, slots=True)
class Use:
    """One sticker that somebody sent. `context` is what came before it in its session, oldest first; `earlier` are the
    sessions of the chat strictly before, oldest first; `acceptable` holds `gold` and what says the same. What nobody
    said is none."""

    id: str
    session: str
    chat: str
    language: str
    part: Part
    speaker: str
    context: tuple[Turn, ...]
    gold: str
    own_text: str = ""
    acceptable: frozenset[str] = frozenset()
    intent: str | None = None
    scenario: Scenario | None = None
    appropriate: bool | None = None
    earlier: tuple[Session, ...] = ()

    def turns(self, most: int) -> tuple[Turn, ...]:
        """The last `most` turns before the sticker, the sender's own words beside it among them."""
        own = (Turn(self.speaker, self.own_text),) if self.own_text else ()
        return (*self.context[-most:], *own)[-most:]

    @property
    def last_words(self) -> str:
        """What was said last; empty where nobody said a word."""
        if self.own_text:
            return self.own_text
        return next((turn.text for turn in reversed(self.context) if turn.text), "")


@dataclass(frozen=True, slots=True)
class Sticker:
    """A sticker as its annotators describe it. `group` is shared by near duplicates. Of `attributes` one that is absent
    was never said; an empty one was seen not to be there. `emotion` is one of `EMOTIONS`;
    `intents` is what people use it for, most often first."""

    id: str
    group: str
    pack: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    style: str | None = None
    emotion: str | None = None
    intents: tuple[str, ...] = ()
    printed_text: str = ""
    queries: tuple[str, ...] = ()


class Conversations:
    """The uses and all stickers of a release, or of a planted world. `dropped` counts the uses that were left out, by
    reason; `intents` are those that a model tells apart already, else those of the uses."""

    def __init__(
        self,
        stickers: Iterable[Sticker],
        uses: Iterable[Use],
        dropped: Mapping[str, int] | None = None,
        *,
        intents: Sequence[str] | None = None,
    ) -> None:
        self.stickers = tuple(stickers)
        self.uses = tuple(uses)
        self.dropped = dict(dropped or {})
        self.place: dict[str, int] = {sticker.id: place for place, sticker in enumerate(self.stickers)}
        self._intents = None if intents is None else tuple(intents)

    def __getitem__(self, id: str) -> Sticker:
        return self.stickers[self.place[id]]

    def of(self, part: Part) -> list[Use]:
        """The uses on a side of the split."""
        return [use for use in self.uses if use.part == part]

    def golds(self, uses: Sequence[Use]) -> list[int]:
        """The places of the stickers that were sent."""
        return [self.place[use.gold] for use in uses]

    @cached_property
    def intents(self) -> tuple[str, ...]:
        """What people mean by the stickers they send; those of the uses come in alphabetical order."""
        if self._intents is not None:
            return self._intents
        return tuple(sorted({use.intent for use in self.uses if use.intent}))
