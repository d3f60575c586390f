"""Studio: how far stickers are annotated, how far annotators agree, and what a reviewer has to settle."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from sticktionary.domain.annotation import answers, bonus_page, drafts, questions, settling, tallies
from sticktionary.domain.annotation.answers import Given
from sticktionary.domain.annotation.questions import Question
from sticktionary.domain.errors import RuleBroken
from sticktionary.domain.play.snapshot import ChatLine
from sticktionary.models import Annotation, Sticker, Task, Utterance
from sticktionary.web.workbench import allowed, player_of, show

N_TO_SETTLE = 20


@dataclass(frozen=True)
class ToSettle:
    """A question whose annotators are split, as a reviewer sees it."""

    question: Question
    task: Task
    sticker: Sticker
    said: list[tuple[int, str, str]]  # annotation, what it says, who says it
    labels: list[tuple[str, str]]  # the whole set, where it is one
    chat: list[ChatLine]
    is_mine: bool


@require_GET
@allowed("view_annotation")
def page(request: HttpRequest) -> HttpResponse:
    figures = tallies.figures()
    waiting = settling.unsettled(figures.split)
    context = {
        "figures": figures,
        "n_waiting": len(waiting),
        "n_drafts": drafts.waiting().count(),
        "waiting": _to_settle(waiting[:N_TO_SETTLE], player_of(request).pk),
    }
    return show(request, "annotation", "annotation", context)


def _to_settle(waiting: list[Question], reviewer_id: int) -> list[ToSettle]:
    standings = questions.standings(waiting, timezone.now())
    stickers = Sticker.objects.in_bulk({question.sticker_id for question in waiting})
    uses = Utterance.objects.in_bulk([question.utterance_id for question in waiting if question.utterance_id])
    language = "zh" if (get_language() or "").startswith("zh") else "en"
    return [
        ToSettle(
            question,
            Task(question.task),
            stickers[question.sticker_id],
            [(row.pk, _in_words(row, language), row.language) for row in standings[question].answered],
            _labels(question.task, language),
            bonus_page.chat_of(uses[question.utterance_id]) if question.utterance_id else [],
            any(row.player_id == reviewer_id for row in standings[question].answered),
        )
        for question in waiting
        if standings[question].answered
    ]


def _labels(task: str, language: str) -> list[tuple[str, str]]:
    labels = answers.label_set(task)
    return [(label.id, label.name[language]) for label in labels.labels.values()] if labels else []


def _in_words(row: Annotation, language: str) -> str:
    value = questions.value_of(row)
    if labels := answers.label_set(row.task):
        return str(labels.labels[str(answers.gist(row.task, value))].name[language])
    if row.task == Task.FITS:
        return _("yes") if value["ok"] else _("no")
    if row.task in answers.IN_WORDS:
        return ", ".join(value["words"]) or _("none to be seen")
    return str(value["text"]) or _("nothing to read")


@require_POST
@allowed("review")
def settle(request: HttpRequest, annotation_id: int) -> HttpResponse:
    """By one of the answers, or by another label of the set."""
    try:
        settling.settle(
            actor=player_of(request),
            annotation_id=annotation_id,
            given=_given(request, annotation_id),
            why=request.POST.get("why", ""),
        )
    except RuleBroken as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("Settled."))
    return redirect("studio_annotation")


def _given(request: HttpRequest, annotation_id: int) -> Given:
    chosen = request.POST.get("take", "")
    if chosen.isdecimal() and len(chosen) < 19:
        asked = Annotation.objects.filter(pk=annotation_id).first()
        row = Annotation.objects.filter(pk=int(chosen), state=Annotation.State.ANSWERED).first()
        if asked and row and questions.question_of(asked) == questions.question_of(row):
            return answers.given_of(row.task, questions.value_of(row))
    return Given(choice=request.POST.get("choice", "")[:40])


urlpatterns = [
    path("", page, name="studio_annotation"),
    path("<int:annotation_id>/settle/", settle, name="studio_settle"),
]
