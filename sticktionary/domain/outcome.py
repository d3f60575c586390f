"""What the retrievers' answers say about a round: two agree, or a third decides."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from sticktionary.domain import catalogue
from sticktionary.models import Query, Retrieval, Round

# Where the target was absent, the answer says nothing of the queries; a gold round was decided before.
COUNTS = Q(state=Retrieval.State.ANSWERED, target_absent=False, is_gold=False)
PROVEN = (Round.State.FOUND, Round.State.ACCEPTED)  # by retrievers, or by a reviewer


@dataclass(frozen=True)
class Standing:
    """Where a round stands with its retrievers."""

    n_found: int = 0
    n_missed: int = 0
    n_leased: int = 0

    @property
    def n_needed(self) -> int:
        return 3 if self.n_found == self.n_missed == 1 else 2

    @property
    def n_places(self) -> int:
        """How many more retrievers may be dealt the round now."""
        return max(0, self.n_needed - self.n_found - self.n_missed - self.n_leased)

    @property
    def verdict(self) -> Round.State | None:
        if self.n_found >= 2:
            return Round.State.FOUND
        return Round.State.NEEDS_REVIEW if self.n_missed >= 2 else None


def standings(round_ids: Iterable[int], now: datetime) -> dict[int, Standing]:
    """The standing of each round; leases that have lapsed hold nothing."""
    ids = list(round_ids)
    leased = Q(state=Retrieval.State.DEALT, target_absent=False, is_gold=False, lease_until__gt=now)
    rows = (
        Retrieval.objects.filter(round_id__in=ids)
        .values("round_id")
        .annotate(
            n_found=Count("pk", filter=COUNTS & Q(rank__gt=0)),
            n_missed=Count("pk", filter=COUNTS & Q(rank=0)),
            n_leased=Count("pk", filter=leased),
        )
    )
    found = {row["round_id"]: Standing(row["n_found"], row["n_missed"], row["n_leased"]) for row in rows}
    return {round_id: found.get(round_id, Standing()) for round_id in ids}


def standing_of(round_id: int) -> Standing:
    return standings([round_id], timezone.now())[round_id]


def counted(round_id: int) -> QuerySet[Retrieval]:
    return Retrieval.objects.filter(COUNTS, round_id=round_id).select_related("player").order_by("answered_at", "pk")


def decide(round_: Round) -> None:
    """Close a locked open round once its retrievers agree; what was found becomes searchable."""
    verdict = standing_of(round_.pk).verdict
    if round_.state != Round.State.OPEN or verdict is None:
        return
    round_.state, round_.decided_at = verdict, timezone.now()
    round_.save(update_fields=["state", "decided_at"])
    if verdict == Round.State.FOUND and round_.source in {Round.Source.PLAY, Round.Source.SUGGESTION}:
        catalogue.index_changed([round_.sticker_id])


def live_queries(round_id: int) -> QuerySet[Query]:
    return Query.objects.filter(round_id=round_id, removed_at=None)


def texts_of(round_ids: Iterable[int]) -> dict[int, list[str]]:
    """What is written for each round, in order."""
    texts: dict[int, list[str]] = {round_id: [] for round_id in round_ids}
    for round_id, text in Query.objects.filter(round_id__in=texts, removed_at=None).values_list("round_id", "text"):
        texts[round_id].append(text)
    return texts


def best_ranks(round_ids: Iterable[int]) -> dict[int, int]:
    """The best place any retriever gave the sticker of each round that was answered; 0 where none found it."""
    best: dict[int, int] = {}
    answered = Retrieval.objects.filter(COUNTS, round_id__in=list(round_ids)).values_list("round_id", "rank")
    for round_id, rank in answered:
        held = best.get(round_id, 0)
        best[round_id] = min(held, rank) if held and rank else held or rank
    return best


def novelties(round_id: int) -> list[float]:
    return [novelty for novelty in live_queries(round_id).values_list("novelty", flat=True) if novelty is not None]
