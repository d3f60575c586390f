"""How far the stickers of each pack are annotated, and how far annotators agree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass

from django.core.cache import cache
from django.db.models import Count, Max, Q

from retrieval_engine.label_agreement import Agreement, Level, agreement
from sticktionary.domain import answers, questions, rules, settling
from sticktionary.domain.quality import sanctions
from sticktionary.domain.questions import OF_EVERY_LANGUAGE, Question, value_of
from sticktionary.models import Annotation, Pack, Sticker, Task, Utterance
from sticktionary.models.players import Language

KEPT_FOR_S = 600  # or until there is another answer
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


def answered() -> Answered:
    """Every question with an answer, and its answers in their order; those of excluded players left out."""
    rows = Annotation.objects.filter(state=Annotation.State.ANSWERED).order_by("answered_at", "pk")
    left_out = sanctions.excluded_players()
    return questions.by_question(row for row in rows.iterator(chunk_size=2_000) if row.player_id not in left_out)


def agreements(found: Answered) -> list[TaskAgreement]:
    """Per task and language, in the order of the tasks. Descriptions are compared as texts, elsewhere."""
    state = Annotation.objects.aggregate(n=Count("pk", filter=Q(state=Annotation.State.ANSWERED)), last=Max("pk"))
    key = f"agreements:{state['n']}:{state['last']}:{len(sanctions.excluded_players())}"
    figures = cache.get(key)
    if figures is None:
        figures = _agreements(found)
        cache.set(key, figures, KEPT_FOR_S)
    n_split: dict[tuple[str, str], int] = defaultdict(int)
    for question, _rows in settling.split(found.items()):
        n_split[question.task, question.language] += 1
    return [
        TaskAgreement(Task(task), language, labels, degree, n_split[task, language])
        for (task, language), labels, degree in figures
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
    return agreement([[_coded(task, row) for row in rows] for rows in units], level)


def _coded(task: str, row: Annotation) -> Hashable:
    value = value_of(row)
    return answers.word_set(value) if task in answers.IN_WORDS else answers.gist(task, value)


def _how_well(task: str, units: Iterable[list[Annotation]]) -> Agreement | None:
    if task != Task.FITS:
        return None
    return agreement([[value_of(row)["score"] for row in rows] for rows in units], "interval")


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
