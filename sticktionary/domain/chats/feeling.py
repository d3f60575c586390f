"""How the words of a turn feel, as reviewers find: glad, not glad, both, or neither."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from sticktionary.domain.errors import Refused
from sticktionary.domain.people import accounts
from sticktionary.models import AuditEntry, Conversation, Player, TurnPolarity, Utterance

PERMISSION = "review"
Feeling = TurnPolarity.Feeling
SIDES = {Feeling.GLAD: (1, 0), Feeling.NOT_GLAD: (0, 1), Feeling.BOTH: (1, 1), Feeling.NEITHER: (0, 0)}
"""(glad, not glad)."""


@transaction.atomic
def tell(*, actor: Player, utterance_id: int, feeling: str) -> None:
    """Say how a turn feels; another word of the same person takes the place of their first."""
    accounts.require(actor, PERMISSION)
    if feeling not in Feeling.values:
        raise Refused("no_such_label", _("Choose one of them first."))
    turn = Utterance.objects.select_related("session").filter(pk=utterance_id).exclude(text="").first()
    if turn is None:
        raise Refused("no_such_turn", _("There is no such turn any more, or nobody says a word in it."))
    if not Conversation.objects.filter(pk=turn.session.conversation_id, is_active=True).exists():
        raise Refused("withdrawn", _("This conversation was taken back before."))
    TurnPolarity.objects.create(utterance=turn, feeling=feeling, by=actor, at=timezone.now())
    detail = {"feeling": feeling}
    AuditEntry.objects.create(actor=actor, verb="tell_polarity", subject=f"turn {turn.pk}", detail=detail)


def told(
    turn_ids: Collection[int] | QuerySet[Any, Any], before: datetime, left_out: frozenset[int] = frozenset()
) -> dict[int, Counter[Feeling]]:
    """By turn, how many said what last."""
    rows = TurnPolarity.objects.filter(utterance__in=turn_ids, at__lt=before).order_by("at", "pk")
    last = {(row.utterance_id, row.by_id or -row.pk): row for row in rows if row.by_id not in left_out}
    found: dict[int, Counter[Feeling]] = {}
    for row in last.values():
        if row.feeling != Feeling.UNSAID:
            found.setdefault(row.utterance_id, Counter())[Feeling(row.feeling)] += 1
    return found


def together(counts: Counter[Feeling]) -> Feeling | None:
    """What more of them say than anything else."""
    most = max(counts.values(), default=0)
    first = [feeling for feeling, n in counts.items() if n == most]
    return first[0] if len(first) == 1 else None
