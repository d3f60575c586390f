"""The lab's page for conversations: one is written or pasted, and several models answer it side by side."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from retrieval_engine.dialogue.data.conversations import Use
from sticktionary.domain.errors import Refused
from sticktionary.domain.lab import registry, tryout
from sticktionary.domain.lab.registry import WORDS_ONLY
from sticktionary.domain.play.snapshot import Picture
from sticktionary.domain.replies import answering, asking, repliers, transcript
from sticktionary.domain.replies.answering import Answers, Pending
from sticktionary.domain.replies.asking import BadQuestion
from sticktionary.domain.search.live import catalogue_search
from sticktionary.models import Pack
from sticktionary.web.lab_reply_examples import BY_NAME, EXAMPLES
from sticktionary.web.workbench import allowed, player_of, show

N_SHOWN, N_FOUND = 12, 24  # stickers: of an answer, of a search for one to put into the conversation
N_INTENTS = 5
MOST_BESIDE = 4
FAINTEST = 0.05  # of a map: what is less cannot be seen
COMES_AGAIN_S = 2  # a page without scripts, for its answer


class ReplyForm(forms.Form):
    """A conversation as a text, and who is to answer it. What it says is read, and refused, by the transcript."""

    text = forms.CharField(
        required=False,
        strip=False,
        label=gettext_lazy("Conversation"),
        widget=forms.Textarea({"rows": 9, "spellcheck": "false", "autocomplete": "off"}),
        help_text=gettext_lazy(
            "A line a turn: “name: words”. A blank line or --- begins another session, # before it says what it was "
            "about. [sticker:12] is the sticker of that number. A name alone at the end is who answers."
        ),
    )
    speaker = forms.CharField(
        required=False, max_length=asking.LONGEST_NAME, label=gettext_lazy("Who sends the sticker")
    )
    own_text = forms.CharField(
        required=False, max_length=asking.LONGEST, label=gettext_lazy("With these words (none: the sticker alone)")
    )
    pack = forms.ChoiceField(required=False, label=gettext_lazy("Stickers of"))
    models = forms.MultipleChoiceField(
        required=False, widget=forms.CheckboxSelectMultiple, label=gettext_lazy("Who answers")
    )

    thorough = forms.BooleanField(
        required=False,
        label=gettext_lazy("Read conversation and sticker together, where a model can (slower)"),
    )

    def __init__(self, versions: list[tuple[str, str]], *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        packs = Pack.objects.filter(is_active=True).order_by("title").values_list("slug", "title")
        self.fields["pack"].choices = [("", _("all packs")), *packs]  # type: ignore[attr-defined]
        self.fields["models"].choices = versions  # type: ignore[attr-defined]

    def clean_models(self) -> list[str]:
        chosen: list[str] = self.cleaned_data["models"]
        if len(chosen) > MOST_BESIDE:
            raise forms.ValidationError(_("At most %(n)d answer side by side.") % {"n": MOST_BESIDE})
        return chosen or [repliers.default_name()]


@require_http_methods(["GET", "HEAD", "POST"])
@allowed("view_modelversion")
def try_replies(request: HttpRequest) -> HttpResponse:
    versions = repliers.versions()
    context: dict[str, Any] = {"here": "reply", "examples": EXAMPLES, "n_shown": N_SHOWN}
    context["still_to_look"] = repliers.still_to_look()
    if request.method != "POST":
        example = BY_NAME.get(request.GET.get("example", ""))
        chosen = list(dict.fromkeys([repliers.default_name(), WORDS_ONLY]))
        initial = {"text": example.text if example else "", "models": chosen}
        return show(request, "lab_reply", "lab", context | {"form": ReplyForm(versions, initial=initial)})
    form = ReplyForm(versions, request.POST)
    sides: list[dict[str, Any]] = []
    problems: list[tuple[int | None, str]] = []  # with the number of the turn
    numbers: dict[str, int] = {}
    if form.is_valid():
        try:
            given = _asked(form.cleaned_data)
            numbers = {place: number for place, number, _said in given.all_turns}
            use = asking.checked(given)
            sides = [_side(request, name, use, form, dict(versions)) for name in form.cleaned_data["models"]]
            context |= {"speaker": use.speaker, "met": _met(sides), "has_heat": _has_heat(sides)}
        except BadQuestion as refusal:
            problems = [(_number(place, numbers), problem) for place, problem in refusal.problems.items()]
    context |= {"form": form, "sides": sides, "problems": problems}
    return show(request, "lab_reply", "lab", context, 400 if problems or form.errors else 200)


def _asked(given: dict[str, Any]) -> asking.Asked:
    return transcript.read(given["text"], speaker=given["speaker"], own_text=given["own_text"])


def _number(place: str, numbers: dict[str, int]) -> int | None:
    """Of the turn that a place is in: "turns.2.speaker" is in "turns.2"."""
    return numbers.get(place) or numbers.get(place.rpartition(".")[0])


def _side(request: HttpRequest, name: str, use: Use, form: ReplyForm, titles: dict[str, str]) -> dict[str, Any]:
    packs = [form.cleaned_data["pack"]] if form.cleaned_data["pack"] else []
    thorough, asker = form.cleaned_data["thorough"], player_of(request)
    try:
        found = answering.answer(name, [use], N_SHOWN, asker=asker, packs=packs, thorough=thorough)
    except Refused as refusal:
        return _titled(name, titles[name]) | {"problem": refusal.message}
    return _told(found, titles[name])


def _titled(name: str, title: str) -> dict[str, Any]:
    return {"name": name, "title": title, "problem": "", "pending": "", "stickers": []}


def _told(found: Answers | Pending, title: str) -> dict[str, Any]:
    """An answer as the page prints it, or the ticket of one that is still being made."""
    side = _titled(found.model, title)
    if isinstance(found, Pending):
        return side | {"pending": found.ticket}
    answered = found.answered[0]
    return side | {
        "ms": found.ms,
        "answer": answered.answer,
        "providers": repliers.providers_of(found.model) if answered.answer.knowledge else [],
        "intents": [(name, round(100 * share)) for name, share in answered.answer.intents[:N_INTENTS]],
        "stickers": [_shown(rank, *each) for rank, each in enumerate(answered.stickers, 1)],
    }


@require_GET
@never_cache
@allowed("view_modelversion")
def later(request: HttpRequest, ticket: str) -> HttpResponse:
    """One model's answer that a worker makes: as a part of the page for its script, else as a page that comes again."""
    try:
        found = answering.fetch(ticket, asker=player_of(request))
        if found is None:
            raise Http404
        side = _told(found, dict(repliers.versions()).get(found.model, found.model))
    except Refused as refusal:
        side = _titled("", _("No answer")) | {"problem": refusal.message}
    if "part" in request.GET:
        return render(request, "studio/lab_reply_side.html", {"side": side, "met": set()})
    response = show(request, "lab_reply_later", "lab", {"here": "reply", "side": side})
    if side["pending"]:
        response.headers["Refresh"] = str(COMES_AGAIN_S)
    return response


def _shown(rank: int, reply: Any, picture: Picture) -> dict[str, Any]:
    return {"rank": rank, "reply": reply, "picture": picture, "heat": heat_cells(reply.heat)}


def heat_cells(heat: tuple[tuple[float, ...], ...]) -> dict[str, Any] | None:
    """The map as squares to be drawn: column, row, and how strongly; none where no place was looked at more."""
    cells = [(x, y, f"{value:.2f}") for y, row in enumerate(heat) for x, value in enumerate(row) if value >= FAINTEST]
    return {"width": len(heat[0]), "height": len(heat), "cells": cells} if cells else None


def _has_heat(sides: list[dict[str, Any]]) -> bool:
    return any(each["heat"] for side in sides for each in side["stickers"])


def _met(sides: list[dict[str, Any]]) -> set[int]:
    """The stickers that every one of several sides shows."""
    shown = [{each["reply"].id for each in side["stickers"]} for side in sides if side["stickers"]]
    return set.intersection(*shown) if len(shown) > 1 else set()


@require_GET
@allowed("view_modelversion")
def stickers(request: HttpRequest) -> JsonResponse:
    """Stickers to put into a conversation: found by words, or by their numbers."""
    language, query = player_of(request).language, request.GET.get("q", "").strip()[:200]
    numbers = [int(number) for number in request.GET.getlist("id")[:200] if number.isdecimal() and len(number) < 18]
    if numbers:
        catalogue_search.refresh()
        found = list(catalogue_search.known_pictures(numbers, language).items())
    else:
        tried = tryout.search(registry.champion_name(), query, N_FOUND, language=language) if query else None
        found = [(hit.id, picture) for hit, picture in tried.hits] if tried else []
    told = [{"id": id, "poster": picture.poster, "alt": picture.alt} for id, picture in found]
    return JsonResponse({"stickers": told})


urlpatterns = [
    path("", try_replies, name="lab_reply"),
    path("later/<str:ticket>/", later, name="lab_reply_later"),
    path("stickers/", stickers, name="lab_reply_stickers"),
]
