"""How things stood at a moment, where the row only says how they stand now.

Facts carry their time and need nothing of this. What a person may change and change back is read from the record of the
changes since: the earliest change after the moment says what it found.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import Q

from sticktionary.models import (
    AuditEntry,
    Judgement,
    Revision,
    Ruling,
    SameStickers,
    Sanction,
    Sticker,
    Tombstone,
)

Said = tuple[str, str, str]  # verdict, mended text, mended text normalised


def withdrawn_stickers(moment: datetime) -> set[int]:
    now = set(Sticker.objects.filter(state=Sticker.State.WITHDRAWN).values_list("pk", flat=True))
    for sticker_id, state in _states_before(moment).items():
        (now.add if state == Sticker.State.WITHDRAWN else now.discard)(sticker_id)
    return now


def _states_before(moment: datetime) -> dict[int, str]:
    changes = AuditEntry.objects.filter(verb__startswith="sticker_", subject__startswith="sticker ", at__gte=moment)
    before: dict[int, str] = {}
    for subject, detail in changes.order_by("at", "pk").values_list("subject", "detail"):
        if "was" in detail:
            before.setdefault(int(subject.split()[1]), detail["was"])
    return before


def excluded_players(moment: datetime) -> set[int]:
    imposed = Sanction.objects.filter(step=Sanction.Step.EXCLUDED, at__lt=moment)
    return set(imposed.filter(Q(lifted_at=None) | Q(lifted_at__gte=moment)).values_list("player_id", flat=True))


def taken_back(kind: str, moment: datetime) -> set[int]:
    return set(Tombstone.objects.filter(kind=kind, at__lt=moment).values_list("subject", flat=True))


# --- what reviewers said ---


def rulings(moment: datetime) -> dict[int, Said]:
    """By query, as the judgements in force then had it."""
    turned = _rounds_judged_since(moment)
    said = {
        query_id: (verdict, text, normalised)
        for query_id, verdict, text, normalised, round_id in Ruling.objects.order_by("pk")
        .values_list("query_id", "verdict", "text", "normalised", "query__round_id")
        .iterator()
        if round_id not in turned
    }
    for rows in turned.values():
        said |= {row["query_id"]: (row["verdict"], row["text"], row["normalised"]) for row in rows}
    return said


def _rounds_judged_since(moment: datetime) -> dict[int, list[dict[str, Any]]]:
    """The rulings of each round that was judged since, as they were before the first of it."""
    first: dict[int, tuple[datetime, list[dict[str, Any]]]] = {}
    for round_id, at, rows in _turns_since(moment):
        if round_id not in first or at < first[round_id][0]:
            first[round_id] = (at, rows)
    return {round_id: rows for round_id, (_at, rows) in first.items()}


def _turns_since(moment: datetime) -> Iterator[tuple[int, datetime, list[dict[str, Any]]]]:
    of_rounds = Judgement.objects.filter(case__round__isnull=False)
    columns = ("case__round_id", "at", "undone_at", "detail")
    since = of_rounds.filter(Q(at__gte=moment) | Q(undone_at__gte=moment)).order_by("pk").values_list(*columns)
    for round_id, at, undone_at, detail in since:
        if at >= moment:
            yield round_id, at, detail.get("before", {}).get("rulings", [])
        else:
            yield round_id, undone_at, detail.get("after", {}).get("rulings", [])


def same_stickers(moment: datetime) -> list[tuple[int, int]]:
    """Pairs that reviewers found to say the same; a judgement that was undone since still holds."""
    held = set(SameStickers.objects.filter(judgement__at__lt=moment).values_list("first_id", "second_id"))
    undone = Judgement.objects.filter(verdict=Judgement.Verdict.SAME, at__lt=moment, undone_at__gte=moment)
    pairs = [detail["same"] for detail in undone.values_list("detail", flat=True) if "same" in detail]
    return sorted(held | {(first, second) for first, second in pairs})


def gave_away(moment: datetime) -> dict[int, int | None]:
    """Of retrievals whose line was named or renamed since: the line that had been named before, if any was."""
    named = Revision.objects.filter(move="gave_away", turn__retrieval__isnull=False).order_by("at", "pk")
    columns = ("turn__retrieval_id", "detail")
    late = dict.fromkeys(named.filter(at__gte=moment).values_list("turn__retrieval_id", flat=True))
    before = named.filter(at__lt=moment, turn__retrieval__in=list(late)) if late else named.none()
    return late | {retrieval_id: detail["query"] for retrieval_id, detail in before.values_list(*columns)}
