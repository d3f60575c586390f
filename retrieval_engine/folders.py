"""What a folder of queries holds: the published lists, and in a release also who played and who wrote what.

`sticker_queries_en.csv` and `sticker_queries_zh.csv` (the published pair is called `..._release.csv`), and in a release
`queries/*.jsonl` and `retrievals.jsonl` beside them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from heapq import nsmallest
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from .data import DataError, StickerQueries, read_queries_csv
from .statistics import Figures, Gathered, Overlap, gather, overlap
from .text_agreement import Jaccard, Measure, Row, Variant, agreement, measures_of

LANGUAGES: Final = ("en", "zh")
STICKERS_MOST: Final = 2_000  # of a language, whose queries are compared: those of the smallest hash
LIKE: Final = ("release", "stickerqueries")


class QueryLine(Struct, frozen=True):
    """Of a release's line what is counted here."""

    query: str
    round_id: int
    sticker_id: str
    language: str
    source: str
    labeler: str


class RetrievalLine(Struct, frozen=True):
    language: str
    retriever: str
    rank: int
    target_absent: bool
    none_of_these: bool
    is_gold: bool
    counts: bool


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


def read_list(path: Path, like: str = "release") -> list[StickerQueries]:
    """The list as it is written; like the StickerQueries paper, each comma ends a query, space after it or not."""
    rows = read_queries_csv(path)
    if like != "stickerqueries":
        return rows
    return [replace(row, queries=tuple(_cut(row.queries))) for row in rows]


def _cut(queries: Sequence[str]) -> Iterator[str]:
    return (part.strip() for query in queries for part in query.split(",") if part.strip())


# --- a release's play ---


def has_play(folder: Path) -> bool:
    return (folder / "retrievals.jsonl").is_file() and any(folder.glob("queries/*.jsonl"))


def _query_lines(folder: Path) -> Iterator[QueryLine]:
    decode = msgspec.json.Decoder(QueryLine).decode
    for path in sorted(folder.glob("queries/*.jsonl")):
        with path.open("rb") as file:
            yield from map(decode, file)


def players(folder: Path) -> dict[str, Players]:
    """By language. People who left have no pseudonym: what they did counts, they do not."""
    labelled: Counter[tuple[str, str]] = Counter()
    rounds: set[int] = set()
    for line in _query_lines(folder):
        if line.source == "play" and line.round_id not in rounds:
            rounds.add(line.round_id)
            labelled[line.language, line.labeler] += 1
    looked_up, passed = _lookups(folder / "retrievals.jsonl")
    languages = sorted({language for language, _who in (*labelled, *looked_up)})
    return {language: _players(language, labelled, looked_up, passed) for language in languages}


Counts = Counter[tuple[str, str]]


def _lookups(path: Path) -> tuple[Counts, Counts]:
    """By language and retriever: lookups; by language and kind: how many there were, and how many of them passed."""
    looked_up: Counts = Counter()
    passed: Counts = Counter()
    decode = msgspec.json.Decoder(RetrievalLine).decode
    with path.open("rb") as file:
        for line in map(decode, file):
            looked_up[line.language, line.retriever] += 1
            kinds = (("proof", line.counts), ("gold", line.is_gold), ("absent", line.target_absent))
            is_right = line.none_of_these if line.target_absent else line.rank > 0
            for kind in [kind for kind, is_so in kinds if is_so]:
                passed[line.language, kind] += 1
                passed[line.language, f"{kind} passed"] += is_right
    return looked_up, passed


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


def annotators_in(folder: Path, language: str, lists: Sequence[StickerQueries]) -> dict[str, list[list[str]]]:
    """The queries of each sticker by who wrote them: by labeler where a release says so, else all as one's."""
    wanted = sample(lists)
    if not has_play(folder):
        return {row.sticker_id: [list(row.queries)] for row in lists if row.sticker_id in wanted}
    written: dict[str, dict[str, list[str]]] = {}
    for line in _query_lines(folder):
        if line.sticker_id in wanted and line.language == language and line.source == "play":
            who = line.labeler or f"round {line.round_id}"
            written.setdefault(line.sticker_id, {}).setdefault(who, []).append(line.query)
    return {sticker_id: [held[who] for who in sorted(held)] for sticker_id, held in written.items()}


def sample(rows: Sequence[StickerQueries]) -> set[str]:
    """The stickers with something to compare, or as many of them as are compared; always the same ones."""
    several = (row.sticker_id for row in rows if len(row.queries) > 1)
    return set(nsmallest(STICKERS_MOST, several, key=lambda id: sha256(id.encode()).digest()))


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
    gathered: dict[str, Gathered] = {}
    agreed: dict[str, list[Row]] = {}
    for language, path in lists_in(folder).items():
        rows = read_list(path, like)
        gathered[language] = gather(rows)
        annotators = annotators_in(folder, language, rows)
        del rows  # they are not asked for again, and there may be a million
        agreed[language] = agreement(
            annotators, [*measures_of(language), Jaccard(), *measures], variants_for(annotators)
        )
    return Survey(
        players=players(folder) if has_play(folder) else {},
        figures={language: held.figures() for language, held in gathered.items()},
        overlap=overlap(gathered["en"], gathered["zh"]) if len(gathered) == len(LANGUAGES) else None,
        agreement=agreed,
    )
