"""StickerChat (Gao et al. 2020): JSON lines, each a context and the sticker that answers it.

Keys read: `context`, a list of `{"text", "from_id"}`, and `current` with `from_id`, `sticker_set_id`, `sticker_id`,
`sticker_alt`, and `text` where it has one. Words are set apart by spaces in the files; Chinese is put together again.
Each line is a chat of one session. `id` and `reply_to_msg_id` are passed over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from . import fields
from .reader import TEXT, Reader
from .report import Reason, Record, Spoiled
from .rows import ChatRow, Row, SessionRow, StickerRow

EMOJI = ("sticker_alt", "emoji", "alt")


class StickerChat(Reader):
    KEYS = frozenset({"context", "current"})
    language = "zh"

    def take(self, record: Record) -> Iterator[Row]:
        row = fields.row_of(record.value)
        turns = self.turns(row.get("context"), record, "context")
        current = fields.row_of(row.get("current"))
        answer = self.turn(current, record, "current")
        if answer is None or answer.sticker_id is None:
            raise Spoiled(Reason.NO_STICKER, "current")
        emoji = fields.text(current, EMOJI) or None
        session = SessionRow(turns=[*turns, answer], part=fields.part_of(record))
        chat_id = f"{record.path.stem}-{record.line}"
        sticker = StickerRow(
            sticker_id=answer.sticker_id,
            pack=answer.sticker_pack,
            author_emoji=emoji,
            part=session.part,
        )
        yield ChatRow(chat_id=chat_id, lang=self.lang, sessions=[session], source=self.source)
        yield sticker

    def words(self, row: Mapping[str, Any]) -> str:
        return fields.unsplit(fields.text(row, TEXT))
