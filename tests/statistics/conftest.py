from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from retrieval_engine.data import StickerQueries, write_queries_csv

EN = {"a.png": ("So sad", "crying", "cat"), "b.gif": ("Cat",), "c.webm": ("so  happy cat", "OK 😭")}
ZH = {"a.png": ("好难过", "难过"), "d.png": ("ok",)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small pair of lists."""
    for language, lists in (("en", EN), ("zh", ZH)):
        rows = [StickerQueries(name, tuple(" ".join(query.split()) for query in held)) for name, held in lists.items()]
        write_queries_csv(tmp_path / f"sticker_queries_{language}.csv", rows)
    return tmp_path


def query_line(round_id: int, labeler: str, query: str, sticker: str = "a.png", **fields: Any) -> dict[str, Any]:
    row = {"round_id": round_id, "labeler": labeler, "query": query, "sticker_id": sticker}
    return row | {"language": "en", "source": "play", "more": [1]} | fields


def lookup(retriever: str, rank: int, **fields: Any) -> dict[str, Any]:
    row = {"retriever": retriever, "rank": rank, "language": "en", "counts": True, "is_gold": False}
    return row | {"target_absent": False, "none_of_these": False} | fields


def write_lines(path: Path, *rows: dict[str, Any]) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def write_table(path: Path, *rows: dict[str, Any]) -> None:
    path.parent.mkdir(exist_ok=True)
    pq.write_table(pa.Table.from_pylist(list(rows)), path)


@pytest.fixture
def release(folder: Path) -> Path:
    """The same with who played."""
    write_table(
        folder / "queries/train.parquet",
        query_line(1, "ann", "So sad"),
        query_line(1, "ann", "crying"),
        query_line(2, "bob", "cat"),
        query_line(3, "bob", "Cat", "b.gif"),
        query_line(4, "", "boo", source="house"),
    )
    write_table(folder / "queries/test.parquet", query_line(5, "", "so happy cat", "c.webm"))
    write_table(
        folder / "retrievals.parquet",
        lookup("cat", 1),
        lookup("cat", 0),
        lookup("dan", 2),
        lookup("dan", 1, counts=False, is_gold=True),
        lookup("cat", 0, counts=False, is_gold=True),
        lookup("", 0, counts=False, target_absent=True, none_of_these=True),
        lookup("cat", 0, counts=False, target_absent=True),
    )
    return folder
