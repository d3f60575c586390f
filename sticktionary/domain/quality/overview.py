"""How lookups have gone of late, per language: found, found at once, agreed on, rightly none, gold passed; and what the
live results change. Over very many rounds that takes many seconds: then the worker counts it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.cache import caches
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from sticktionary.domain.play.outcome import COUNTS
from sticktionary.domain.quality import hidden_arm
from sticktionary.domain.quality.hidden_arm import Effect
from sticktionary.domain.quality.weights import wilson
from sticktionary.models import Retrieval, Round
from sticktionary.models.players import Language

DAYS = 30
MANY = 20_000  # lookups in a language: from here on the figures are those that the worker counted last
AGAIN_AFTER = timedelta(minutes=10)
KEPT_FOR_S = 86_400


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


@dataclass(frozen=True)
class Overview:
    """What is said of a language."""

    shares: dict[str, Share]
    effects: list[Effect]
    counted_at: datetime


def of(language: str) -> Overview | None:
    """As it was counted some minutes ago, or now; where there is much, as the worker has counted it last, and none
    until it has."""
    held: Overview | None = caches["figures"].get(_key(language))
    if held is not None and not _is_stale(held):
        return held
    return held if _is_much(language) else _count(language)


def refresh() -> None:
    """The worker's part: count again what was counted some minutes ago."""
    for language in Language.values:
        held: Overview | None = caches["figures"].get(_key(language))
        if held is None or _is_stale(held):
            _count(language)


def _count(language: str) -> Overview:
    counted = Overview(shares(language), hidden_arm.effects(language), timezone.now())
    caches["figures"].set(_key(language), counted, KEPT_FOR_S)
    return counted


def _key(language: str) -> str:
    return f"quality_{language}"


def _is_stale(held: Overview) -> bool:
    return timezone.now() - held.counted_at > AGAIN_AFTER


def _is_much(language: str) -> bool:
    return _answered(language).order_by().values("pk")[MANY : MANY + 1].exists()


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
