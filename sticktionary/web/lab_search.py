"""The lab's search box: one query, any two versions, side by side."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.http import require_GET

from sticktionary.domain.errors import Refused
from sticktionary.domain.lab import registry, tryout
from sticktionary.web.lab_forms import TryForm
from sticktionary.web.workbench import allowed, player_of, show

N_SHOWN = 24


@require_GET
@allowed("view_modelversion")
def try_search(request: HttpRequest) -> HttpResponse:
    versions = tryout.versions()
    live = registry.champion_name()
    other = next((name for name, _title in reversed(versions) if name != live), "")
    chosen = {"left": live, "right": other, **request.GET.dict()}
    form = TryForm(versions, chosen)
    sides = []
    if form.is_valid() and form.cleaned_data["q"].strip():
        names = [form.cleaned_data[side] for side in ("left", "right") if form.cleaned_data[side]]
        sides = [_side(request, name, form, dict(versions)) for name in dict.fromkeys(names)]
        _tell_apart(sides)
    return show(request, "lab_try", "lab", {"here": "try", "form": form, "sides": sides, "n_shown": N_SHOWN})


def _side(request: HttpRequest, name: str, form: TryForm, titles: dict[str, str]) -> dict[str, Any]:
    side: dict[str, Any] = {"name": name, "title": titles[name], "hits": [], "problem": ""}
    try:
        tried = tryout.search(name, form.cleaned_data["q"], N_SHOWN, language=player_of(request).language)
    except Refused as refusal:
        return side | {"problem": refusal.message}
    return side | {"ms": tried.ms, "hits": [{"hit": hit, "picture": picture} for hit, picture in tried.hits]}


def _tell_apart(sides: list[dict[str, Any]]) -> None:
    """Beside each result its place on the other side, if it has one there."""
    if len(sides) != 2:
        return
    ranks = [{each["hit"].id: each["hit"].rank for each in side["hits"]} for side in sides]
    for side, others in zip(sides, reversed(ranks), strict=True):
        for each in side["hits"]:
            each["elsewhere"] = others.get(each["hit"].id)
            each["is_alone"] = each["elsewhere"] is None


urlpatterns = [path("", try_search, name="lab_try")]
