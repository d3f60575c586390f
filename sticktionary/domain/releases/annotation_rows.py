"""The rows of a release's files of annotations."""

from __future__ import annotations

from msgspec import Struct


class Target(Struct, frozen=True, omit_defaults=True):
    sticker_id: str
    dialogue_id: str | None = None  # where its use in a chat was asked about
    turn_id: str | None = None


class Answer(Struct, frozen=True, omit_defaults=True):
    """Of these fields those of the task; see the datasheet."""

    labels: list[str] | None = None  # emotion
    primary: str | None = None
    fine: str | None = None  # intent
    coarse: str | None = None
    label: str | None = None  # style, scenario
    text: str | None = None  # ocr, description
    none: bool | None = None
    gesture: list[str] | None = None  # attribute: one of the four
    posture: list[str] | None = None
    face: list[str] | None = None
    verbal: list[str] | None = None
    ok: bool | None = None  # appropriateness
    score: float | None = None


class AnnotationRow(Struct, frozen=True):
    v: int
    ann_id: str
    task: str
    target: Target
    lang: str
    taxonomy: str
    value: Answer
    annotator: str
    role: str  # judge, reviewer
    order: int  # among the answers to its question
    t_ms: None  # how long it took, and on which day: kept and not published
    created: None
    status: str  # accepted, rejected, edited: a draft that was changed; raw: nothing follows from the answers yet
    drafted_by: str  # the model whose draft a person took or changed
    supersedes: str | None
    consent: str


class Views(Struct, frozen=True, omit_defaults=True):
    """The label in other sets."""

    polarity: str | None = None
    ser30k_7: str | None = None
    goemotions_28: str | None = None
    style_4: str | None = None


class LabelRow(Struct, frozen=True):
    """What the annotators of one question say together."""

    v: int
    task: str
    target: Target
    lang: str  # empty: of every language
    taxonomy: str
    value: Answer | None
    views: Views | None
    n_answers: int
    n_agree: int  # of them, with the value
    by: str  # majority, reviewer, split: they disagree, too_few
    drafted_by: str
    split: str
