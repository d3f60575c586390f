"""A frozen release as training data: stickers with their proven queries, side of the split and labels."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from .run import Order, Refused

Part = Literal["train", "validation", "test"]
PARTS: Final[tuple[Part, ...]] = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class Query:
    """What somebody typed. `weight` is the release's: how far to believe that it finds the sticker."""

    id: int
    text: str
    language: str
    weight: float
    labeler: str
    position: int


@dataclass(frozen=True, slots=True)
class Sticker:
    """A sticker of the release. `group` keeps near duplicates together; `fields` are texts by name (printed_text,
    description, emotion, style, ...); `mistaken` are stickers that retrievers picked wrongly for it, most often first;
    `contexts` what was said before it in conversations."""

    id: str
    picture: Path
    part: Part
    group: str
    queries: tuple[Query, ...]
    fields: Mapping[str, str] = field(default_factory=dict)
    mistaken: tuple[str, ...] = ()
    contexts: tuple[str, ...] = ()

    def texts(self, language: str) -> tuple[str, ...]:
        """Its queries in a language, without repetition."""
        return tuple(dict.fromkeys(query.text for query in self.queries if query.language == language))


def read(order: Order) -> list[Sticker]:
    """The stickers of the order's release that have a picture and a query, in order of id. Raises `Refused`."""
    folder = Path(order.release)
    if not (folder / "manifest.json").is_file():
        raise Refused(f"{folder}: not a frozen release (no manifest.json).")
    left_out = _json(order.left_out) if order.left_out else {}
    pictures = _json(order.pictures) if order.pictures else {}
    gone = set(left_out.get("stickers", ()))
    rows = [row for row in _lines(folder / "stickers.jsonl") if row["sticker_id"] not in gone]
    queries = _queries(folder, set(left_out.get("queries", ())))
    found = [
        Sticker(
            row["sticker_id"],
            picture,
            row["split"],
            row["dup_cluster"],
            tuple(queries[row["sticker_id"]]),
            _fields(row),
        )
        for row in rows
        if row["sticker_id"] in queries and (picture := _picture(folder, row, pictures)) is not None
    ]
    if not found:
        raise Refused("The release holds no sticker with both a picture and a proven query; there is nothing to learn.")
    return sorted(found, key=lambda sticker: sticker.id)


def languages(stickers: Collection[Sticker]) -> list[str]:
    """The languages of their queries, in order."""
    return sorted({query.language for sticker in stickers for query in sticker.queries})


def _queries(folder: Path, left_out: Collection[int]) -> dict[str, list[Query]]:
    found = dict[str, list[Query]]()
    for part in PARTS:
        for row in _lines(folder / "queries" / f"{part}.jsonl"):
            if row["query_id"] not in left_out and row["status"] != "unproven":
                query = Query(
                    row["query_id"], row["query"], row["language"], row["weight"], row["labeler"], row["position"]
                )
                found.setdefault(row["sticker_id"], []).append(query)
    return found


def _picture(folder: Path, row: Mapping[str, Any], pictures: Mapping[str, str]) -> Path | None:
    if row["file"] is not None:
        return Path(folder, row["file"])
    path = pictures.get(row["sticker_id"])
    return None if path is None else Path(path)


def _fields(row: Mapping[str, Any]) -> dict[str, str]:
    return {"printed_text": row["printed_text"]} if row["printed_text"] else {}


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    if not path.exists():
        return
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            try:
                yield json.loads(line)
            except ValueError as error:
                raise Refused(f"{path}:{number}: {error}") from error


def _json(path: str) -> dict[str, Any]:
    try:
        return dict(json.loads(Path(path).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise Refused(f"{path}: {error}") from error
