"""Waiting for a round that somebody is writing right now, instead of playing one of the house's."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from sticktionary.domain.errors import Refused
from sticktionary.domain.events import announce
from sticktionary.domain.play import dealing, turns
from sticktionary.domain.prepared import prepared
from sticktionary.models import Player, Round, Turn

STILL_WRITING = timedelta(minutes=3)  # since the last move


def writers(language: str, player_id: int) -> QuerySet[Round]:
    """Rounds that others are writing in this language, with a recent move."""
    return _writers(language, player_id, _fresh())


def _writers(language: str, player_id: int, fresh: datetime) -> QuerySet[Round]:
    writing = Round.objects.filter(language=language, state=Round.State.LABELLING, source=Round.Source.PLAY)
    return writing.filter(lease_until__gt=fresh).exclude(labeler_id=player_id)


@prepared
def _one_writer(language: str, player_id: int, fresh: datetime) -> QuerySet[Round, int]:
    return _writers(language, player_id, fresh).order_by().values_list("pk", flat=True)[:1]


def _fresh() -> datetime:
    """Leases that end later than this were renewed lately."""
    return timezone.now() + turns.LEASE - STILL_WRITING


def can_wait(turn: Turn, player: Player) -> bool:
    """Only an untouched round of the house is given back, and only while there is something to wait for."""
    return (
        turn.round.source == Round.Source.HOUSE
        and turn.retrieval is not None
        and not turn.retrieval.suggestions.exists()
        and bool(_one_writer(player.language, player.pk, _fresh()))
    )


@transaction.atomic
def wait(*, player_id: int, lease: str, key: str) -> None:
    turn = turns.take(player_id, lease, Turn.Role.RETRIEVER)
    if turns.is_repeated(turn, key):
        return
    turns.require_live(turn)
    if not can_wait(turn, Player.objects.get(pk=player_id)):
        raise Refused("nobody_writes", _("Nobody is writing just now. Play this one meanwhile."))
    dealing.lapse(turn)
    turns.note(turn, key, "wait")
    Player.objects.filter(pk=player_id).update(waiting_since=timezone.now())
    announce(player_id)
    transaction.on_commit(lambda: dealing.deal_live(player_id), robust=True)


@transaction.atomic
def stop_waiting(*, player_id: int) -> None:
    """Play on with whatever there is."""
    turns.stop_waiting(player_id)
    dealing.deal(player_id=player_id)


def hand_over(language: str) -> None:
    """Deal what was just submitted to those who wait, the longest waiting first. After the writer's commit, in
    transactions of its own, so that no two players' pages are ever locked together."""
    since = timezone.now() - dealing.WAIT
    waiting = Player.objects.filter(language=language, waiting_since__gt=since).order_by("waiting_since", "pk")
    for player_id in list(waiting.values_list("pk", flat=True)):
        dealing.deal_live(player_id)
