"""What annotators are asked: one task about one sticker, or about one use of it in a chat; how far it is answered.

What a sticker shows (its emotion, its style) is asked once, whatever language the annotators speak: labels are named in
both. What is said in words, or of a conversation, is asked in each language.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

from django.db.models import Q

from sticktionary.domain import rules
from sticktionary.domain.annotation import answers
from sticktionary.domain.annotation.answers import Value
from sticktionary.models import Annotation, Settlement, Task

OF_EVERY_LANGUAGE = frozenset({Task.EMOTION, Task.STYLE})


@dataclass(frozen=True, order=True)
class Question:
    task: str
    sticker_id: int
    language: str  # empty: of every language
    utterance_id: int | None = None

    @property
    def condition(self) -> Q:
        """Of its annotations; also of its settlements, whose language is the question's."""
        told = Q(task=self.task, sticker_id=self.sticker_id, utterance_id=self.utterance_id)
        return told & Q(language=self.language) if self.language else told


def ask(task: str, sticker_id: int, language: str, utterance_id: int | None = None) -> Question:
    return Question(task, sticker_id, "" if task in OF_EVERY_LANGUAGE else language, utterance_id)


def question_of(row: Annotation | Settlement) -> Question:
    return ask(row.task, row.sticker_id, row.language, row.utterance_id)


def value_of(row: Annotation) -> Value:
    assert row.value is not None, "an answered question has a value"
    return cast(Value, row.value)


@dataclass
class Standing:
    """The answers to a question, in their order, and the places that are taken."""

    answered: list[Annotation] = field(default_factory=list)
    n_leased: int = 0

    @property
    def values(self) -> list[Value]:
        return [value_of(row) for row in self.answered]

    def n_places(self, task: str) -> int:
        """How many more may be dealt it now: two answer, a third where they disagree."""
        return max(0, n_needed(task, self.values) - len(self.answered) - self.n_leased)


def n_needed(task: str, values: list[Value]) -> int:
    rule = rules.current()
    if len(values) < rule.n_annotators or not is_split(task, values):
        return rule.n_annotators
    return min(rule.n_annotators_most, max(len(values) + 1, rule.n_annotators))


def is_split(task: str, values: list[Value]) -> bool:
    """Whether nothing follows from the answers yet; two lists of words have to have half of their words in common."""
    if len(values) == 2:
        return not answers.agree(task, *values)
    return len(values) > 1 and answers.majority(task, values) is None


def standings(questions: Collection[Question], now: datetime) -> dict[Question, Standing]:
    """The standing of each question; leases that have lapsed hold nothing."""
    found = {question: Standing() for question in questions}
    live = Q(state=Annotation.State.ANSWERED) | Q(state=Annotation.State.DEALT, lease_until__gt=now)
    rows = Annotation.objects.filter(live, sticker_id__in={question.sticker_id for question in questions})
    for row in rows.filter(task__in={question.task for question in questions}).order_by("answered_at", "pk"):
        if (standing := found.get(question_of(row))) is None:
            continue
        if row.state == Annotation.State.ANSWERED:
            standing.answered.append(row)
        else:
            standing.n_leased += 1
    return found


def by_question(rows: Iterable[Annotation]) -> dict[Question, list[Annotation]]:
    """Answers by what they answer; in each list in the order of `rows`."""
    found: dict[Question, list[Annotation]] = defaultdict(list)
    for row in rows:
        found[question_of(row)].append(row)
    return dict(found)


def settlements(before: datetime | None = None) -> dict[Question, Settlement]:
    """What reviewers settled, the newest of each question."""
    rows = Settlement.objects.order_by("at", "pk")
    return {question_of(row): row for row in (rows.filter(at__lte=before) if before else rows)}


def holding(task: str, values: list[Value], settled: Settlement | None) -> tuple[Value | None, Settlement | None]:
    """What holds for a question, and the settlement where it holds by that. A reviewer's word stands above the
    annotators'; their yes to a draft does not, as the draft was before their eyes."""
    told = answers.majority(task, values)
    if settled is not None and (told is None or not settled.drafted_by):
        return dict(settled.value), settled
    return told, None
