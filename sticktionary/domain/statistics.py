"""The papers' own tables for our data: of a release as it was frozen, and of the play so far."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from retrieval_engine.data import read_queries_csv
from retrieval_engine.statistics import describe, overlap
from sticktionary.models.players import Language


def of_release(folder: Path) -> dict[str, Any]:
    """What statistics.json says of the files in a release's folder; the same files give the same figures."""
    lists = {language: folder / f"sticker_queries_{language}.csv" for language in Language.values}
    rows = {language: read_queries_csv(path) for language, path in lists.items() if path.is_file()}
    figures: dict[str, Any] = {"queries": {language: asdict(describe(held)) for language, held in rows.items()}}
    if rows.keys() >= {"en", "zh"}:
        figures["overlap"] = asdict(overlap(rows["en"], rows["zh"]))
    return rounded(figures)


def rounded(value: Any) -> Any:
    """Floats to six places, tuples as lists: what JSON gives back."""
    if isinstance(value, dict):
        return {key: rounded(held) for key, held in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(held) for held in value]
    return round(value, 6) if isinstance(value, float) else value
