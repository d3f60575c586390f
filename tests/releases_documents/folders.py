"""A small release folder, laid out as a frozen one, and what it says of itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from sticktionary.domain.releases.about import About, Credit, File, PackNote, ReleaseRules

QUERY = pa.schema(
    [
        ("query_id", pa.int64()),
        ("query", pa.string()),
        ("sticker_id", pa.string()),
        ("language", pa.string()),
        ("source", pa.string()),
        ("weight", pa.float64()),
        ("n_found", pa.int64()),
        ("nudges", pa.list_(pa.string())),
        ("retrievals", pa.list_(pa.struct([("rank", pa.int64()), ("retriever", pa.string())]))),
    ]
)
PAIR = pa.schema([QUERY.field(name) for name in ("query", "sticker_id", "language", "weight", "source")])
STICKER = pa.schema([(name, pa.string()) for name in ("sticker_id", "sha256", "pack_id", "split")])


@dataclass
class Made:
    """Queries as (id, text, sticker, language) by part, and the sha256 of each sticker by its name."""

    queries: dict[str, list[tuple[int, str, str, str]]]
    stickers: dict[str, str]
    tombstones: list[dict[str, str]] = field(default_factory=list)
    with_pictures: bool = True


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def usual() -> Made:
    return Made(
        queries={
            "train": [
                (1, "good morning", "sun.png", "en"),
                (2, "早上好", "sun.png", "zh"),
                (3, 'say "hi", you', "cat.png", "en"),
            ],
            "validation": [(4, "no way", "no.png", "en")],
            "test": [(5, "晚安", "moon.png", "zh"), (6, "good night", "moon.png", "en")],
        },
        stickers={
            name: hashlib.sha256(name.encode()).hexdigest() for name in ("sun.png", "cat.png", "no.png", "moon.png")
        },
    )


def make(folder: Path, made: Made, number: int = 1, previous: Path | None = None, **said: Any) -> About:
    """Write the data files and return what the release says of itself; the documents are not written yet."""
    folder.mkdir()
    files: list[File] = []
    for part, held in made.queries.items():
        rows = [_query(*query) for query in held]
        pairs = [{name: row[name] for name in PAIR.names} for row in rows]
        files.append(_parquet(folder, f"queries/{part}.parquet", QUERY, rows))
        files.append(_lines(folder, f"queries/{part}.jsonl", rows))
        files.append(_parquet(folder, f"pairs/{part}.parquet", PAIR, pairs))
    sides = {query[2]: part for part, held in made.queries.items() for query in held}
    shelf = [
        {"sticker_id": name, "sha256": sha, "pack_id": "shapes", "split": sides[name]}
        for name, sha in made.stickers.items()
    ]
    files.append(_parquet(folder, "stickers.parquet", STICKER, shelf))
    splits = [{"kind": "sticker", "id": name, "part": part} for name, part in sorted(sides.items())]
    files.append(_lines(folder, "splits.jsonl", splits))
    files.append(_lines(folder, "tombstones.jsonl", made.tombstones))
    files += [_csv(folder, made, language) for language in ("en", "zh")]
    if made.with_pictures:
        files += [_bytes(folder, f"stickers/{name}", name.encode()) for name in sorted(made.stickers)]
    n_queries = sum(map(len, made.queries.values()))
    about: dict[str, Any] = {
        "number": number,
        "title": "First light",
        "notes": "Thank you, all.",
        "watermark_at": datetime(2026, 11, 20, 12, tzinfo=UTC),
        "code_version": "0.1.0",
        "rules": ReleaseRules(credit=Credit(authors=("Chee, Ada", "The players"), url="https://example.org/stickers")),
        "counts": {"n_stickers": len(made.stickers), "n_queries": n_queries, "n_queries_en": 4},
        "packs": [PackNote("shapes", "Shapes | odd", "drawn <here>", "CC0", len(made.stickers), made.with_pictures)],
        "files": files,
        "statistics": {
            "queries": {"en": {"n_queries": 4, "mean_words": 1.5}, "zh": {"n_queries": 2, "mean_words": 3.0}}
        },
        "pii": {"n_scanned": {"queries": n_queries}, "n_found": {"phone": 1}, "n_left_out": 1, "n_masked": 0},
        "n_withdrawn": len(made.tombstones),
        "previous": previous,
        "previous_number": number - 1 if previous else None,
    }
    return About(**{**about, **said})


def seal(folder: Path) -> None:
    """SHA256SUMS over all that is there, as a frozen release has it."""
    paths = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    lines = [f"{hashlib.sha256((folder / path).read_bytes()).hexdigest()}  {path}\n" for path in paths]
    (folder / "SHA256SUMS").write_text("".join(lines), encoding="utf-8", newline="\n")


def _query(id: int, text: str, sticker: str, language: str) -> dict[str, Any]:
    proof = {"n_found": 1, "nudges": ["plain"], "retrievals": [{"rank": 1, "retriever": "anon_1"}]}
    row = {"query_id": id, "query": text, "sticker_id": sticker, "language": language}
    return {**row, "source": "play", "weight": 0.9, **proof}


def _parquet(folder: Path, path: str, schema: pa.Schema, rows: list[dict[str, Any]]) -> File:
    (folder / path).parent.mkdir(exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), folder / path)
    return _entry(folder, path, len(rows), {item.name: str(item.type) for item in schema})


def _lines(folder: Path, path: str, rows: Sequence[Mapping[str, Any]]) -> File:
    (folder / path).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return _entry(folder, path, len(rows), dict.fromkeys(rows[0], "string") if rows else {})


def _csv(folder: Path, made: Made, language: str) -> File:
    texts: dict[str, list[str]] = {}
    for rows in made.queries.values():
        for _id, text, sticker, said_in in rows:
            if said_in == language:
                texts.setdefault(sticker, []).append(text.replace(", ", ","))
    quoted = {sticker: ", ".join(said).replace('"', '""') for sticker, said in texts.items()}
    lines = [f'{sticker},"{held}"\n' for sticker, held in sorted(quoted.items())]
    return _bytes(folder, f"sticker_queries_{language}.csv", ("sticker_id,labeled_queries\n" + "".join(lines)).encode())


def _bytes(folder: Path, path: str, content: bytes) -> File:
    (folder / path).parent.mkdir(exist_ok=True)
    (folder / path).write_bytes(content)
    return _entry(folder, path, None, {})


def _entry(folder: Path, path: str, n_rows: int | None, columns: dict[str, str]) -> File:
    content = (folder / path).read_bytes()
    return File(path, len(content), hashlib.sha256(content).hexdigest(), n_rows, columns)
