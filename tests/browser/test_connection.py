"""Lost connections, restarts, second tabs: what was acknowledged is there, what was not yet is sent again, once."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser import scenes
from tests.browser.player import Player
from tests.browser.server import Server
from tests.browser.stage import stage
from tests.browser.test_typing import wait_for

LOST = "ERR_CONNECTION_REFUSED"


def test_a_restart_in_mid_round_loses_nothing(
    new_player: Callable[..., Player], server: Server, faults: list[str]
) -> None:
    player = new_player("en")
    player.play_until("label")
    page = player.page
    page.keyboard.type("before the restart")
    player.press("Enter")
    expect(page.locator(".mine li[data-id]")).to_have_count(1)
    server.stop()
    expect(page.locator("[data-link]")).to_contain_text("Trying again")
    page.keyboard.type("while it was away")
    player.press("Enter")
    expect(page.locator(".mine .sending")).to_have_count(1)
    page.keyboard.type("half a li")
    server.start()
    expect(page.locator(".mine li[data-id]")).to_have_count(2, timeout=20_000)
    expect(page.locator("[data-link]")).to_be_hidden()
    expect(page.locator("#query")).to_have_value("half a li")
    expect(page.locator(".mine .text")).to_have_text(["before the restart", "while it was away"])
    page.reload()
    expect(page.locator(".mine li[data-id]")).to_have_count(2)
    expect(page.locator("#query")).to_have_value("half a li")
    faults[:] = [fault for fault in faults if LOST not in fault and "WebSocket" not in fault]


def test_two_tabs_show_the_same_page(new_player: Callable[..., Player]) -> None:
    player = new_player("en")
    player.play_until("label")
    other = player.page.context.new_page()
    other.goto(player.page.url)
    other.locator("main.label").wait_for()
    player.page.bring_to_front()
    player.page.locator("#query").focus()
    player.page.keyboard.type("written in one tab")
    player.press("Enter")
    expect(other.locator(".mine .text")).to_have_text("written in one tab")
    player.press("Control+Enter")
    other.locator("main.reveal").wait_for()


def test_a_move_is_sent_again_until_it_is_answered(new_player: Callable[..., Player]) -> None:
    page = new_player().page
    acted = stage(page, scenes.snapshot(scenes.find()))
    player = Player(page, "en", "")
    player.press("j", "Enter")
    wait_for(page, acted, "answer", 1)
    assert acted.route is not None
    acted.route.close(code=1012)
    wait_for(page, acted, "answer", 2)
    first, second = acted.moves("answer")
    assert first == second
    acted.say({"type": "done", "key": first["key"], "nudges": []})
    acted.route.close(code=1012)
    page.wait_for_function("performance.now() > 0")
    expect(page.locator("[data-link]")).to_be_hidden()
    assert len(acted.moves("answer")) == 2


def test_a_move_the_server_cannot_read_is_not_sent_again(new_player: Callable[..., Player]) -> None:
    page = new_player().page
    acted = stage(page, scenes.snapshot(scenes.find()))
    Player(page, "en", "").press("j", "Enter")
    wait_for(page, acted, "answer", 1)
    acted.say({"type": "refused", "key": None, "code": "malformed", "message": "The game did not understand that."})
    page.wait_for_function("sessionStorage.getItem('outbox') === '[]'")
    assert acted.route is not None
    acted.route.close(code=1012)
    expect(page.locator("[data-link]")).to_be_hidden()
    assert len(acted.moves("answer")) == 1


def test_half_a_character_is_left_out(new_player: Callable[..., Player]) -> None:
    page = new_player().page
    acted = stage(page, scenes.snapshot(scenes.label()))
    page.evaluate("""() => { const line = document.querySelector("#query"); line.value = "so\\ud83d tired";
        line.dispatchEvent(new Event("input", { bubbles: true })) }""")
    page.locator("#query").press("Enter")
    wait_for(page, acted, "add_query", 1)
    assert acted.moves("add_query")[0]["text"] == "so tired"


def test_a_slow_answer_is_not_waited_for_in_silence(new_player: Callable[..., Player]) -> None:
    page = new_player().page
    acted = stage(page, scenes.snapshot(scenes.find()))
    Player(page, "en", "").press("j", "Enter")
    expect(page.locator("[data-link]")).to_contain_text("still on its way")
    acted.say({"type": "done", "key": acted.moves("answer")[0]["key"], "nudges": []})
    expect(page.locator("[data-link]")).to_be_hidden()


def test_ten_minutes_over_ask_whether_to_go_on(new_player: Callable[..., Player]) -> None:
    page = new_player().page
    acted = stage(page, scenes.snapshot(scenes.label(lease_until=1.0)))
    expect(page.locator("dialog")).to_contain_text("ten minutes")
    page.locator("dialog .go").click()
    wait_for(page, acted, "deal", 1)


def test_news_while_away_are_a_sheet_and_later_ones_toasts(new_player: Callable[..., Player]) -> None:
    page = new_player().page
    acted = stage(page, scenes.snapshot(scenes.find(), notices=[scenes.notice(1), scenes.notice(2, "not_found", 0, 0)]))
    expect(page.locator("dialog .away li")).to_have_count(2)
    page.keyboard.press("Escape")
    wait_for(page, acted, "notices_seen", 1)
    assert acted.moves("notices_seen")[0]["upto"] == 2
    acted.say({"type": "snapshot", "state": scenes.snapshot(scenes.find(), notices=[scenes.notice(3)])})
    expect(page.locator(".toast")).to_contain_text("kit_o found it first try")
    page.locator(".toast .x").click()
    expect(page.locator(".toast")).to_have_count(0)


def test_with_less_motion_a_moving_sticker_shows_its_poster_first(new_player: Callable[..., Player]) -> None:
    page = new_player(reduced_motion="reduce").page
    moving = {**scenes.picture("cat_melting", moves=True), "poster": "/static/img/demo/cat_peek.webp"}
    stage(page, scenes.snapshot(scenes.label(sticker=moving)))
    image = page.locator(".hw img")
    expect(image).to_have_attribute("src", "/static/img/demo/cat_peek.webp")
    page.get_by_role("button", name="Let it move").click()
    expect(image).to_have_attribute("src", "/static/img/demo/cat_melting.webp")
    assert page.evaluate("document.getAnimations().length") == 0


def test_a_skip_asks_for_the_reason(new_player: Callable[..., Player]) -> None:
    page = new_player().page
    acted = stage(page, scenes.snapshot(scenes.find()))
    page.locator(".zy button").first.click()
    page.get_by_role("button", name="Nothing comes to mind").click()
    wait_for(page, acted, "skip", 1)
    assert acted.moves("skip")[0]["reason"] == "no_words"


def test_a_better_word_goes_to_the_chosen_sticker(new_player: Callable[..., Player]) -> None:
    page = new_player().page
    acted = stage(
        page, scenes.snapshot(scenes.find()), lambda message: [{"type": "done", "key": message["key"], "nudges": []}]
    )
    page.keyboard.press("y")
    page.locator("dialog .cand").nth(4).click()
    page.keyboard.type("sunday, 4 pm")
    page.keyboard.press("Enter")
    wait_for(page, acted, "suggest", 1)
    assert (acted.moves("suggest")[0]["candidate"], acted.moves("suggest")[0]["text"]) == ("e", "sunday, 4 pm")
    expect(page.locator("dialog")).to_have_count(0)


def test_a_slow_search_is_not_waited_for_in_silence(new_player: Callable[..., Player]) -> None:
    page = new_player().page
    acted = stage(page, scenes.snapshot(scenes.label(n=0)))
    page.locator("#query").fill("slow")
    expect(page.locator("[data-link]")).to_contain_text("still on its way")
    acted.say(scenes.results(acted.moves("preview")[0]["number"]))
    expect(page.locator("[data-link]")).to_be_hidden()


def test_a_page_that_is_drawn_again_keeps_the_focus(new_player: Callable[..., Player]) -> None:
    page = new_player("en").page
    acted = stage(page, scenes.snapshot(scenes.written()))
    for held, n in [("main h1", 2), ("main .go", 1)]:
        page.locator(held).focus()
        acted.snapshot = scenes.snapshot(scenes.written("en", "found", n_points=30, queries=scenes.queries("en", n)))
        acted.show()
        expect(page.locator("main ol.defs li")).to_have_count(n)
        expect(page.locator(held)).to_be_focused()
