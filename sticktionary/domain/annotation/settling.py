"""Questions whose annotators are split to the end: a reviewer looks and settles them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from sticktionary.domain import rules
from sticktionary.domain.annotation import answers, questions
from sticktionary.domain.annotation.answers import Given
from sticktionary.domain.annotation.questions import Question, value_of
from sticktionary.domain.errors import NotAllowed, Refused
from sticktionary.domain.people import accounts
from sticktionary.models import Annotation, AuditEntry, Player, Settlement, Sticker


def is_to_settle(question: Question, rows: list[Annotation]) -> bool:
    """Whether as many as may be asked have answered, and nothing follows from it."""
    values = [value_of(row) for row in rows]
    return len(values) >= rules.current().n_annotators_most and questions.is_split(question.task, values)


def split(found: Mapping[Question, list[Annotation]]) -> list[Question]:
    """Those of the questions that wait for a reviewer, the longest waiting first."""
    waiting = [question for question, rows in found.items() if is_to_settle(question, rows)]
    last = {question: (found[question][-1].answered_at, found[question][-1].pk) for question in waiting}
    return unsettled(sorted(waiting, key=last.__getitem__))


def unsettled(waiting: Iterable[Question]) -> list[Question]:
    settled = questions.settlements()
    return [question for question in waiting if question not in settled]


@transaction.atomic
def settle(*, actor: Player, annotation_id: int, given: Given, why: str = "") -> Settlement:
    """Say what holds for the question that this annotation answers. The answers stay as they were given; a later
    settlement overrides an earlier one."""
    accounts.require(actor, "review")
    row = Annotation.objects.filter(pk=annotation_id, state=Annotation.State.ANSWERED).first()
    if row is None:
        raise Refused("no_such_question", _("There is no such question any more."))
    Sticker.objects.select_for_update(no_key=True).get(pk=row.sticker_id)
    question = questions.question_of(row)
    rows = questions.standings([question], timezone.now())[question].answered
    if actor.pk in {row.player_id for row in rows}:
        raise NotAllowed("own_answer", _("You are one of those who answered it. Leave it to another reviewer."))
    if not is_to_settle(question, rows):
        raise Refused("not_split", _("The annotators are not split, or not all of them have answered yet."))
    return _write(actor, question, row, given, why[:300])


def _write(actor: Player, question: Question, row: Annotation, given: Given, why: str) -> Settlement:
    settlement = Settlement.objects.create(
        task=question.task,
        language=question.language,
        sticker_id=question.sticker_id,
        utterance_id=question.utterance_id,
        value=answers.checked(question.task, given, row.language),
        taxonomy=row.taxonomy,
        why=why,
        reviewer=actor,
        at=timezone.now(),
    )
    subject = f"{question.task} of sticker {row.sticker_id}"
    AuditEntry.objects.create(
        actor=actor, verb="settle", subject=subject, detail={"value": settlement.value, "why": why}
    )
    return settlement
