"""The figures of a release as Markdown tables: counts, statistics, and what the scan for personal data found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sticktionary.domain.releases.about import About
from sticktionary.domain.releases.printing import number, plain, table, words


def counts(about: About) -> str:
    return table(["", "n"], [(words(name), number(n)) for name, n in about.counts.items()])


def statistics(about: About) -> str:
    """Each section of statistics.json: one table where its parts are alike, such as languages side by side."""
    return "\n\n".join(f"### {words(name).capitalize()}\n\n{body}" for name, body in _sections(about.statistics))


def _sections(held: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, section in held.items():
        if isinstance(section, dict) and section:
            sides = {key: side for key, side in section.items() if isinstance(side, dict) and side}
            body = _side_by_side(sides) if sides and len(sides) == len(section) else _down(section)
            if body:
                yield name, body


def _side_by_side(sides: Mapping[str, Mapping[str, Any]]) -> str:
    names = list(dict.fromkeys(name for side in sides.values() for name in side))
    rows = [(words(name), *(_cell(side.get(name)) for side in sides.values())) for name in names]
    return table(["", *map(words, sides)], [row for row in rows if any(cell for cell in row[1:])])


def _down(section: Mapping[str, Any]) -> str:
    rows = [(words(name), _cell(value)) for name, value in section.items()]
    return table(["", ""], [row for row in rows if row[1]])


def _cell(value: Any) -> str:
    """A figure, an estimate with its interval, or the first of a list; nothing for what a cell cannot hold."""
    if isinstance(value, dict):
        low, high = value.get("low"), value.get("high")
        middle = next((value[key] for key in ("value", "mean", "estimate", "alpha", "kappa") if key in value), None)
        return (
            ""
            if middle is None
            else number(middle) + (f" ({number(low)} to {number(high)})" if high is not None else "")
        )
    if isinstance(value, list):
        return ", ".join(_item(item) for item in value[:10])
    return number(value)


def _item(item: Any) -> str:
    if isinstance(item, list) and len(item) == 2:
        return f"{plain(str(item[0]))} {number(item[1])}"
    if isinstance(item, dict):
        return " ".join(number(value) for value in item.values() if not isinstance(value, dict | list))
    return number(item)


def pii(about: About) -> str:
    """A sentence or two on the scan for personal data."""
    if "n_scanned" not in about.pii:
        return "No scan for personal data is reported."
    n_texts = sum(about.pii["n_scanned"].values())
    found = ", ".join(f"{words(kind)} in {number(n)}" for kind, n in about.pii["n_found"].items()) or "nothing"
    left_out, masked = number(about.pii["n_left_out"]), number(about.pii["n_masked"])
    return (
        f"{number(n_texts)} texts were scanned for personal data. Found: {found}. "
        f"{left_out} of them were left out, and {masked} are here with what was found masked."
    )
