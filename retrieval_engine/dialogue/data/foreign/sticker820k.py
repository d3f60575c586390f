"""Sticker820K (Zhao et al. 2023): what is said of each sticker, as JSON lines or a list.

Keys read, and of each what stands after it:

    sticker_id      image, img, image_id, file, id
    caption         description, text
    emotion         emotion_labels, emotions: one of sticker820k-30 or a list, or a text with commas between
    emotion_class   class, polarity
    style           of style-7
    ocr             ocr_text; an empty one says that nothing is written on it
    descriptions    by language, in this project's own `sticker820k/` files: the first is taken
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import regex

from . import fields
from .reader import Reader
from .report import Reason, Record, Spoiled
from .rows import Row, StickerRow

ID = ("sticker_id", "image", "img", "image_id", "file", "id")
CAPTION = ("caption", "description", "text")
EMOTIONS = ("emotion", "emotion_labels", "emotions")
CLASS = ("emotion_class", "class", "polarity")
OCR = ("ocr", "ocr_text")
SAID = ("caption", "descriptions", *CAPTION, *EMOTIONS, *CLASS, "style", *OCR)
EMOTIONS_OF = "sticker820k-30"
_BETWEEN = regex.compile(r"[,;，、；/]")


class Sticker820k(Reader):
    KEYS = frozenset(SAID) - {"text", "class"}
    language = "zh"

    def take(self, record: Record) -> Iterator[Row]:
        row = fields.row_of(record.value)
        id = fields.name(row, ID)
        if id is None:
            raise Spoiled(Reason.NO_ID)
        if all(row.get(name) in (None, [], {}) for name in SAID):
            raise Spoiled(Reason.NOTHING_SAID, id)
        polarity = fields.label(fields.text(row, CLASS), ("polarity",), record, self.report, "class")
        yield StickerRow(
            sticker_id=id,
            description=fields.text(row, CAPTION) or None,
            emotions=self._emotions(row, record),
            emotions_of=EMOTIONS_OF,
            polarity=polarity,
            style=fields.label(fields.text(row, ("style",)), ("style-7",), record, self.report, "style"),
            printed_text=None if fields.field(row, OCR) is None else fields.text(row, OCR),
            lang=self.lang,
            part=fields.part_of(record),
        )

    def _emotions(self, row: Mapping[str, Any], record: Record) -> list[str] | None:
        told = fields.field(row, EMOTIONS)
        if told is None:
            return None
        words = fields.keywords(_BETWEEN.split(told) if isinstance(told, str) else told, "emotion")
        labels = (fields.label(word, (EMOTIONS_OF,), record, self.report, "emotion") for word in words)
        return [name for name in labels if name is not None] or None
