"""What runs measured, as tables: a line per method, a column per metric, the interval beside each figure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from retrieval_engine.training.figures import Figure, Report, apart
from sticktionary.domain.lab.comparison import GAIN
from sticktionary.web import lab_words
from sticktionary.web.intervals import Bar, bar

OF_CONVERSATIONS = "reply/"  # what their tasks begin with
GALLERY, LISTS = "reply/gallery", "reply/candidates"
OF_GALLERY = {
    *(f"recall_at_{k}[exact]" for k in (1, 5, 10)),
    *(f"hit_at_{k}[intent]" for k in (1, 3, 5)),
    *("map[exact]", "map[acceptable]", "map[intent]"),
}
MOST_TOGETHER = 60  # lines that do not decide
Place = tuple[str, str, str]  # task, language, metric
Gap = tuple[float, float, float]


@dataclass(frozen=True)
class Table:
    """The figures of one task in one language and, of conversations, in one sense of what is right."""

    task: str
    title: str
    language: str
    metrics: list[str]
    rows: list[tuple[str, bool, list[Figure | None]]]  # method in words, whether it is the one that decides, its cells
    chance: list[float | None]
    n: int
    n_gallery: int

    @property
    def is_of_conversations(self) -> bool:
        return self.task.startswith(OF_CONVERSATIONS)


@dataclass(frozen=True)
class Compared:
    """One figure of several runs, each with its difference from the first run's."""

    task: str
    title: str
    metric: str
    decides: bool  # of what the first run is judged by
    cells: list[tuple[Figure | None, Difference | None]]


@dataclass(frozen=True)
class Difference:
    value: float
    low: float
    high: float
    is_paired: bool  # query by query, or use by use; else from both intervals

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves out no difference."""
        return self.low > 0 or self.high < 0


def headline(report: Report) -> tuple[Figure, Bar | None] | None:
    """The figure that decides, and its interval drawn where it is a share."""
    task, method, language, metric = report.headline
    figure = report.find(task, method, language, metric)
    return (figure, _drawn(figure)) if figure else None


def _drawn(figure: Figure) -> Bar | None:
    if figure.low is None or figure.high is None or not 0 <= figure.value <= 1:
        return None
    return bar(figure.value, figure.low, figure.high)


@dataclass(frozen=True)
class Shelf:
    """The tables of one task."""

    title: str
    tables: list[Table]


def tables(report: Report) -> list[Table]:
    """All of a report, the task that decides first."""
    task, method, language, metric = report.headline
    sides = dict.fromkeys(_side(figure) for figure in report.figures)
    decides = (task, language, lab_words.sense(metric))
    ordered = sorted(sides, key=lambda side: (side[0] != task, side[:2] != (task, language), side != decides))
    return [_table(*side, report.figures, method) for side in ordered]


def shelves(tables: Sequence[Table]) -> list[Shelf]:
    """All but the one that decides, by their tasks; together where each task has a single table."""
    rest = tables[1:]
    by_task = {table.task: [other for other in rest if other.task == table.task] for table in rest}
    if all(len(held) == 1 for held in by_task.values()):
        return [Shelf("", list(rest))] if rest else []
    return [Shelf(lab_words.task(task), held) for task, held in by_task.items()]


def _side(figure: Figure) -> tuple[str, str, str]:
    """Tasks of conversations are right in several senses, each with many columns of its own."""
    return (
        figure.task,
        figure.language,
        lab_words.sense(figure.metric) if figure.task.startswith(OF_CONVERSATIONS) else "",
    )


def _table(task: str, language: str, sense: str, figures: Iterable[Figure], deciding: str) -> Table:
    held = [figure for figure in figures if _side(figure) == (task, language, sense)]
    metrics = list(dict.fromkeys(figure.metric for figure in held))
    if task.startswith(OF_CONVERSATIONS):  # of many columns the one that sums the others up comes first
        metrics.sort(key=lambda name: not name.startswith("map"))
    by_place = {(figure.method, figure.metric): figure for figure in held}
    chance = {f.metric: f.chance for f in held if f.chance is not None and f.method != GAIN}  # a difference has none
    methods = dict.fromkeys(figure.method for figure in held)
    return Table(
        task=task,
        title=" · ".join(filter(None, [lab_words.task(task), str(lab_words.SENSES.get(sense, ""))])),
        language=lab_words.language(language),
        metrics=[lab_words.short(name) for name in metrics],
        rows=[
            (lab_words.method(method), method == deciding, [by_place.get((method, name)) for name in metrics])
            for method in methods
        ],
        chance=[chance.get(name) for name in metrics] if chance else [],
        n=max(figure.n for figure in held),
        n_gallery=max(figure.n_gallery for figure in held),
    )


def side_by_side(reports: Sequence[Report], paired: Sequence[Mapping[Place, Gap]] = ()) -> list[Compared]:
    """What each run's own method reached, where more than one of them measured it. `paired` has, for each run, its
    difference from the first where that is known query by query."""
    held = [_of_own_method(report) for report in reports]
    places = dict.fromkeys(place for figures in held for place in figures)
    return [
        Compared(
            place[0],
            _title(place),
            lab_words.metric(place[2]),
            decides(place, reports[0]),
            _cells([figures.get(place) for figures in held], [gaps.get(place) for gaps in paired]),
        )
        for place in places
        if sum(place in figures for figures in held) > 1
    ]


def decides(place: Place, report: Report) -> bool:
    """Whether a figure is of the task by which a run is judged. Of conversations these are the ones that papers print,
    over all languages and scenarios."""
    task, language, metric = place
    if not report.headline[0].startswith(OF_CONVERSATIONS):
        return task == report.headline[0]
    return language == report.headline[2] and (task == LISTS or (task == GALLERY and metric in OF_GALLERY))


def shelved(lines: Sequence[Compared]) -> list[tuple[str, list[Compared]]]:
    """What does not decide, by task where there is much of it."""
    rest = [line for line in lines if not line.decides]
    if len(rest) <= MOST_TOGETHER:
        return [("", rest)] if rest else []
    tasks = dict.fromkeys(line.task for line in rest)
    return [(lab_words.task(task), [line for line in rest if line.task == task]) for task in tasks]


def _of_own_method(report: Report) -> dict[Place, Figure]:
    own = report.headline[1]
    return {(f.task, f.language, f.metric): f for f in report.figures if f.method == own}


def _title(place: Place) -> str:
    return f"{lab_words.task(place[0])} · {lab_words.language(place[1])}"


def _cells(
    figures: Sequence[Figure | None], gaps: Sequence[Gap | None]
) -> list[tuple[Figure | None, Difference | None]]:
    first = figures[0]
    return [
        (figure, None if n == 0 or first is None or figure is None else _difference(figure, first, gaps[n : n + 1]))
        for n, figure in enumerate(figures)
    ]


def _difference(ours: Figure, theirs: Figure, paired: Sequence[Gap | None]) -> Difference | None:
    if paired and paired[0] is not None:
        return Difference(*paired[0], is_paired=True)
    found = apart(ours, theirs)
    return Difference(*found, is_paired=False) if found else None
