"""What was taken back: verbs to take something back, and what releases and training sets do about it.

Nothing of it is deleted. The next release leaves it out and names it by what earlier releases called it, so that those
who have one of them can leave it out, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from sticktionary.domain import catalogue
from sticktionary.domain.errors import Refused
from sticktionary.domain.people import accounts
from sticktionary.models import AuditEntry, Player, Query, Reply, Retrieval, Sticker, Tombstone

Kind = Tombstone.Kind


@transaction.atomic
def withdraw_query(*, actor: Player, query_id: int, why: str) -> None:
    """Leave a query out of all releases to come."""
    accounts.require(actor, "publish_release")
    query = Query.objects.select_related("round").filter(pk=query_id).first()
    if query is None:
        raise Refused("no_such_query", _("There is no such query."))
    _bury(Kind.QUERY, [query.pk], actor, why)
    catalogue.index_changed([query.round.sticker_id])


@transaction.atomic
def withdraw_sticker(*, actor: Player, sticker_id: int, why: str) -> None:
    """Leave a sticker out of play and of all releases to come, with everything that was said of it."""
    accounts.require(actor, "publish_release")
    if not Sticker.objects.filter(pk=sticker_id).exists():
        raise Refused("no_such_sticker", _("There is no such sticker."))
    _bury(Kind.STICKER, [sticker_id], actor, why)
    state = Sticker.State.WITHDRAWN
    catalogue.set_state(actor=actor, sticker_ids=[sticker_id], state=state, why=why, permission="publish_release")


@transaction.atomic
def withdraw_player(*, actor: Player, player_id: int, why: str) -> None:
    """Leave all that a player gave out of all releases to come: what they wrote, and what they looked up."""
    accounts.require(actor, "publish_release")
    if not Player.objects.filter(pk=player_id).exists():
        raise Refused("no_such_player", _("There is no such player."))
    _bury(Kind.PLAYER, [player_id], actor, why)


VERBS: dict[str, Callable[[Player, int, str], None]] = {
    Kind.QUERY.value: lambda actor, number, why: withdraw_query(actor=actor, query_id=number, why=why),
    Kind.STICKER.value: lambda actor, number, why: withdraw_sticker(actor=actor, sticker_id=number, why=why),
    Kind.PLAYER.value: lambda actor, number, why: withdraw_player(actor=actor, player_id=number, why=why),
}


def withdraw(*, actor: Player, kind: str, number: int, why: str) -> None:
    """Take back a query, a sticker or all that a player gave, by its number; with a reason, which is kept."""
    if kind not in VERBS:
        raise Refused("no_such_kind", _("That cannot be taken back."))
    if not why.strip():
        raise Refused("no_reason", _("Say why it is taken back."))
    VERBS[kind](actor, number, why.strip())


def let_go(player: Player) -> None:
    """A player deletes their account. As they agreed, what they submitted stays and is nobody's any more; what was left
    out while it was theirs stays out."""
    taken_back = Tombstone.objects.filter(kind=Kind.PLAYER, subject=player.pk).exists()
    if taken_back or player.sanctions.filter(step="excluded", lifted_at=None).exists():
        _keep_out(player)
    _bury(Kind.PLAYER, [player.pk], None, "account deleted")


def _keep_out(player: Player) -> None:
    written = Query.objects.filter(round__labeler=player, removed_at=None, round__submitted_at__isnull=False)
    answered = Retrieval.objects.filter(player=player, state=Retrieval.State.ANSWERED)
    replied = Reply.objects.filter(player=player)
    for kind, rows in ((Kind.QUERY, written), (Kind.ANSWER, answered), (Kind.REPLY, replied)):
        _bury(kind, list(rows.values_list("pk", flat=True)), None, "of a player who was left out")


def _bury(kind: str, subjects: Iterable[int], actor: Player | None, why: str) -> None:
    rows = [Tombstone(kind=kind, subject=subject, why=why[:300]) for subject in subjects]
    Tombstone.objects.bulk_create(rows, ignore_conflicts=True, batch_size=2_000)
    if actor is not None:
        detail = {"why": why[:300]}
        subject = f"{kind} {rows[0].subject}"
        AuditEntry.objects.create(actor=actor, verb=f"withdraw_{kind}", subject=subject, detail=detail)


# --- what follows from it ---


def respected(query_ids: Iterable[int]) -> list[int]:
    """Of these queries those that may still be trained on, in the same order: neither they nor their sticker nor their
    writer was taken back, whatever release they are from."""
    left_out = gone()
    return [id for id in query_ids if id not in left_out]


def gone() -> set[int]:
    """The queries that no training may read any more."""
    taken_back = Q(pk__in=_subjects(Kind.QUERY)) | Q(round__sticker__in=_subjects(Kind.STICKER))
    taken_back |= Q(round__labeler__in=_subjects(Kind.PLAYER)) | Q(round__sticker__state=Sticker.State.WITHDRAWN)
    return set(Query.objects.filter(taken_back).values_list("pk", flat=True))


def _subjects(kind: str) -> QuerySet[Tombstone, Any]:
    return Tombstone.objects.filter(kind=kind).values("subject")
