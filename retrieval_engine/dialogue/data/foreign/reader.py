"""What a format's reader does: it takes records one after the other and gives chats and facts of stickers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from . import fields
from .records import records
from .report import Reason, Record, Report, Spoiled
from .rows import Row, TurnRow

SPEAKER = ("speaker", "speaker_id", "from_id", "user_id", "user", "name")
TEXT = ("text", "txt", "utterance", "content", "message")
STICKER = ("sticker_id", "sticker", "img_id", "image_id", "image_ids", "image", "file")
PACK = ("sticker_set_id", "sticker_pack", "pack", "pack_id", "topic")


class Reader(ABC):
    """One for each reading of one format's files. `KEYS` are names of which a record of its kind holds at least one."""

    KEYS: ClassVar[frozenset[str]]
    is_keyed: ClassVar[bool] = False
    """Whether a file may be one object with a record by each key."""
    language: ClassVar[str]
    """Of the data, unless whoever reads it says otherwise."""

    def __init__(self, report: Report, language: str = "", source: str = "") -> None:
        self.report, self.lang, self.source = report, language or self.language, source

    @abstractmethod
    def take(self, record: Record) -> Iterator[Row]:
        """What a record holds, now or when the reader is closed. Raises `Spoiled`, before it gives anything, for one
        that is left out."""

    def close(self) -> Iterator[Row]:
        """What was waiting for more."""
        yield from ()

    def records(self, path: Path) -> Iterator[Record]:
        """Of a file."""
        return records(path, keyed=self.is_keyed)

    def is_alike(self, record: Record) -> bool:
        """Whether it has a key of the format."""
        return isinstance(record.value, dict) and not self.KEYS.isdisjoint(record.value)

    def turn(self, row: Any, record: Record, where: str, **labels: Any) -> TurnRow | None:
        """A turn of an object; none, which is reported, for one without words and sticker."""
        if not isinstance(row, dict):
            raise Spoiled(Reason.NOT_A_TURN, f"{where}: {type(row).__name__}")
        said, sticker = self.words(row), fields.name(row, STICKER)
        if not said and not sticker:
            self.report.take_off(record, where, Reason.EMPTY_TURN)
            return None
        speaker = fields.name(row, SPEAKER)
        if speaker is None:
            raise Spoiled(Reason.NO_SPEAKER, where)
        pack = fields.name(row, PACK) if sticker else None
        return TurnRow(speaker=speaker, text=said, sticker_id=sticker, sticker_pack=pack, **labels)

    def words(self, row: Mapping[str, Any]) -> str:
        """What a turn says."""
        return fields.text(row, TEXT)

    def turns(self, rows: Any, record: Record, what: str) -> list[TurnRow]:
        """Those of a list that say something."""
        told = (
            self.turn(row, record, f"turn {n}", **self.labels(row, record, f"turn {n}"))
            for n, row in enumerate(fields.as_list(rows, what), 1)
        )
        return [turn for turn in told if turn is not None]

    def labels(self, row: Any, record: Record, where: str) -> dict[str, Any]:
        """What is said of a turn besides."""
        return {}
