"""Answering a bonus page, or passing it on; what is paid when another player confirms an answer."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from sticktionary.domain import rules
from sticktionary.domain.annotation import answers, bonus, questions
from sticktionary.domain.annotation.answers import Given
from sticktionary.domain.annotation.questions import Question, value_of
from sticktionary.domain.errors import NotAllowed, Refused
from sticktionary.domain.events import announce
from sticktionary.domain.play import dealing, ledger, scoring
from sticktionary.domain.review import casework
from sticktionary.models import Annotation, Case, LedgerEntry, Sitting, Sticker, Task

HARMFUL = "harmful stickers"  # a style of Sticker820K's


@transaction.atomic
def answer(*, player_id: int, lease: str, key: str, given: Given) -> None:
    """Keep the answer, pay those it confirms, and deal the next page or the summary."""
    page = _take(player_id, lease)
    if page.key == key:
        return
    _require_in_hand(page)
    page.value = answers.checked(page.task, given, page.language)
    labels = answers.label_set(page.task)
    page.taxonomy = labels.reference if labels else ""
    _end(page, Annotation.State.ANSWERED, key)
    question = questions.question_of(page)
    rows = questions.standings([question], timezone.now())[question].answered
    _pay(question, rows)
    _alarm(question, rows)
    announce(player_id)
    dealing.deal(player_id=player_id)


@transaction.atomic
def skip(*, player_id: int, lease: str, key: str, finish: bool = False) -> None:
    """Pass one question on, which never comes back; or leave it to others and end the sitting."""
    page = _take(player_id, lease)
    if page.key == key:
        return
    if page.state != Annotation.State.DEALT:
        raise Refused("turn_over", _("This page is finished."))
    if finish:
        assert page.sitting is not None
        _end(page, Annotation.State.LAPSED, key)
        dealing.end(page.sitting)
    else:
        _end(page, Annotation.State.SKIPPED, key)
        dealing.deal(player_id=player_id)
    announce(player_id)


def _take(player_id: int, lease: str) -> Annotation:
    """The leased page with its sitting locked: one player's moves follow one another."""
    annotation_id = bonus.annotation_id_of(lease, player_id)
    sittings = Sitting.objects.select_for_update(no_key=True, of=("self",))
    if sittings.filter(bonus_pages__pk=annotation_id, player_id=player_id).first() is None:
        raise NotAllowed("bad_lease", _("This page was not dealt to you."))
    return Annotation.objects.select_related("sitting", "sticker__pack").get(pk=annotation_id)


def _require_in_hand(page: Annotation) -> None:
    """With the sticker locked: who answers second is to see the first answer."""
    if page.state != Annotation.State.DEALT:
        raise Refused("turn_over", _("This page is finished."))
    Sticker.objects.select_for_update(no_key=True).get(pk=page.sticker_id)
    if page.lease_until <= timezone.now() and not bonus.is_still_needed(page):
        raise Refused("went_to_others", _("This page had waited for ten minutes and went to somebody else."))


def _end(page: Annotation, state: str, key: str) -> None:
    page.state, page.key = state, key
    page.answered_at = timezone.now() if state == Annotation.State.ANSWERED else None
    page.save(update_fields=["state", "key", "value", "taxonomy", "answered_at"])


def _pay(question: Question, rows: list[Annotation]) -> None:
    """A little for each answer that another one confirms; never for answering. Descriptions are taken as confirmed
    when as many as are asked for have been written."""
    if question.task == Task.DESCRIPTION and len(rows) < rules.current().n_annotators:
        return
    ledger.pay([_payment(row, row.player_id) for row in rows if row.player_id is not None and _is_confirmed(row, rows)])


def _alarm(question: Question, rows: list[Annotation]) -> None:
    """What annotators together call harmful, a person looks at."""
    held = answers.majority(question.task, [value_of(row) for row in rows]) if question.task == Task.STYLE else None
    if held and held["label"] == HARMFUL:
        casework.open_case(kind=Case.Kind.STICKER, sticker_id=question.sticker_id, reasons=["harmful"])


def _is_confirmed(row: Annotation, rows: list[Annotation]) -> bool:
    return any(answers.agree(row.task, value_of(row), value_of(other)) for other in rows if other.pk != row.pk)


def _payment(row: Annotation, player_id: int) -> ledger.Payment:
    return ledger.Payment(
        player_id=player_id,
        n_points=scoring.CONFIRMED,
        reason=LedgerEntry.Reason.ANNOTATED,
        key=f"annotated:{row.pk}",
        detail={"code": "confirmed", "task": row.task},
    )
