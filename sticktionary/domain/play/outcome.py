"""What the retrievers' answers say about a round: as many as the rules ask for agree, or more of them decide."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from sticktionary.domain import rules
from sticktionary.domain.prepared import prepared
from sticktionary.models import Judgement, Query, Retrieval, Round

# Where the target was absent, the answer says nothing of the queries; a gold round was decided before.
COUNTS = Q(state=Retrieval.State.ANSWERED, target_absent=False, is_gold=False)
PROVEN = (Round.State.FOUND, Round.State.ACCEPTED)  # by retrievers, or by a reviewer


@dataclass(frozen=True)
class Standing:
    """Where a round stands with its retrievers, and how many of them the rules ask for."""

    n_found: int = 0
    n_missed: int = 0
    n_leased: int = 0
    n_usual: int = 2
    n_most: int = 3  # when they split

    @property
    def n_answers(self) -> int:
        return self.n_found + self.n_missed

    @property
    def verdict(self) -> Round.State | None:
        """All of the usual number agree, or of the most there may be a majority that nobody left could turn. A tie of
        the last of them is for a person."""
        lead, n_left = abs(self.n_found - self.n_missed), max(0, self.n_most - self.n_answers)
        agree = not (self.n_found and self.n_missed) or lead > n_left or not n_left
        if self.n_answers < self.n_usual or not agree:
            return None
        return Round.State.FOUND if self.n_found > self.n_missed else Round.State.NEEDS_REVIEW

    @property
    def n_needed(self) -> int:
        """How many answers there are when the round can be decided at the earliest."""
        if self.verdict or self.n_answers < self.n_usual:
            return max(self.n_usual, self.n_answers)
        lead = abs(self.n_found - self.n_missed)
        return self.n_answers + (self.n_most - self.n_answers - lead) // 2 + 1

    @property
    def n_places(self) -> int:
        """How many more retrievers may be dealt the round now."""
        return 0 if self.verdict else max(0, self.n_needed - self.n_answers - self.n_leased)


def standings(round_ids: Iterable[int], now: datetime) -> dict[int, Standing]:
    """The standing of each round; leases that have lapsed hold nothing."""
    ids = list(round_ids)
    counts = {row[0]: row[1:] for row in _counts(now, *ids)} if ids else {}
    asked = _asked(ids)
    return {round_id: _standing(counts.get(round_id, (0, 0, 0)), asked.get(round_id, 0)) for round_id in ids}


@prepared
def _counts(now: datetime, *round_ids: int) -> QuerySet[Retrieval, tuple[int, int, int, int]]:
    """A round's answers that found, those that missed, and its leases; none where there are none."""
    leased = Q(state=Retrieval.State.DEALT, target_absent=False, is_gold=False, lease_until__gt=now)
    return (
        Retrieval.objects.filter(round_id__in=round_ids)
        .order_by()
        .values_list("round_id")
        .annotate(
            n_found=Count("pk", filter=COUNTS & Q(rank__gt=0)),
            n_missed=Count("pk", filter=COUNTS & Q(rank=0)),
            n_leased=Count("pk", filter=leased),
        )
    )


def _standing(counts: tuple[int, int, int], n_asked: int) -> Standing:
    rule = rules.current()
    return Standing(*counts, max(rule.n_retrievers, n_asked), max(rule.n_retrievers_most, n_asked))


def _asked(round_ids: list[int]) -> dict[int, int]:
    """How many answers reviewers want who sent rounds back: one more than there were."""
    latest = dict(_sent_back(*round_ids)) if round_ids else {}
    return {round_id: counted(round_id).filter(answered_at__lte=at).count() + 1 for round_id, at in latest.items()}


@prepared
def _sent_back(*round_ids: int) -> QuerySet[Judgement, tuple[int, datetime]]:
    sent_back = Judgement.objects.filter(verdict=Judgement.Verdict.SEND_BACK, undone_at=None)
    sent_back = sent_back.filter(case__round_id__in=round_ids, case__round_id__isnull=False)
    return sent_back.order_by("at").values_list("case__round_id", "at")


def standing_of(round_id: int) -> Standing:
    return standings([round_id], timezone.now())[round_id]


def counted(round_id: int) -> QuerySet[Retrieval]:
    return Retrieval.objects.filter(COUNTS, round_id=round_id).select_related("player").order_by("answered_at", "pk")


@prepared
def answers_of(round_id: int) -> QuerySet[Retrieval]:
    """Those that count, with who gave them and the query that gave it away."""
    return counted(round_id).select_related("gave_away")


def live_queries(round_id: int) -> QuerySet[Query]:
    return Query.objects.filter(round_id=round_id, removed_at=None)


@prepared
def queries_of(round_id: int) -> QuerySet[Query]:
    return live_queries(round_id)


@prepared
def words_of(round_id: int) -> QuerySet[Query, str]:
    return live_queries(round_id).values_list("text", flat=True)


def texts_of(round_ids: Iterable[int]) -> dict[int, list[str]]:
    """What is written for each round, in order."""
    texts: dict[int, list[str]] = {round_id: [] for round_id in round_ids}
    for round_id, text in Query.objects.filter(round_id__in=texts, removed_at=None).values_list("round_id", "text"):
        texts[round_id].append(text)
    return texts


def best_ranks(round_ids: Iterable[int]) -> dict[int, int]:
    """The best place any retriever gave the sticker of each round that was answered; 0 where none found it."""
    best: dict[int, int] = {}
    ids = list(round_ids)
    for round_id, rank in _ranks(*ids) if ids else ():
        held = best.get(round_id, 0)
        best[round_id] = min(held, rank) if held and rank else held or rank
    return best


@prepared
def _ranks(*round_ids: int) -> QuerySet[Retrieval, tuple[int, int]]:
    return Retrieval.objects.filter(COUNTS, round_id__in=round_ids).order_by().values_list("round_id", "rank")


def novelties(round_id: int) -> list[float]:
    return [query.novelty for query in queries_of(round_id) if query.novelty is not None]
