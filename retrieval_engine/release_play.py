"""Who played in a release: its Parquet tables, of which only the columns that are counted are read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

Counts = Counter[tuple[str, str]]
KINDS = {"counts": "proof", "is_gold": "gold", "target_absent": "absent"}  # columns that say so, and what is counted


def tasks(folder: Path) -> tuple[Counts, Counts, Counts]:
    """By language and labeler: rounds; by language and retriever: lookups; by language and kind: lookups of the kind,
    and how many of them were passed."""
    written = _queries(folder, ["round_id", "language", "labeler", "source"])
    rounds = _groups(written.filter(pc.equal(written["source"], "play")), ["round_id", "language", "labeler"])
    columns = ["language", "retriever", "rank", "none_of_these", *KINDS]
    lookups = pq.read_table(folder / "retrievals.parquet", columns=columns, read_dictionary=["language", "retriever"])
    lookups = lookups.unify_dictionaries()
    return _counted(rounds, ["language", "labeler"]), _counted(lookups, ["language", "retriever"]), _passed(lookups)


def annotators(folder: Path, language: str, stickers: Iterable[str]) -> dict[str, list[list[str]]]:
    """What each labeler wrote for each of the stickers, in the order of play; without those of whom nobody wrote.
    Somebody who left is told apart by round."""
    columns = ["sticker_id", "labeler", "round_id", "query", "language", "source"]
    is_wanted = pc.field("sticker_id").isin(pa.array(list(stickers), pa.string())) & (pc.field("language") == language)
    held = _queries(folder, columns, is_wanted)
    written: dict[str, dict[str, list[str]]] = {}
    for sticker_id, labeler, round_id, query in _rows(held.filter(pc.equal(held["source"], "play")), columns[:4]):
        by = written.setdefault(sticker_id, {})
        by.setdefault(labeler or f"round {round_id}", []).append(query)
    return {sticker_id: [by[who] for who in sorted(by)] for sticker_id, by in written.items()}


def _queries(folder: Path, columns: Sequence[str], wanted: pc.Expression | None = None) -> pa.Table:
    paths = sorted(folder.glob("queries/*.parquet"))
    read = {"columns": list(columns), "read_dictionary": ["language", "labeler", "source"], "filters": wanted}
    return pa.concat_tables([pq.read_table(path, **read) for path in paths]).unify_dictionaries()


def _rows(table: pa.Table, columns: Sequence[str]) -> Iterable[tuple[str, str, int, str]]:
    return zip(*(table[name].to_pylist() for name in columns), strict=True)


def _groups(table: pa.Table, columns: Sequence[str]) -> pa.Table:
    return table.group_by(columns, use_threads=False).aggregate([])


def _counted(table: pa.Table, columns: Sequence[str]) -> Counts:
    counted = table.group_by(columns, use_threads=False).aggregate([([], "count_all")])
    names = zip(*(counted[name].to_pylist() for name in columns), strict=True)
    return Counter(dict(zip(names, counted["count_all"].to_pylist(), strict=True)))


def _passed(lookups: pa.Table) -> Counts:
    found = pc.greater(lookups["rank"], 0)
    is_right = pc.if_else(lookups["target_absent"], lookups["none_of_these"], found)
    passed: Counts = Counter()
    for column, kind in KINDS.items():
        for name, is_so in ((kind, lookups[column]), (f"{kind} passed", pc.and_(lookups[column], is_right))):
            for of_language in pc.value_counts(lookups["language"].filter(is_so)).to_pylist():
                passed[of_language["values"], name] += of_language["counts"]
    return passed
