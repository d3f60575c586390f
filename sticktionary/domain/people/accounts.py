"""Who somebody is here and what they may do."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from sticktionary.domain.errors import NotAllowed, Refused
from sticktionary.domain.events import announce
from sticktionary.domain.people import names
from sticktionary.domain.people.consent import give_consent, has_consented
from sticktionary.models import Player

__all__ = ["give_consent", "has_consented", "register", "rename", "require", "set_email", "show_on_boards"]


def require(player: Player, permission: str) -> None:
    """Refuse unless the player's roles include one of the app's permissions, such as `export_queries`."""
    if not (player.is_active and player.has_perm(f"sticktionary.{permission}")):
        raise NotAllowed("not_allowed", _("Your role does not include this."))


def checked_name(name: str, player_id: int = 0, *, may_be_reserved: bool = False) -> str:
    """The name as it would be kept, if it is a good one and nobody else's."""
    name = names.checked(name, may_be_reserved=may_be_reserved)
    if Player.objects.filter(name_key=names.key_of(name)).exclude(pk=player_id).exists():
        raise _taken()
    return name


@transaction.atomic
def register(*, player_id: int, language: str) -> None:
    """Make a saved player a contributor under the name they sign in with; a guest keeps points and rounds."""
    player = Player.objects.select_for_update().get(pk=player_id)
    _name(player, player.username)
    player.language = language
    player.is_guest = False
    player.save(update_fields=["language", "is_guest"])
    give_consent(player_id=player_id, language=language)
    announce(player_id)


@transaction.atomic
def rename(*, player_id: int, name: str) -> None:
    _name(Player.objects.select_for_update().get(pk=player_id), name)
    announce(player_id)


def show_on_boards(*, player_id: int, shown: bool) -> None:
    Player.objects.filter(pk=player_id).update(on_board=shown)


@transaction.atomic
def set_email(*, player_id: int, email: str) -> None:
    """Keep one address, or none, to send password resets to."""
    from allauth.account.models import EmailAddress

    email = email.strip().lower()
    if email and Player.objects.filter(email=email).exclude(pk=player_id).exists():
        raise Refused("email_taken", _("Another account has this address."))
    player = Player.objects.select_for_update().get(pk=player_id)
    player.email = email
    player.save(update_fields=["email"])
    EmailAddress.objects.filter(user=player).delete()
    if player.email:
        EmailAddress.objects.create(user=player, email=player.email, primary=True)


def _name(player: Player, name: str) -> None:
    player.display_name = checked_name(name, player.pk)
    player.name_key = names.key_of(player.display_name)
    try:
        with transaction.atomic():
            player.save(update_fields=["display_name", "name_key"])
    except IntegrityError as error:
        raise _taken() from error


def _taken() -> Refused:
    return Refused("name_taken", _("Somebody already goes by this name."))
