"""Closing rounds: when their retrievers agree, when too many passed them on, or when a changed rule asks for fewer."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from sticktionary.domain import catalogue, rules
from sticktionary.domain.events import announce
from sticktionary.domain.play import outcome
from sticktionary.domain.quality import gold
from sticktionary.domain.review import casework
from sticktionary.models import Case, Retrieval, Round, RuleSet

BY_PEOPLE = (Round.Source.PLAY, Round.Source.SUGGESTION)
NEWS_FOR = timedelta(minutes=1)  # after which every process has long seen a change of the rules
_swept_for: int | None = None


def decide(round_: Round) -> None:
    """Close a locked open round once its retrievers agree; what was found becomes searchable, the rest goes to a
    person."""
    standing = outcome.standing_of(round_.pk)
    if round_.state != Round.State.OPEN or standing.verdict is None:
        return
    if standing.verdict == Round.State.FOUND and rules.current().take_found:
        _close(round_, Round.State.FOUND)
        _take(round_)
    else:
        _close(round_, Round.State.NEEDS_REVIEW)
        casework.open_case(kind=_kind(standing), round_id=round_.pk, language=round_.language)


def _close(round_: Round, state: Round.State) -> None:
    round_.state, round_.decided_at = state, timezone.now()
    round_.save(update_fields=["state", "decided_at"])


def _take(round_: Round) -> None:
    if round_.source in BY_PEOPLE:
        catalogue.index_changed([round_.sticker_id])
    gold.consider(round_)


def _kind(standing: outcome.Standing) -> str:
    if standing.verdict == Round.State.FOUND:
        return Case.Kind.FOUND
    return Case.Kind.SPLIT if standing.n_found else Case.Kind.NOT_FOUND


def give_up(round_: Round, *, reason: str) -> None:
    """Send an open round to a person without a verdict of its retrievers."""
    held = Round.objects.select_for_update(no_key=True, of=("self",)).get(pk=round_.pk)
    if held.state == Round.State.OPEN:
        _close(held, Round.State.NEEDS_REVIEW)
        casework.open_case(kind=Case.Kind.NOT_FOUND, round_id=held.pk, reasons=[reason], language=held.language)


# --- after a change of the rules ---


def decide_complete() -> int:
    """Decide the open rounds that have answers enough by the rules as they are now; the number that were closed."""
    rules.forget()
    n_usual = rules.current().n_retrievers
    answered = Retrieval.objects.filter(outcome.COUNTS, round__state=Round.State.OPEN)
    played = answered.exclude(round__source=Round.Source.PRACTICE).order_by()
    complete = played.values_list("round").annotate(n=Count("pk")).filter(n__gte=n_usual)
    return sum(_decide_again(round_id) for round_id in [round_id for round_id, _n in complete])


@transaction.atomic
def _decide_again(round_id: int) -> bool:
    round_ = Round.objects.select_for_update(no_key=True, of=("self",)).get(pk=round_id)
    was = round_.state
    decide(round_)
    if round_.state != was:
        announce(round_.labeler_id)
    return round_.state != was


def sweep() -> int:
    """Do so while a change of the rules is news and once after; nothing when none has changed since."""
    global _swept_for
    newest = RuleSet.objects.order_by("-pk").first()
    if newest is None or newest.pk == _swept_for:
        return 0
    n_closed = decide_complete()
    if timezone.now() - newest.at > NEWS_FOR:
        _swept_for = newest.pk
    return n_closed
