from __future__ import annotations

import pytest
from django.test import Client
from django.urls import URLPattern

from sticktionary.domain.people import guests, moderation
from sticktionary.domain.people.roles import Role
from sticktionary.models import Player
from sticktionary.web import people
from tests.people.conftest import client_of, make_player

OPEN = "open to all"
SIGNED_IN = "for who is signed in"
ENTRANCE = "for visitors and guests; players are sent on"
ACCOUNT = "for who has a password; guests are sent to sign up"
POST_ONLY = "only by post"

WHO_SEES = {
    "start": "for visitors; who is signed in is sent on",
    "consent": "for who is signed in and has not agreed; the others are sent on",
    "consent_text": OPEN,
    "set_edition": POST_ONLY,
    "account_login": ENTRANCE,
    "account_signup": ENTRANCE,
    "account_logout": "signs out; visitors are sent home",
    "account_inactive": OPEN,
    "account_change_password": ACCOUNT,
    "account_email": ACCOUNT,
    "account_reset_password": OPEN,
    "account_reset_password_done": OPEN,
    "account_reset_password_from_key": OPEN,
    "account_reset_password_from_key_done": OPEN,
    "profile": SIGNED_IN,
    "my_data": SIGNED_IN,
    "delete_account": SIGNED_IN,
    "goodbye": OPEN,
    "history": SIGNED_IN,
    "boards": SIGNED_IN,
    "points": OPEN,
}
STATUS = {  # visitor, guest, everybody with an account
    OPEN: (200, 200, 200),
    SIGNED_IN: (302, 200, 200),
    ENTRANCE: (200, 200, 302),
    ACCOUNT: (302, 302, 200),
    POST_ONLY: (405, 405, 405),
    WHO_SEES["start"]: (200, 302, 302),
    WHO_SEES["consent"]: (302, 302, 302),
    WHO_SEES["account_logout"]: (302, 200, 200),
}


def path_of(pattern: URLPattern) -> str:
    return "/" + str(pattern.pattern).lstrip("^").replace("(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$", "1-abc/")


def people_of_every_kind() -> dict[str, Client]:
    admin = moderation.make_admin(username="head_editor", password="seven quiet otters", language="en")
    clients = {"visitor": Client(), "guest": client_of(guests.start(language="en")), "admin": client_of(admin)}
    for role in (Role.REVIEWER, Role.RESEARCHER):
        player = make_player(f"a_{role}")
        moderation.grant(actor=admin, player_id=player.pk, role=role)
        clients[role] = client_of(player)
    for n in ("one", "other"):
        player = make_player(f"contributor_{n}")
        Player.objects.filter(pk=player.pk).update(is_active=True)
        clients[f"contributor {n}"] = client_of(player)
    for client in clients.values():
        if "_auth_user_id" in client.session:
            from sticktionary.domain.people import accounts

            accounts.give_consent(player_id=int(client.session["_auth_user_id"]), language="en")
    return clients


def test_every_page_is_in_the_table() -> None:
    assert {pattern.name for pattern in people.urlpatterns} == set(WHO_SEES)


def test_who_sees_what(transactional_db: None) -> None:
    clients = people_of_every_kind()
    for pattern in people.urlpatterns:
        visitor, guest, others = STATUS[WHO_SEES[str(pattern.name)]]
        expected = dict.fromkeys(clients, others) | {"visitor": visitor, "guest": guest}
        seen = {who: client.get(path_of(pattern)).status_code for who, client in clients.items()}
        assert seen == expected, pattern.name


def test_visitors_are_asked_to_sign_in_and_brought_back(db: None) -> None:
    response = Client().get("/history/")
    assert response["Location"] == "/account/login/?next=/history/"


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("/me/", {"name": "mine now", "on_board": ""}),
        ("/account/email/", {"email": "mine@example.org", "password": "seven quiet otters"}),
        ("/me/delete/", {"password": "seven quiet otters"}),
        ("/agree/", {"consent": "on"}),
    ],
)
def test_a_post_changes_nobody_but_the_player(player: Player, path: str, data: dict[str, str]) -> None:
    other = make_player("other")
    before = Player.objects.filter(pk=player.pk).values().get()
    client_of(other).post(path, data | {"player": str(player.pk), "id": str(player.pk)})
    assert Player.objects.filter(pk=player.pk).values().get() == before


def test_posts_without_a_token_do_nothing(player: Player) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(player, "allauth.account.auth_backends.AuthenticationBackend")
    response = client.post("/me/delete/", {"password": "seven quiet otters"})
    assert response.status_code == 403
    assert "This form is out of date" in response.content.decode()
    assert Player.objects.filter(pk=player.pk).exists()
