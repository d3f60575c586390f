"""How lookups have gone of late, per language: found, found at once, agreed on, rightly none, gold passed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from sticktionary.domain.play.outcome import COUNTS
from sticktionary.domain.quality.weights import wilson
from sticktionary.models import Retrieval, Round

DAYS = 30


@dataclass(frozen=True)
class Share:
    """So many of so many, with its 95 % interval (Wilson)."""

    n_hits: int
    n: int

    @property
    def value(self) -> float | None:
        return self.n_hits / self.n if self.n else None

    @property
    def low(self) -> float:
        return wilson(self.n_hits, self.n)[0]

    @property
    def high(self) -> float:
        return wilson(self.n_hits, self.n)[1]


def shares(language: str) -> dict[str, Share]:
    """By name, over the last 30 days: found, at_once, agreed, rightly_none, gold."""
    answered = _answered(language)
    n = answered.aggregate(
        counted=Count("pk", filter=COUNTS),
        found=Count("pk", filter=COUNTS & Q(rank__gt=0)),
        at_once=Count("pk", filter=COUNTS & Q(rank=1)),
        absent=Count("pk", filter=Q(target_absent=True)),
        none=Count("pk", filter=Q(target_absent=True, none_of_these=True)),
        gold=Count("pk", filter=Q(is_gold=True)),
        passed=Count("pk", filter=Q(is_gold=True, rank__gt=0)),
    )
    return {
        "found": Share(n["found"], n["counted"]),
        "at_once": Share(n["at_once"], n["counted"]),
        "agreed": _agreed(answered),
        "rightly_none": Share(n["none"], n["absent"]),
        "gold": Share(n["passed"], n["gold"]),
    }


def _answered(language: str) -> QuerySet[Retrieval]:
    since = timezone.now() - timedelta(days=DAYS)
    answered = Retrieval.objects.filter(answered_at__gte=since, state=Retrieval.State.ANSWERED, player__isnull=False)
    return answered.filter(round__language=language).exclude(round__source=Round.Source.PRACTICE)


def _agreed(answered: QuerySet[Retrieval]) -> Share:
    """Of the rounds that two or more looked up: those where all of them found the sticker, or none did."""
    counted = answered.filter(COUNTS).order_by().values_list("round")
    rounds = counted.annotate(n=Count("pk"), n_found=Count("pk", filter=Q(rank__gt=0))).filter(n__gte=2)
    counts = [(n, n_found) for _round, n, n_found in rounds]
    return Share(sum(n_found in (0, n) for n, n_found in counts), len(counts))
