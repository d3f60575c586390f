"""A paper's table of its dataset, by side of the split, and how it is printed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from ..data import DataError
from ..label_agreement import Agreement
from ..papers import Line, grid, listed
from ..statistics import most_frequent

PARTS: Final = ("train", "validation", "test")
COLUMNS: Final = (*PARTS, "all")
N_LISTED: Final = 20  # words, as Sticker820K lists them

Published = tuple[float | None, ...]  # by column
UNSAID: Final[Published] = (None,) * len(COLUMNS)
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Bin:
    """Of a histogram, from `low` to `high`: how many there are, and the mean of something over them."""

    low: float
    high: float
    n: int
    mean: float | None


@dataclass(frozen=True, slots=True)
class DatasetTable:
    """One paper's table. `counts` are its histograms and lists of words, the most frequent first; `kappas` is the
    agreement that the paper prints."""

    paper: str
    lines: tuple[Line, ...]
    counts: dict[str, tuple[tuple[str, int], ...]] = field(default_factory=dict)
    agreed: dict[str, Agreement] = field(default_factory=dict)  # by attribute
    missing: tuple[str, ...] = ()  # what the paper prints and this cannot, and why
    kappas: dict[str, float] = field(default_factory=dict)  # by attribute
    bins: dict[str, tuple[Bin, ...]] = field(default_factory=dict)


def as_text(table: DatasetTable) -> str:
    """To print; the figures in brackets are the paper's."""
    parts = [f"Published figures, in brackets: {table.paper}.", grid(table.lines, COLUMNS)]
    parts += [f"{name}: {listed(counts, N_LISTED)}" for name, counts in table.counts.items() if counts]
    for name, told in table.agreed.items():
        kappa = "–" if told.kappa is None else f"{told.kappa.value:.3f}"
        published = f" ({table.kappas[name]:.3f})" if name in table.kappas else ""
        parts.append(f"Cohen's kappa, {name}: {kappa}{published}, {told.n_units} answered twice or more")
    for name, bins in table.bins.items():
        parts += [f"{name}:", *map(_shown, bins)]
    return "\n".join([*parts, *(f"Not computed: {reason}." for reason in table.missing)])


def _shown(held: Bin) -> str:
    mean = "–" if held.mean is None else f"{held.mean:.3f}"
    return f"  {held.low:.2f} to {held.high:.2f}  {held.n:>7}  {mean}"


def line(
    name: str, rows: Mapping[str, list[Row]], figure: Callable[[list[Row]], float | None], told: Published = UNSAID
) -> Line:
    """The figure for each side of the split and for all of them."""
    everything = [row for part in PARTS for row in rows[part]]
    return Line(name, tuple(figure(held) for held in (*(rows[part] for part in PARTS), everything)), told)


def share(part: float, whole: float) -> float | None:
    """Their ratio, none of nothing."""
    return part / whole if whole else None


def lines_of(path: Path, kind: type[Row]) -> Iterator[Row]:
    """The JSON lines of a file, none where there is none. `DataError` names a line of another form."""
    if not path.is_file():
        return
    decode = msgspec.json.Decoder(kind).decode
    with path.open("rb") as file:
        for number, text in enumerate(file, 1):
            try:
                yield decode(text)
            except msgspec.DecodeError as error:
                raise DataError(f"{path}:{number}: {error}") from error


def counted(labels: Iterable[str | None]) -> tuple[tuple[str, int], ...]:
    """The labels by how often they occur."""
    return most_frequent(Counter(label for label in labels if label), N_LISTED)


class Media(msgspec.Struct):
    kind: str


class StickerLine(msgspec.Struct):
    """A line of stickers.jsonl."""

    sticker_id: str
    media: Media
    printed_text: str
