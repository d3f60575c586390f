"""What was left out of a file and why: every record and field that will not do, by file and line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

NAMED: Final = 1_000
"""Records, and fields, that a report names; the others are counted."""


class Reason(StrEnum):
    """Why a record, a turn or a label is not taken. What it was stands beside it."""

    SPOILED = "it cannot be read"
    OTHER_KIND = "it is no record of this kind"
    SEEN = "its number was there before"
    NO_ID = "it has no number or name"
    NO_TURNS = "there is no turn in it"
    NOT_A_TURN = "a turn is not of a turn's form"
    NO_SPEAKER = "a turn has no speaker"
    NO_STICKER = "there is no sticker in it"
    NO_CLASS = "none of its folders, and no field, names a class"
    NOTHING_SAID = "nothing is said of the sticker"
    BROKEN_CONTEXT = "its context does not go on from that of the sample before it"
    EMPTY_TURN = "a turn without words and without a sticker"
    IN_WORDS = "a sticker that is told in words only"
    WRONG_TYPE = "a field of another type than it should be"
    HALF_CHARACTER = "a text that holds half of a character"
    UNKNOWN_LABEL = "a label of no label set here, kept as it is"
    NOT_A_LABEL = "a label that stands for nothing"
    FOUR_ATTRIBUTES = "attributes that are not the four"
    NO_NAMES = "words whose speaker the format does not tell"
    SAID_BEFORE = "said otherwise of the same sticker before"


@dataclass(frozen=True, slots=True)
class Record:
    """A record of a file: its line (from 1), its key where the file has keys, and what it holds."""

    path: Path
    line: int
    value: Any
    key: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """`part` is the field or turn that is concerned; empty where the whole record is left out."""

    path: str
    line: int
    reason: Reason
    part: str = ""
    detail: str = ""

    def __str__(self) -> str:
        what = f"{self.part}: " if self.part else ""
        return f"{self.path}:{self.line}: {what}{self.reason}{f' ({self.detail})' if self.detail else ''}"


Mark = tuple[Counter[Reason], int]


class Spoiled(Exception):
    """A record will not do."""

    def __init__(self, reason: Reason, detail: object = "") -> None:
        super().__init__(reason)
        self.reason, self.detail = reason, shortened(detail)


@dataclass
class Report:
    """`n_records` were read; each of them is either in the output or among `left_out`. `without` counts what was taken
    off records that were kept. `problems` names the first of either."""

    n_records: int = 0
    n_alike: int = 0  # of them, with the keys of the format
    left_out: Counter[Reason] = field(default_factory=Counter)
    without: Counter[Reason] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    line: int = 0  # of the record that was read last

    @property
    def n_left_out(self) -> int:
        """Records."""
        return self.left_out.total()

    def leave_out(self, record: Record, reason: Reason, detail: object = "") -> None:
        """The whole record."""
        self.left_out[reason] += 1
        self._name(record, reason, "", detail)

    def take_off(self, record: Record, part: str, reason: Reason, detail: object = "") -> None:
        """A field or a turn of it."""
        self.without[reason] += 1
        self._name(record, reason, part, detail)

    def _name(self, record: Record, reason: Reason, part: str, detail: object) -> None:
        if len(self.problems) < NAMED:
            self.problems.append(Problem(str(record.path), record.line, reason, part, shortened(detail)))

    def mark(self) -> Mark:
        """Where it stands, to go back to."""
        return self.without.copy(), len(self.problems)

    def back_to(self, mark: Mark) -> None:
        """Forget what was taken off a record that is left out after all."""
        self.without, n = mark[0], mark[1]
        del self.problems[n:]

    def lines(self) -> Iterator[str]:
        """To print: the sums, by reason."""
        for told, counts in (("left out", self.left_out), ("without", self.without)):
            yield from (f"{told:<9} {n:>7}  {reason}" for reason, n in counts.most_common())


def shortened(detail: object, most: int = 60) -> str:
    """On one line, cut."""
    text = " ".join(str(detail).split())
    return text if len(text) <= most else f"{text[: most - 1]}…"
