"""Where cases come from: what no retriever could settle, what was flagged, what was halted, what a player appeals."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from sticktionary.domain import rules
from sticktionary.models import Case, Round, Sticker

Kind = Case.Kind
OF_ROUNDS = (Kind.NOT_FOUND, Kind.SPLIT, Kind.FOUND, Kind.FLAGGED)  # a round has one open case of these at most


@transaction.atomic
def open_case(
    *,
    kind: str,
    round_id: int | None = None,
    sticker_id: int | None = None,
    player_id: int | None = None,
    sanction_id: int | None = None,
    reasons: Iterable[str] = (),
    words: str = "",
    language: str = "",
) -> Case | None:
    """Ask a person. None when somebody is asked already, who then reads the new reasons too, or when the rules say that
    none is needed."""
    if not is_wanted(kind):
        return None
    _lock(round_id, sticker_id)
    reasons = list(dict.fromkeys(reasons))
    held = Case.objects.select_for_update(of=("self",)).filter(
        _subject(kind, round_id, sticker_id, player_id, sanction_id), state=Case.State.OPEN
    )
    if case := held.first():
        _add_reasons(case, [kind, *reasons] if kind != case.kind else reasons)
        return None
    return Case.objects.create(
        kind=kind,
        round_id=round_id,
        sticker_id=sticker_id,
        player_id=player_id,
        sanction_id=sanction_id,
        reasons=reasons,
        words=words,
        language=language or _language_of(round_id),
        opened_at=timezone.now(),
    )


def is_wanted(kind: str) -> bool:
    """Whether the rules in force have people look at this kind; a halted sticker and an appeal always have."""
    now = rules.current()
    return {
        Kind.NOT_FOUND.value: now.review_not_found,
        Kind.SPLIT.value: now.review_split,
        Kind.FLAGGED.value: now.review_flagged,
        Kind.FOUND.value: not now.take_found,
    }.get(kind, True)


def is_asked(case: Case) -> bool:
    """Whether another open case asks the same."""
    about = _subject(case.kind, case.round_id, case.sticker_id, case.player_id, case.sanction_id)
    return Case.objects.filter(about, state=Case.State.OPEN).exclude(pk=case.pk).exists()


def close_cases(cases: Iterable[Case]) -> list[int]:
    """Settle open cases without a verdict, since what they are about is settled; their ids."""
    ids = [case.pk for case in cases]
    Case.objects.filter(pk__in=ids).update(
        state=Case.State.CLOSED, decided_at=timezone.now(), held_by=None, held_until=None
    )
    return ids


def _lock(round_id: int | None, sticker_id: int | None) -> None:
    """Two that report the same thing at once follow one another, and the second finds the first one's case."""
    if round_id is not None:
        Round.objects.select_for_update(no_key=True, of=("self",)).filter(pk=round_id).first()
    elif sticker_id is not None:
        Sticker.objects.select_for_update(no_key=True, of=("self",)).filter(pk=sticker_id).first()


def _subject(
    kind: str, round_id: int | None, sticker_id: int | None, player_id: int | None, sanction_id: int | None
) -> Q:
    if kind == Kind.APPEAL:
        return Q(kind=kind, player=player_id, round=round_id, sanction=sanction_id)
    return Q(kind__in=OF_ROUNDS, round=round_id) if round_id else Q(kind=kind, sticker=sticker_id)


def _add_reasons(case: Case, reasons: Iterable[str]) -> None:
    added = list(dict.fromkeys([*case.reasons, *reasons]))
    if added != case.reasons:
        Case.objects.filter(pk=case.pk).update(reasons=added)


def _language_of(round_id: int | None) -> str:
    return Round.objects.values_list("language", flat=True).get(pk=round_id) if round_id else ""
