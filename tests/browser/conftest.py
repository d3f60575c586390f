"""Real Chromium against the real server. Not in one process with a database: Playwright's loop would be in the way."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

from tests.browser.player import Player
from tests.browser.server import Server

CHROMIUM = os.environ.get("CHROMIUM") or "/usr/bin/chromium"
QUIET = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
DESK: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}}
LOCALES = {"en": "en-GB", "zh": "zh-CN"}
WATCH = """addEventListener("securitypolicyviolation", (event) => {
  (window.violations ??= []).push(`${event.violatedDirective} ${event.blockedURI}`)
})"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent.name == "browser":
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="package")
def browser(playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
    yield browser
    browser.close()


@pytest.fixture(scope="package")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Server:
    server = Server(tmp_path_factory.mktemp("prepared"))
    server.set_up()
    return server


@pytest.fixture(scope="module")
def server(prepared: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Of each file its own, so that it is the same in whatever order they come."""
    server = Server(tmp_path_factory.mktemp("server"))
    shutil.copytree(prepared.data, server.data, dirs_exist_ok=True)
    server.start()
    yield server
    server.stop()


class Faults(list[str]):
    """What a page complained about: script errors, console errors, violations of the Content-Security-Policy."""

    def watch(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.append(f"{page.url}: {error}"))
        page.on("console", lambda line: self.append(f"{page.url}: {line.text}") if line.type == "error" else None)


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def new_context(browser: Browser, faults: Faults) -> Iterator[Callable[..., BrowserContext]]:
    contexts: list[BrowserContext] = []

    def make(language: str = "en", **more: Any) -> BrowserContext:
        context = browser.new_context(locale=LOCALES[language], **{**DESK, **more})
        context.set_default_timeout(10_000)
        context.add_init_script(WATCH)
        context.on("page", faults.watch)
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def new_player(new_context: Callable[..., BrowserContext], server: Server) -> Callable[..., Player]:
    """A guest of that language, on the game's page."""

    def make(language: str = "en", **more: Any) -> Player:
        player = Player(new_context(language, **more).new_page(), language, server.url)
        player.begin()
        return player

    return make


@pytest.fixture(autouse=True)
def no_faults(faults: Faults) -> Iterator[None]:
    yield
    assert faults == []
