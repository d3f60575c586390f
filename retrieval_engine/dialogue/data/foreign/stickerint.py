"""StickerInt (Int-RA): JSON lines or a list, each a context and the sticker that was sent after it.

How the released files name their keys is not known. Read are those of this project's own `stickerint/` files, and of
each what stands after it:

    id           sample_id, dialogue_id, dialog_id
    context      dialogue, dialog, history: objects with `speaker`, `text`, `sticker`
    speaker      speaker_id, from_id, user_id, user, name
    text         txt, utterance, content, message
    sticker      sticker_id, img_id, image_id, image, gold
    intent       fined_intent, fine_intent, intention (of goemotions-28)
    scenario     scene: SR or DR
    attributes   attribute: an object of `gesture`, `posture`, `facial_expression` (face, expression), `verbal` and
                 `style`; or the four in a text, with commas between
    style, appropriate, lang, chat_id (group)

Each context is a chat of one session. A coarse intent is passed over: it follows from the fine one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .... import taxonomy
from . import fields
from .reader import PACK, STICKER, Reader
from .report import Reason, Record, Report, Spoiled
from .rows import ChatRow, Row, SessionRow, StickerRow

ID = ("id", "sample_id", "dialogue_id", "dialog_id")
CONTEXT = ("context", "dialogue", "dialog", "history")
GOLD = (*STICKER, "gold")
INTENT = ("intent", "fined_intent", "fine_intent", "intention")
SCENARIO = ("scenario", "scene")
ATTRIBUTES = ("attributes", "attribute")
LANGUAGE = ("lang", "language")
FOUR = (
    ("gesture", ("gesture",)),
    ("posture", ("posture", "pose")),
    ("face", ("facial_expression", "face", "expression", "facial")),
    ("verbal", ("verbal", "verbal_expression", "words")),
)
STYLES = ("style-7", "style-4")


class StickerInt(Reader):
    KEYS = frozenset(CONTEXT)
    language = "zh"

    def is_alike(self, record: Record) -> bool:
        return super().is_alike(record) and "current" not in record.value

    def take(self, record: Record) -> Iterator[Row]:
        row = fields.row_of(record.value)
        turns = self.turns(fields.field(row, CONTEXT), record, "context")
        gold = fields.name(row, GOLD)
        if gold is None:
            raise Spoiled(Reason.NO_STICKER)
        lang = fields.text(row, LANGUAGE) or self.lang
        sent = {**row, "text": self.words(row), "sticker_id": gold}
        sticker = described(row, gold, record, self.report, lang)
        answer = self.turn(sent, record, "the sticker", **said_of_use(row, sticker, record, self))
        assert answer is not None
        session = SessionRow(turns=[*turns, answer], part=sticker.part)
        chat_id = f"{record.path.stem}-{fields.name(row, ID) or record.line}"
        yield ChatRow(chat_id=chat_id, lang=lang, sessions=[session], source=self.source)
        yield sticker


def said_of_use(row: Mapping[str, Any], sticker: StickerRow, record: Record, reader: Reader) -> dict[str, Any]:
    """The labels of one use of a sticker, and those of the sticker."""
    intent, scenario = fields.text(row, INTENT), fields.text(row, SCENARIO)
    told = taxonomy.load("scenario-2").find(scenario) if scenario else None
    if scenario and told is None:
        reader.report.take_off(record, "scenario", Reason.NOT_A_LABEL, scenario)
    return {
        "intent": fields.label(intent, ("goemotions-28",), record, reader.report, "intent"),
        "scenario": told.id if told else None,
        "appropriate": fields.truth(row, ("appropriate",)),
        "style": sticker.style,
        "attributes": sticker.attributes,
    }


def described(row: Mapping[str, Any], sticker: str, record: Record, report: Report, lang: str) -> StickerRow:
    """What is said of how a sticker looks."""
    told = fields.field(row, ATTRIBUTES)
    held = {**row, **told} if isinstance(told, dict) else row
    style = fields.label(fields.text(held, ("style",)), STYLES, record, report, "style")
    return StickerRow(
        sticker_id=sticker,
        pack=fields.name(row, PACK),
        style=style,
        attributes=attributes(told, held, record, report) or None,
        lang=lang,
        part=fields.part_of(record),
    )


def attributes(told: Any, held: Mapping[str, Any], record: Record, report: Report) -> dict[str, list[str]]:
    """The four, of an object or of a text with commas between; "None" is one that is not there."""
    if isinstance(told, str):
        parts = told.split(",", len(FOUR) - 1)
        if len(parts) < len(FOUR):
            report.take_off(record, "attributes", Reason.FOUR_ATTRIBUTES, told)
            return {}
        return {name: fields.keywords(part, name) for (name, _names), part in zip(FOUR, parts, strict=True)}
    values = {name: fields.field(held, names) for name, names in FOUR}
    return {name: fields.keywords(value, name) for name, value in values.items() if value is not None}
