"""diff.json: what came, went and changed since the release before, by numbers that stay the same across releases.

Both releases are read in batches into a temporary database on disk, so that memory does not grow with them.
Of what went, only the number is named: a text that was taken back does not come back here.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, TextIO

import pyarrow.parquet

from sticktionary.domain.releases.about import About

BATCH = 20_000
SCHEMA = """
PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -65536;
CREATE TABLE before_query (id PRIMARY KEY, text TEXT, sticker TEXT) WITHOUT ROWID;
CREATE TABLE after_query (id PRIMARY KEY, text TEXT, sticker TEXT) WITHOUT ROWID;
CREATE TABLE before_sticker (sha TEXT PRIMARY KEY, name TEXT UNIQUE, part TEXT) WITHOUT ROWID;
CREATE TABLE after_sticker (sha TEXT PRIMARY KEY, name TEXT UNIQUE, part TEXT) WITHOUT ROWID;
"""
GONE = "SELECT {columns} FROM {one} LEFT JOIN {other} USING ({key}) WHERE {other}.{key} IS NULL ORDER BY {key}"
BOTH = "FROM before_{kind} b JOIN after_{kind} a USING ({key}) WHERE {differs} ORDER BY {key}"
MOVED = (
    "(SELECT sha FROM before_sticker WHERE name = b.sticker) <> (SELECT sha FROM after_sticker WHERE name = a.sticker)"
)
LISTS: dict[str, tuple[list[str], str]] = {  # what the rows of each list hold, and the statement that finds them
    "queries_added": (
        ["query_id"],
        GONE.format(columns="id", one="after_query", other="before_query", key="id"),
    ),
    "queries_removed": (
        ["query_id"],
        GONE.format(columns="id", one="before_query", other="after_query", key="id"),
    ),
    "queries_changed": (
        ["query_id", "query"],
        "SELECT id, a.text " + BOTH.format(kind="query", key="id", differs="a.text <> b.text"),
    ),
    "queries_moved": (  # to another sticker, when two turned out to be the same
        ["query_id", "sticker_id"],
        "SELECT id, a.sticker " + BOTH.format(kind="query", key="id", differs=MOVED),
    ),
    "stickers_added": (
        ["sticker_id"],
        GONE.format(columns="after_sticker.name", one="after_sticker", other="before_sticker", key="sha"),
    ),
    "stickers_removed": (
        ["sticker_id"],
        GONE.format(columns="before_sticker.name", one="before_sticker", other="after_sticker", key="sha"),
    ),
    "stickers_renamed": (
        ["was", "sticker_id"],
        "SELECT b.name, a.name " + BOTH.format(kind="sticker", key="sha", differs="a.name <> b.name"),
    ),
    "split_moves": (  # there are none, save where stickers turned out to be the same
        ["sticker_id", "was", "split"],
        "SELECT a.name, b.part, a.part " + BOTH.format(kind="sticker", key="sha", differs="a.part <> b.part"),
    ),
}


def write(folder: Path, about: About) -> dict[str, Any]:
    """Write the diff of the release in `folder` to the one before it; its counts."""
    with closing(sqlite3.connect("")) as database:  # "": a file of its own that goes when it is closed
        database.executescript(SCHEMA)
        if about.previous is not None:
            _read(database, "before", about.previous)
            _read(database, "after", folder)
        head = {
            "release": about.number,
            "previous": about.previous_number,
            "withdrawn": _withdrawn(folder / "tombstones.jsonl"),
        }
        with (folder / "diff.json").open("w", encoding="utf-8", newline="\n") as file:
            counts = _print(file, head, database)
    return {**head, "counts": counts}


def _read(database: sqlite3.Connection, side: str, folder: Path) -> None:
    stickers = _rows(folder / "stickers.parquet", ["sha256", "sticker_id", "split"])
    database.executemany(f"INSERT INTO {side}_sticker VALUES (?, ?, ?)", stickers)  # noqa: S608
    for path in sorted(folder.glob("queries/*.parquet")):
        rows = _rows(path, ["query_id", "query", "sticker_id"])
        database.executemany(f"INSERT INTO {side}_query VALUES (?, ?, ?)", rows)  # noqa: S608


def _rows(path: Path, columns: list[str]) -> Iterator[tuple[Any, ...]]:
    with pyarrow.parquet.ParquetFile(path) as file:
        for batch in file.iter_batches(BATCH, columns=columns):
            yield from zip(*(batch.column(name).to_pylist() for name in columns), strict=True)


def _withdrawn(path: Path) -> dict[str, int]:
    """How much of each kind was taken back, and is left out."""
    counted = Counter[str]()
    if path.is_file():
        with path.open(encoding="utf-8") as file:
            counted.update(json.loads(line)["kind"] for line in file)
    return dict(sorted(counted.items()))


def _print(file: TextIO, head: dict[str, Any], database: sqlite3.Connection) -> dict[str, int]:
    """The head, the lists and their lengths as one JSON object; a row of a list on a line, never held as a whole."""
    file.write(json.dumps(head, ensure_ascii=False, indent=1).removesuffix("\n}"))
    counts = {}
    for name, (columns, statement) in LISTS.items():
        file.write(f",\n {json.dumps(name)}: [")
        rows = (dict(zip(columns, row, strict=True)) for row in database.execute(statement))
        counts[name] = _print_rows(file, rows)
    file.write(f',\n "counts": {json.dumps(counts)}\n}}\n')
    return counts


def _print_rows(file: TextIO, rows: Iterable[dict[str, Any]]) -> int:
    n = 0
    for n, row in enumerate(rows, 1):
        held: Any = next(iter(row.values())) if len(row) == 1 else row
        file.write(("\n  " if n == 1 else ",\n  ") + json.dumps(held, ensure_ascii=False))
    file.write("\n ]" if n else "]")
    return n
