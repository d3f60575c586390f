"""A frozen release as training data: stickers with their proven queries, side of the split and labels."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from .. import taxonomy
from .run import Order, Refused

MANIFEST: Final = "manifest.json"
FIELDS: Final = ("description", "emotion", "style", "printed_text")
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
    """A sticker of the release. `group` keeps near duplicates together; `fields` are texts by name: printed_text, and
    in a language description:en, emotion:zh, style:zh, ... (see `told`); `mistaken` are stickers that retrievers picked
    wrongly for it, most often first; `contexts`, by language, what was said last before somebody sent it."""

    id: str
    picture: Path
    part: Part
    group: str
    queries: tuple[Query, ...]
    fields: Mapping[str, str] = field(default_factory=dict)
    mistaken: tuple[str, ...] = ()
    contexts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def texts(self, language: str) -> tuple[str, ...]:
        """Its queries in a language, without repetition."""
        return tuple(dict.fromkeys(query.text for query in self.queries if query.language == language))

    def told(self, language: str) -> dict[str, str]:
        """The fields that are of no language or of this one, by their bare names, in the order of `FIELDS`."""
        named = [name.partition(":") for name in self.fields]
        found = {bare: self.fields[f"{bare}{colon}{of}"] for bare, colon, of in named if of in ("", language)}
        return {name: found[name] for name in FIELDS if name in found}


def read(order: Order) -> list[Sticker]:
    """The stickers of the order's release that have a picture and a query, in order of id. Raises `Refused`."""
    folder = Path(order.release)
    if not (folder / MANIFEST).is_file():
        raise Refused(f"{folder}: not a frozen release (no manifest.json).")
    left_out = _json(order.left_out) if order.left_out else {}
    pictures = _json(order.pictures) if order.pictures else {}
    gone = set(left_out.get("stickers", ()))
    rows = [row for row in _lines(folder / "stickers.jsonl") if row["sticker_id"] not in gone]
    queries = _queries(folder, set(left_out.get("queries", ())))
    labels, mistaken, contexts = _labels(folder), _mistaken(folder), _contexts(folder)
    found = [
        Sticker(
            row["sticker_id"],
            picture,
            row["split"],
            row["dup_cluster"],
            tuple(queries[row["sticker_id"]]),
            _fields(row) | labels.get(row["sticker_id"], {}),
            tuple(other for other in mistaken.get(row["sticker_id"], ()) if other not in gone),
            contexts.get(row["sticker_id"], {}),
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


def _labels(folder: Path) -> dict[str, dict[str, str]]:
    """By sticker, what its annotators say together, in words; labels by their names in both languages."""
    found = dict[str, dict[str, str]]()
    for row in _lines(folder / "annotation_labels.jsonl"):
        if row["value"] is not None and "dialogue_id" not in row["target"]:
            found.setdefault(row["target"]["sticker_id"], {}).update(_in_words(row))
    return found


def _in_words(row: Mapping[str, Any]) -> dict[str, str]:
    value, task = row["value"], row["task"]
    if task == "description" and value.get("text"):
        return {f"description:{row['lang']}" if row["lang"] else "description": value["text"]}
    if task not in ("emotion", "style"):
        return {}
    chosen = value.get("labels") or [value[key] for key in ("primary", "label") if value.get(key)]
    names = taxonomy.load(row["taxonomy"].partition("@")[0]).labels
    known = [names[label].name for label in chosen if label in names]
    return {f"{task}:{of}": ", ".join(name[of] for name in known) for of in taxonomy.LANGUAGES if known}


def _mistaken(folder: Path) -> dict[str, list[str]]:
    """By sticker, those that were picked before it, or instead of it, in lookups that count; most often first."""
    picked = dict[str, Counter[str]]()
    for row in _lines(folder / "retrievals.jsonl"):
        if row["counts"] and not row["target_absent"] and row["split"] == "train":
            wrong = [pick for pick in row["picks"] if pick not in (None, row["sticker_id"])]
            picked.setdefault(row["sticker_id"], Counter()).update(wrong)
    return {sticker: [other for other, _ in counts.most_common()] for sticker, counts in picked.items()}


def _contexts(folder: Path) -> dict[str, dict[str, tuple[str, ...]]]:
    """By sticker and language, the words before its uses in conversations."""
    found = dict[str, dict[str, tuple[str, ...]]]()
    for part in PARTS:
        for row in _lines(folder / "stickerint" / f"{part}.jsonl"):
            said = [turn["text"] for turn in row["context"] if turn.get("text")]
            if said:
                held = found.setdefault(row["sticker"], {})
                held[row["lang"]] = (*held.get(row["lang"], ()), said[-1])
    return found


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
