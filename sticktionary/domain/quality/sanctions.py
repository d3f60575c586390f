"""Consequences for a player, in steps: counts less, hidden from the boards, blocked, excluded.

The first two may come by themselves, from flags and never on few answers; the last two are a person's decision. Each
says why, the player is told, and it is lifted, never deleted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from sticktionary.domain import rules
from sticktionary.domain.errors import NotAllowed, Refused
from sticktionary.domain.people import accounts
from sticktionary.domain.play import notices
from sticktionary.domain.prepared import prepared
from sticktionary.models import AuditEntry, Player, Retrieval, Round, Sanction

Step = Sanction.Step
ORDER = [Step.WEIGHT, Step.OFF_BOARD, Step.BLOCKED, Step.EXCLUDED]
BY_THEMSELVES = {Step.WEIGHT, Step.OFF_BOARD}
HIDES = [Step.OFF_BOARD, Step.BLOCKED, Step.EXCLUDED]
IN_FORCE = Q(lifted_at=None)


@transaction.atomic
def impose(
    *, player_id: int, step: str, reason: str, flags: Iterable[int] = (), actor: Player | None = None
) -> Sanction:
    """Put a step in force, by a person or, with no actor, by the rules. In force already, it stays as it was."""
    player = Player.objects.select_for_update(no_key=True).get(pk=player_id)
    _require_may_impose(player, step, reason, actor)
    held = Sanction.objects.filter(IN_FORCE, player=player, step=step).first()
    if held is not None:
        if actor is None:
            return held
        raise Refused("in_force", _("This step is in force already."))
    sanction = _write(player, step, reason.strip()[:500], sorted(set(flags)), actor)
    _log(actor, "impose_sanction", sanction, why=sanction.reason, flags=sanction.flags)
    notices.sanctioned(sanction)
    return sanction


def _require_may_impose(player: Player, step: str, reason: str, actor: Player | None) -> None:
    if step not in Step.values:
        raise Refused("no_such_step", _("Choose one of the steps."))
    if actor is None:
        _require_ripe(player.pk, step)
        return
    accounts.require(actor, "moderate")
    if actor == player:
        raise Refused("own_account", _("Somebody else has to judge you."))
    if player.is_superuser and not actor.is_superuser:
        raise NotAllowed("superuser", _("Only a superuser may do this to a superuser."))
    if not reason.strip():
        raise Refused("no_reason", _("Say why: the player will read it."))


def _require_ripe(player_id: int, step: str) -> None:
    """What the rules may do by themselves."""
    if step not in BY_THEMSELVES or not rules.current().sanction_by_itself:
        raise NotAllowed("person_needed", _("Only a person may decide that."))
    if n_answers(player_id) < rules.current().judge_after:
        raise Refused("too_few", _("Nobody is judged on so few answers."))


def _write(player: Player, step: str, reason: str, flags: Sequence[int], actor: Player | None) -> Sanction:
    try:
        with transaction.atomic():
            return Sanction.objects.create(
                player=player, step=step, reason=reason, flags=list(flags), imposed_by=actor, at=timezone.now()
            )
    except IntegrityError as error:  # two moderators at once
        raise Refused("in_force", _("This step is in force already.")) from error


@transaction.atomic
def lift(*, sanction_id: int, why: str, actor: Player | None = None) -> Sanction:
    """End a sanction, by a person or, with no actor, by the rules that imposed it. What was lifted stays as it was."""
    sanction = Sanction.objects.select_for_update(of=("self",)).select_related("player").get(pk=sanction_id)
    if actor is not None:
        accounts.require(actor, "moderate")
        if actor.pk == sanction.player_id:
            raise Refused("own_account", _("Somebody else has to judge you."))
        if not why.strip():
            raise Refused("no_reason", _("Say why: the player will read it."))
    elif sanction.imposed_by_id is not None:
        raise NotAllowed("person_needed", _("Only a person may decide that."))
    if sanction.lifted_at is not None:
        return sanction
    sanction.lifted_at, sanction.lifted_by, sanction.why_lifted = timezone.now(), actor, why.strip()[:300]
    sanction.save(update_fields=["lifted_at", "lifted_by", "why_lifted"])
    _log(actor, "lift_sanction", sanction, why=sanction.why_lifted)
    notices.sanctioned(sanction)
    return sanction


def in_force(player_id: int) -> list[Sanction]:
    """The player's sanctions that hold now, the hardest first."""
    return sorted(_held(player_id), key=lambda sanction: -ORDER.index(Step(sanction.step)))


@prepared
def _held(player_id: int) -> QuerySet[Sanction]:
    return Sanction.objects.filter(IN_FORCE, player_id=player_id)


def hardest(player_id: int) -> Sanction | None:
    return next(iter(in_force(player_id)), None)


def excluded_players() -> set[int]:
    """Those whose data a person has left out for bad faith."""
    return set(Sanction.objects.filter(IN_FORCE, step=Step.EXCLUDED).values_list("player_id", flat=True))


def off_board() -> QuerySet[Sanction, int]:
    """Ids of the players who are not shown on boards, for a subquery."""
    return Sanction.objects.filter(IN_FORCE, step__in=HIDES).values_list("player_id", flat=True)


def n_answers(player_id: int) -> int:
    """Lookups answered and rounds written: what a judgement of a player can rest on."""
    looked_up = Retrieval.objects.filter(player_id=player_id, state=Retrieval.State.ANSWERED)
    wrote = Round.objects.filter(labeler_id=player_id, submitted_at__isnull=False)
    practice = Round.Source.PRACTICE
    return looked_up.exclude(round__source=practice).count() + wrote.exclude(source=practice).count()


def _log(actor: Player | None, verb: str, sanction: Sanction, **detail: object) -> None:
    AuditEntry.objects.create(
        actor=actor,
        verb=verb,
        subject=f"player {sanction.player_id}",
        detail={"sanction": sanction.pk, "step": sanction.step, **detail},
    )
