"""What flags do by themselves: a player counts less, then is not shown on boards; dismissed, it ends again.

One flag of a player's pattern lowers the weight. A second of another kind, or one that a person has upheld, takes them
off the boards. Flags on a pair do nothing until a person has upheld them: figures cannot tell a code from a dialect
that only the two speak. Nothing happens to who has given few answers, nor twice for flags that a person has judged too
light by lifting what came of them. Blocked and excluded are never in here.
"""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext as _

from sticktionary.domain import rules
from sticktionary.domain.quality import evidence, sanctions
from sticktionary.domain.quality.sanctions import Step
from sticktionary.models import Flag, Player, Sanction

EDITIONS = {"en": "en", "zh": "zh-hans"}
AUTOMATIC = {
    Flag.Kind.TOO_FAST, Flag.Kind.REPEATS, Flag.Kind.BURST, Flag.Kind.BOT, Flag.Kind.GOLD_FAILED, Flag.Kind.RANDOM,
}  # fmt: skip
ONCE_UPHELD = {Flag.Kind.CODE_WORD, Flag.Kind.COLLUSION}
COUNTS = Q(kind__in=AUTOMATIC) & ~Q(state=Flag.State.DISMISSED) | Q(kind__in=ONCE_UPHELD, state=Flag.State.UPHELD)


@transaction.atomic
def follow(player_id: int) -> None:
    """Bring the consequences that come by themselves in line with the player's flags."""
    player = Player.objects.select_for_update(no_key=True).get(pk=player_id)
    flags = list(Flag.objects.filter(COUNTS, player=player).order_by("pk"))
    with translation.override(EDITIONS[player.language]):
        _end_unfounded(player, {flag.pk for flag in flags})
        for step in _steps(flags):
            _step(player, step, flags)


def _steps(flags: list[Flag]) -> list[Step]:
    if not flags:
        return []
    is_grave = len({flag.kind for flag in flags}) > 1 or any(flag.state == Flag.State.UPHELD for flag in flags)
    return [Step.WEIGHT, Step.OFF_BOARD] if is_grave else [Step.WEIGHT]


def _step(player: Player, step: Step, flags: list[Flag]) -> None:
    held = rules.current()
    if not held.sanction_by_itself or sanctions.n_answers(player.pk) < held.judge_after:
        return
    answered_for = {flag for ids in _ended(player, step) for flag in ids}
    ids = [flag.pk for flag in flags if flag.pk not in answered_for]
    if not ids or any(sanction.step == step for sanction in sanctions.in_force(player.pk)):
        return
    sanctions.impose(player_id=player.pk, step=step, reason=evidence.to_player(flags), flags=ids)


def _ended(player: Player, step: Step) -> list[list[int]]:
    """The flags behind earlier sanctions of this step that a person has lifted."""
    lifted = Sanction.objects.filter(player=player, step=step, lifted_at__isnull=False, lifted_by__isnull=False)
    return list(lifted.values_list("flags", flat=True))


def _end_unfounded(player: Player, standing: set[int]) -> None:
    for sanction in Sanction.objects.filter(player=player, lifted_at=None, imposed_by=None):
        if not standing & set(sanction.flags):
            sanctions.lift(sanction_id=sanction.pk, why=_("Somebody looked at it, and it was a false alarm."))
