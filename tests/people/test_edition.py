from __future__ import annotations

import pytest
from django.test import Client

from sticktionary.domain.people import guests
from sticktionary.models import Player
from tests.people.conftest import client_of


def lang_of(client: Client, path: str = "/points/", **headers: str) -> str:
    page = client.get(path, headers=headers).content.decode()
    return page.split('<html lang="')[1].split('"')[0]


@pytest.mark.parametrize(
    ("asked", "edition"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-hans"),
        ("zh-TW", "zh-hans"),
        ("zh", "zh-hans"),
        ("en-GB", "en"),
        ("fr", "en"),
        ("", "en"),
        ("fr,zh;q=0.5", "zh-hans"),
    ],
)
def test_a_visitor_gets_what_their_browser_asks_for(db: None, asked: str, edition: str) -> None:
    assert lang_of(Client(), accept_language=asked) == edition


def test_a_visitors_choice_is_remembered(client: Client, db: None) -> None:
    response = client.post("/edition/", {"language": "zh", "next": "/points/"})
    assert (response.status_code, response["Location"]) == (302, "/points/")
    assert lang_of(client, accept_language="en") == "zh-hans"
    client.post("/edition/", {"language": "en"})
    assert lang_of(client, accept_language="zh") == "en"


def test_a_players_edition_is_their_language(player: Player) -> None:
    client = client_of(player)
    client.post("/edition/", {"language": "zh"})
    assert lang_of(client, accept_language="zh") == "en"
    assert lang_of(client_of(guests.start(language="zh")), accept_language="en") == "zh-hans"


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example", ""])
def test_choosing_leads_nowhere_else(client: Client, db: None, target: str) -> None:
    assert client.post("/edition/", {"language": "zh", "next": target})["Location"] == "/"


def test_an_unknown_edition_changes_nothing(client: Client, db: None) -> None:
    client.post("/edition/", {"language": "fr"})
    assert client.cookies.get("django_language") is None
    assert client.get("/edition/").status_code == 405


def test_pages_that_are_not_there_are_in_the_right_edition(db: None) -> None:
    assert lang_of(client_of(guests.start(language="zh")), "/no/such/page/") == "zh-hans"


def test_caches_keep_editions_apart(db: None) -> None:
    response = Client().get("/points/")
    assert {"Accept-Language", "Cookie"} <= {name.strip() for name in response["Vary"].split(",")}
    assert response["Content-Language"] == "en"
