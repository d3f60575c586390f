"""What a player hears of later: what became of the words they wrote. At once over the socket, or when they are back."""

from __future__ import annotations

from django.utils import timezone

from sticktionary.domain.events import announce
from sticktionary.models import Notice, Retrieval, Round

MOST_SHOWN = 20


def outcome(round_: Round, retrieval: Retrieval, n_points: int) -> None:
    """Tell the labeler of a retriever's answer. That a suggestion was missed is no news: its author may be wrong."""
    kind = "found" if retrieval.rank else "not_found"
    if round_.source == Round.Source.SUGGESTION:
        kind = "suggestion_found"
    if round_.labeler_id is None or (kind == "suggestion_found" and not retrieval.rank):
        return
    Notice.objects.get_or_create(
        key=f"outcome:{retrieval.pk}",
        defaults={
            "player_id": round_.labeler_id,
            "kind": kind,
            "payload": {"retrieval": retrieval.pk, "n_points": n_points},
        },
    )
    announce(round_.labeler_id)


def seen(*, player_id: int, upto: int) -> None:
    """Not told again: the player's notices up to this one."""
    Notice.objects.filter(player_id=player_id, pk__lte=upto, seen_at=None).update(seen_at=timezone.now())
    announce(player_id)


def unseen(player_id: int) -> list[Notice]:
    return list(Notice.objects.filter(player_id=player_id, seen_at=None).order_by("-pk")[:MOST_SHOWN])[::-1]
