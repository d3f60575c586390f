"""Reads a release folder as a stranger would, knowing nothing of the house, and prints what each library finds."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any


def by_datasets(folder: Path) -> dict[str, Any]:
    import datasets

    datasets.disable_progress_bars()
    names = datasets.get_dataset_config_names(str(folder))
    loaded = {name: datasets.load_dataset(str(folder), name) for name in names}
    default = datasets.load_dataset(str(folder))
    lines = sorted({path.stem for path in folder.glob("*.jsonl") if path.stat().st_size} - set(names))
    return {
        "default": {part: len(rows) for part, rows in default.items()},
        "languages": Counter(row["language"] for part in default.values() for row in part),
        "tables": {name: sum(map(len, parts.values())) for name, parts in loaded.items()},
        "lines": {
            name: len(datasets.load_dataset("json", data_files=str(folder / f"{name}.jsonl"))["train"])
            for name in lines
        },
    }


def by_pandas(folder: Path) -> dict[str, Any]:
    import pandas

    queries = pandas.concat(pandas.read_parquet(path) for path in sorted(folder.glob("queries/*.parquet")))
    lines = pandas.concat(pandas.read_json(path, lines=True) for path in sorted(folder.glob("queries/*.jsonl")))
    lists = [pandas.read_csv(path) for path in sorted(folder.glob("sticker_queries_*.csv"))]
    return {
        "queries": len(queries),
        "lines": len(lines),
        "languages": Counter(queries["language"]),
        "lists": sum(len(text.split(", ")) for held in lists for text in held["labeled_queries"]),
    }


def by_polars(folder: Path) -> dict[str, Any]:
    import polars

    queries = polars.read_parquet(folder / "queries/*.parquet")
    return {"queries": len(queries), "languages": Counter(queries["language"].to_list())}


def by_duckdb(folder: Path) -> dict[str, Any]:
    import duckdb

    counted = f"SELECT language, count(*) FROM '{folder}/queries/*.parquet' GROUP BY language"  # noqa: S608
    rows = duckdb.connect().execute(counted).fetchall()
    return {"queries": sum(n for _language, n in rows), "languages": dict(rows)}


def by_croissant(folder: Path) -> dict[str, Any]:
    import mlcroissant

    dataset = mlcroissant.Dataset(folder / "croissant.json")
    issues = dataset.metadata.ctx.issues
    found = {record_set.id: list(dataset.records(record_set.id)) for record_set in dataset.metadata.record_sets}
    return {
        "errors": sorted(issues.errors),
        "warnings": sorted(issues.warnings),
        "rows": {name.removesuffix("_rows"): len(rows) for name, rows in found.items()},
        "languages": Counter(row["queries_rows/language"].decode() for row in found["queries_rows"]),
        "texts": sorted(row["queries_rows/query"].decode() for row in found["queries_rows"]),
    }


READERS = (by_datasets, by_pandas, by_polars, by_duckdb, by_croissant)

if __name__ == "__main__":
    found = {reader.__name__.removeprefix("by_"): reader(Path(sys.argv[1])) for reader in READERS}
    json.dump(found, sys.stdout)
