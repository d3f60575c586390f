"""The labeler's moves: one to five queries, written, changed, put in order, submitted; or the page passed on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from sticktionary.domain.errors import Refused
from sticktionary.domain.events import announce
from sticktionary.domain.lab import generated
from sticktionary.domain.play import (
    attempts,
    checks,
    dealing,
    ledger,
    machine,
    outcome,
    practice,
    scoring,
    turns,
    waiting,
    worn,
)
from sticktionary.domain.quality import words
from sticktionary.models import LedgerEntry, Preview, Query, Round, Turn

MOST = 5
LABELER = Turn.Role.LABELER


@dataclass(frozen=True)
class Desk:
    """What previews need to know of a page, read once so that typing asks no database."""

    lease: str
    round_id: int
    language: str
    target: int
    lease_until: datetime
    results_hidden: bool


@dataclass(frozen=True)
class Shown:
    """What a preview showed, to be kept as a fact."""

    round_id: int
    text: str
    at: datetime
    hits: list[int]
    target_rank: int | None
    model_version: str
    ms: float


def open_desk(*, player_id: int, lease: str) -> Desk:
    turn_id = turns.turn_id_of(lease, player_id)
    turn = Turn.objects.select_related("round", "retrieval").filter(pk=turn_id, sitting__player=player_id).first()
    if turn is None or turn.role != LABELER:
        raise Refused("wrong_page", _("That cannot be done on this page."))
    turns.require_live(turn)
    round_ = turn.round
    until = turns.lease_until(turn)
    return Desk(lease, round_.pk, round_.language, round_.sticker_id, until, round_.results_hidden)


def record_previews(shown: Iterable[Shown]) -> None:
    """Keep what was shown. The round is still there unless its player has left for good."""
    rows = list(shown)
    there = set(Round.objects.filter(pk__in={row.round_id for row in rows}).values_list("pk", flat=True))
    Preview.objects.bulk_create(
        Preview(
            round_id=row.round_id,
            text=row.text,
            at=row.at,
            hits=row.hits,
            target_rank=row.target_rank,
            model_version=row.model_version,
            ms=row.ms,
        )
        for row in rows
        if row.round_id in there
    )
    for round_id, model in {row.round_id: row.model_version for row in rows}.items():
        Round.objects.filter(pk=round_id).exclude(model_version=model).update(model_version=model)


@attempts.noted
@transaction.atomic
def add_query(*, player_id: int, lease: str, key: str, text: str, pasted: bool = False) -> list[str]:
    """Write one more query; answers with the codes of nudges."""
    turn = turns.take(player_id, lease, LABELER)
    if turns.is_repeated(turn, key):
        return []
    _require_writable(turn)
    held = outcome.queries_of(turn.round_id)
    if len(held) >= MOST:
        raise Refused("enough", _("Five are enough. Change or remove one first."))
    checked = _checked(turn, text, [query.normalised for query in held])
    query = Query.objects.create(
        round=turn.round,
        text=checked.text,
        normalised=checked.normalised,
        position=max((query.position for query in held), default=0) + 1,
        nudges=checked.nudges,
        pasted=pasted,
        added_at=timezone.now(),
    )
    _moved(turn, player_id, key, "add", query=query.pk, text=checked.text, nudges=checked.nudges)
    return checked.nudges


@attempts.noted
@transaction.atomic
def edit_query(*, player_id: int, lease: str, key: str, query_id: int, text: str, pasted: bool = False) -> list[str]:
    turn = turns.take(player_id, lease, LABELER)
    if turns.is_repeated(turn, key):
        return []
    _require_writable(turn)
    query = _own(turn, query_id)
    others = outcome.live_queries(turn.round_id).exclude(pk=query_id)
    checked = _checked(turn, text, [other.normalised for other in others])
    was, query.text = query.text, checked.text
    query.normalised, query.nudges = checked.normalised, checked.nudges
    query.pasted = query.pasted or pasted
    query.save(update_fields=["text", "normalised", "nudges", "pasted"])
    _moved(turn, player_id, key, "edit", query=query_id, was=was, text=checked.text, nudges=checked.nudges)
    return checked.nudges


@transaction.atomic
def remove_query(*, player_id: int, lease: str, key: str, query_id: int) -> None:
    turn = turns.take(player_id, lease, LABELER)
    if turns.is_repeated(turn, key):
        return
    _require_writable(turn)
    query = _own(turn, query_id)
    query.removed_at = timezone.now()
    query.save(update_fields=["removed_at"])
    _moved(turn, player_id, key, "remove", query=query_id, text=query.text)


@transaction.atomic
def reorder(*, player_id: int, lease: str, key: str, order: Sequence[int]) -> None:
    turn = turns.take(player_id, lease, LABELER)
    if turns.is_repeated(turn, key):
        return
    _require_writable(turn)
    held = {query.pk: query for query in outcome.queries_of(turn.round_id)}
    if sorted(order) != sorted(held):
        raise Refused("other_queries", _("The list has changed in the meantime. Look again."))
    for position, query_id in enumerate(order, start=1):
        held[query_id].position = position
    Query.objects.bulk_update(held.values(), ["position"])
    _moved(turn, player_id, key, "reorder", order=list(order))


@transaction.atomic
def submit(*, player_id: int, lease: str, key: str) -> machine.Guess | None:
    """Hand the round to retrievers, its novelty frozen. A practice round goes to the machine: its work is returned."""
    turn = turns.take(player_id, lease, LABELER)
    if turns.is_repeated(turn, key):
        return None
    _require_writable(turn)
    queries = outcome.queries_of(turn.round_id)
    if not queries:
        raise Refused("no_queries", _("Write at least one query first."))
    _freeze_novelty(turn.round, queries)
    turn.round.state, turn.round.submitted_at = Round.State.OPEN, timezone.now()
    turn.round.lease_until = None
    turn.round.save(update_fields=["state", "submitted_at", "lease_until"])
    turns.note(turn, key, "submit", queries=[query.pk for query in queries])
    turns.finish(turn, player_id)
    announce(player_id)
    if turn.round.source == Round.Source.PRACTICE:
        return _practised(turn, player_id)
    transaction.on_commit(lambda: waiting.hand_over(turn.round.language), robust=True)
    return None


def _practised(turn: Turn, player_id: int) -> machine.Guess | None:
    assert turn.round.labeler is not None
    ledger.pay([
        ledger.Payment(
            player_id, scoring.PRACTICE, LedgerEntry.Reason.PRACTISED, f"practised:write:{player_id}", turn.round
        )
    ])  # fmt: skip
    retrieval = practice.machine_retrieval(turn.round, turn.round.labeler)
    return machine.guess_for(retrieval) if retrieval else None


def _require_writable(turn: Turn) -> None:
    turns.require_live(turn)
    if not dealing.is_in_play(turn.round.sticker):
        raise Refused("sticker_gone", _("This sticker has been taken out of the game. Turn the page for another."))


def _checked(turn: Turn, text: str, others: Sequence[str]) -> checks.Checked:
    round_ = turn.round
    worn_out = worn.worn_out(round_.sticker_id, round_.language)
    checked = checks.check(text, language=round_.language, sticker=round_.sticker, worn_out=worn_out, others=others)
    words.require_harmless(checked.normalised)
    return checked


def _own(turn: Turn, query_id: int) -> Query:
    query = outcome.live_queries(turn.round_id).filter(pk=query_id).first()
    if query is None:
        raise Refused("no_such_query", _("That query is no longer in your list."))
    return query


def _moved(turn: Turn, player_id: int, key: str, move: str, **detail: object) -> None:
    turns.note(turn, key, move, **detail)
    turns.renew(turn)
    announce(player_id)


def _freeze_novelty(round_: Round, queries: Sequence[Query]) -> None:
    for query in queries:
        query.novelty = novelty_of(round_, query.normalised)
    Query.objects.bulk_update(queries, ["novelty"])


def novelty_of(round_: Round, normalised: str) -> float:
    likelihood = generated.likelihoods(round_.sticker_id, round_.language).get(normalised, 0.0)
    return scoring.query_novelty(_n_earlier(round_, normalised), likelihood)


def _n_earlier(round_: Round, normalised: str) -> int:
    """In how many rounds of the same sticker and language these words were submitted before."""
    earlier = Query.objects.filter(
        normalised=normalised,
        removed_at=None,
        round__sticker_id=round_.sticker_id,
        round__language=round_.language,
        round__submitted_at__isnull=False,
    )
    held = earlier.exclude(round__source=Round.Source.PRACTICE).exclude(round__state=Round.State.WITHDRAWN)
    return held.exclude(round_id=round_.pk).values("round_id").distinct().count()
