"""What players wrote or tried to write that has no place in a dictionary: contact data, abuse, another script."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from sticktionary.domain.errors import Refused
from sticktionary.domain.play import attempts as refused
from sticktionary.domain.play import checks, contact
from sticktionary.domain.quality import words
from sticktionary.domain.quality.traces import Finding
from sticktionary.models import Flag, Query, Revision, Round

Kind = Flag.Kind
LATELY = timedelta(days=30)
MOST = {Kind.CONTACT: 2, Kind.ABUSIVE: 2, Kind.WRONG_SCRIPT: 8}  # pages; fewer are slips or a keyboard not yet switched
RECHECKED = 200  # of a player's latest queries
N_EXAMPLES = 5


def attempts(player_id: int, rulings: Mapping[str, datetime]) -> list[Finding]:
    """On how many pages somebody tried what was refused."""
    notes = Revision.objects.filter(turn__sitting__player=player_id, move=refused.MOVE, at__gte=timezone.now() - LATELY)
    pages: Counter[str] = Counter()
    held = {(note.detail["code"], note.turn_id) for note in notes if _is_new(note, rulings)}
    pages.update(code for code, _ in held)
    return [
        Finding(kind, {"pattern": "attempts", "n_pages": pages[kind]})
        for kind, most in MOST.items()
        if pages[kind] > most
    ]


def _is_new(note: Revision, rulings: Mapping[str, datetime]) -> bool:
    ruled_at = rulings.get(note.detail["code"])
    return ruled_at is None or note.at > ruled_at


def slipped_through(player_id: int) -> list[dict[str, Any]]:
    """Flags to raise for queries that the checks of today would refuse: a word was added, a pattern was mended."""
    lines = Query.objects.filter(round__labeler=player_id, removed_at=None, round__submitted_at__isnull=False)
    lines = lines.exclude(round__source=Round.Source.PRACTICE).select_related("round").order_by("-pk")
    return [claim for query in lines[:RECHECKED] if (claim := claim_against(query))]


def claim_against(query: Query) -> dict[str, Any] | None:
    kind, evidence = _wrong_with(query.text, query.normalised, query.round.language)
    if not kind:
        return None
    return {
        "kind": kind,
        "player_id": query.round.labeler_id,
        "round_id": query.round_id,
        "query_id": query.pk,
        "key": f"{kind}:query:{query.pk}",
        "evidence": {"pattern": "text", "text": query.text} | evidence,
    }


def _wrong_with(text: str, normalised: str, language: str) -> tuple[str, dict[str, Any]]:
    if word := words.found_in(normalised):
        return Kind.ABUSIVE, {"word": word}
    if found := next(contact.places(text), None):
        return Kind.CONTACT, {"what": found[0]}
    try:
        checks.check_form(text, language)
    except Refused as refusal:
        if refusal.code in {Kind.CONTACT, Kind.WRONG_SCRIPT}:
            return refusal.code, {}
    return "", {}


def holding(word: str) -> Iterable[Query]:
    """Submitted queries of players that a word might stand in."""
    lines = Query.objects.filter(normalised__contains=word, removed_at=None, round__submitted_at__isnull=False)
    return (
        lines.filter(round__labeler__isnull=False).exclude(round__source=Round.Source.PRACTICE).select_related("round")
    )


def examples(round_ids: Iterable[int]) -> list[str]:
    lines = Query.objects.filter(round_id__in=list(round_ids), removed_at=None).order_by("round_id", "position", "pk")
    return list(dict.fromkeys(lines.values_list("text", flat=True)))[:N_EXAMPLES]
