"""Frozen releases in their files, without the application: what training reads of one, and no more."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import Any, Final

from PIL import Image

from retrieval_engine.data import read_queries_csv

PACK: Final = Path(__file__).parents[2] / "starter_pack" / "pack"
PARTS: Final = ("train", "validation", "test")
COLOURS: Final = {
    "red": ((214, 40, 40), "红色"),
    "blue": ((38, 84, 196), "蓝色"),
    "green": ((34, 150, 76), "绿色"),
    "yellow": ((240, 196, 25), "黄色"),
    "purple": ((128, 52, 168), "紫色"),
    "black": ((24, 24, 24), "黑色"),
}
SHAPES: Final = {
    "block": ((8, 8, 40, 40), "方块"),
    "bar": ((2, 18, 46, 30), "横条"),
    "pole": ((18, 2, 30, 46), "竖条"),
    "dot": ((19, 19, 29, 29), "小点"),
    "floor": ((2, 36, 46, 46), "地板"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """A sticker of a release with its queries by language."""

    name: str
    picture: str
    part: str
    queries: Mapping[str, Sequence[str]]
    printed: str = ""
    before: Mapping[str, str] = field(default_factory=dict)
    """What was said before it, by language."""


def write(folder: Path, rows: Sequence[Row]) -> Path:
    """A release of those stickers."""
    numbers = count(1)
    (folder / "queries").mkdir(parents=True)
    (folder / "stickerint").mkdir()
    (folder / "manifest.json").write_text('{"number": 1, "title": "Small", "watermark_at": "2026-11-21"}\n')
    _lines(folder / "stickers.jsonl", [_sticker(row) for row in rows])
    for part in PARTS:
        there = [row for row in rows if row.part == part]
        queries = [_query(next(numbers), row, *typed) for row in there for typed in _typed(row)]
        _lines(folder / "queries" / f"{part}.jsonl", queries)
        said = [_use(row, language, text) for row in there for language, text in row.before.items()]
        _lines(folder / "stickerint" / f"{part}.jsonl", said)
    return folder


def pack(parts: Mapping[str, str]) -> list[Row]:
    """Stickers of the starter pack, each on its side of the split."""
    typed: dict[str, dict[str, Sequence[str]]] = {name: {} for name in parts}
    for language in ("en", "zh"):
        for line in read_queries_csv(PACK / f"sticker_queries_{language}.csv"):
            if line.sticker_id in typed:
                typed[line.sticker_id][language] = line.queries
    return [Row(name, str(PACK / "stickers" / name), part, typed[name]) for name, part in parts.items()]


def names() -> list[str]:
    """All stickers of the pack."""
    return sorted(path.name for path in (PACK / "stickers").iterdir())


def shapes(folder: Path, *, test: int = 4, validation: int = 8) -> list[Row]:
    """Thirty shapes in colours, for which people type what they see; some of each side of the split."""
    folder.mkdir(parents=True, exist_ok=True)
    pairs = [(colour, shape) for colour in COLOURS for shape in SHAPES]
    return [_shape(folder, place, *pair, test, validation) for place, pair in enumerate(pairs)]


def _shape(folder: Path, place: int, colour: str, shape: str, test: int, validation: int) -> Row:
    part = "test" if place % test == 1 else "validation" if place % validation == 2 else "train"
    (path := folder / f"{colour}-{shape}.png").write_bytes(_drawn(colour, shape))
    (_, colour_zh), (_, shape_zh) = COLOURS[colour], SHAPES[shape]
    queries = {
        "en": [f"{colour} {shape}", f"{shape} in {colour}"],
        "zh": [colour_zh + shape_zh, f"{shape_zh}{colour_zh}"],
    }
    return Row(path.name, str(path), part, queries, before={"en": f"show me {colour}"} if shape == "bar" else {})


def _drawn(colour: str, shape: str) -> bytes:
    image = Image.new("RGB", (48, 48), "white")
    image.paste(COLOURS[colour][0], SHAPES[shape][0])
    image.save(file := BytesIO(), "PNG")
    return file.getvalue()


def _sticker(row: Row) -> dict[str, Any]:
    names = {"sticker_id": row.name, "file": row.picture, "dup_cluster": row.name}
    return {**names, "split": row.part, "printed_text": row.printed}


def _typed(row: Row) -> Iterable[tuple[str, str]]:
    return ((language, query) for language, queries in row.queries.items() for query in queries)


def _query(number: int, row: Row, language: str, query: str) -> dict[str, Any]:
    typed = {"query_id": number, "sticker_id": row.name, "query": query, "language": language}
    return typed | {"weight": 1.0, "status": "proven", "labeler": "p1", "position": 0}


def _use(row: Row, language: str, text: str) -> dict[str, Any]:
    return {"sticker": row.name, "lang": language, "context": [{"speaker": "a", "text": text}]}


def _lines(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
