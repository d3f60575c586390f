from __future__ import annotations

import re

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.core import mail
from django.test import Client

from sticktionary.models import Consent, Player
from tests.people.conftest import PASSWORD, client_of, make_player

FORM = {"username": "moss_owl", "password1": PASSWORD, "language": "zh", "email": "", "consent": "on"}


def errors_of(client: Client, path: str, data: dict[str, str]) -> dict[str, list[str]]:
    response = client.post(path, data)
    assert response.status_code == 200
    return dict(response.context["form"].errors)


def test_signing_up_makes_a_contributor_who_has_consented(client: Client, db: None) -> None:
    response = client.post("/account/signup/", FORM)
    assert (response.status_code, response["Location"]) == (302, "/play/")
    player = Player.objects.get()
    assert (player.name, player.language, player.is_guest, player.is_staff) == ("moss_owl", "zh", False, False)
    consent = Consent.objects.get(player=player)
    assert (consent.version, consent.language, len(consent.text_sha256)) == (settings.CONSENT_VERSION, "zh", 64)
    assert client.session["_auth_user_id"] == str(player.pk)
    assert not EmailAddress.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("consent", ""),
        ("language", ""),
        ("language", "fr"),
        ("password1", "short"),
        ("password1", "password"),
        ("password1", "moss_owl1"),
        ("username", ""),
        ("username", "moss owl"),
        ("username", "x" * 25),
        ("username", "owl@forest.org"),
        ("username", "Sticktionary"),
        ("email", "not an address"),
    ],
)
def test_bad_input_is_refused_at_its_field(client: Client, db: None, field: str, value: str) -> None:
    assert list(errors_of(client, "/account/signup/", FORM | {field: value})) == [field]
    assert not Player.objects.exists()


@pytest.mark.parametrize("name", ["Tamsin", "ｔａｍｓｉｎ", "TAMSIN"])
def test_a_name_that_looks_like_a_taken_one_is_refused(client: Client, player: Player, name: str) -> None:
    assert list(errors_of(client, "/account/signup/", FORM | {"username": name})) == ["username"]
    assert Player.objects.count() == 1


def test_an_address_that_has_an_account_is_not_taken_twice(client: Client, db: None) -> None:
    make_player("first", email="one@example.org")
    assert list(errors_of(client, "/account/signup/", FORM | {"email": "ONE@example.org"})) == ["email"]


def test_signing_in_and_out(client: Client, player: Player) -> None:
    response = client.post("/account/login/", {"login": "tamsin", "password": PASSWORD})
    assert (response.status_code, response["Location"]) == (302, "/play/")
    response = client.post("/account/logout/")
    assert (response.status_code, response["Location"]) == (302, "/")
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize(
    ("target", "goes_to"),
    [
        ("/boards/", "/boards/"),
        ("https://evil.example/", "/play/"),
        ("//evil.example/x", "/play/"),
        ("javascript:alert(1)", "/play/"),
        ("http:///evil.example", "/play/"),
    ],
)
def test_after_signing_in_nobody_is_sent_elsewhere(client: Client, player: Player, target: str, goes_to: str) -> None:
    response = client.post("/account/login/", {"login": "tamsin", "password": PASSWORD, "next": target})
    assert response["Location"] == goes_to


def test_failed_tries_are_limited(client: Client, player: Player) -> None:
    for _ in range(5):
        client.post("/account/login/", {"login": "tamsin", "password": "wrong"})
    response = client.post("/account/login/", {"login": "tamsin", "password": PASSWORD})
    assert response.status_code == 200
    assert "_auth_user_id" not in client.session


def test_sign_ups_from_one_address_are_limited(client: Client, db: None) -> None:
    codes = [client.post("/account/signup/", {}).status_code for _ in range(21)]
    assert codes == [200] * 20 + [429]


def test_whoever_is_signed_in_is_sent_on(player: Player) -> None:
    client = client_of(player)
    for path in ("/account/login/", "/account/signup/"):
        response = client.get(path)
        assert (response.status_code, response["Location"]) == (302, "/play/")


def test_a_blocked_player_cannot_sign_in(client: Client, player: Player) -> None:
    Player.objects.filter(pk=player.pk).update(is_active=False)
    client.post("/account/login/", {"login": "tamsin", "password": PASSWORD})
    assert "_auth_user_id" not in client.session


def test_a_forgotten_password_is_reset_by_mail(client: Client, db: None) -> None:
    make_player("tamsin", email="tamsin@example.org")
    client.post("/account/password/reset/", {"email": "Tamsin@example.org"})
    (letter,) = mail.outbox
    assert letter.to == ["tamsin@example.org"]
    path = re.findall(r"http://testserver(\S+)", letter.body)[0]
    page = client.get(path, follow=True)
    new = {"password1": "eleven loud geese", "password2": "eleven loud geese"}
    client.post(page.request["PATH_INFO"], new)
    assert Client().login(username="tamsin", password="eleven loud geese")
    assert Client().get(path, follow=True).context["token_fail"] is True


def test_strangers_get_no_mail_and_no_hint(client: Client, player: Player) -> None:
    response = client.post("/account/password/reset/", {"email": "nobody@example.org"})
    assert (response.status_code, response["Location"]) == (302, "/account/password/reset/done/")
    assert mail.outbox == []


def test_the_password_is_changed_with_the_old_one(player: Player) -> None:
    client = client_of(player)
    form = {"oldpassword": "wrong", "password1": "eleven loud geese", "password2": "eleven loud geese"}
    assert list(errors_of(client, "/account/password/change/", form)) == ["oldpassword"]
    response = client.post("/account/password/change/", form | {"oldpassword": PASSWORD})
    assert (response.status_code, response["Location"]) == (302, "/me/")
    assert Client().login(username="tamsin", password="eleven loud geese")
