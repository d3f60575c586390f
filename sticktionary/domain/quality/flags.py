"""Flags: something that looked wrong, with its evidence. They accuse nobody until a person has looked."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from sticktionary.models import Flag


@transaction.atomic
def raise_flag(
    *,
    kind: str,
    player_id: int,
    key: str,
    evidence: dict[str, Any],
    partner_id: int | None = None,
    round_id: int | None = None,
    query_id: int | None = None,
    retrieval_id: int | None = None,
) -> Flag | None:
    """Raise a flag once; None when the same thing was flagged before, whatever became of it."""
    flag, is_new = Flag.objects.get_or_create(
        key=key,
        defaults={
            "kind": kind,
            "player_id": player_id,
            "partner_id": partner_id,
            "round_id": round_id,
            "query_id": query_id,
            "retrieval_id": retrieval_id,
            "evidence": evidence,
            "at": timezone.now(),
        },
    )
    return flag if is_new else None


def sweep() -> int:
    """Look at those who played since the last time; answers with the number of new flags."""
    return 0
