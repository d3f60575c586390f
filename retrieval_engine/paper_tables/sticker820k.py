"""Sticker820K's tables: what annotators said of stickers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from ..data import DataError
from ..text import segment
from .table import PARTS, DatasetTable, StickerLine, counted, line, lines_of, share


class Described(Struct):
    """An entry of sticker820k/."""

    sticker_id: str
    descriptions: dict[str, str]
    ocr: str | None
    emotion: list[str] | None
    emotion_class: str | None
    style: str | None


def sticker820k(folder: Path) -> DatasetTable:
    """What annotators said of the stickers. `DataError` for a release without annotations."""
    rows = {part: _described(folder / "sticker820k" / f"annotations_{part}.json") for part in PARTS}
    everything = [row for part in PARTS for row in rows[part]]
    if not everything:
        raise DataError(f"{folder}: nothing in sticker820k/annotations_*.json; no sticker was annotated")
    moving = {row.sticker_id for row in lines_of(folder / "stickers.jsonl", StickerLine) if row.media.kind != "static"}
    return DatasetTable(
        "Sticker820K, arXiv 2306.06870",
        (
            line("stickers described", rows, len, (740_017, None, 82_225, 822_242)),
            line("share that moves", rows, lambda held: _share_of(held, lambda row: row.sticker_id in moving)),
            line("share with words on it", rows, lambda held: _share_of(held, lambda row: bool(row.ocr))),
            line("words per description", rows, _words_per_description),
        ),
        {
            "emotions": counted(label for row in everything for label in row.emotion or ()),
            "classes of emotion": counted(row.emotion_class for row in everything),
            "styles": counted(row.style for row in everything),
            "words of descriptions": counted(word for row in everything for word in _words_of(row)),
            "words on stickers": counted(word for row in everything for word in segment(row.ocr or "")),
        },
    )


def _described(path: Path) -> list[Described]:
    return msgspec.json.decode(path.read_bytes(), type=list[Described]) if path.is_file() else []


def _share_of(rows: Sequence[Described], holds: Callable[[Described], bool]) -> float | None:
    return share(sum(map(holds, rows)), len(rows))


def _words_of(row: Described) -> list[str]:
    return [word for text in row.descriptions.values() for word in segment(text)]


def _words_per_description(rows: Sequence[Described]) -> float | None:
    return share(sum(len(_words_of(row)) for row in rows), sum(len(row.descriptions) for row in rows))
