"""Every point with its reason, once; `Player.points` is the sum and changes in the same transaction."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from sticktionary.domain.events import announce
from sticktionary.models import LedgerEntry, Player, Retrieval, Round


@dataclass(frozen=True)
class Payment:
    player_id: int
    n_points: int
    reason: str
    key: str  # what it is for
    round: Round | None = None
    retrieval: Retrieval | None = None
    detail: dict[str, Any] = field(default_factory=dict)


@transaction.atomic(savepoint=False)
def pay(payments: Iterable[Payment]) -> None:
    """Write down and add up what has not been paid before. In the players' order, so that two moves that pay the same
    two players wait for one another instead of for ever."""
    for payment in sorted(payments, key=lambda payment: payment.player_id):
        if payment.n_points and _write(payment):
            Player.objects.filter(pk=payment.player_id).update(points=F("points") + payment.n_points)
            announce(payment.player_id)


def _write(payment: Payment) -> bool:
    _, is_new = LedgerEntry.objects.get_or_create(
        key=payment.key,
        defaults={
            "player_id": payment.player_id,
            "n_points": payment.n_points,
            "reason": payment.reason,
            "round": payment.round,
            "retrieval": payment.retrieval,
            "detail": payment.detail,
            "at": timezone.now(),
        },
    )
    return is_new
