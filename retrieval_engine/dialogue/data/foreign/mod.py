"""MOD, the dialogues of DSTC10's first track (Fei et al. 2021): one JSON object with a dialogue by each key.

Keys read of an utterance: `speaker_id`, `txt`, `img_id` (`image_id`), `emotion_id`. The task files are read as well: a
list of `{"history": [...], "answer": {...}}`. Emotions are numbered in the files and named nowhere in them, so that
they come out as `other:mod-NUMBER`. Each dialogue is a chat of one session.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from . import fields
from .reader import Reader
from .report import Reason, Record, Spoiled
from .rows import OTHER, ChatRow, Row, SessionRow, StickerRow

PACK = "mod"
"""All of MOD's memes are of one set."""


class Mod(Reader):
    KEYS = frozenset({"speaker_id", "txt", "img_id", "history", "answer", "dialogue", "dialog"})
    is_keyed = True
    language = "zh"

    def is_alike(self, record: Record) -> bool:
        rows = record.value
        if isinstance(rows, list):
            return any(isinstance(row, dict) and not self.KEYS.isdisjoint(row) for row in rows)
        return super().is_alike(record)

    def take(self, record: Record) -> Iterator[Row]:
        turns = self.turns(self._utterances(record), record, "dialogue")
        if not turns:
            raise Spoiled(Reason.NO_TURNS)
        session = SessionRow(turns=turns, part=fields.part_of(record))
        chat_id = f"{record.path.stem}-{record.key or record.line}"
        yield ChatRow(chat_id=chat_id, lang=self.lang, sessions=[session], source=self.source)
        for id in dict.fromkeys(turn.sticker_id for turn in turns if turn.sticker_id):
            yield StickerRow(sticker_id=id, pack=PACK, part=session.part)

    def _utterances(self, record: Record) -> Any:
        if not isinstance(record.value, dict):
            return record.value
        told = fields.field(record.value, ("dialogue", "dialog", "history"))
        if told is None:
            raise Spoiled(Reason.OTHER_KIND, ", ".join(record.value))
        answer = record.value.get("answer")
        return [*fields.as_list(told, "history"), *([answer] if answer is not None else [])]

    def labels(self, row: Any, record: Record, where: str) -> dict[str, Any]:
        if not isinstance(row, dict) or row.get("emotion_id") is None:
            return {}
        return {"emotion": f"{OTHER}mod-{fields.name(row, ('emotion_id',))}"}
