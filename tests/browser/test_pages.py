"""No page breaks its Content-Security-Policy, and axe finds no serious fault on any, by day and by night."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser import scenes
from tests.browser.conftest import PHONE
from tests.browser.player import Player
from tests.browser.server import Server
from tests.browser.stage import stage

OPEN = ("/", "/start/", "/account/login/", "/account/signup/", "/account/password/reset/", "/points/", "/agreement/")
OWN = ("/me/", "/history/", "/boards/", "/points/", "/me/delete/", "/account/signup/")
FOUND = [scenes.line("found", 100, name="kit_o", rank=1, base=100, novelty=1.0)]
SCENES: dict[str, tuple[Callable[[str], dict[str, Any]], str | None]] = {
    "label": (scenes.label, None),
    "practice": (lambda language: scenes.label(language, 0, coach="write_feeling", practice=True), None),
    "hidden results": (lambda language: scenes.label(language, results_hidden=True), None),
    "skip": (scenes.label, ".do .quiet"),
    "help": (scenes.label, "[data-guide]"),
    "find": (scenes.find, ".cand[data-letter=c]"),
    "better word": (scenes.find, ".zy .quiet >> nth=2"),
    "found": (scenes.found, ".gave >> nth=0"),
    "missed": (lambda language: scenes.found(language, "missed"), None),
    "rightly none": (lambda language: scenes.found(language, "rightly_none", picks=[], pictures=[]), None),
    "written": (lambda language: scenes.written(language, "found", n_points=100, lines=FOUND), None),
    "waiting": (lambda language: scenes.waiting(), None),
    "nothing": (lambda language: scenes.nothing("empty"), None),
    "summary": (scenes.summary, None),
}
SERIOUS = {"serious", "critical"}
BY_DAY = {"preload": False}  # else axe fetches every style sheet again, from addresses that are not theirs
BY_NIGHT = {**BY_DAY, "runOnly": {"type": "rule", "values": ["color-contrast"]}}


def faults_of(page: Page) -> list[str]:
    """Violations of the policy; then what axe finds by day, and of contrast by night."""
    found = [str(each) for each in page.evaluate("window.violations ?? []")]
    page.emulate_media(reduced_motion="reduce", color_scheme="light")
    found += serious(page, BY_DAY)
    page.emulate_media(reduced_motion="reduce", color_scheme="dark")
    return found + serious(page, BY_NIGHT)


def serious(page: Page, options: dict[str, Any]) -> list[str]:
    violations = Axe().run(page, options=options).response["violations"]
    return [
        f"{each['id']}: {node['html'][:160]} {node['failureSummary'][:200]}"
        for each in violations
        if each["impact"] in SERIOUS
        for node in each["nodes"]
    ]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_open_pages(new_context: Callable[..., BrowserContext], server: Server, language: str) -> None:
    page = new_context(language).new_page()
    faults = {}
    for address in OPEN:
        response = page.goto(server.url + address)
        assert response is not None
        assert (address, response.status) == (address, 200)
        assert page.evaluate("document.documentElement.scrollWidth") <= 1440
        faults[address] = faults_of(page)
    assert faults == {each: [] for each in OPEN}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_players_own_pages(new_player: Callable[..., Player], server: Server, language: str) -> None:
    player = new_player(language, **PHONE)
    faults = {}
    for address in OWN:
        response = player.page.goto(server.url + address)
        assert response is not None
        assert (address, response.status) == (address, 200)
        assert player.page.evaluate("document.documentElement.scrollWidth") <= PHONE["viewport"]["width"]
        faults[address] = faults_of(player.page)
    assert faults == {each: [] for each in OWN}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_page_of_the_game(new_player: Callable[..., Player], language: str) -> None:
    page = new_player(language, **PHONE).page
    faults = {}
    for name, (make, click) in SCENES.items():
        stage(page, scenes.snapshot(make(language), language=language))
        if click:
            page.locator(click).click()
        faults[name] = faults_of(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["viewport"]["width"]
    assert faults == {each: [] for each in SCENES}


@pytest.mark.parametrize("size", [(360, 740), (768, 1024), (1024, 768), (1920, 1080), (720, 450)])
def test_nothing_is_cut_off_from_360_pixels_up_and_at_200_percent(
    new_player: Callable[..., Player], size: tuple[int, int]
) -> None:
    page = new_player("en", viewport={"width": size[0], "height": size[1]}).page
    for make in (scenes.label, scenes.find, scenes.found, scenes.summary):
        stage(page, scenes.snapshot(make("en")))
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
        assert page.locator("main .go").last.is_visible()


def test_an_unknown_page_says_so_in_the_books_own_words(
    new_context: Callable[..., BrowserContext], server: Server, faults: list[str]
) -> None:
    page = new_context().new_page()
    response = page.goto(f"{server.url}/no/such/page/")
    assert response is not None
    assert response.status == 404
    assert faults_of(page) == []
    faults[:] = [fault for fault in faults if "404" not in fault]


def test_the_front_pages_example_can_be_tried(new_context: Callable[..., BrowserContext], server: Server) -> None:
    page = new_context("en").new_page()
    page.goto(server.url)
    expect(page.locator(".flag:visible")).to_have_text("no. 1")
    page.get_by_role("button", name="melting").click()
    expect(page.locator(".flag:visible")).to_have_text("no. 5")
    page.get_by_role("button", name="orange cat").click()
    expect(page.locator(".flag:visible")).to_have_count(0)
    assert page.locator(".strip:visible").count() == 1
    expect(page.locator(".colophon")).to_contain_text("60 stickers, 0 without a word yet")
