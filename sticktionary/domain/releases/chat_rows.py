"""The rows of a release's files of conversations: the common ones, and those of StickerInt's and MultiChat's kind."""

from __future__ import annotations

from msgspec import Struct


class SessionRow(Struct, frozen=True):
    v: int
    session_id: str
    chat_id: str
    ordinal: int
    start: str | None
    end: str | None
    users: list[str]
    turn_ids: list[str]
    summary: str
    summary_by: str
    summary_drafted_by: str
    lang: str
    source: str
    license: str
    part: str


class Polarity(Struct, frozen=True):
    pos: int
    neg: int


class TurnRow(Struct, frozen=True):
    v: int
    turn_id: str
    session_id: str
    chat_id: str
    i: int
    speaker: str
    text: str
    sticker_id: str | None  # none: no sticker, or one that is not in the release
    sticker_left_out: bool
    reply_to: str | None
    polarity: Polarity | None
    lang: str


class Intent(Struct, frozen=True):
    fine: str
    coarse: str


class SampleRow(Struct, frozen=True):
    v: int
    sample_id: str
    session_id: str
    context_turns: list[str]
    history_sessions: list[str]
    speaker: str
    own_text: str
    gold: str
    acceptable: list[str]
    scenario: str
    scenario_by: str
    intent: Intent | None
    appropriate: bool | None
    n_annotators: int
    lang: str
    part: str
    sticker_split: str


class SourceTarget(Struct, frozen=True, omit_defaults=True):
    dialogue_id: str
    turn_id: str
    sample_id: str | None = None  # the use of the sticker, and
    sticker_id: str | None = None  # the sticker; none for what is said of a turn's words


class SourceValue(Struct, frozen=True, omit_defaults=True):
    """Of these fields those of the task, as in the answers of annotators."""

    fine: str | None = None
    coarse: str | None = None
    label: str | None = None
    ok: bool | None = None
    gesture: list[str] | None = None
    posture: list[str] | None = None
    face: list[str] | None = None
    verbal: list[str] | None = None
    pos: float | None = None
    neg: float | None = None


class SourceLabelRow(Struct, frozen=True):
    """What came with a chat: its source's word, which no annotator here gave."""

    v: int
    task: str
    target: SourceTarget
    lang: str
    taxonomy: str
    value: SourceValue
    source: str
    part: str


class Attributes(Struct, frozen=True):
    """None: nobody said; an empty list: there is none to be seen."""

    style: str | None
    gesture: list[str] | None
    posture: list[str] | None
    facial_expression: list[str] | None
    verbal: list[str] | None


class Said(Struct, frozen=True, omit_defaults=True):
    """A turn as the two papers have it: words, a sticker, or both."""

    speaker: str
    text: str = ""
    sticker: str | None = None


class StickerIntRow(Struct, frozen=True):
    id: str
    lang: str
    context: list[Said]
    speaker: str
    text: str  # the speaker's own words beside the sticker, in a supplement
    scenario: str
    sticker: str
    intent: str | None
    intent_coarse: str | None
    attributes: Attributes
    appropriate: bool | None


class Meant(Struct, frozen=True):
    """A sticker in a session with MultiChat's six attributes."""

    id: str
    intent: str | None
    style: str | None
    gesture: list[str] | None
    posture: list[str] | None
    facial_expression: list[str] | None
    verbal: list[str] | None
    appropriate: bool | None


class MultiChatTurn(Struct, frozen=True):
    speaker: str
    text: str
    sticker: Meant | None


class Remembered(Struct, frozen=True):
    session_id: str
    summary: str


class MultiChatRow(Struct, frozen=True):
    id: str
    chat_id: str
    ordinal: int
    lang: str
    users: list[str]
    turns: list[MultiChatTurn]
    summary: str
    memory: list[Remembered]  # sessions of the chat before this one that have a summary
    samples: list[int]  # places, from 0, of the stickers that make a sample
