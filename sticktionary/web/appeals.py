"""Appeals: a player against a discarded round of theirs, or against a sanction. Also where who may not play is led."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from sticktionary.domain.errors import Refused
from sticktionary.domain.intake.pictures import picture_of
from sticktionary.domain.review import appeals
from sticktionary.models import Round
from sticktionary.web.workbench import player_of


@never_cache
def overview(request: HttpRequest) -> HttpResponse:
    """What holds against the player and why, what can be said to it, and what became of what was said."""
    player = player_of(request)
    problem = ""
    if request.method == "POST":
        number = request.POST.get("sanction", "")
        problem = _appeal(request, sanction_id=int(number) if number.isdecimal() and len(number) < 19 else 0)
        if not problem:
            return redirect("appeals")
    context = {
        "held": appeals.in_force_on(player.pk),
        "made": appeals.made_by(player.pk),
        "problem": problem,
        "words": request.POST.get("words", ""),
        "posted": request.POST.get("sanction", ""),
        "longest": appeals.LONGEST,
    }
    return render(request, "people/appeals.html", context, status=409 if problem else 200)


@never_cache
def against_round(request: HttpRequest, round_id: int) -> HttpResponse:
    round_ = Round.objects.select_related("sticker").filter(pk=round_id, labeler=player_of(request)).first()
    if round_ is None:
        raise Http404
    problem = ""
    if request.method == "POST":
        problem = _appeal(request, round_id=round_id)
        if not problem:
            return redirect("appeals")
    context = {
        "round": round_,
        "picture": picture_of(round_.sticker),
        "texts": round_.queries.filter(removed_at=None).values_list("text", flat=True),
        "why": appeals.why_discarded(round_id),
        "problem": problem,
        "words": request.POST.get("words", ""),
        "longest": appeals.LONGEST,
    }
    return render(request, "people/appeal_round.html", context, status=409 if problem else 200)


def _appeal(request: HttpRequest, *, round_id: int | None = None, sanction_id: int | None = None) -> str:
    """What was refused, with all that was typed kept on the page; empty when it was taken."""
    player_id, words = player_of(request).pk, request.POST.get("words", "")
    try:
        appeals.appeal(player_id=player_id, words=words, round_id=round_id, sanction_id=sanction_id)
    except Refused as refusal:
        return refusal.message
    messages.success(request, _("Your appeal is on its way to a person. What comes of it will stand here."))
    return ""


urlpatterns = [
    path("", overview, name="appeals"),
    path("round/<int:round_id>/", against_round, name="appeal_round"),
]
