"""The studio's switch: which chats players reply to, and who may say so."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from sticktionary.domain.people import moderation
from sticktionary.models import AuditEntry, Conversation, Player, Sticker
from tests.game.page import client_of
from tests.reply_round.conftest import chat


@pytest.fixture
def client(db: None) -> Client:
    return client_of(moderation.make_admin(username="ada", password="seven quiet otters", language="en"))


def switched_on() -> list[str]:
    return list(Conversation.objects.filter(takes_replies=True).order_by("pk").values_list("key", flat=True))


def test_one_chat_is_given_to_players_and_taken_back(client: Client, shelf: list[Sticker]) -> None:
    [place] = chat(shelf[0], takes_replies=False)
    address = reverse("studio_clear_for_replies", args=[place.session.conversation_id])
    page = reverse("studio_conversation", args=[place.session.conversation_id])
    assert "Let players reply" in client.get(page).content.decode()
    client.post(address, {"switch": "on", "why": "everybody agreed"})
    assert switched_on() == ["chat"]
    assert "Show it to players no longer" in client.get(page).content.decode()
    client.post(address, {"switch": "off"})
    assert switched_on() == []
    assert AuditEntry.objects.filter(verb="clear_for_replies").count() == 2


def test_all_chats_of_a_language_at_once(client: Client, shelf: list[Sticker]) -> None:
    for key, language in (("one", "en"), ("two", "zh"), ("three", "en")):
        chat(shelf[0], key=key, language=language, takes_replies=False)
    Conversation.objects.filter(key="three").update(is_active=False)
    client.post(reverse("studio_clear_all_for_replies"), {"switch": "on", "language": "en"})
    assert switched_on() == ["one"]
    client.post(reverse("studio_clear_all_for_replies"), {"switch": "on", "language": ""})
    assert switched_on() == ["one", "two"]
    assert client.get(reverse("studio_conversations")).content.decode().count(">replies<") == 2


def test_players_may_not_switch_anything(anna: Player, shelf: list[Sticker]) -> None:
    [place] = chat(shelf[0], takes_replies=False)
    for address in (
        reverse("studio_clear_for_replies", args=[place.session.conversation_id]),
        reverse("studio_clear_all_for_replies"),
    ):
        assert client_of(anna).post(address, {"switch": "on"}).status_code == 403
    assert switched_on() == []


def test_the_command_does_the_same(shelf: list[Sticker]) -> None:
    for key in ("one", "two"):
        chat(shelf[0], key=key, takes_replies=False)
    call_command("reply_chats", "on", "two", why="asked them", verbosity=0)
    assert switched_on() == ["two"]
    call_command("reply_chats", "on", verbosity=0)
    assert switched_on() == ["one", "two"]
    call_command("reply_chats", "off", language="zh", verbosity=0)
    assert switched_on() == ["one", "two"]
    with pytest.raises(CommandError, match="no conversation three"):
        call_command("reply_chats", "off", "three", verbosity=0)
