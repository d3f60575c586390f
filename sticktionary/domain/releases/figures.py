"""The figures of a release as Markdown tables: counts, statistics, and what the scan for personal data found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sticktionary.domain.releases.about import About
from sticktionary.domain.releases.printing import number, plain, table, words

COUNTS = {  # as they are shown; further ones follow under their own names
    "n_stickers": "stickers",
    "n_pictures": "of them with their picture",
    "n_queries": "queries",
    "n_queries_en": "in English",
    "n_queries_zh": "in Chinese",
    "n_found": "believed because somebody found the sticker",
    "n_reviewed": "believed because a reviewer accepted them",
    "n_house": "that came with a sticker",
    "n_unproven": "unproven",
    "n_train": "queries for training",
    "n_validation": "queries for validation",
    "n_test": "queries for testing",
    "n_rounds": "rounds",
    "n_retrievals": "lookups",
    "n_players": "players",
    "n_labelers": "players who wrote",
    "n_retrievers": "players who looked up",
    "n_annotations": "annotations",
    "n_sessions": "conversations",
    "n_samples": "uses of a sticker in a conversation",
    "n_replies": "replies of players",
}
TITLES = {
    "players": "Players and tasks",
    "queries": "Queries",
    "overlap": "What the languages have in common",
    "agreement": "Agreement between those who wrote for the same sticker",
}
NAMES = {
    "players": {
        "n_labelled": "rounds written",
        "tasks_per_labeler": "rounds per labeler",
        "n_retrievals": "lookups",
        "tasks_per_retriever": "lookups per retriever",
        "success_rate": "share of lookups that found the sticker",
        "n_gold": "lookups with a known answer",
        "gold_pass_rate": "share of them that were right",
        "absent_pass_rate": "share that was right when the sticker was left out",
    },
    "queries": {
        "n_distinct": "different queries",
        "n_single": "stickers with one query",
        "per_sticker": "queries of a sticker",
        "words": "words of a query, between spaces",
        "segments": "words of a query, segmented",
        "characters": "characters of a query",
        "n_words": "words in all, segmented",
        "n_vocabulary": "different words",
        "files": "kinds of files",
    },
    "overlap": {
        "n_stickers": "stickers with queries in both",
        "n_words": "words in both",
        "words_share": "of all words (Jaccard)",
        "n_queries": "queries in both",
        "queries_share": "of all queries (Jaccard)",
        "top_words": "most frequent words in both",
    },
}


def counts(about: About) -> str:
    known = [name for name in COUNTS if name in about.counts]
    names = [*known, *(name for name in about.counts if name not in COUNTS)]
    return table(["", "n"], [(COUNTS.get(name) or words(name), number(about.counts[name])) for name in names])


# --- statistics.json ---


def statistics(about: About) -> str:
    """Each section as a table; languages stand side by side."""
    names = [*TITLES, *(name for name in about.statistics if name not in TITLES)]
    bodies = {name: _section(name, about.statistics[name]) for name in names if about.statistics.get(name)}
    return "\n\n".join(
        f"### {TITLES.get(name) or words(name).capitalize()}\n\n{body}" for name, body in bodies.items() if body
    )


def _section(name: str, section: Any) -> str:
    if not isinstance(section, dict):
        return ""
    if all(isinstance(side, dict) for side in section.values()):
        return _side_by_side(name, section)
    rows = [(_name(name, key), _cell(value)) for key, value in section.items()]
    return table(["", ""], [row for row in rows if row[1]])


def _side_by_side(name: str, sides: Mapping[str, Mapping[str, Any]]) -> str:
    keys = list(dict.fromkeys(key for side in sides.values() for key in side))
    rows = [(_name(name, key), *(_cell(side.get(key)) for side in sides.values())) for key in keys]
    return table(["", *map(words, sides)], [row for row in rows if any(row[1:])])


def _name(section: str, key: str) -> str:
    return NAMES.get(section, {}).get(key) or words(key)


def _cell(value: Any) -> str:
    """A figure, a spread, an estimate with its interval, or the first of a list; nothing for what no cell can hold."""
    if isinstance(value, dict):
        return _spread(value) if "median" in value else _estimate(value)
    if isinstance(value, list):
        return ", ".join(map(_item, value[:10]))
    return number(value)


def _spread(value: Mapping[str, Any]) -> str:
    ends = f", {number(value['least'])} to {number(value['most'])}" if "most" in value else ""
    return f"mean {number(value.get('mean'))}, median {number(value['median'])}{ends}"


def _estimate(value: Mapping[str, Any]) -> str:
    if "value" not in value:
        return ""
    interval = f" ({number(value['low'])} to {number(value['high'])})" if "low" in value and "high" in value else ""
    chance = f"; by chance {number(value['by_chance'])}" if "by_chance" in value else ""
    return f"{number(value['value'])}{interval}{chance}"


def _item(item: Any) -> str:
    if isinstance(item, list) and len(item) == 2:
        return f"{plain(str(item[0]))} ({number(item[1])})"
    return number(item)


# --- pii_report.json ---


def pii(about: About) -> str:
    """A sentence or two on the scan for personal data."""
    if "n_scanned" not in about.pii:
        return "No scan for personal data is reported."
    n_texts = sum(about.pii["n_scanned"].values())
    found = ", ".join(_kinds(about.pii["n_found"])) or "nothing"
    left_out, masked = number(about.pii["n_left_out"]), number(about.pii["n_masked"])
    return (
        f"{number(n_texts)} texts were scanned for personal data. Found: {found}. "
        f"{left_out} of them were left out, and {masked} are here with what was found masked."
    )


def _kinds(found: Mapping[str, int]) -> Iterator[str]:
    return (f"{words(kind)} in {number(n)}" for kind, n in found.items())
