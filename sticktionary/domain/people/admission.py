"""Who may sit down to play. Who may not can still sign in, read why, appeal, and take their data away."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from sticktionary.domain.errors import NotAllowed
from sticktionary.domain.people.accounts import has_consented
from sticktionary.domain.prepared import prepared
from sticktionary.domain.quality import sanctions
from sticktionary.models import Player, Sanction

KEPT_OUT = (Sanction.Step.BLOCKED, Sanction.Step.EXCLUDED)


def admit(player_id: int, *, has_agreed: bool = False) -> Player:
    """The player, if they are still here, not blocked, and agree to the consent text in force."""
    player = next(iter(_players(player_id)), None)
    if player is None or not player.is_active:
        raise NotAllowed("blocked", _("You cannot play with this account."))
    if not has_agreed and not has_consented(player):
        raise NotAllowed("no_consent", _("Before you play, please read and agree to how your words are used."))
    if kept_out(player_id) is not None:
        raise NotAllowed("sanctioned", _("You cannot play at present. The page “Appeals” says why."))
    return player


def player_of(player_id: int) -> Player:
    """One who was admitted, as they are now."""
    [player] = _players(player_id)
    return player


@prepared
def _players(player_id: int) -> QuerySet[Player]:
    return Player.objects.filter(pk=player_id)


def kept_out(player_id: int) -> Sanction | None:
    """The consequence for which this player may not play, though everything else of theirs stays open to them."""
    return next((held for held in sanctions.in_force(player_id) if held.step in KEPT_OUT), None)
