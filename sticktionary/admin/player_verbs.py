"""What may be done to a player from their page: each a form and the verb it is handed to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from sticktionary.domain.people import moderation
from sticktionary.domain.people.roles import Role
from sticktionary.domain.quality import sanctions
from sticktionary.models import Player, Sanction
from sticktionary.models.players import Language

ROLES = {
    Role.MODERATOR: _("moderator"),
    Role.REVIEWER: _("reviewer"),
    Role.PUBLISHER: _("publisher"),
    Role.RESEARCHER: _("researcher"),
    Role.ADMIN: _("admin"),
}


class PlayerForm(forms.Form):
    """Nothing to fill in but what a verb asks for: then the button is the question."""

    def __init__(self, *args: Any, player: Player, **told: Any) -> None:
        super().__init__(*args, **told)
        self.player = player


class RoleForm(PlayerForm):
    role = forms.TypedChoiceField(label=_("Role"), choices=list(ROLES.items()), coerce=Role)


class ReasonForm(PlayerForm):
    reason = forms.CharField(label=_("Reason"), max_length=300, help_text=_("It is kept in the audit."))


class LanguageForm(ReasonForm):
    language = forms.ChoiceField(label=_("Native language"), choices=Language.choices)
    field_order = ["language", "reason"]


class StepForm(PlayerForm):
    step = forms.ChoiceField(label=_("Step"), choices=Sanction.Step.choices)
    reason = forms.CharField(label=_("Reason"), max_length=500, help_text=_("The player will read it."))


class LiftForm(PlayerForm):
    sanction_id = forms.TypedChoiceField(label=_("Sanction"), coerce=int)
    why = forms.CharField(label=_("Reason"), max_length=300, help_text=_("The player will read it."))

    def __init__(self, *args: Any, player: Player, **told: Any) -> None:
        super().__init__(*args, player=player, **told)
        held = sanctions.in_force(player.pk)
        self.fields["sanction_id"].choices = [(each.pk, each.get_step_display()) for each in held]  # type: ignore[attr-defined]


def _lift(*, actor: Player, player_id: int, sanction_id: int, why: str) -> None:
    sanctions.lift(actor=actor, sanction_id=sanction_id, why=why)


@dataclass(frozen=True)
class Verb:
    title: Any
    form: type[PlayerForm]
    run: Callable[..., Any]
    words: Any  # what the page says before it asks
    permission: str = "manage_players"
    fits: Callable[[Player], bool] = lambda player: True


VERBS = {
    "grant": Verb(_("Give a role"), RoleForm, moderation.grant, _("The player can do what the role allows at once.")),
    "revoke": Verb(_("Take a role"), RoleForm, moderation.revoke, _("The player loses what the role allows at once.")),
    "language": Verb(
        _("Change the language"),
        LanguageForm,
        moderation.change_language,
        _("From the next page on the player plays in it, and is on its boards with all their points."),
    ),
    "sanction": Verb(
        _("Impose a sanction"),
        StepForm,
        sanctions.impose,
        _("It holds at once. The player is told, reads the reason and can appeal."),
        "moderate",
    ),
    "lift": Verb(
        _("Lift a sanction"),
        LiftForm,
        _lift,
        _("It ends at once, and the player is told."),
        "moderate",
        lambda player: bool(sanctions.in_force(player.pk)),
    ),
    "block": Verb(
        _("Block"),
        ReasonForm,
        moderation.block,
        _("The player is signed out everywhere and cannot come back in."),
        fits=lambda player: player.is_active,
    ),
    "unblock": Verb(
        _("Unblock"),
        ReasonForm,
        moderation.unblock,
        _("The player can sign in again."),
        fits=lambda player: not player.is_active,
    ),
    "reset": Verb(
        _("Make a reset link"),
        PlayerForm,
        moderation.reset_link,
        _("Make sure that you know who is asking. Whoever opens the link first sets the password of this account."),
    ),
}


def open_to(actor: Player, player: Player) -> dict[str, Verb]:
    """The verbs that the actor's roles include and that fit the player as they stand."""
    return {
        name: verb
        for name, verb in VERBS.items()
        if actor.has_perm(f"sticktionary.{verb.permission}") and verb.fits(player)
    }
