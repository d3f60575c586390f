"""The page a player is on: taken by its signed lease, held by the clock, every move noted once."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.core import signing
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from sticktionary.domain.errors import NotAllowed, Refused
from sticktionary.domain.play import outcome
from sticktionary.domain.prepared import prepared
from sticktionary.models import PlayDay, Player, Retrieval, Revision, Round, Sitting, Turn

LEASE = timedelta(minutes=10)
_signer = signing.Signer(salt="sticktionary.lease")


def lease_of(turn_id: int, player_id: int) -> str:
    return _signer.sign(f"{player_id}.{turn_id}")


def turn_id_of(lease: str, player_id: int) -> int:
    """The turn a lease was signed for, if it was signed for this player."""
    try:
        owner, turn_id = map(int, _signer.unsign(lease).split("."))
    except (signing.BadSignature, ValueError):
        owner = turn_id = 0
    if owner != player_id:
        raise NotAllowed("bad_lease", _("This page was not dealt to you."))
    return turn_id


def take(player_id: int, lease: str, role: str) -> Turn:
    """The leased turn with its sitting locked: one player's moves follow one another, whatever page they come from."""
    turn_id = turn_id_of(lease, player_id)
    if not _locked_sitting(turn_id, player_id):
        raise NotAllowed("bad_lease", _("This page was not dealt to you."))
    [turn] = _with_its_page(turn_id)
    if turn.role != role:
        raise Refused("wrong_page", _("That cannot be done on this page."))
    return turn


@prepared
def _locked_sitting(turn_id: int, player_id: int) -> QuerySet[Sitting]:
    sittings = Sitting.objects.select_for_update(no_key=True, of=("self",))
    return sittings.filter(turns__pk=turn_id, player_id=player_id)


@prepared
def _with_its_page(turn_id: int) -> QuerySet[Turn]:
    return Turn.objects.select_related("round__sticker__pack", "retrieval", "sitting").filter(pk=turn_id)


def lease_until(turn: Turn) -> datetime:
    held = turn.retrieval.lease_until if turn.retrieval else turn.round.lease_until
    return held or turn.dealt_at


def require_live(turn: Turn) -> None:
    """Refuse a move on a page that is finished, or that lapsed and is needed no longer."""
    if turn.state != Turn.State.PLAYING:
        raise Refused("turn_over", _("This page is finished."))
    if has_lapsed(turn):
        take_back(turn)


def has_lapsed(turn: Turn) -> bool:
    return lease_until(turn) <= timezone.now()


def take_back(turn: Turn) -> None:
    """Lease a lapsed page again. Stickers are nobody's own, so writing always goes on, with all that was written; a
    retrieval goes on while its round has a place left."""
    if turn.retrieval and turn.round.source != Round.Source.PRACTICE:
        Round.objects.select_for_update(no_key=True, of=("self",)).get(pk=turn.round_id)
        if not is_still_needed(turn):
            raise Refused("went_to_others", _("This page had waited for ten minutes and went to somebody else."))
    renew(turn)


def is_still_needed(turn: Turn) -> bool:
    """A gold round was decided long ago; as any other page does, it waits for who comes back to it."""
    if turn.retrieval and turn.retrieval.is_gold:
        return True
    state = Round.objects.values_list("state", flat=True).get(pk=turn.round_id)
    return state == Round.State.OPEN and outcome.standing_of(turn.round_id).n_places > 0


def renew(turn: Turn) -> None:
    until = timezone.now() + LEASE
    if turn.retrieval:
        turn.retrieval.lease_until = until
        Retrieval.objects.filter(pk=turn.retrieval.pk).update(lease_until=until)
    else:
        turn.round.lease_until = until
        Round.objects.filter(pk=turn.round.pk).update(lease_until=until)


def is_repeated(turn: Turn, key: str) -> bool:
    """Whether the move of this key was carried out already."""
    return bool(_of_key(turn.pk, key))


@prepared
def _of_key(turn_id: int, key: str) -> QuerySet[Revision, int]:
    return Revision.objects.filter(turn_id=turn_id, key=key).values_list("pk", flat=True)


def note(turn: Turn, key: str, move: str, **detail: Any) -> None:
    Revision.objects.create(round_id=turn.round_id, turn=turn, key=key, move=move, detail=detail, at=timezone.now())


def finish(turn: Turn, player_id: int) -> None:
    """The page is played: it counts for the sitting and for the day."""
    turn.state, turn.ended_at = Turn.State.DONE, timezone.now()
    turn.save(update_fields=["state", "ended_at"])
    count_day(player_id, turn.ended_at.date())


def drop(turn: Turn) -> None:
    turn.state, turn.ended_at = Turn.State.DROPPED, timezone.now()
    turn.save(update_fields=["state", "ended_at"])


def count_day(player_id: int, day: date) -> None:
    of_day = PlayDay.objects.filter(player_id=player_id, day=day)
    if not of_day.update(n_rounds=F("n_rounds") + 1):
        PlayDay.objects.get_or_create(player_id=player_id, day=day)
        of_day.update(n_rounds=F("n_rounds") + 1)


def stop_waiting(player_id: int) -> None:
    Player.objects.filter(pk=player_id, waiting_since__isnull=False).update(waiting_since=None)
