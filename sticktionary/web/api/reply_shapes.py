"""What goes in and out where conversations are answered."""

from __future__ import annotations

from typing import Annotated

from ninja import Schema
from pydantic import Field, SkipValidation

from retrieval_engine.dialogue.inference.replying import MOST_REPLIES, MOST_TURNS
from sticktionary.domain.replies.asking import MOST_SESSIONS
from sticktionary.models.players import Language
from sticktionary.web.api.problems import Problem
from sticktionary.web.api.shapes import Incoming

MOST_AT_ONCE = 32  # conversations
MOST_PACKS = 50


class TurnIn(Incoming):
    """Words, a sticker, or both."""

    speaker: str = Field(description="Who says it: a name of up to 40 characters, the same for the same person.")
    text: str = Field("", description="Up to 2,000 characters.")
    sticker: int | None = Field(None, description="The number of a sticker of this catalogue.")


class EarlierIn(Incoming):
    """A session of the same chat before this one."""

    turns: list[TurnIn] = Field(default_factory=list, max_length=MOST_TURNS)
    summary: str = Field("", description="What it was about, where that is known; up to 2,000 characters.")


class ConversationIn(Incoming):
    """`speaker` is about to send a sticker after `turns`."""

    turns: list[TurnIn] = Field(description="Of this session, oldest first.", max_length=MOST_TURNS)
    speaker: str = Field(description="Who sends the sticker.")
    own_text: str = Field("", description="What they write beside it; empty: the sticker is the reply.")
    earlier: list[EarlierIn] = Field(
        default_factory=list, max_length=MOST_SESSIONS, description="Sessions before this one, oldest first."
    )
    language: Language | None = Field(None, description="Of the conversation; left out, the script of the last words.")


class Wanted(Incoming):
    """Who is to answer, and with what."""

    k: int = Field(10, ge=1, le=MOST_REPLIES, description="So many stickers at most.")
    model: str = Field(
        "",
        max_length=80,
        description="A conversation model's name; bm25: words alone; empty: the live one, words alone while none is.",
    )
    packs: list[str] = Field(
        default_factory=list, max_length=MOST_PACKS, description="Addresses of packs: their stickers alone; empty: all."
    )
    thorough: bool = Field(
        False,
        description="Let a model that can read conversation and sticker together do so for a shortlist; slower.",
    )


class Question(Wanted, ConversationIn):
    """A conversation to be answered."""


class Batch(Wanted):
    """Several conversations; one that cannot be answered keeps none of the others from it."""

    conversations: list[SkipValidation[ConversationIn]] = Field(min_length=1, max_length=MOST_AT_ONCE)


class ReplyOut(Schema):
    """A sticker that answers."""

    rank: int
    sticker: int
    picture: str = Field(description="Its address on this server.")
    alt: str
    score: float = Field(description="Of no fixed scale: it compares stickers of one answer.")
    match: float | None = Field(description="How likely it fits, by a matcher that read both; none where none did.")
    heat: list[list[Annotated[float, Field(ge=0, le=1)]]] = Field(
        description="Where on the picture the model looked, rows from top to bottom; empty where it has no such map."
    )


class IntentOut(Schema):
    """What the sender probably means to say."""

    name: str
    probability: float


class MemoryOut(Schema):
    """An earlier session that the model went by."""

    ordinal: int = Field(description="Its place in `earlier`, from 0.")
    summary: str = Field(description="The words that were read.")
    score: float


class ReplyAnswer(Schema):
    """The stickers, and what drove them: of these what the model has."""

    model: str = Field(description="Who answered.")
    language: str
    stickers: list[ReplyOut] = Field(description="Best first.")
    intents: list[IntentOut] = Field(description="Likeliest first.")
    memories: list[MemoryOut]
    knowledge: str = Field(description="What a provider added about the speaker's state of mind.")
    query: str = Field(description="What was searched for by words.")
    searches: bool | None = Field(description="Whether the model by itself would send a sticker; none: it has no say.")
    notes: list[str] = Field(description="What was done differently than wanted: a stub, a cut, another way to search.")


class Replies(ReplyAnswer):
    ms: float = Field(description="How long the model took.")


class BatchItem(Schema):
    """One of the two."""

    answer: ReplyAnswer | None
    problem: Problem | None


class BatchAnswers(Schema):
    model: str
    ms: float = Field(description="How long the model took over all of them.")
    items: list[BatchItem] = Field(description="One for each conversation, in the order in which they came.")


class Later(Schema):
    """A worker is making the answer."""

    model: str
    ticket: str
    address: str = Field(description="Where it will be; “Retry-After” says when to ask.")
