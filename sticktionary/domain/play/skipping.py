"""Passing a page on, with a reason. It never comes back to that player; what many pass on, a person looks at."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from sticktionary.domain import catalogue, rules
from sticktionary.domain.errors import Refused
from sticktionary.domain.events import announce
from sticktionary.domain.play import dealing, deciding, turns
from sticktionary.domain.review import casework
from sticktionary.models import Case, Judgement, Retrieval, Round, Skip, Sticker, Turn


@transaction.atomic
def skip(*, player_id: int, lease: str, key: str, reason: str) -> None:
    """Pass the page on and deal another in its place."""
    if reason not in Skip.Reason.values:
        raise Refused("no_such_reason", _("Choose one of the reasons."))
    turn = _take(player_id, lease)
    if turns.is_repeated(turn, key):
        return
    if turn.state != Turn.State.PLAYING:
        turns.require_live(turn)
    Skip.objects.get_or_create(
        player_id=player_id,
        round=turn.round,
        defaults={
            "sticker_id": turn.round.sticker_id,
            "reason": reason,
            "as_labeler": turn.role == Turn.Role.LABELER,
            "at": timezone.now(),
        },
    )
    turns.note(turn, key, "skip", reason=reason)
    _pass_on(turn)
    announce(player_id)
    with suppress(Refused):  # nothing left to play: the page is passed on all the same
        dealing.deal(player_id=player_id)


def _take(player_id: int, lease: str) -> Turn:
    turn_id = turns.turn_id_of(lease, player_id)
    role = Turn.objects.filter(pk=turn_id).values_list("role", flat=True).first()
    return turns.take(player_id, lease, role or "")


def _pass_on(turn: Turn) -> None:
    turns.drop(turn)
    if turn.retrieval:
        Retrieval.objects.filter(pk=turn.retrieval.pk).update(state=Retrieval.State.SKIPPED)
        _halt_round(turn.round)
    else:
        Round.objects.filter(pk=turn.round_id).update(state=Round.State.SKIPPED)
        _halt_sticker(turn.round.sticker)


def _halt_sticker(sticker: Sticker) -> None:
    """A labeler who passes is one who saw the sticker; a retriever has seen only somebody's queries for it."""
    Sticker.objects.filter(pk=sticker.pk).update(n_skips=F("n_skips") + 1)
    skips = Skip.objects.filter(sticker=sticker, as_labeler=True)
    if put_back_at := _put_back_at(sticker):
        skips = skips.filter(at__gt=put_back_at)
    n_skipped = skips.values("player").distinct().count()
    n_harmful = skips.filter(reason=Skip.Reason.HARMFUL).values("player").distinct().count()
    dealt_to = Round.objects.filter(sticker=sticker, labeler__isnull=False).exclude(source=Round.Source.SUGGESTION)
    weight = n_skipped + n_harmful
    rule = rules.current()
    n_dealt_to = dealt_to.values("labeler").distinct().count()
    if weight >= rule.halt_after_skips and weight > rule.halt_share * n_dealt_to:
        catalogue.set_state(
            actor=None, sticker_ids=[sticker.pk], state=Sticker.State.HALTED, why=f"{n_skipped} players passed it on"
        )
        reasons = ["skipped", "harmful"] if n_harmful else ["skipped"]
        casework.open_case(kind=Case.Kind.STICKER, sticker_id=sticker.pk, reasons=reasons)


def _put_back_at(sticker: Sticker) -> datetime | None:
    """When a reviewer last found nothing wrong with it: only what was said since counts."""
    restored = Judgement.objects.filter(case__sticker=sticker, verdict=Judgement.Verdict.RESTORE, undone_at=None)
    return restored.order_by("-at").values_list("at", flat=True).first()


def _halt_round(round_: Round) -> None:
    """Queries that nobody wants to look up go to a person."""
    n_skipped = Skip.objects.filter(round=round_, as_labeler=False).values("player").distinct().count()
    if n_skipped >= rules.current().review_after_skips and round_.source != Round.Source.PRACTICE:
        deciding.give_up(round_, reason="skipped")
