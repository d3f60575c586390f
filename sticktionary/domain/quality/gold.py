"""Gold rounds: rounds whose answer is beyond doubt, dealt again now and then to see who looks. Nobody is told which.

A round gets there by itself. One that all its retrievers found at once is put on probation; while there is no gold for
a player, they are dealt such a round as one more retriever, whose answer counts like any other; when as many as the
rules ask for have found it at once and nobody has not, it is gold, until it was dealt so often that it may be known.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

from django.db.models import Count, F, Q, QuerySet
from django.utils import timezone

from sticktionary.domain import rules
from sticktionary.domain.play import chance, choosing, outcome
from sticktionary.domain.prepared import prepared
from sticktionary.models import Gold, Player, Retrieval, Round

_LOOK_AT = 24  # of those dealt least; one of them by chance
_BOARD = 4 * _LOOK_AT  # of the shelf, at a time


def is_due(player: Player) -> bool:
    """By chance, since a player who could count would know."""
    rule = rules.current()
    is_new = sum(_n_looked_up(player.pk)) < rule.gold_first
    one_in = rule.gold_every_first if is_new else rule.gold_every
    return bool(one_in) and chance.happens(1 / one_in)


@prepared
def _n_looked_up(player_id: int) -> QuerySet[Retrieval, int]:
    """How many rounds, as one row; none where there are none."""
    looked_up = Retrieval.objects.filter(player_id=player_id).exclude(round__source=Round.Source.PRACTICE)
    return looked_up.order_by().values("player_id").annotate(n=Count("pk")).values_list("n", flat=True)


def next_round(player: Player) -> tuple[Round, bool] | None:
    """A round for a player who is due for gold, and whether it is gold; where there is none, one on probation."""
    if gold := _one_of(_fitting(player, Q(promoted_at__isnull=False))):
        _expose(gold)
        return gold.round, True
    if (probation := _one_of(_fitting(player, Q(promoted_at=None)), of_rounds=True)) and _is_free(probation.round):
        return probation.round, False
    return None


def _fitting(player: Player, wanted: Q) -> list[int]:
    """What an ordinary page could be as well: nothing of their own, nothing they have seen, no tiring partner. The
    shelf is gone through a board at a time, from those dealt least: asked of all of it at once, the database would
    look at every round that was ever found."""
    in_use = Gold.objects.filter(wanted, retired_at=None, n_exposures__lt=rules.current().gold_exposures_most)
    shelf = in_use.order_by("n_exposures", "pk").values_list("pk", "round")
    fitting: list[int] = []
    for start in itertools.count(0, _BOARD):
        board = list(shelf[start : start + _BOARD])
        if not board:
            break
        unseen = choosing.unseen_by(player, Round.objects.filter(state__in=outcome.PROVEN))
        unseen = unseen.exclude(labeler_id__in=choosing.tiring_partners(player))
        fits = set(unseen.filter(pk__in=[round_id for _gold, round_id in board]).values_list("pk", flat=True))
        fitting += [gold_id for gold_id, round_id in board if round_id in fits]
        if len(fitting) >= _LOOK_AT or len(board) < _BOARD:
            break
    return fitting[:_LOOK_AT]


def _one_of(ids: Sequence[int], *, of_rounds: bool = False) -> Gold | None:
    if not ids:
        return None
    of = ("self", "round") if of_rounds else ("self",)
    free = Gold.objects.select_for_update(skip_locked=True, no_key=True, of=of).select_related("round__sticker")
    return free.filter(pk=chance.dice.choice(ids)).first()


def _is_free(round_: Round) -> bool:
    """One at a time tries a round that is on probation."""
    standing = outcome.standing_of(round_.pk)
    return not standing.n_leased and standing.n_answers < rules.current().gold_after_found_at_once


def _expose(gold: Gold) -> None:
    Gold.objects.filter(pk=gold.pk).update(n_exposures=F("n_exposures") + 1)
    worn = Gold.objects.filter(pk=gold.pk, n_exposures__gte=rules.current().gold_exposures_most)
    worn.update(retired_at=timezone.now())


# --- promotion ---


def consider(round_: Round) -> None:
    """Put a round that was just found on probation, or among the gold when it has been found at once often enough."""
    ranks = _ranks(round_)
    if not ranks or any(rank != 1 for rank in ranks):
        return
    is_enough = len(ranks) >= rules.current().gold_after_found_at_once
    Gold.objects.get_or_create(round=round_, defaults={"promoted_at": timezone.now() if is_enough else None})


def weigh(round_: Round) -> None:
    """Judge a round on probation anew after one more answer: gold when enough found it at once, never gold when one of
    them did not."""
    if not _on_probation(round_.pk):
        return
    probation = Gold.objects.filter(round=round_, promoted_at=None, retired_at=None)
    ranks = _ranks(round_)
    if any(rank != 1 for rank in ranks):
        probation.update(retired_at=timezone.now())
    elif len(ranks) >= rules.current().gold_after_found_at_once:
        probation.update(promoted_at=timezone.now())


@prepared
def _on_probation(round_id: int) -> QuerySet[Gold, int]:
    return Gold.objects.filter(round_id=round_id, promoted_at=None, retired_at=None).values_list("pk", flat=True)


def _ranks(round_: Round) -> list[int]:
    return list(outcome.counted(round_.pk).values_list("rank", flat=True))


# --- what there is, for those who keep the game fair ---


def shelf() -> QuerySet[Gold]:
    """All gold rounds and those on probation, the most dealt first."""
    return Gold.objects.select_related("round__sticker").order_by("-n_exposures", "-pk")


def tried(round_ids: Iterable[int]) -> dict[int, tuple[int, int]]:
    """By round, how often its gold was answered and how often passed."""
    answers = Retrieval.objects.filter(round_id__in=round_ids, is_gold=True, state=Retrieval.State.ANSWERED)
    counts = answers.order_by().values_list("round_id").annotate(n=Count("pk"), hit=Count("pk", filter=Q(rank__gt=0)))
    return {round_id: (n, n_passed) for round_id, n, n_passed in counts}


def tally() -> dict[str, int]:
    """How many there are of each: gold, probation, retired."""
    return Gold.objects.aggregate(
        gold=Count("pk", filter=Q(retired_at=None, promoted_at__isnull=False)),
        probation=Count("pk", filter=Q(retired_at=None, promoted_at=None)),
        retired=Count("pk", filter=Q(retired_at__isnull=False, promoted_at__isnull=False)),
    )
