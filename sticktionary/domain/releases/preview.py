"""What a release by certain rules would hold, counted in the database before anything is frozen."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, IntegerField, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from sticktionary.domain.play.outcome import COUNTS
from sticktionary.domain.releases import as_of, basis, selection
from sticktionary.domain.releases.about import ReleaseRules
from sticktionary.models import Query, Retrieval


@dataclass(frozen=True)
class Figures:
    """Of a release as it would come out now; the scan for personal data and a least weight may take a little off."""

    n_packs: int
    n_stickers: int
    n_players_left_out: int
    n_queries: int
    by_status: dict[str, int]
    by_language: dict[str, int]


def figures(rules: ReleaseRules) -> Figures:
    now, held = timezone.now() + timedelta(milliseconds=1), basis.now(rules)
    slugs = [pack.slug for pack in held.packs]
    out = selection.left_out(rules, now, held.outliers)
    by_status, by_language = Counter[str](), Counter[str]()
    for row in _grouped(rules, slugs, out, now):
        verdict = row["ruling__verdict"]
        status = selection.status_of(rules, row["round__source"], row["n_found"], verdict)
        if status is not None:
            by_status[status.value] += row["n"]
            by_language[row["round__language"]] += row["n"]
    n_stickers = len(selection.sticker_ids(slugs, now))
    return Figures(len(slugs), n_stickers, len(out), by_status.total(), dict(by_status), dict(by_language))


def _grouped(rules: ReleaseRules, slugs: list[str], out: set[int], now: datetime) -> list[dict[str, Any]]:
    """Queries that may be in, counted by what decides whether they are."""
    rounds = selection.rounds(rules, now)
    stickers = selection.sticker_ids(slugs, now)
    gone = as_of.taken_back("query", now)
    finds = Retrieval.objects.filter(COUNTS, round=OuterRef("round"), rank__gt=0).exclude(player__in=out)
    n_found = Subquery(finds.order_by().values("round").annotate(n=Count("pk")).values("n"), IntegerField())
    held = Query.objects.filter(round__in=rounds, removed_at=None, round__sticker__in=stickers).exclude(pk__in=gone)
    held = held.filter(Q(round__labeler=None) | ~Q(round__labeler__in=out))
    deciding = ("round__source", "round__language", "ruling__verdict", "n_found")
    counted = held.annotate(n_found=Coalesce(n_found, Value(0))).order_by().values(*deciding).annotate(n=Count("pk"))
    return list(counted)
