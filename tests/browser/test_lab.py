"""The loop from a browser: a run is started and watched to its end, its model approved, brought live, tried, rolled
back; with the workers that do it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import PHONE
from tests.browser.server import PACK, ROOT, Server
from tests.browser.test_pages import faults_of

PASSWORD = "four words on a sticker"  # noqa: S105
LONG_MS = 240_000
SETTINGS = {"steps": "12", "batch": "16", "part": "16", "validate_every": "4", "learning_rate": "0.001"}


@pytest.fixture(scope="module")
def lab(server: Server) -> Iterator[Server]:
    """The server with the model that is shipped, a release to learn from, and workers of both queues."""
    server.manage("make_admin", "rosa", "--language", "en", "--password-stdin", said=PASSWORD)
    server.manage("install_model", str(PACK / "clip"))
    server.manage("freeze", "--wait", "--title", "First words")
    environment = server.environment | {"OMP_NUM_THREADS": "1"}
    command = (sys.executable, "-m", "celery", "-A", "sticktionary", "--quiet", "worker", "--pool", "threads")
    log = (server.data / "workers.log").open("ab")
    workers = [
        subprocess.Popen(
            [*command, "--concurrency", "1", "--queues", queue, "--hostname", f"{queue}@%h"],
            cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True,
        )
        for queue in ("celery", "gpu")
    ]  # fmt: skip
    yield server
    for worker in workers:
        os.killpg(worker.pid, signal.SIGTERM)
        worker.wait(30)


@pytest.fixture
def page(lab: Server, new_context: Callable[..., BrowserContext]) -> Page:
    page = new_context().new_page()
    page.goto(f"{lab.url}/account/login/")
    page.locator("input[name=login]").fill("rosa")
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("main button[type=submit]").click()
    page.wait_for_url(lambda url: "/login/" not in url)
    page.goto(f"{lab.url}/studio/lab/")
    return page


def start(page: Page) -> None:
    page.get_by_role("link", name="New run").last.click()
    page.get_by_label("Title", exact=True).fill("From the browser")
    page.get_by_label("Start from").fill("tiny")
    page.get_by_text("More settings").click()
    for name, value in SETTINGS.items():
        page.locator(f"[name='settings.{name}']").fill(value)
    page.get_by_label("Trained on").select_option("cpu")
    expect(page.locator("[data-takes] b").first).to_be_visible()
    page.get_by_role("button", name="Start the run").click()


def test_the_whole_loop(page: Page, lab: Server) -> None:
    start(page)
    expect(page.locator("h1")).to_have_text("From the browser")
    expect(page.locator("h1 + p .state")).to_have_text("awaiting approval", timeout=LONG_MS)
    expect(page.locator(".curve figcaption").first).to_contain_text("Loss")
    assert faults_of(page) == []
    page.get_by_role("link", name="Look at it and decide").click()
    page.locator("#approve-why").fill("to see it go live")
    page.get_by_role("button", name="Approve").click()
    page.get_by_role("button", name="Bring it live").click()
    expect(page.locator("h1 + p .state").first).to_have_text("live", timeout=LONG_MS)
    assert faults_of(page) == []
    search(page, lab)
    page.get_by_role("link", name="Models").click()
    page.get_by_role("link", name="From the browser").first.click()
    page.get_by_text("Roll back", exact=True).click()
    page.locator("#back-why").fill("only to try it")
    page.get_by_role("button", name="Roll back now").click()
    expect(page.locator("h1 + p .state").first).to_have_text("live before")


def search(page: Page, lab: Server) -> None:
    """Both models answer, and the one that has just gone live is offered first."""
    page.goto(f"{lab.url}/studio/lab/try/")
    expect(page.get_by_label("Left").locator("option:checked")).to_have_text("From the browser")
    page.get_by_label("Query").fill("good night")
    page.get_by_role("button", name="Search").click()
    expect(page.locator(".tried > section")).to_have_count(2)
    expect(page.locator(".tried > section").first.locator(".hits > li")).to_have_count(24)
    assert faults_of(page) == []


PLACES = ("", "runs/", "runs/new/", "runs/new/?recipe=querygen", "runs/1/", "runs/compare/?run=1", "models/")
PLACES += ("models/1/", "models/2/", "try/?q=good+night", "tokens/", "api/", "query/?query=1")


@pytest.mark.parametrize("screen", ["desk", "phone"])
def test_every_page_can_be_read_by_everybody(page: Page, lab: Server, screen: str) -> None:
    if screen == "phone":
        page.set_viewport_size(PHONE["viewport"])
    for place in PLACES:
        page.goto(f"{lab.url}/studio/lab/{place}")
        assert faults_of(page) == [], place
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert page.evaluate(wide) <= 0, place
