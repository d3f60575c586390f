"""The papers' tables in text, with what the papers themselves print beside what a folder gives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from .folders import Players
from .statistics import Figures, Overlap
from .text_agreement import Row

SOURCE: Final = "Chee et al., Small Stickers, Big Meanings, arXiv 2506.01668"
# Tables 2 and 4 as printed; `lists` is counted from the lists that were published with it, a comma ending each query.
PUBLISHED: Final[dict[str, dict[str, dict[str, float]]]] = {
    "players": {
        "en": {"n_labelers": 42, "n_retrievers": 43, "tasks_per_labeler": 61.1, "tasks_per_retriever": 55.0},
        "zh": {"n_labelers": 18, "n_retrievers": 17, "tasks_per_labeler": 78.7, "tasks_per_retriever": 68.5},
    },
    "lists": {
        "en": {"n_stickers": 1_115, "n_queries": 8_181, "n_distinct": 5_108, "n_single": 12}
        | {"per_sticker": 7.34, "words": 1.91},
        "zh": {"n_stickers": 615, "n_queries": 3_059, "n_distinct": 1_805, "n_single": 8}
        | {"per_sticker": 4.97, "characters": 2.70},
    },
    "agreement": {
        "en": {"BLEU": 7.56, "ROUGE-L": 0.2796, "cosine": 0.7131, "BERTScore F": 0.6628},
        "zh": {"BLEU": 1.32, "ROUGE-L": 0.0195, "cosine": 0.7728, "BERTScore F": 0.6986},
    },
}
HOURS: Final = 60.0  # of play, in both languages together
QUERIES_PER_HOUR: Final = (8_181 + 3_059) / HOURS

SHOWN = 10  # words and queries of a printed table


@dataclass(frozen=True, slots=True)
class Line:
    """A figure of a table: one value per language, and the paper's."""

    name: str
    values: tuple[float | None, ...]
    published: tuple[float | None, ...]


def table_2(players: Mapping[str, Players], languages: Sequence[str]) -> list[Line]:
    names = (
        ("labelers", "n_labelers"),
        ("retrievers", "n_retrievers"),
        ("rounds written", "n_labelled"),
        ("tasks per labeler", "tasks_per_labeler"),
        ("lookups", "n_retrievals"),
        ("tasks per retriever", "tasks_per_retriever"),
        ("success rate", "success_rate"),
        ("gold rounds", "n_gold"),
        ("gold pass rate", "gold_pass_rate"),
        ("absent targets noticed", "absent_pass_rate"),
    )
    return [_line(name, players, key, languages, "players", key) for name, key in names]


def table_3(figures: Mapping[str, Figures], languages: Sequence[str]) -> list[Line]:
    names = (
        ("stickers", "n_stickers", "n_stickers"),
        ("queries", "n_queries", "n_queries"),
        ("distinct queries", "n_distinct", "n_distinct"),
        ("queries per sticker, mean", "per_sticker.mean", "per_sticker"),
        ("queries per sticker, median", "per_sticker.median", ""),
        ("queries per sticker, most", "per_sticker.most", ""),
        ("stickers with one query", "n_single", "n_single"),
        ("words per query (between spaces)", "words.mean", "words"),
        ("words per query (segmented)", "segments.mean", ""),
        ("characters per query", "characters.mean", "characters"),
        ("words in all", "n_words", ""),
        ("vocabulary", "n_vocabulary", ""),
    )
    return [_line(name, figures, key, languages, "lists", published) for name, key, published in names]


def _line(name: str, held: Mapping[str, Any], key: str, languages: Sequence[str], table: str, published: str) -> Line:
    values = tuple(_value(held[language], key) if language in held else None for language in languages)
    told = tuple(PUBLISHED[table].get(language, {}).get(published) for language in languages)
    return Line(name, values, told)


def _value(held: Any, key: str) -> float:
    for part in key.split("."):
        held = getattr(held, part)
    return float(held)


def as_text(
    players: Mapping[str, Players],
    figures: Mapping[str, Figures],
    common: Overlap | None,
    agreed: Mapping[str, Sequence[Row]],
    notes: Sequence[str] = (),
) -> str:
    """All tables, to print; the columns in brackets are the paper's."""
    languages = list(figures)
    parts = [f"Published figures, in brackets: {SOURCE}."]
    if players:
        parts += ["Table 2: players and tasks", grid(table_2(players, languages), languages)]
    parts += ["Table 3: queries", grid(table_3(figures, languages), languages)]
    for language in languages:
        held = figures[language]
        parts += [
            f"top words ({language}): {listed(held.top_words)}",
            f"top queries ({language}): {listed(held.top_queries)}",
        ]
    if common is not None:
        parts.append(
            f"in both languages: {common.n_stickers} stickers, {common.n_words} words "
            f"({common.words_share:.2%} of all), {common.n_queries} queries ({common.queries_share:.2%})"
        )
    parts += ["Table 4: agreement, with 95 % intervals and the same score on pairs of different stickers"]
    parts += [_agreement(language, rows) for language, rows in agreed.items() if rows]
    return "\n".join([*parts, *notes])


def grid(lines: Iterable[Line], columns: Sequence[str]) -> str:
    """The lines under their columns, what was published in brackets."""
    rows = [["", *columns]]
    for line in lines:
        cells = [_cell(value, told) for value, told in zip(line.values, line.published, strict=True)]
        rows.append([line.name, *cells])
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    return "\n".join(f"  {_set(row, widths)}" for row in rows)


def _set(row: Sequence[str], widths: Sequence[int]) -> str:
    name, *figures = (cell.rjust(width) for cell, width in zip(row, widths, strict=True))
    return "  ".join([name.strip().ljust(widths[0]), *figures])


def _cell(value: float | None, told: float | None) -> str:
    shown = "–" if value is None else _number(value)
    return shown if told is None else f"{shown} ({_number(told)})"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.3f}"


def listed(items: Sequence[tuple[str, int]], n_shown: int = SHOWN) -> str:
    return ", ".join(f"{text} {n}" for text, n in items[:n_shown])


def _agreement(language: str, rows: Sequence[Row]) -> str:
    told = PUBLISHED["agreement"].get(language, {})
    lines = [f"  {language}: {rows[0].n_stickers} stickers"]
    for row in rows:
        kind = next((told[kind] for kind in told if row.measure.startswith(kind)), None)
        published = "" if kind is None else f" (paper {_number(kind)})"
        by_chance = f"by chance {row.baseline.value:.4f}"
        interval = f"{row.estimate.value:.4f} [{row.estimate.low:.4f}, {row.estimate.high:.4f}]"
        lines.append(f"  {row.measure}, {row.variant}, {row.n_pairs} pairs: {interval}, {by_chance}{published}")
    return "\n".join(lines)
