"""Flags with their evidence, a player's page with the consequences, and the list of abusive words: for moderators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from sticktionary.domain.errors import RuleBroken
from sticktionary.domain.quality import evidence, flags, looking, portrait, sanctions, weights, word_lists
from sticktionary.models import Flag, Player, Sanction
from sticktionary.models.players import Language
from sticktionary.web.workbench import allowed, player_of, show

PER_PAGE = 40


@require_GET
@never_cache
@allowed("view_flag")
def listed(request: HttpRequest) -> HttpResponse:
    state = request.GET.get("state", Flag.State.OPEN)
    kind = request.GET.get("kind", "")
    rows = Flag.objects.select_related("player", "partner", "decided_by").filter(state=state)
    counts = dict(rows.order_by().values_list("kind").annotate(n=Count("pk")))
    if kind in Flag.Kind.values:
        rows = rows.filter(kind=kind)
    page = Paginator(rows.order_by("-at", "-pk"), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "flags": _told(page),
        "state": state,
        "states": Flag.State.choices,
        "kind": kind,
        "kinds": [(value, label, counts[value]) for value, label in Flag.Kind.choices if value in counts],
        "n": sum(counts.values()),
        "failed": looking.failed(),
    }
    return show(request, "flags", "quality", context)


def _told(rows: Any) -> list[tuple[Flag, list[str]]]:
    return [(flag, evidence.sentences(flag.kind, flag.evidence)) for flag in rows]


@require_POST
@allowed("moderate")
def decide(request: HttpRequest, flag_id: int) -> HttpResponse:
    flag = get_object_or_404(Flag, pk=flag_id)
    state = request.POST.get("state", "")
    return _done(request, lambda: flags.decide(actor=player_of(request), flag_id=flag.pk, state=state), "studio_flags")


@require_GET
@never_cache
@allowed("moderate")
def player(request: HttpRequest, player_id: int) -> HttpResponse:
    subject = get_object_or_404(Player, pk=player_id)
    held = subject.flags.select_related("partner", "decided_by").order_by("-at", "-pk")[:PER_PAGE]
    context = {
        "subject": subject,
        "flags": _told(held),
        "figures": portrait.figures_of(player_id),
        "skill": portrait.skill_of(player_id),
        "weight": weights.weights_of([player_id])[player_id],
        "partners": portrait.partners_of(player_id),
        "latest": portrait.latest_of(player_id),
        "sanctions": subject.sanctions.select_related("imposed_by", "lifted_by").order_by("-at", "-pk"),
        "steps": _steps_left(player_id),
    }
    return show(request, "flag_player", "quality", context)


def _steps_left(player_id: int) -> list[tuple[str, str]]:
    in_force = {sanction.step for sanction in sanctions.in_force(player_id)}
    return [(value, str(label)) for value, label in Sanction.Step.choices if value not in in_force]


@require_POST
@allowed("moderate")
def impose(request: HttpRequest, player_id: int) -> HttpResponse:
    subject = get_object_or_404(Player, pk=player_id)
    upheld = subject.flags.filter(state=Flag.State.UPHELD).values_list("pk", flat=True)
    step, reason = request.POST.get("step", ""), request.POST.get("reason", "")

    def verb() -> object:
        return sanctions.impose(
            actor=player_of(request), player_id=subject.pk, step=step, reason=reason, flags=list(upheld)
        )

    return _done(request, verb, "studio_flag_player", player_id)


@require_POST
@allowed("moderate")
def lift(request: HttpRequest, sanction_id: int) -> HttpResponse:
    sanction = get_object_or_404(Sanction, pk=sanction_id)
    why = request.POST.get("why", "")
    verb = lambda: sanctions.lift(actor=player_of(request), sanction_id=sanction.pk, why=why)  # noqa: E731
    return _done(request, verb, "studio_flag_player", sanction.player_id)


@require_GET
@allowed("moderate")
def abusive_words(request: HttpRequest) -> HttpResponse:
    held = word_lists.listed()
    lists = [(value, label, [word for word in held if word.language == value]) for value, label in Language.choices]
    return show(request, "abusive_words", "quality", {"lists": lists, "languages": Language.choices})


@require_POST
@allowed("moderate")
def add_word(request: HttpRequest) -> HttpResponse:
    language, word = request.POST.get("language", ""), request.POST.get("word", "")
    return _done(
        request, lambda: word_lists.add(actor=player_of(request), language=language, word=word), "studio_abusive_words"
    )


@require_POST
@allowed("moderate")
def remove_word(request: HttpRequest, word_id: int) -> HttpResponse:
    return _done(request, lambda: word_lists.remove(actor=player_of(request), word_id=word_id), "studio_abusive_words")


def _done(request: HttpRequest, verb: Callable[[], object], page: str, *args: Any) -> HttpResponse:
    """Carry it out, or say why not; back to where it was asked."""
    try:
        verb()
    except RuleBroken as refusal:
        messages.error(request, refusal.message)
    back = request.POST.get("back", "")
    if url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        return redirect(back)
    return redirect(page, *args)


urlpatterns = [
    path("", listed, name="studio_flags"),
    path("<int:flag_id>/decide/", decide, name="studio_decide_flag"),
    path("players/<int:player_id>/", player, name="studio_flag_player"),
    path("players/<int:player_id>/impose/", impose, name="studio_impose"),
    path("sanctions/<int:sanction_id>/lift/", lift, name="studio_lift"),
    path("words/", abusive_words, name="studio_abusive_words"),
    path("words/add/", add_word, name="studio_add_abusive_word"),
    path("words/<int:word_id>/remove/", remove_word, name="studio_remove_abusive_word"),
]
