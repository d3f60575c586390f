"""Fields of a record under any of the names they go by, of the type they should have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import regex

from .... import taxonomy
from ....json_lines import is_whole
from ....training.release import Part
from .report import Reason, Record, Report, Spoiled
from .rows import OTHER

_BETWEEN_HAN = regex.compile(r"(?<=[\p{Han}\p{P}\p{S}])\s+(?=[\p{Han}\p{P}\p{S}])|(?<=\p{Han})\s+|\s+(?=\p{Han})")
_PARTS: Final[tuple[tuple[str, Part], ...]] = (
    ("train", "train"),
    ("val", "validation"),
    ("dev", "validation"),
    ("test", "test"),
)

Names = Sequence[str]


def row_of(value: Any) -> dict[str, Any]:
    """The record as an object."""
    if not isinstance(value, dict):
        raise Spoiled(Reason.OTHER_KIND, type(value).__name__)
    return value


def field(row: Mapping[str, Any], names: Names) -> Any:
    """What stands under the first of the names that is there and not null."""
    return next((row[name] for name in names if row.get(name) is not None), None)


def text(row: Mapping[str, Any], names: Names) -> str:
    """A text without white space around it; empty where there is none."""
    value = field(row, names)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Spoiled(Reason.WRONG_TYPE, f"{names[0]}: {value!r}")
    if not is_whole(value):
        raise Spoiled(Reason.HALF_CHARACTER, names[0])
    return value.strip()


def name(row: Mapping[str, Any], names: Names) -> str | None:
    """A text or a whole number that names something, as a text."""
    value = field(row, names)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return text(row, names) or None


def as_list(value: Any, what: str) -> list[Any]:
    """It, where it is a list."""
    if not isinstance(value, list):
        raise Spoiled(Reason.WRONG_TYPE, f"{what}: {type(value).__name__}")
    return value


def truth(row: Mapping[str, Any], names: Names) -> bool | None:
    """A yes or no, where one is given."""
    value = field(row, names)
    if value is not None and not isinstance(value, bool):
        raise Spoiled(Reason.WRONG_TYPE, f"{names[0]}: {value!r}")
    return value


def part_of(record: Record) -> Part | None:
    """The side of the split that the file's name tells."""
    stem = record.path.stem.lower()
    return next((part for sign, part in _PARTS if sign in stem), None)


def label(value: str, sets: Names, record: Record, report: Report, part: str) -> str | None:
    """The label's id in the first set that knows it; one that none knows is kept with a mark, and reported."""
    if value.strip().lower() in {"", "none", "null", "无"}:
        return None
    for known in sets:
        if found := taxonomy.load(known).find(value):
            return found.id
    report.take_off(record, part, Reason.UNKNOWN_LABEL, value)
    return f"{OTHER}{value.strip()}"


def unsplit(words: str) -> str:
    """Text whose words were set apart by spaces, as it is written: Chinese without them."""
    return _BETWEEN_HAN.sub("", words).strip()


def keywords(value: Any, what: str) -> list[str]:
    """A list of keywords, or of one text; "none" says that there is nothing to see."""
    told = [value] if isinstance(value, str) else as_list(value, what)
    if not all(isinstance(word, str) for word in told):
        raise Spoiled(Reason.WRONG_TYPE, f"{what}: {told!r}")
    words = (word.strip() for word in told)
    return [word for word in words if word and word.lower() not in {"none", "null", "无"}]
