"""Conversations and stickers of other collections, read into this project's own rows.

Each format has a reader, whose docstring says which keys are read. Every record is in the output or in the report, and
so is every field that will not do; a file of another kind is a `DataError`.

>>> FORMATS["mod"].language
'zh'
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from ....data import DataError
from .mod import Mod
from .multichat import MultiChat
from .reader import Reader
from .report import NAMED, Problem, Reason, Record, Report, Spoiled
from .rows import ChatRow, Row, SessionRow, StickerRow, TurnRow
from .ser30k import Ser30k
from .sticker820k import Sticker820k
from .stickerchat import StickerChat
from .stickerint import StickerInt

FORMATS: Final[dict[str, type[Reader]]] = {
    "stickerint": StickerInt,
    "multichat": MultiChat,
    "stickerchat": StickerChat,
    "mod": Mod,
    "ser30k": Ser30k,
    "sticker820k": Sticker820k,
}
CHATS: Final = ("stickerint", "multichat", "stickerchat", "mod")
"""Those that hold conversations; the others describe stickers alone."""

__all__ = [
    "CHATS",
    "FORMATS",
    "ChatRow",
    "Problem",
    "Reason",
    "Report",
    "Row",
    "SessionRow",
    "StickerRow",
    "TurnRow",
    "by_record",
    "read",
]


def read(
    format: str, paths: Sequence[Path], report: Report, *, language: str = "", source: str = "", name: str = ""
) -> Iterator[Row]:
    """The rows of files of a format; `report` is filled as they are read. `language` is theirs where they say none, and
    `name` what a file was called before it was put where it is: chats are numbered after that.

    `DataError` names a file of whose first records none has any of the format's keys, one that is no JSON or no UTF-8,
    and one with nothing in it.
    """
    for rows in by_record(format, paths, report, language=language, source=source, name=name):
        yield from rows


def by_record(
    format: str, paths: Sequence[Path], report: Report, *, language: str = "", source: str = "", name: str = ""
) -> Iterator[list[Row]]:
    """The same record by record: none of one that is left out; what waited for more comes last."""
    reader, seen = FORMATS[format](report, language, source), set[str]()
    for path in paths:
        alike, n = report.n_alike, report.n_records
        for record in reader.records(path):
            report.n_records += 1
            report.line = record.line
            report.n_alike += reader.is_alike(record)
            yield _rows(reader, replace(record, path=Path(name)) if name else record, seen)
            if report.n_alike == alike and report.n_records - n == NAMED:
                break  # the rest will be no other
        if report.n_records == n:
            raise DataError(f"{path}: nothing in it")
        if report.n_alike == alike:
            raise DataError(f"{path}: none of its first {report.n_records - n} records is of the kind of {format}")
    yield from ([row] for row in reader.close())


def _rows(reader: Reader, record: Record, seen: set[str]) -> list[Row]:
    """Of one record, all of them or none."""
    mark = reader.report.mark()
    try:
        if isinstance(record.value, Spoiled):
            raise record.value
        rows = list(reader.take(record))
        for row in rows:
            if isinstance(row, ChatRow) and row.chat_id in seen:
                raise Spoiled(Reason.SEEN, row.chat_id)
    except Spoiled as spoiled:
        reader.report.back_to(mark)
        reader.report.leave_out(record, spoiled.reason, spoiled.detail)
        return []
    seen.update(row.chat_id for row in rows if isinstance(row, ChatRow))
    return rows
