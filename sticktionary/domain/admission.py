"""Who may sit down to play."""

from __future__ import annotations

from django.utils.translation import gettext as _

from sticktionary.domain.accounts import has_consented
from sticktionary.domain.errors import NotAllowed
from sticktionary.models import Player


def admit(player_id: int, *, has_agreed: bool = False) -> Player:
    """The player, if they are still here, not blocked, and agree to the consent text in force."""
    player = Player.objects.filter(pk=player_id).first()
    if player is None or not player.is_active:
        raise NotAllowed("blocked", _("You cannot play with this account."))
    if not has_agreed and not has_consented(player):
        raise NotAllowed("no_consent", _("Before you play, please read and agree to how your words are used."))
    return player
