"""The dashboard as its page shows it: bars with their heights, queues with their names and where to work them off."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sticktionary.domain import dashboard
from sticktionary.models import Player
from sticktionary.models.players import Language

STEP, HEIGHT = 10, 64  # a bar with its gap, and the chart, in units of the drawing
QUEUES: dict[str, tuple[Any, str, str]] = {  # name, page to work it off on, list to look at
    "review": (gettext_lazy("cases to review"), "studio_review", "case_changelist"),
    "appeals": (gettext_lazy("appeals"), "studio_review", "case_changelist"),
    "flags": (gettext_lazy("open flags"), "studio_flags", "flag_changelist"),
    "halted": (gettext_lazy("halted stickers"), "", "sticker_changelist"),
    "importjob": (gettext_lazy("imports"), "", "importjob_changelist"),
    "modelversion": (gettext_lazy("model installations"), "", "modelversion_changelist"),
    "trainingrun": (gettext_lazy("training runs"), "lab_runs", "trainingrun_changelist"),
    "exportjob": (gettext_lazy("exports"), "", "exportjob_changelist"),
    "conversationimport": (gettext_lazy("imports of conversations"), "", "conversationimport_changelist"),
    "release": (gettext_lazy("releases under way"), "", "release_changelist"),
    "publication": (gettext_lazy("publications"), "", "publication_changelist"),
}
ASKED = {"halted": "?state__exact=halted", "flags": "?state__exact=open", "review": "?state__exact=open"}


@dataclass(frozen=True)
class Bar:
    x: int
    y: float
    height: float
    kind: str  # played, or skipped on top of it
    title: str


def board_for(player: Player) -> dict[str, Any]:
    shown = dashboard.shown_to(player)
    return {
        "editions": [_edition(edition) for edition in shown.editions],
        "active": shown.active,
        "queues": [_queue(queue) for queue in shown.queues],
        "releases": shown.releases,
        "as_of": shown.as_of,
    }


def _edition(edition: dashboard.Edition) -> dict[str, Any]:
    most = max((day.n_pages + day.n_skipped for day in edition.days), default=0)
    said = {"edition": Language(edition.language).label, "n": edition.n_pages, "most": most}
    return {
        "name": Language(edition.language).label,
        "bars": [bar for n, day in enumerate(edition.days) for bar in _bars(n, day, most)],
        "width": STEP * len(edition.days) - 2,
        "most": most,
        "first": edition.days[0].day,
        "spoken": _("%(edition)s: %(n)d pages played in four weeks, at most %(most)d on a day") % said,
        "n_pages": edition.n_pages,
        "n_verified": edition.n_verified,
        "verified_per_hour": edition.verified_per_hour,
        "hours": edition.hours,
        "success": _percent(edition.success_rate),
        "skipped": _percent(edition.skip_rate),
    }


def _bars(n: int, day: dashboard.Day, most: int) -> list[Bar]:
    said = {"day": date_format(day.day, "MONTH_DAY_FORMAT"), "played": day.n_pages, "skipped": day.n_skipped}
    title = _("%(day)s: %(played)d played, %(skipped)d skipped") % said
    played, skipped = (round(HEIGHT * value / (most or 1), 1) for value in (day.n_pages, day.n_skipped))
    bars = [
        Bar(STEP * n, round(HEIGHT - played, 1), played, "played", title),
        Bar(STEP * n, round(HEIGHT - played - skipped, 1), skipped, "skipped", title),
    ]
    return [bar for bar in bars if bar.height]


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share


def _queue(queue: dashboard.Queue) -> dict[str, Any]:
    title, page, listed = QUEUES[queue.name]
    return {"title": title, "url": _address(queue.name, page, listed), "n": queue.n, "n_failed": queue.n_failed}


def _address(name: str, page: str, listed: str) -> str:
    """Where they are worked off, else where they can be looked at."""
    with suppress(NoReverseMatch):
        return reverse(page)
    return f"{reverse(f'admin:sticktionary_{listed}')}{ASKED.get(name, '')}"
