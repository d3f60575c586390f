"""The page's state is a pure function of what happened; tried in the browser it is written for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser import scenes
from tests.browser.server import Server

REDUCE = """async ([events]) => {
  const { initial, reduce } = await import('/static/js/state.js')
  return events.reduce(reduce, initial)
}"""


@pytest.fixture
def page(new_context: Callable[..., BrowserContext], server: Server) -> Page:
    page = new_context().new_page()
    page.goto(server.url)
    return page


def after(page: Page, *events: dict[str, Any]) -> dict[str, Any]:
    state: dict[str, Any] = page.evaluate(REDUCE, [list(events)])
    return state


def showing(turn: dict[str, Any]) -> dict[str, Any]:
    return {"type": "snapshot", "state": scenes.snapshot(turn)}


def picked(*letters: str) -> list[dict[str, Any]]:
    return [{"type": "picked", "letter": letter} for letter in letters]


def test_picks_keep_their_order_and_a_second_tap_takes_back(page: Page) -> None:
    assert after(page, *picked("j", "n", "c", "j"))["turn"]["picks"] == ["n", "c"]


def test_a_fourth_pick_changes_nothing(page: Page) -> None:
    assert after(page, *picked("a", "b", "c", "d"))["turn"]["picks"] == ["a", "b", "c"]


def test_a_plate_laid_on_a_place_pushes_the_others_back(page: Page) -> None:
    events = [*picked("a", "b", "c"), {"type": "placed", "letter": "x", "place": 0}]
    assert after(page, *events)["turn"]["picks"] == ["x", "a", "b"]
    moved = [*picked("a", "b", "c"), {"type": "placed", "letter": "c", "place": 0}]
    assert after(page, *moved)["turn"]["picks"] == ["c", "a", "b"]


def test_none_of_these_and_picks_exclude_each_other(page: Page) -> None:
    none = after(page, *picked("a"), {"type": "none"})["turn"]
    assert (none["picks"], none["none"]) == ([], True)
    some = after(page, {"type": "none"}, *picked("a"))["turn"]
    assert (some["picks"], some["none"]) == (["a"], False)


def test_only_the_newest_question_is_answered(page: Page) -> None:
    asked = [{"type": "asked", "number": 1, "text": "a"}, {"type": "asked", "number": 2, "text": "ab"}]
    assert after(page, *asked, scenes.results(1))["turn"]["results"] is None
    assert after(page, *asked, scenes.results(2), scenes.results(1))["turn"]["results"]["number"] == 2


def test_a_refused_text_comes_back_with_its_reason(page: Page) -> None:
    move = {"type": "add_query", "key": "k1", "lease": "label-lease", "text": "cat"}
    refused = {"type": "refused", "key": "k1", "code": "worn_out", "message": "Everybody writes that one."}
    sent = [showing(scenes.label()), {"type": "typed", "text": "cat"}, {"type": "sent", "move": move}]
    assert after(page, *sent)["turn"]["text"] == ""
    turn = after(page, *sent, refused)["turn"]
    assert (turn["text"], turn["refusal"]["message"]) == ("cat", "Everybody writes that one.")


def test_a_refused_text_does_not_overwrite_what_was_typed_since(page: Page) -> None:
    move = {"type": "add_query", "key": "k1", "lease": "label-lease", "text": "cat"}
    refused = {"type": "refused", "key": "k1", "code": "worn_out", "message": "No."}
    typed = [showing(scenes.label()), {"type": "sent", "move": move}, {"type": "typed", "text": "next"}, refused]
    assert after(page, *typed)["turn"]["text"] == "next"
    assert after(page, *typed, {"type": "takeBackText"})["turn"]["text"] == "cat"


def test_a_move_is_under_way_until_it_is_answered(page: Page) -> None:
    move = {"type": "submit", "key": "k2", "lease": "label-lease"}
    sent = [showing(scenes.label()), {"type": "sent", "move": move}]
    assert [each["key"] for each in after(page, *sent)["moves"]] == ["k2"]
    assert after(page, *sent, {"type": "done", "key": "k2", "nudges": []})["moves"] == []


def test_the_same_turn_again_keeps_what_is_typed_and_another_turn_does_not(page: Page) -> None:
    typed = [showing(scenes.label()), {"type": "typed", "text": "half a wo"}]
    assert after(page, *typed, showing(scenes.label(n=3)))["turn"]["text"] == "half a wo"
    assert after(page, *typed, showing(scenes.find()))["turn"]["text"] == ""


def test_what_is_shared_spoils_nothing(page: Page) -> None:
    script = "async ([snapshot]) => (await import('/static/js/state.js')).shareText(snapshot, 'Sticktionary')"
    assert page.evaluate(script, [scenes.snapshot(scenes.summary(), now=7)]) == "Sticktionary S²T¹I¹C–K·Y³ 340"
    chinese = scenes.snapshot(scenes.summary("zh"), language="zh", now=7)
    assert page.evaluate(script, [chinese]) == "Sticktionary 一²二¹三¹四–五·六³ 340"


def test_waits_grow_and_are_spread(page: Page) -> None:
    script = "async ([n, chance]) => (await import('/static/js/socket.js')).waitBefore(n, chance)"
    assert [page.evaluate(script, [n, 1]) for n in (1, 2, 3, 20)] == [400, 800, 1600, 10_000]
    assert page.evaluate(script, [1, 0]) == 200


def test_a_line_is_pasted_when_most_of_it_was(page: Page) -> None:
    script = "async ([line, pasted]) => (await import('/static/js/state.js')).wasPasted(line, pasted)"
    mostly = [("so done", "so done"), ("so done again", "so  done\n"), ("a" * 60, "a" * 90)]
    hardly = [("so done", ""), ("so done today", "so"), ("typed anew", "so done"), ("so done", " \n")]
    assert [page.evaluate(script, [line, pasted]) for line, pasted in mostly] == [True] * 3
    assert [page.evaluate(script, [line, pasted]) for line, pasted in hardly] == [False] * 4


def test_a_text_that_the_server_had_no_time_for_may_be_asked_for_again(page: Page) -> None:
    events = [showing(scenes.label("en", n=0)), {"type": "asked", "number": 4, "text": "melting"}]
    assert after(page, *events, {"type": "busy", "number": 4})["turn"]["askedFor"] == ""
    assert after(page, *events, {"type": "busy", "number": 3})["turn"]["askedFor"] == "melting"
