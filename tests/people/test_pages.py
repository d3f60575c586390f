from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client, RequestFactory
from django.utils import translation
from django.views.defaults import page_not_found, permission_denied, server_error

from sticktionary.domain.play import scoring
from sticktionary.models import Player
from tests.people.conftest import PASSWORD, client_of, make_player


def numbers_of(page: str) -> list[int]:
    return [int(n) for n in re.findall(r'<td class="r num">(\d+)</td>', page)]


def test_the_points_page_is_worked_out_by_what_pays(client: Client, db: None) -> None:
    page = client.get("/points/").content.decode()
    expected = [scoring.labeler_points(rank, scoring.query_novelty(n)) for n in (0, 1, 2, 4, 9) for rank in (1, 2, 3)]
    assert numbers_of(page) == expected
    assert expected[:3] == [150, 90, 45]
    for words in ("Right one in first place: 100.", "makes 50.", "makes 10.", "really was not there: 100."):
        assert words in page


def test_the_points_page_says_what_a_reply_to_a_chat_brings(client: Client, db: None) -> None:
    page = client.get("/points/").content.decode()
    _, _, rest = page.partition("<h2>When you reply to a chat</h2>")
    told, _, _ = rest.partition("<h2>")
    assert [int(n) for n in re.findall(r"\d+", told)] == [30, 15, 5, 10, 5, 30, 15]


def test_name_and_boards_are_changed_on_the_profile(player: Player) -> None:
    client = client_of(player)
    response = client.post("/me/", {"name": "Tamsin G", "on_board": ""})
    assert (response.status_code, response["Location"]) == (302, "/me/")
    player.refresh_from_db()
    assert (player.name, player.username, player.on_board) == ("Tamsin G", "tamsin", False)


@pytest.mark.parametrize("name", ["", "x" * 25, "owl@forest.org", "ADMIN", "Moss_Owl"])
def test_a_bad_name_is_refused_at_its_field(player: Player, name: str) -> None:
    make_player("moss_owl")
    response = client_of(player).post("/me/", {"name": name, "on_board": "on"})
    assert list(response.context["form"].errors) == ["name"]
    page = response.content.decode()
    assert 'aria-invalid="true"' in page
    assert 'id="id_name_error"' in page
    assert 'aria-describedby="id_name_error"' in page
    player.refresh_from_db()
    assert player.name == "tamsin"


def test_a_guest_can_take_a_name(guest: Player) -> None:
    assert client_of(guest).post("/me/", {"name": "moss", "on_board": "on"}).status_code == 302
    guest.refresh_from_db()
    assert (guest.name, guest.is_guest) == ("moss", True)


def test_the_address_is_changed_with_the_password(player: Player) -> None:
    client = client_of(player)
    form = {"email": "tamsin@example.org", "password": "wrong"}
    assert list(client.post("/account/email/", form).context["form"].errors) == ["password"]
    client.post("/account/email/", form | {"password": PASSWORD})
    player.refresh_from_db()
    assert player.email == "tamsin@example.org"
    client.post("/account/email/", {"email": "", "password": PASSWORD})
    player.refresh_from_db()
    assert player.email == ""


def test_an_address_of_another_account_is_not_taken(player: Player) -> None:
    make_player("moss", email="moss@example.org")
    form = {"email": "Moss@example.org", "password": PASSWORD}
    assert list(client_of(player).post("/account/email/", form).context["form"].errors) == ["email"]


def test_there_is_a_page_for_what_is_not_there(client: Client, db: None) -> None:
    response = client.get("/no/such/page/")
    assert response.status_code == 404
    assert "No such entry" in response.content.decode()


def test_there_is_a_page_for_what_is_not_allowed(player: Player) -> None:
    request = RequestFactory().get("/")
    request.user = player
    response = permission_denied(request, Exception())
    assert (response.status_code, "not for you to turn" in response.content.decode()) == (403, True)


def test_the_last_page_needs_no_database(django_db_blocker: Any) -> None:
    with django_db_blocker.block(), translation.override("en"):
        response = server_error(RequestFactory().get("/"))
    assert (response.status_code, "A page has come loose" in response.content.decode()) == (500, True)


@pytest.mark.parametrize("path", ["/start/", "/account/login/", "/account/signup/", "/points/", "/agreement/"])
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_pages_are_sound(client: Client, db: None, path: str, language: str) -> None:
    page = client.get(path, headers={"accept-language": language}).content.decode()
    assert page.count("<h1") == 1
    labelled = set(re.findall(r'<label for="([^"]+)"', page))
    inputs = set(re.findall(r'<input type="(?:text|password|email|checkbox|radio)"[^>]*id="([^"]+)"', page))
    assert inputs <= labelled
    assert not re.search(r"<style|\sstyle=|<script(?![^>]*\bsrc=)[^>]*>|\son\w+=|data:", page)


def test_not_found_is_shown_in_chinese_where_asked(db: None) -> None:
    with translation.override("zh-hans"):
        request = RequestFactory().get("/")
        request.user = make_player("moss", "zh")
        assert '<html lang="zh-hans">' in page_not_found(request, Exception()).content.decode()
