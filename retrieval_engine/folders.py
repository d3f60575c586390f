"""What a folder of queries holds: the published lists, and in a release also who played and who wrote what.

`sticker_queries_en.csv` and `sticker_queries_zh.csv` (the published pair is called `..._release.csv`), and in a release
`queries/*.parquet` and `retrievals.parquet` beside them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from heapq import nsmallest
from pathlib import Path
from typing import Final

from .data import DataError, StickerQueries, iterate_queries_csv
from .statistics import Figures, Gathered, Overlap, overlap
from .text_agreement import PAIRS_MOST, Jaccard, Measure, Row, Variant, agreement, measures_of

LANGUAGES: Final = ("en", "zh")
STICKERS_MOST: Final = 2_000  # of a language, whose queries are compared: those of the smallest hash
# Of a release, whose labelers are compared each with each, query by query. How far stickers differ is what makes the
# interval wide, and not which ten of a sticker's pairs are taken.
PLAYED_MOST: Final = 500
PLAYED_PAIRS_MOST: Final = 10
LIKE: Final = ("release", "stickerqueries")


@dataclass(frozen=True, slots=True)
class Players:
    """Table 2 for one language. Tasks of a labeler are rounds, those of a retriever are lookups."""

    n_labelers: int
    n_labelled: int
    tasks_per_labeler: float
    n_retrievers: int
    n_retrievals: int
    tasks_per_retriever: float
    n_proof: int  # lookups that count as proof
    success_rate: float  # of them
    n_gold: int
    gold_pass_rate: float
    n_absent: int  # lookups in which the target was left out
    absent_pass_rate: float  # of them: "none of these"


def lists_in(folder: Path) -> dict[str, Path]:
    """The list of each language. `DataError` when there is none, or more than one."""
    found: dict[str, Path] = {}
    for language in LANGUAGES:
        paths = sorted(
            path for path in folder.glob("*.csv") if path.stem.split("_")[:3] == ["sticker", "queries", language]
        )
        if len(paths) > 1:
            raise DataError(f"{folder}: several lists in {language}: {', '.join(path.name for path in paths)}")
        if paths:
            found[language] = paths[0]
    if not found:
        raise DataError(f"{folder}: no sticker_queries_en.csv or sticker_queries_zh.csv")
    return found


def read_list(path: Path, like: str = "release") -> Iterator[StickerQueries]:
    """The list as it is written; like the StickerQueries paper, each comma ends a query, space after it or not."""
    rows = iterate_queries_csv(path)
    if like != "stickerqueries":
        return rows
    return (replace(row, queries=tuple(_cut(row.queries))) for row in rows)


def _cut(queries: Sequence[str]) -> Iterator[str]:
    return (part.strip() for query in queries for part in query.split(",") if part.strip())


# --- a release's play ---


Counts = Counter[tuple[str, str]]


def has_play(folder: Path) -> bool:
    return (folder / "retrievals.parquet").is_file() and any(folder.glob("queries/*.parquet"))


def players(folder: Path) -> dict[str, Players]:
    """By language. People who left have no pseudonym: what they did counts, they do not."""
    from . import release_play  # brings pyarrow, which is not for a web process

    labelled, looked_up, passed = release_play.tasks(folder)
    languages = sorted({language for language, _who in (*labelled, *looked_up)})
    return {language: _players(language, labelled, looked_up, passed) for language in languages}


def _players(language: str, labelled: Counts, looked_up: Counts, passed: Counts) -> Players:
    written = {who: n for (held, who), n in labelled.items() if held == language}
    searched = {who: n for (held, who), n in looked_up.items() if held == language}

    def rate(kind: str) -> float:
        return _ratio(passed[language, f"{kind} passed"], passed[language, kind])

    n_labelers, n_retrievers = len(written.keys() - {""}), len(searched.keys() - {""})
    return Players(
        n_labelers=n_labelers,
        n_labelled=sum(written.values()),
        tasks_per_labeler=_ratio(sum(n for who, n in written.items() if who), n_labelers),
        n_retrievers=n_retrievers,
        n_retrievals=sum(searched.values()),
        tasks_per_retriever=_ratio(sum(n for who, n in searched.items() if who), n_retrievers),
        n_proof=passed[language, "proof"],
        success_rate=rate("proof"),
        n_gold=passed[language, "gold"],
        gold_pass_rate=rate("gold"),
        n_absent=passed[language, "absent"],
        absent_pass_rate=rate("absent"),
    )


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


# --- who wrote what ---


def annotators_in(folder: Path, language: str, compared: Mapping[str, Sequence[str]]) -> dict[str, list[list[str]]]:
    """The queries of these stickers by who wrote them: by labeler where a release says so, else all as one's."""
    if not has_play(folder):
        return {sticker_id: [list(queries)] for sticker_id, queries in compared.items()}
    from . import release_play

    return release_play.annotators(folder, language, compared)


def sample(rows: Iterable[StickerQueries], most: int = STICKERS_MOST) -> dict[str, tuple[str, ...]]:
    """The stickers with something to compare, or as many of them as are compared; always the same ones."""
    several = (row for row in rows if len(row.queries) > 1)
    kept = nsmallest(most, several, key=lambda row: sha256(row.sticker_id.encode()).digest())
    return {row.sticker_id: row.queries for row in kept}


def variants_for(annotators: Mapping[str, Sequence[Sequence[str]]]) -> tuple[Variant, ...]:
    """Where somebody knows who wrote what, annotators are compared; else queries, and random halves of them."""
    return ("list", "best") if any(len(held) > 1 for held in annotators.values()) else ("within", "halves")


# --- all of it ---


@dataclass(frozen=True, slots=True)
class Survey:
    """The papers' tables for a folder, by language."""

    players: dict[str, Players]
    figures: dict[str, Figures]
    overlap: Overlap | None
    agreement: dict[str, list[Row]]


def survey(folder: Path, like: str = "release", measures: Sequence[Measure] = ()) -> Survey:
    """Read a folder and count. `measures` come on top of those that need no weights. `DataError` for a spoiled file."""
    stickers_most, pairs_most = (PLAYED_MOST, PLAYED_PAIRS_MOST) if has_play(folder) else (STICKERS_MOST, PAIRS_MOST)
    gathered: dict[str, Gathered] = {}
    agreed: dict[str, list[Row]] = {}
    for language, path in lists_in(folder).items():
        gathered[language] = Gathered()
        compared = sample(gathered[language].hear(read_list(path, like)), stickers_most)
        annotators = annotators_in(folder, language, compared)
        all_measures = [*measures_of(language), Jaccard(), *measures]
        agreed[language] = agreement(annotators, all_measures, variants_for(annotators), pairs_most=pairs_most)
    return Survey(
        players=players(folder) if has_play(folder) else {},
        figures={language: held.figures() for language, held in gathered.items()},
        overlap=overlap(gathered["en"], gathered["zh"]) if len(gathered) == len(LANGUAGES) else None,
        agreement=agreed,
    )
