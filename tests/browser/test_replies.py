"""Replying to a chat in a real browser: two players who agree, and each page as it is seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser import reply_scenes, scenes
from tests.browser.conftest import PHONE
from tests.browser.player import Player
from tests.browser.reply_scenes import after_six, offer
from tests.browser.server import Server
from tests.browser.stage import Stage, stage
from tests.browser.test_bonus import SIX_DONE, SMALL, wait_for
from tests.browser.test_two_players import too_small_to_touch

CHATS = """
from sticktionary.models import *
RuleSet.objects.create(values={"gold_every_first": 0, "gold_every": 0})
talk = Conversation.objects.create(key="talk", language="en", licence="CC0-1.0", source="ours", takes_replies=True)
session = ChatSession.objects.create(conversation=talk, number=1)
for n, sticker in enumerate(Sticker.objects.order_by("pk")[:2]):
    Utterance.objects.create(session=session, number=2 * n + 1, speaker="User_1", text="it is monday again")
    Utterance.objects.create(session=session, number=2 * n + 2, speaker="User_2", sticker=sticker)
"""
NO_CHATS = """
from sticktionary.models import *
Conversation.objects.filter(key="talk").delete()
RuleSet.objects.create(values={})
"""
KEPT = """
from sticktionary.models import *
rows = list(Reply.objects.filter(utterance__number=2).order_by("pk"))
assert [row.state for row in rows] == ["answered"] * 2, rows
one, other = rows
assert one.pick == other.pick and one.intent == other.intent == "relief", [one.intent, other.intent]
assert one.scenario == other.scenario == "DR"
assert len(one.also) == 1 and other.words == "monday", [one.also, other.words]
"""


@pytest.fixture
def chats(server: Server) -> Iterator[None]:
    server.manage("shell", "-c", CHATS)
    yield
    server.manage("shell", "-c", NO_CHATS)


def at_a_chat(new_player: Callable[..., Player], server: Server, **more: Any) -> Page:
    player = new_player("en", **more)
    server.manage("shell", "-c", SIX_DONE)
    player.page.reload()
    player.see("reveal")
    player.press("Enter")
    player.page.locator("main.send").wait_for()
    return player.page


def test_two_players_reply_to_the_same_chat_and_agree(
    new_player: Callable[..., Player], server: Server, chats: None
) -> None:
    first = at_a_chat(new_player, server, **PHONE)
    first.get_by_label("Search for a sticker").fill("monday")
    expect(first.locator(".found")).to_have_text("Found with “monday”")
    found = first.locator(".offers button")
    wanted = found.first.get_attribute("data-id")
    found.nth(0).tap()
    found.nth(1).tap()
    send(first, "tap")
    expect(first.locator(".replied .total .num")).to_have_text("0")
    expect(first.get_by_text("You are the first here.")).to_be_visible()

    second = at_a_chat(new_player, server)
    second.keyboard.press("/")
    second.keyboard.type("monday")
    expect(second.locator(".found")).to_have_text("Found with “monday”")
    second.locator(f".offers [data-id='{wanted}']").focus()
    second.keyboard.press("Space")
    expect(second.locator(f".offers [data-id='{wanted}']")).to_have_attribute("aria-pressed", "true")
    send(second, "click")
    for page in (first, second):
        expect(page.locator(".replied .stamp")).to_contain_text("Agreed")
        row = page.locator(".sendings li", has_text="sent the same")
        expect(row.locator(".pt")).to_have_text("+40")
    server.manage("shell", "-c", KEPT)

    first.get_by_role("button", name="Next page").tap()
    first.locator("main.summary").wait_for()
    expect(first.locator(".chats")).to_contain_text("1 chat replied to.")
    first.get_by_role("button", name="Reply to a chat").tap()
    first.locator("main.send").wait_for()
    expect(first.locator(".talk .sticker")).to_have_count(2)


def send(page: Page, how: str) -> None:
    """What is picked, with what is meant by it."""
    act: Callable[[Any], None] = lambda target: getattr(target, how)()  # noqa: E731
    act(page.get_by_role("button", name="This one"))
    page.get_by_role("radio", name="Glad", exact=True).check(force=True)
    page.get_by_role("radio", name="Relief", exact=True).check(force=True)
    page.get_by_role("radio", name="Alone: it is the answer").check(force=True)
    act(page.get_by_role("button", name="Send it"))
    page.locator("main.replied").wait_for()


# --- as it is seen, on a page the test plays to ---


@pytest.fixture
def page(new_player: Callable[..., Player]) -> Page:
    return new_player("en").page


def test_what_is_tapped_first_is_sent_and_up_to_three_would_do_as_well(page: Page) -> None:
    acted = stage(page, after_six(reply_scenes.reply()))
    expect(page.get_by_role("button", name="This one")).to_be_disabled()
    plates = page.locator(".offers button")
    for n in (4, 2, 7, 9, 11):
        plates.nth(n).click()
    assert page.locator(".offers .ord").all_inner_texts() == ["+", "1", "+", "+"]
    expect(page.get_by_role("img", name=f"Your reply: {offer(4)['alt']}")).to_be_visible()
    plates.nth(4).click()
    expect(page.get_by_role("img", name=f"Your reply: {offer(2)['alt']}")).to_be_visible()
    page.reload()
    expect(page.locator(".picked button")).to_have_count(3)
    page.get_by_role("button", name="This one").click()
    expect(page.get_by_role("heading", name="What do you mean by it?")).to_be_focused()
    page.get_by_role("radio", name="Disgusted", exact=True).check(force=True)
    expect(page.get_by_role("button", name="Send it")).to_be_disabled()
    page.get_by_role("radio", name="With words of mine").check(force=True)
    page.get_by_role("button", name="Send it").click()
    [sent] = wait_for(acted, page, "reply")
    assert sent["given"] == {"pick": 3, "also": [8, 10], "intent": "disgust", "scenario": "SR", "words": ""}


def test_results_of_an_older_text_are_never_shown(page: Page) -> None:
    acted = stage(page, after_six(reply_scenes.reply()))
    page.get_by_label("Search for a sticker").fill("monday")
    [asked] = wait_for(acted, page, "look")
    assert (asked["text"], asked["lease"]) == ("monday", "reply-1")
    acted.say({"type": "offers", "number": asked["number"] - 1, "offers": [offer(20)]})
    acted.say({"type": "offers", "number": asked["number"], "offers": [offer(21), offer(22)]})
    expect(page.locator(".offers button")).to_have_count(2)
    assert page.locator(".offers button").evaluate_all("(all) => all.map((b) => b.dataset.id)") == ["22", "23"]
    page.get_by_label("Search for a sticker").fill("")
    expect(page.locator(".offers button")).to_have_count(12)


def test_passing_says_why(page: Page) -> None:
    acted = stage(page, after_six(reply_scenes.reply()))
    page.locator("h1").focus()
    page.keyboard.press("0")
    page.get_by_role("button", name="No sticker fits here").click()
    assert [(move["why"], move.get("finish")) for move in wait_for(acted, page, "pass_reply")] == [("no_sticker", None)]


def test_a_refusal_is_read_out_and_nothing_is_lost(page: Page) -> None:
    def refuse(message: dict[str, Any]) -> list[dict[str, Any]]:
        if message["type"] != "reply":
            return []
        return [{"type": "refused", "key": message["key"], "code": "no_such_sticker", "message": "It has just left."}]

    stage(page, after_six(reply_scenes.reply()), refuse)
    page.locator(".offers button").first.click()
    page.get_by_role("button", name="This one").click()
    page.get_by_role("radio", name="Neither", exact=True).check(force=True)
    page.get_by_role("radio", name="With words of mine").check(force=True)
    page.get_by_role("button", name="Send it").click()
    expect(page.locator(".note[role=status]")).to_have_text("It has just left.")
    expect(page.get_by_role("button", name="Send it")).to_be_enabled()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_small_phone_shows_all_of_it_without_scrolling_sideways(
    new_player: Callable[..., Player], language: str
) -> None:
    page = new_player(language, **SMALL).page
    shown: list[Stage] = []

    def fits() -> None:
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert too_small_to_touch(page) == []

    shown.append(stage(page, after_six(reply_scenes.reply(language), language)))
    fits()
    page.locator(".offers button").first.tap()
    fits()
    page.locator(".foot .go").tap()
    page.locator(".chips .opt").first.tap()
    fits()
    stage(page, after_six(reply_scenes.replied(language), language))
    fits()
    stage(page, scenes.snapshot({**scenes.summary(), "n_replies": 2, "reply_points": 40, "can_reply": True}, now=7))
    fits()


def test_a_card_asked_for_after_a_sitting_leads_to_another_chat_or_back(page: Page) -> None:
    acted = stage(page, after_six(reply_scenes.replied(by_choice=True)))
    page.get_by_role("button", name="Another chat").click()
    assert len(wait_for(acted, page, "another_chat")) == 1
    acted = stage(page, after_six(reply_scenes.replied(by_choice=True)))
    page.get_by_role("button", name="Back to the summary").click()
    assert [move["lease"] for move in wait_for(acted, page, "turn_reply_over")] == ["reply-1"]
