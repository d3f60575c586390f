"""The report of a query generator: how well its queries let stickers be found, and how like people's they are."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from ..text import normalise
from ..text_agreement import Measure
from ..training.figures import Figure, Report, difference, interval
from . import likeness, methods, retrieval
from .data import Example
from .methods import GAIN, LIVE, PEOPLE, TRAINED, Lists
from .retrieval import METRICS, PROTOCOL, Asked, Gallery, Relevance, Values

ALL: Final = "all"
LIKENESS: Final = "likeness"
HEADLINE: Final = (f"{PROTOCOL}/test/single", TRAINED, "recall_at_10[exact]")
"""Task, method and metric."""
NOTE: Final = (
    "Test stickers share no near duplicate with those learned from. A method's queries are a sticker's document, what "
    "people typed is searched with BM25; people are judged without the query that is searched. Ties count by their "
    "expected value. Intervals are 95 %, by bootstrap over stickers, a sticker in two languages counting twice."
)
N_EXAMPLES: Final = 12


@dataclass(frozen=True, slots=True)
class Judged:
    """The test stickers of one language, what each method wrote for them, and everybody else's queries."""

    language: str
    examples: Sequence[Example]
    written: Mapping[str, Lists]
    others: Mapping[str, Sequence[str]]
    """What people typed for the stickers that are not judged: the rest of the gallery `all`."""
    frequency: Counter[str]
    """How often people typed a query, normalised, in the training data."""

    @property
    def typed(self) -> dict[str, tuple[str, ...]]:
        """What people typed for the judged stickers."""
        return {example.sticker.id: example.queries for example in self.examples}


@dataclass(slots=True)
class _Rows:
    """Values by (task, method, metric) and language, kept to be pooled over languages and compared by pairs."""

    figures: list[Figure] = field(default_factory=list)
    held: dict[tuple[str, str, str], dict[str, _Column]] = field(default_factory=lambda: defaultdict(dict))

    def add(self, task: str, method: str, metric: str, language: str, column: _Column) -> None:
        self.held[task, method, metric][language] = column
        self.figures.append(column.figure(task, method, language, metric))

    def pool(self) -> None:
        """All languages together."""
        for (task, method, metric), columns in self.held.items():
            if len(columns) > 1:
                self.figures.append(_Column.pooled(columns.values()).figure(task, method, ALL, metric))

    def gains(self) -> None:
        """The trained model less the live one, sticker by sticker, in all that both were measured in."""
        for task, method, metric in list(self.held):
            live = self.held.get((task, LIVE, metric))
            if method == TRAINED and live:
                self._gain(task, metric, self.held[task, TRAINED, metric], live)

    def _gain(self, task: str, metric: str, ours: Mapping[str, _Column], theirs: Mapping[str, _Column]) -> None:
        shared = [language for language in ours if language in theirs]
        groups = {language: [language] for language in shared} | ({ALL: shared} if len(shared) > 1 else {})
        for language, names in groups.items():
            pair = (_Column.pooled(side[name] for name in names).values for side in (ours, theirs))
            value, low, high = difference(*pair)
            n = sum(len(ours[name].values) for name in names)
            self.figures.append(Figure(task, GAIN, language, metric, value, low, high, n=n))


@dataclass(frozen=True, slots=True)
class _Column:
    values: list[float]
    chance: float
    n_gallery: int = 0
    tied: float | None = None

    @classmethod
    def pooled(cls, columns: Iterable[_Column]) -> _Column:
        columns = list(columns)
        n = sum(len(column.values) for column in columns)
        chance = sum(column.chance * len(column.values) for column in columns) / n
        values = [value for column in columns for value in column.values]
        tied = [column.tied * len(column.values) / n for column in columns if column.tied is not None]
        return cls(values, chance, sum(column.n_gallery for column in columns), sum(tied) if tied else None)

    def figure(self, task: str, method: str, language: str, metric: str) -> Figure:
        low, high = interval(self.values)
        mean, n = float(np.mean(self.values)), len(self.values)
        return Figure(task, method, language, metric, mean, low, high, self.chance, n, self.n_gallery, tied=self.tied)


def report(judged: Sequence[Judged], notes: Sequence[str], measures: Sequence[Measure] = ()) -> Report:
    """All figures. `measures` need weights."""
    rows = _Rows()
    for part in judged:
        for task, method, relevance, values in _retrieved(part):
            _add_retrieved(rows, part, task, method, relevance, values)
        for method, written, typed in _compared(part):
            _add_likeness(rows, part, method, written, typed, measures)
    rows.pool()
    rows.gains()
    language = judged[0].language if len(judged) == 1 else ALL
    task, method, metric = HEADLINE
    examples = [row for part in judged for row in _shown(part)]
    return Report("querygen", (task, method, language, metric), rows.figures, [NOTE, *notes], examples)


# --- retrieval ---


def _retrieved(part: Judged) -> Iterator[tuple[str, str, Relevance, Values]]:
    """Every method in both galleries; all of a sticker's queries as one in the paper's alone."""
    singles: dict[Relevance, list[Asked]] = {"exact": list(_singles(part, "exact"))}
    singles["lenient"] = list(_singles(part, "lenient"))
    for name, others in (("test", {}), (ALL, part.others)):
        for method, written in part.written.items():
            gallery = Gallery({**others, **written})
            for relevance, asked in singles.items():
                yield f"{PROTOCOL}/{name}/single", method, relevance, retrieval.measure(gallery, asked)
            if name == "test":
                yield f"{PROTOCOL}/test/joined", method, "exact", retrieval.measure(gallery, _joined(part))
        for relevance, asked in singles.items():
            values = retrieval.held_out(part.typed, others, asked)
            yield f"{PROTOCOL}/{name}/single", PEOPLE, relevance, values


def _singles(part: Judged, relevance: Relevance) -> Iterator[Asked]:
    who = defaultdict[str, set[str]](set)
    for name, queries in {**part.others, **part.typed}.items():
        for query in queries:
            who[normalise(query)].add(name)
    for example in part.examples:
        for query in example.queries:
            own = example.sticker.id
            yield Asked(query, own, frozenset({own} if relevance == "exact" else who[normalise(query)]))


def _joined(part: Judged) -> Iterator[Asked]:
    for name, queries in part.typed.items():
        yield Asked(" ".join(queries), name, frozenset({name}))


def _add_retrieved(rows: _Rows, part: Judged, task: str, method: str, relevance: str, values: Values) -> None:
    n_gallery = len(part.examples) + (len(part.others) if f"/{ALL}/" in task else 0)
    for place, metric in enumerate(METRICS):
        column = _Column(
            values.by_sticker[:, place].tolist(), float(values.chance[:, place].mean()), n_gallery, values.tied
        )
        rows.add(task, method, f"{metric}[{relevance}]", part.language, column)


# --- likeness ---


def _compared(part: Judged) -> Iterator[tuple[str, Lists, Lists]]:
    for method, written in part.written.items():
        if method != methods.EMPTY:
            yield method, written, part.typed
    one, other = methods.halves(part.examples)
    both = [name for name in one if one[name] and other[name]]
    if len(both) > 1:
        yield PEOPLE, {name: one[name] for name in both}, {name: other[name] for name in both}


def _add_likeness(
    rows: _Rows, part: Judged, method: str, written: Lists, typed: Lists, measures: Sequence[Measure]
) -> None:
    names = list(written)
    lists, references = [written[name] for name in names], [typed[name] for name in names]
    for row in likeness.likenesses(lists, references, part.frequency, part.language, measures):
        rows.add(LIKENESS, method, row.name, part.language, _Column(row.values, float(np.mean(row.chance))))
    printed = {example.sticker.id: example.sticker.fields.get("printed_text", "") for example in part.examples}
    for name, value in likeness.habits(lists, part.frequency, [printed[name] for name in names]).items():
        rows.figures.append(Figure(LIKENESS, method, part.language, name, value, n=len(names)))


def _shown(part: Judged) -> list[dict[str, object]]:
    shown = [method for method in (methods.UNTRAINED, TRAINED, LIVE) if method in part.written]
    rows = list[dict[str, object]]()
    for example in part.examples[:N_EXAMPLES]:
        lists = {method: list(part.written[method][example.sticker.id]) for method in shown}
        rows.append({"sticker_id": example.sticker.id, "language": part.language, PEOPLE: example.queries, **lists})
    return rows
