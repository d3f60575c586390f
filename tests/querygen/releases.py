"""Frozen releases in their files, written straight from the starter pack: what training reads of one, and no more."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from retrieval_engine.data import read_queries_csv

PACK: Final = Path(__file__).parents[2] / "starter_pack" / "pack"
PARTS: Final = ("train", "validation", "test")


def write(folder: Path, parts: Mapping[str, str], languages: Sequence[str] = ("en", "zh")) -> Path:
    """A release of the pack's stickers that `parts` names, each on its side of the split."""
    (folder / "queries").mkdir(parents=True)
    (folder / "manifest.json").write_text('{"number": 1}\n')
    rows = [_sticker(name, part) for name, part in parts.items()]
    _lines(folder / "stickers.jsonl", rows)
    queries = [query for language in languages for query in _queries(language) if query["sticker_id"] in parts]
    for part in PARTS:
        held = [query for query in queries if parts[query["sticker_id"]] == part]
        _lines(folder / "queries" / f"{part}.jsonl", held)
    return folder


def names() -> list[str]:
    """All stickers of the pack."""
    return sorted(path.name for path in (PACK / "stickers").iterdir())


def _sticker(name: str, part: str) -> dict[str, Any]:
    file = str(PACK / "stickers" / name)
    return {"sticker_id": name, "file": file, "split": part, "dup_cluster": name, "printed_text": ""}


def _queries(language: str) -> list[dict[str, Any]]:
    typed = [
        (row.sticker_id, query)
        for row in read_queries_csv(PACK / f"sticker_queries_{language}.csv")
        for query in row.queries
    ]
    return [
        {"query_id": number, "sticker_id": sticker, "query": query, "language": language}
        | {"weight": 1.0, "status": "proven", "labeler": "p1", "position": 0}
        for number, (sticker, query) in enumerate(typed)
    ]


def _lines(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
