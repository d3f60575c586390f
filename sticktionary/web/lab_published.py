"""What papers print of conversation models beside what runs reached here, with what may not be compared said in words.
All numbers in per cent, as papers print them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from retrieval_engine.dialogue.runs import published
from retrieval_engine.dialogue.runs.published import Column
from retrieval_engine.training.figures import Report
from sticktionary.domain.lab import comparison
from sticktionary.models import TrainingRun
from sticktionary.web import lab_words

BASELINES = ("bm25", "clip")  # methods of a report that stand beside the run's own
EVERYTHING = "all"  # languages together


@dataclass(frozen=True)
class Cell:
    value: float | None
    low: float | None = None
    high: float | None = None
    chance: float | None = None


@dataclass(frozen=True)
class Line:
    """A model of the paper, or one of ours with the run that measured it."""

    name: str
    cells: list[Cell]
    run: TrainingRun | None = None
    is_ablation: bool = False


@dataclass(frozen=True)
class Head:
    printed: str
    ours: str  # the measure that stands beside it, in words; empty for none


@dataclass(frozen=True)
class Sheet:
    name: str
    paper: str
    data: str
    n: int
    heads: list[Head]
    theirs: list[Line]
    ours: list[Line]
    chance: list[float | None]
    warnings: list[str]

    @property
    def has_chance(self) -> bool:
        return any(value is not None for value in self.chance)

    @property
    def has_intervals(self) -> bool:
        return any(cell.low is not None for line in self.theirs for cell in line.cells)


def sheets(runs: Sequence[TrainingRun]) -> list[Sheet]:
    """The tables of the papers whose models these runs trained, with the runs in them."""
    return [_sheet(table, runs) for table in published.of_recipes([run.recipe for run in runs])]


def _sheet(table: published.Table, runs: Sequence[TrainingRun]) -> Sheet:
    return Sheet(
        name=table.name,
        paper=table.paper,
        data=table.data,
        n=table.n,
        heads=[
            Head(column.printed, lab_words.metric(column.metric) if column.metric else "") for column in table.columns
        ],
        theirs=[_printed(table, row) for row in table.rows],
        ours=[line for line in _measured(table.columns, runs) if any(cell.value is not None for cell in line.cells)],
        chance=[column.chance for column in table.columns],
        warnings=[_(text) for text in table.warnings] + list(_remarks(table.columns)),
    )


def _printed(table: published.Table, row: published.Row) -> Line:
    cells = [
        Cell(None) if value is None else Cell(value, *(table.interval(column, value) or (None, None)))
        for column, value in zip(table.columns, row.values, strict=True)
    ]
    return Line(row.model, cells, is_ablation=row.is_ablation)


def _remarks(columns: Iterable[Column]) -> Iterator[str]:
    """Each remark once, with all the columns that it is of."""
    heads = dict[str, list[str]]()
    for column in columns:
        if column.remark:
            heads.setdefault(column.remark, []).append(column.printed)
    for remark, printed in heads.items():
        yield f"{', '.join(printed)}: {_(remark)}"


def _measured(columns: Sequence[Column], runs: Sequence[TrainingRun]) -> Iterator[Line]:
    """Each run's own model, then what was measured beside the first one that has any."""
    reports = [(run, report) for run in runs if (report := comparison.report_of(run))]
    for run, report in reports:
        yield Line(run.title, _cells(columns, report, report.headline[1]), run)
    for run, report in reports[:1]:
        for method in BASELINES:
            yield Line(lab_words.method(method), _cells(columns, report, method), run)


def _cells(columns: Sequence[Column], report: Report, method: str) -> list[Cell]:
    found = [report.find(column.task, method, EVERYTHING, column.metric) for column in columns]
    return [
        Cell(None) if figure is None else Cell(*map(_percent, (figure.value, figure.low, figure.high, figure.chance)))
        for figure in found
    ]


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share
