"""How far the stickers of each pack are annotated, and how far annotators agree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.core.cache import caches
from django.db.models import Q
from django.utils import timezone

from retrieval_engine.label_agreement import Agreement, Level, agreement
from sticktionary.domain import rules
from sticktionary.domain.annotation import answers, questions, settling
from sticktionary.domain.annotation.questions import OF_EVERY_LANGUAGE, Question, value_of
from sticktionary.domain.quality import sanctions
from sticktionary.models import Annotation, Pack, Sticker, Task, Utterance
from sticktionary.models.players import Language

MANY = 5_000  # answers: from here on all of the figures are those that the worker counted last
AGAIN_AFTER = timedelta(minutes=10)
KEPT_FOR_S = 86_400
N_RESAMPLES = 300  # two places of an interval need no more
KEPT = "annotation_figures"
ANSWER = ("task", "language", "sticker_id", "utterance_id", "value", "answered_at")
Answered = dict[Question, list[Annotation]]


@dataclass(frozen=True)
class TaskAgreement:
    task: Task
    language: str  # empty: of every language
    figures: Agreement
    how_well: Agreement | None = None  # of `fits`: its degree
    n_split: int = 0  # waiting for a reviewer


@dataclass(frozen=True)
class Progress:
    pack: Pack
    task: Task
    language: str
    n_asked: int  # questions there are
    n_begun: int
    n_done: int  # need nobody more

    @property
    def n_open(self) -> int:
        return max(0, self.n_asked - self.n_begun - self.n_done)


@dataclass(frozen=True)
class Figures:
    progress: list[Progress]
    split: list[Question]  # as many answers as may be asked for, and nothing follows; longest waiting first
    agreements: list[TaskAgreement]
    counted_at: datetime | None  # the agreement; none: the worker has not come to it yet


def figures() -> Figures:
    """What waits is seen at once; where there are many answers, as the worker has counted it last. Agreement is always
    the worker's: it takes libraries that a process which serves the game does without."""
    held: Figures | None = caches["figures"].get(KEPT)
    if held is not None and _are_many():
        return held
    counted = _counted(answered())
    return replace(counted, agreements=held.agreements, counted_at=held.counted_at) if held else counted


def refresh() -> None:
    """The worker's part: count again what was counted some minutes ago."""
    held: Figures | None = caches["figures"].get(KEPT)
    now = timezone.now()
    if held is None or held.counted_at is None or now - held.counted_at > AGAIN_AFTER:
        caches["figures"].set(KEPT, _with_agreement(now), KEPT_FOR_S)


def _are_many() -> bool:
    return Annotation.objects.filter(state=Annotation.State.ANSWERED).count() >= MANY


def _counted(found: Answered) -> Figures:
    return Figures(progress(found), settling.split(found), [], None)


def _with_agreement(now: datetime) -> Figures:
    found = answered()
    counted = _counted(found)
    n_split: dict[tuple[str, str], int] = defaultdict(int)
    for question in counted.split:
        n_split[question.task, question.language] += 1
    return replace(counted, agreements=agreements(found, n_split), counted_at=now)


def answered() -> Answered:
    """Every question with an answer, and its answers in their order; those of excluded players left out."""
    rows = Annotation.objects.filter(state=Annotation.State.ANSWERED).order_by("answered_at", "pk")
    rows = rows.exclude(player__in=sanctions.excluded_players()).only(*ANSWER)
    return questions.by_question(rows.iterator(chunk_size=2_000))


def agreements(found: Answered, n_split: Mapping[tuple[str, str], int]) -> list[TaskAgreement]:
    """Per task and language, in the order of the tasks. Descriptions are compared as texts, elsewhere."""
    return [
        TaskAgreement(Task(task), language, labels, degree, n_split.get((task, language), 0))
        for (task, language), labels, degree in _agreements(found)
    ]


def _agreements(found: Answered) -> list[tuple[tuple[str, str], Agreement, Agreement | None]]:
    by_task: dict[tuple[str, str], list[list[Annotation]]] = defaultdict(list)
    for question, rows in sorted(found.items(), key=lambda pair: _order(pair[0])):
        if question.task != Task.DESCRIPTION:
            by_task[question.task, question.language].append(rows)
    return [(key, _agreement(key[0], units), _how_well(key[0], units)) for key, units in by_task.items()]


def _order(question: Question) -> tuple[int, str, int, int]:
    return Task.values.index(question.task), question.language, question.sticker_id, question.utterance_id or 0


def _agreement(task: str, units: Iterable[list[Annotation]]) -> Agreement:
    level: Level = "set" if task in answers.IN_WORDS else "nominal"
    return agreement([[_coded(task, row) for row in rows] for rows in units], level, n_resamples=N_RESAMPLES)


def _coded(task: str, row: Annotation) -> Hashable:
    value = value_of(row)
    return answers.word_set(value) if task in answers.IN_WORDS else answers.gist(task, value)


def _how_well(task: str, units: Iterable[list[Annotation]]) -> Agreement | None:
    if task != Task.FITS:
        return None
    scores = [[value_of(row)["score"] for row in rows] for rows in units]
    return agreement(scores, "interval", n_resamples=N_RESAMPLES)


def progress(found: Answered) -> list[Progress]:
    """Per pack, task it asks, and language."""
    packs = Pack.objects.exclude(bonus_tasks=[]).order_by("title")
    packs_of = dict(Sticker.objects.filter(pack__in=packs).values_list("pk", "pack_id"))
    tally: dict[tuple[int, str, str], list[int]] = defaultdict(lambda: [0, 0])
    for question, rows in found.items():
        if (pack_id := packs_of.get(question.sticker_id)) is not None:
            tally[pack_id, question.task, question.language][_is_done(question, rows)] += 1
    return [
        Progress(pack, Task(task), language, _n_asked(pack, Task(task), language), *tally[pack.pk, task, language])
        for pack in packs
        for task in pack.bonus_tasks
        for language in ([""] if task in OF_EVERY_LANGUAGE else Language.values)
    ]


def _is_done(question: Question, rows: list[Annotation]) -> bool:
    needed = questions.n_needed(question.task, [value_of(row) for row in rows])
    return len(rows) >= min(needed, rules.current().n_annotators_most)


def _n_asked(pack: Pack, task: Task, language: str) -> int:
    active = Q(sticker__state=Sticker.State.ACTIVE)
    if task.needs_conversation:
        told = Q(session__conversation__is_active=True, session__conversation__language=language, number__gt=1)
        return Utterance.objects.filter(active & told, sticker__pack=pack).count()
    return pack.stickers.filter(state=Sticker.State.ACTIVE).count()
