from __future__ import annotations

import io
import sys

import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.test import Client

from sticktionary.domain.errors import NotAllowed, Refused
from sticktionary.domain.people import accounts, moderation
from sticktionary.domain.people.roles import Role
from sticktionary.models import AuditEntry, Player
from tests.people.conftest import PASSWORD, client_of, make_player

VERBS = ["manage_players", "import_stickers", "install_model", "export_queries"]


def may(player: Player) -> list[str]:
    fresh = Player.objects.get(pk=player.pk)  # permissions are cached per object
    allowed = []
    for permission in VERBS:
        try:
            accounts.require(fresh, permission)
            allowed.append(permission)
        except NotAllowed:
            pass
    return allowed


def test_the_roles_are_there_on_an_empty_database(db: None) -> None:
    assert set(Group.objects.values_list("name", flat=True)) == {
        "moderator",
        "reviewer",
        "publisher",
        "researcher",
        "admin",
    }


@pytest.mark.parametrize(
    ("role", "allowed"),
    [(Role.REVIEWER, []), (Role.RESEARCHER, ["install_model", "export_queries"]), (Role.ADMIN, VERBS)],
)
def test_what_a_role_allows(admin: Player, player: Player, role: Role, allowed: list[str]) -> None:
    assert may(player) == []
    moderation.grant(actor=admin, player_id=player.pk, role=role)
    player.refresh_from_db()
    assert (may(player), player.is_staff) == (allowed, True)
    moderation.revoke(actor=admin, player_id=player.pk, role=role)
    player.refresh_from_db()
    assert (may(player), player.is_staff) == ([], False)


def test_the_blocked_may_do_nothing(admin: Player) -> None:
    other = moderation.make_admin(username="other_editor", password=PASSWORD, language="en")
    moderation.block(actor=other, player_id=admin.pk, reason="left the house")
    assert may(admin) == []


def test_only_admins_decide_about_players(player: Player, admin: Player) -> None:
    other = make_player("other")
    moderation.grant(actor=admin, player_id=player.pk, role=Role.REVIEWER)
    player = Player.objects.get(pk=player.pk)
    for verb, arguments in [
        (moderation.grant, {"role": Role.ADMIN}),
        (moderation.revoke, {"role": Role.ADMIN}),
        (moderation.block, {"reason": "x"}),
        (moderation.unblock, {"reason": "x"}),
        (moderation.change_language, {"language": "zh", "reason": "x"}),
        (moderation.reset_link, {}),
    ]:
        with pytest.raises(NotAllowed):
            verb(actor=player, player_id=other.pk, **arguments)  # type: ignore[operator]
    assert AuditEntry.objects.filter(actor=player).count() == 0


def test_nobody_becomes_a_superuser_through_a_link(admin: Player) -> None:
    owner = Player.objects.create_superuser("owner", password=PASSWORD)
    with pytest.raises(NotAllowed):
        moderation.reset_link(actor=admin, player_id=owner.pk)


def test_admins_cannot_lock_themselves_out(admin: Player) -> None:
    for verb, arguments in [(moderation.block, {"reason": "x"}), (moderation.revoke, {"role": Role.ADMIN})]:
        with pytest.raises(Refused):
            verb(actor=admin, player_id=admin.pk, **arguments)  # type: ignore[operator]


def test_guests_get_no_role_and_no_link(admin: Player, guest: Player) -> None:
    with pytest.raises(Refused):
        moderation.grant(actor=admin, player_id=guest.pk, role=Role.REVIEWER)
    with pytest.raises(Refused):
        moderation.reset_link(actor=admin, player_id=guest.pk)


def test_a_block_ends_the_session_at_once(admin: Player, player: Player) -> None:
    client = client_of(player)
    assert client.get("/me/").status_code == 200
    moderation.block(actor=admin, player_id=player.pk, reason="robot")
    assert client.get("/me/").status_code == 302
    moderation.unblock(actor=admin, player_id=player.pk, reason="no robot")
    assert Client().login(username="tamsin", password=PASSWORD)


def test_a_reset_link_works_once(admin: Player, player: Player) -> None:
    link = moderation.reset_link(actor=admin, player_id=player.pk)
    page = Client().get(link, follow=True)
    assert page.context["token_fail"] is False if "token_fail" in page.context else True
    visitor = Client()
    page = visitor.get(link, follow=True)
    new = {"password1": "eleven loud geese", "password2": "eleven loud geese"}
    visitor.post(page.request["PATH_INFO"], new)
    assert Client().login(username="tamsin", password="eleven loud geese")
    assert Client().get(link, follow=True).context["token_fail"] is True


def test_every_decision_is_written_down(admin: Player, player: Player) -> None:
    moderation.change_language(actor=admin, player_id=player.pk, language="zh", reason="chose wrongly")
    entry = AuditEntry.objects.get(verb="change_language")
    assert (entry.actor, entry.subject) == (admin, f"player {player.pk}")
    assert entry.detail == {"from": "en", "to": "zh", "reason": "chose wrongly"}


def test_make_admin_makes_and_promotes(db: None, player: Player, monkeypatch: pytest.MonkeyPatch) -> None:
    call_command("make_admin", "tamsin", stdout=io.StringIO())
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{PASSWORD}\n"))
    call_command("make_admin", "admin", "--password-stdin", stdout=io.StringIO())
    admins = Player.objects.filter(groups__name="admin", is_staff=True)
    assert set(admins.values_list("username", flat=True)) == {"tamsin", "admin"}
    assert Client().login(username="admin", password=PASSWORD)


@pytest.mark.parametrize(("name", "password"), [("head_editor", "short"), ("a@b.org", PASSWORD), ("owl", "")])
def test_make_admin_refuses_what_sign_up_would(
    db: None, monkeypatch: pytest.MonkeyPatch, name: str, password: str
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{password}\n"))
    with pytest.raises(CommandError):
        call_command("make_admin", name, "--password-stdin")
    assert not Player.objects.exists()
