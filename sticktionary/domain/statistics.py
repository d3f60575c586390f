"""The papers' own tables for our data: of a release as it was frozen."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from retrieval_engine.folders import Survey, survey
from retrieval_engine.text_agreement import Row


def of_release(folder: Path) -> dict[str, Any]:
    """What statistics.json says of the files in a release's folder: players, queries, agreement, by language.

    The same files give the same figures anywhere, so nothing in it needs weights; `python -m retrieval_engine stats`
    adds embeddings and BERTScore to them where some are installed.
    """
    return as_json(survey(folder))


def as_json(found: Survey) -> dict[str, Any]:
    told = asdict(found)
    figures = {language: _without_tables(held) for language, held in told["figures"].items()}
    agreed = {language: _by_measure(rows) for language, rows in found.agreement.items()}
    sections = {"players": told["players"], "queries": figures, "overlap": told["overlap"] or {}, "agreement": agreed}
    rounded: dict[str, Any] = _rounded({name: section for name, section in sections.items() if section})
    return rounded


def _without_tables(figures: dict[str, Any]) -> dict[str, Any]:
    """Top lists last; they are the longest."""
    tables = ("top_words", "top_queries", "files")
    return {name: figures[name] for name in sorted(figures, key=lambda name: name in tables)}


def _by_measure(rows: list[Row]) -> dict[str, Any]:
    return {
        f"{row.measure}, {row.variant}": {
            **asdict(row.estimate),
            "by_chance": row.baseline.value,
            "n_stickers": row.n_stickers,
            "n_pairs": row.n_pairs,
        }
        for row in rows
    }


def _rounded(value: Any) -> Any:
    """Floats to six places, tuples as lists, what is no number as none: what JSON gives back."""
    if isinstance(value, dict):
        return {key: _rounded(held) for key, held in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(held) for held in value]
    if isinstance(value, float):
        return round(value, 6) if value == value else None
    return value
