"""The labeler's line: input methods, results at typing speed, refusals, changing, moving and taking away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser import scenes
from tests.browser.player import Player
from tests.browser.stage import Stage, stage


def on_label_page(new_player: Callable[..., Player], language: str = "en", **more: Any) -> tuple[Page, Stage]:
    player = new_player(language)
    return player.page, stage(player.page, scenes.snapshot(scenes.label(language, **more), language=language))


def test_an_input_method_is_left_to_compose(new_player: Callable[..., Player]) -> None:
    player = new_player("zh")
    player.play_until("label")
    page = player.page
    keyboard = page.context.new_cdp_session(page)
    line = page.locator("#query")
    line.focus()
    keyboard.send("Input.imeSetComposition", {"text": "zhou yi", "selectionStart": 7, "selectionEnd": 7})
    page.keyboard.press("Enter")  # takes the input method's suggestion; it is not the game's
    assert page.evaluate("document.querySelectorAll('.mine li[data-id], .mine .sending').length") == 0
    keyboard.send("Input.insertText", {"text": "周一早上"})
    expect(line).to_have_value("周一早上")
    expect(page.locator(".turn .rank, .turn .aside b").first).not_to_be_empty()
    page.keyboard.press("Enter")
    expect(page.locator(".mine .text")).to_have_text(["周一早上"])
    assert player.kind == "label"


def test_text_in_composition_is_not_searched(new_player: Callable[..., Player]) -> None:
    page, acted = on_label_page(new_player, "zh", n=0)
    keyboard = page.context.new_cdp_session(page)
    page.locator("#query").focus()
    for text in ("z", "zh", "zho", "zhou"):
        keyboard.send("Input.imeSetComposition", {"text": text, "selectionStart": len(text), "selectionEnd": len(text)})
    keyboard.send("Input.insertText", {"text": "周一"})
    page.wait_for_function("document.querySelector('#query').value === '周一'")
    wait_for(page, acted, "preview", 1)
    assert [message["text"] for message in acted.moves("preview")] == ["周一"]


def test_a_text_is_searched_once_it_rests(new_player: Callable[..., Player]) -> None:
    page, acted = on_label_page(new_player, n=0)
    page.locator("#query").press_sequentially("melting")
    wait_for(page, acted, "preview", 1)
    assert acted.moves("preview")[-1]["text"] == "melting"
    assert len(acted.moves("preview")) < len("melting")


def test_results_of_an_older_text_are_never_shown(new_player: Callable[..., Player]) -> None:
    page, acted = on_label_page(new_player, n=0)
    page.locator("#query").fill("first")
    wait_for(page, acted, "preview", 1)
    page.locator("#query").fill("second")
    wait_for(page, acted, "preview", 2)
    older, newer = (message["number"] for message in acted.moves("preview"))
    acted.say(scenes.results(newer, rank=2))
    expect(page.locator(".rank mark")).to_have_text("no. 2")
    acted.say(scenes.results(older, rank=9))
    acted.say({"type": "snapshot", "state": acted.snapshot})
    expect(page.locator(".rank mark")).to_have_text("no. 2")
    expect(page.locator(".res .hit-it")).to_have_count(1)


def test_nothing_found_is_said_kindly(new_player: Callable[..., Player]) -> None:
    page, acted = on_label_page(new_player, n=0)
    page.locator("#query").fill("words nobody said")
    wait_for(page, acted, "preview", 1)
    acted.say(scenes.results(acted.moves("preview")[0]["number"], rank=None, n=0))
    expect(page.locator(".turn .aside b")).to_have_text("Nobody has said this yet")


def test_a_refusal_keeps_the_text_and_says_why(new_player: Callable[..., Player]) -> None:
    page, acted = on_label_page(new_player, n=0)
    acted.answer = lambda message: refusal(message) if message["type"] == "add_query" else []
    page.locator("#query").fill("cat")
    page.keyboard.press("Enter")
    expect(page.locator("#note")).to_have_text("Everybody writes that one.")
    expect(page.locator("#query")).to_have_value("cat")
    page.locator("#query").fill("nap time")
    expect(page.locator("#note")).to_contain_text("Everybody writes that one.")


def refusal(message: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"type": "refused", "key": message["key"], "code": "worn_out", "message": "Everybody writes that one."}]


def test_lines_are_moved_by_the_arrow_keys_and_by_hand(new_player: Callable[..., Player]) -> None:
    page, acted = on_label_page(new_player, n=3)
    page.locator(".grip").nth(2).focus()
    page.keyboard.press("ArrowUp")
    wait_for(page, acted, "reorder", 1)
    assert acted.moves("reorder")[0]["order"] == [1, 3, 2]
    first, last = page.locator(".grip").first.bounding_box(), page.locator(".grip").last.bounding_box()
    assert first is not None
    assert last is not None
    page.mouse.move(first["x"] + 10, first["y"] + 10)
    page.mouse.down()
    page.mouse.move(last["x"] + 10, last["y"] + last["height"], steps=8)
    page.mouse.up()
    wait_for(page, acted, "reorder", 2)
    assert acted.moves("reorder")[1]["order"] == [2, 3, 1]


def test_a_line_is_changed_in_place(new_player: Callable[..., Player]) -> None:
    page, acted = on_label_page(new_player, n=2)
    page.locator(".said").first.click()
    page.keyboard.press("Control+a")
    page.keyboard.type("my bank app on payday")
    page.keyboard.press("Enter")
    wait_for(page, acted, "edit_query", 1)
    assert [(move["query"], move["text"]) for move in acted.moves("edit_query")] == [(1, "my bank app on payday")]


def test_nothing_can_be_sent_off_without_a_line(new_player: Callable[..., Player]) -> None:
    page, acted = on_label_page(new_player, n=0)
    expect(page.locator(".do .go")).to_be_disabled()
    page.keyboard.press("Control+Enter")
    acted.say({"type": "snapshot", "state": acted.snapshot})
    expect(page.locator(".do .go")).to_be_disabled()
    page.locator("#query").fill("x")
    expect(page.locator(".do .go")).to_be_enabled()


def test_with_five_lines_there_is_no_sixth(new_player: Callable[..., Player]) -> None:
    page, _acted = on_label_page(new_player, n=5)
    expect(page.locator("#query")).to_be_hidden()
    expect(page.locator(".mine .full")).to_be_visible()


def test_text_is_never_markup(new_player: Callable[..., Player]) -> None:
    turn = scenes.find()
    turn["queries"][0]["text"] = "<img src=x onerror=alert(1)>"
    page = new_player().page
    stage(page, scenes.snapshot(turn))
    expect(page.locator(".clue li").first).to_have_text("<img src=x onerror=alert(1)>")
    assert page.locator(".clue img").count() == 0


def wait_for(page: Page, acted: Stage, kind: str, n: int) -> None:
    """Let the page run until that many messages of a kind were heard."""
    for _ in range(200):
        if len(acted.moves(kind)) >= n:
            return
        page.wait_for_timeout(25)
    raise AssertionError(f"heard {len(acted.moves(kind))} of {kind}, not {n}")
