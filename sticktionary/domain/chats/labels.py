"""The labels that come with a chat, in the form in which answers of annotators are kept. They are the source's word."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from retrieval_engine import taxonomy
from sticktionary.domain.chats.masking import Mask
from sticktionary.models.source_labels import SourceLabel

Word = Annotated[str, Meta(max_length=80)]
Words = Annotated[list[Word], Meta(max_length=40)]
Amount = Annotated[float, Meta(ge=0, le=1e6)]
Kind = SourceLabel.Kind
ATTRIBUTES = {"gesture": Kind.GESTURE, "posture": Kind.POSTURE, "face": Kind.FACE, "verbal": Kind.VERBAL}
STYLES = ("style-7", "style-4")


class Polarity(Struct, frozen=True):
    pos: Amount
    neg: Amount


class Labels(Struct, kw_only=True):
    """What a turn may bring besides its words and its sticker. Of labels one that no label set here knows is kept as it
    was given."""

    intent: Word | None = None
    emotion: Word | None = None
    scenario: Literal["SR", "DR"] | None = None
    appropriate: bool | None = None
    polarity: Polarity | None = None
    style: Word | None = None
    attributes: dict[Literal["gesture", "posture", "face", "verbal"], Words] | None = None


Label = tuple[str, dict[str, Any], str]  # kind, value, label set


def labels_of(told: Labels, *, has_sticker: bool) -> Iterator[Label]:
    """Each label of a turn; those of a sticker only where there is one."""
    if told.polarity is not None:
        yield Kind.POLARITY, {"pos": told.polarity.pos, "neg": told.polarity.neg}, ""
    if told.emotion:
        yield Kind.FEELING, {"label": told.emotion}, ""
    if not has_sticker:
        return
    if told.intent:
        yield _intent(told.intent)
    if told.scenario:
        yield Kind.SCENARIO, {"label": told.scenario}, taxonomy.load("scenario-2").reference
    if told.appropriate is not None:
        yield Kind.FITS, {"ok": told.appropriate, "score": None}, ""
    if told.style:
        yield _style(told.style)
    for name, words in (told.attributes or {}).items():
        yield ATTRIBUTES[name], {"words": words}, ""


def masked(label: Label, mask: Mask) -> Label:
    """With its words as they may be kept."""
    kind, value, reference = label
    return (kind, {"words": [mask(word) for word in value["words"]]}, reference) if "words" in value else label


def _intent(told: str) -> Label:
    known = taxonomy.load("goemotions-28")
    found = known.find(told)
    if found is None:
        return Kind.INTENT, {"fine": told, "coarse": "other", "second": None}, ""
    return Kind.INTENT, {"fine": found.id, "coarse": found.parent, "second": None}, known.reference


def _style(told: str) -> Label:
    known = next((held for name in STYLES if (held := taxonomy.load(name)).find(told)), None)
    found = known.find(told) if known else None
    return Kind.STYLE, {"label": found.id if found else told}, known.reference if known else ""
