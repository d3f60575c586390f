"""What admins do for and about players. Every verb leaves a line in the audit."""

from __future__ import annotations

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.contrib.auth.models import Group
from django.contrib.auth.password_validation import validate_password
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from sticktionary.domain.errors import NotAllowed, Refused
from sticktionary.domain.events import announce
from sticktionary.domain.people import names
from sticktionary.domain.people.accounts import checked_name, require
from sticktionary.domain.people.roles import Role
from sticktionary.models import AuditEntry, Player


@transaction.atomic
def grant(*, actor: Player, player_id: int, role: Role) -> None:
    player = _subject(actor, player_id)
    if player.is_guest:
        raise Refused("guest", _("Guests cannot have a role. They need to sign up first."))
    _give(player, role)
    _log(actor, "grant", player, {"role": role.value})


@transaction.atomic
def revoke(*, actor: Player, player_id: int, role: Role) -> None:
    player = _subject(actor, player_id)
    if player == actor and role == Role.ADMIN:
        raise Refused("own_role", _("Another admin has to take this role from you."))
    player.groups.remove(Group.objects.get(name=role.value))
    player.is_staff = player.is_superuser or player.groups.exists()
    player.save(update_fields=["is_staff"])
    _log(actor, "revoke", player, {"role": role.value})


@transaction.atomic
def change_language(*, actor: Player, player_id: int, language: str, reason: str) -> None:
    player = _subject(actor, player_id)
    before, player.language = player.language, language
    player.save(update_fields=["language"])
    _log(actor, "change_language", player, {"from": before, "to": language, "reason": reason})
    announce(player_id)


@transaction.atomic
def block(*, actor: Player, player_id: int, reason: str) -> None:
    player = _subject(actor, player_id)
    if player == actor:
        raise Refused("own_account", _("You cannot block yourself."))
    player.is_active = False
    player.save(update_fields=["is_active"])
    _log(actor, "block", player, {"reason": reason})
    announce(player_id)


@transaction.atomic
def unblock(*, actor: Player, player_id: int, reason: str) -> None:
    player = _subject(actor, player_id)
    player.is_active = True
    player.save(update_fields=["is_active"])
    _log(actor, "unblock", player, {"reason": reason})


@transaction.atomic
def reset_link(*, actor: Player, player_id: int) -> str:
    """The path of a page on which the player can set a new password, once."""
    player = _subject(actor, player_id)
    if player.is_guest or not player.is_active:
        raise Refused("no_reset", _("Only players with an account that is not blocked can be helped back in."))
    _log(actor, "reset_link", player, {})
    key = default_token_generator.make_token(player)
    return reverse("account_reset_password_from_key", kwargs={"uidb36": user_pk_to_url_str(player), "key": key})


@transaction.atomic
def make_admin(*, username: str, password: str | None, language: str) -> Player:
    """For the operator's shell: promote a player, or make one who is an admin from the start."""
    player = Player.objects.select_for_update().filter(username=username).first()
    if player is None:
        player = _new_player(username, password or "", language)
    if player.is_guest:
        raise Refused("guest", _("Guests cannot have a role. They need to sign up first."))
    _give(player, Role.ADMIN)
    AuditEntry.objects.create(verb="make_admin", subject=f"player {player.pk}")
    return player


def _new_player(username: str, password: str, language: str) -> Player:
    player = Player(username=username, display_name=checked_name(username, may_be_reserved=True), language=language)
    player.name_key = names.key_of(player.display_name)
    validate_password(password, player)
    player.set_password(password)
    player.save()
    return player


def _give(player: Player, role: Role) -> None:
    player.groups.add(Group.objects.get(name=role.value))
    player.is_staff = True
    player.save(update_fields=["is_staff"])


def _subject(actor: Player, player_id: int) -> Player:
    require(actor, "manage_players")
    player = Player.objects.select_for_update().get(pk=player_id)
    if player.is_superuser and not actor.is_superuser:
        raise NotAllowed("superuser", _("Only a superuser may do this to a superuser."))
    return player


def _log(actor: Player, verb: str, player: Player, detail: dict[str, str]) -> None:
    AuditEntry.objects.create(actor=actor, verb=verb, subject=f"player {player.pk}", detail=detail)
