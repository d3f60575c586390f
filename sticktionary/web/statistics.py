"""The papers' own tables, for our data."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.views.decorators.http import require_GET, require_POST

from sticktionary.domain import statistics
from sticktionary.domain.errors import Refused
from sticktionary.web import statistics_tables as tables
from sticktionary.web.workbench import allowed, player_of, show


@require_GET
@allowed("view_statistics")
def index(request: HttpRequest) -> HttpResponse:
    found = statistics.live()
    if found is None:
        return show(request, "statistics", "statistics", {"is_missing": True})
    wanted = request.GET.get("of", "")
    of = wanted if wanted in found["sets"] else _fullest(found)
    held = found["sets"][of]
    context = {
        "of": of,
        "at": datetime.fromisoformat(found["at"]),
        "players": tables.players(found, held),
        "queries": tables.queries(held),
        "overlap": held.get("overlap"),
        "sides": tables.sides(held),
        "agreement": tables.agreement(held),
        "has_weights": any("cosine" in name for rows in held.get("agreement", {}).values() for name in rows),
        "source": tables.SOURCE,
        "paper_hours": tables.HOURS,
        "paper_pace": tables.QUERIES_PER_HOUR,
    }
    return show(request, "statistics", "statistics", context)


def _fullest(found: dict[str, Any]) -> str:
    """Play, unless nobody has played yet."""
    return "play" if "queries" in found["sets"]["play"] else "all"


@require_POST
@allowed("view_statistics")
def refresh(request: HttpRequest) -> HttpResponse:
    try:
        statistics.ask_for_refresh(actor=player_of(request))
    except Refused as refusal:
        messages.error(request, refusal.message)
    return redirect(reverse("studio_statistics"))


@require_GET
@allowed("view_statistics")
def download(request: HttpRequest, form: str) -> HttpResponse:
    found = statistics.live() or {}
    if form == "json":
        content, kind = json.dumps(found, ensure_ascii=False, indent=2) + "\n", "application/json"
    else:
        content, kind = _csv(found), "text/csv; charset=utf-8"
    headers = {"Content-Disposition": f'attachment; filename="sticktionary-statistics.{form}"'}
    return HttpResponse(content, content_type=kind, headers=headers)


def _csv(found: dict[str, Any]) -> str:
    """One figure a line; what is a figure inside another has its name after a point."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["figure", "value"])
    writer.writerows(_flat(found, ""))
    return out.getvalue()


def _flat(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, held in value.items():
            yield from _flat(held, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list):
        for n, held in enumerate(value, 1):
            is_pair = isinstance(held, list) and len(held) == 2
            yield (f"{name}[{held[0]}]", held[1]) if is_pair else (f"{name}.{n}", held)
    else:
        yield name, value


urlpatterns = [
    path("", index, name="studio_statistics"),
    path("refresh/", refresh, name="studio_refresh_statistics"),
    path("statistics.json", download, {"form": "json"}, name="studio_statistics_json"),
    path("statistics.csv", download, {"form": "csv"}, name="studio_statistics_csv"),
]
