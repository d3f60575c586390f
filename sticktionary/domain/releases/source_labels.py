"""What came with the chats of a release, apart from what people here said of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sticktionary.domain.annotation.answers import Value
from sticktionary.domain.releases.chat_rows import SourceLabelRow, SourceTarget, SourceValue
from sticktionary.domain.releases.chats import Chat
from sticktionary.domain.releases.scope import Scope
from sticktionary.models import SourceLabel, Utterance

Kind = SourceLabel.Kind
OF_WORDS = (Kind.POLARITY, Kind.FEELING)
ATTRIBUTES = (Kind.GESTURE, Kind.POSTURE, Kind.FACE, Kind.VERBAL)
NAMES = {Kind.FITS: "appropriateness", Kind.FEELING: "emotion", **dict.fromkeys(ATTRIBUTES, "attribute")}  # in the file


def rows(chat: Chat, scope: Scope) -> Iterator[SourceLabelRow]:
    """In the order of the turns; of a sticker that is not in the release nothing is told."""
    held = SourceLabel.objects.filter(utterance__session__conversation=chat.row).select_related("utterance")
    for label in held.order_by("utterance__session__number", "utterance__number", "kind"):
        name = scope.names.get(label.utterance.sticker_id) if label.utterance.sticker_id else None
        if name is None and label.kind not in OF_WORDS:
            continue
        value = _clean(label, scope)
        if value is not None:
            yield _row(chat, label, label.utterance, name, value)


def _row(chat: Chat, label: SourceLabel, turn: Utterance, sticker: str | None, value: Value) -> SourceLabelRow:
    kind = Kind(label.kind)
    return SourceLabelRow(
        v=1,
        task=NAMES.get(kind, kind.value),
        target=_target(chat, turn, None if kind in OF_WORDS else sticker),
        lang=chat.row.language,
        taxonomy=label.taxonomy,
        value=_value(kind, value),
        source=chat.row.source,
        part=chat.part,
    )


def _target(chat: Chat, turn: Utterance, sticker: str | None) -> SourceTarget:
    return SourceTarget(chat.name, f"turn_{turn.pk}", f"smp_{turn.pk}" if sticker else None, sticker)


def _clean(label: SourceLabel, scope: Scope) -> Value | None:
    """Its words as they may be published; none when nothing of them is left."""
    value: Value = label.value
    if not value.get("words"):
        return value
    words = [kept for word in value["words"] if (kept := scope.clean("source_label", label.pk, word))]
    return {"words": words} if words else None


def _value(kind: SourceLabel.Kind, value: Mapping[str, object]) -> SourceValue:
    told = {kind.value: value["words"]} if "words" in value else value
    return SourceValue(**{name: part for name, part in told.items() if part is not None and name != "second"})  # type: ignore[arg-type]  # of the kind's form
