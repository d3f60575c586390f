"""The review desk in a real browser: by keys alone, by thumb, and with the connection gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.browser.conftest import DESK, PHONE
from tests.browser.server import Server
from tests.browser.test_desks import PASSWORD, signed_in
from tests.browser.test_pages import faults_of

WORK = """
from datetime import timedelta
from django.utils import timezone
from sticktionary.domain.play import deciding
from sticktionary.domain.quality import sanctions
from sticktionary.models import Player, Preview, Query, Retrieval, Round, Sticker

now = timezone.now()
writer, one, two = (Player.objects.create(username=name, display_name=name) for name in ("wren", "finch", "tit"))
ids = list(Sticker.objects.order_by("pk").values_list("pk", flat=True)[:40])
house = Round.objects.create(sticker_id=ids[39], language="en", source="house", state="found", dealt_at=now)
for text in ("monday morning", "good morning monday"):
    Query.objects.create(round=house, text=text, normalised=text, position=1, added_at=now)
for number, text in enumerate({texts}):
    start = now - timedelta(hours=50 - number)
    round_ = Round.objects.create(
        sticker_id=ids[number], language="zh" if text > "z" else "en", labeler=writer, state="open",
        dealt_at=start, submitted_at=start + timedelta(seconds=40),
    )
    for position, line in enumerate([text, "second line" if text < "z" else "第二行"], 1):
        Query.objects.create(
            round=round_, text=line, normalised=line, position=position, added_at=start, novelty=1.5
        )
    Preview.objects.create(round=round_, text=text[:3], at=start, hits=[], target_rank=7, model_version="m", ms=1)
    for player in (one, two):
        Retrieval.objects.create(
            round=round_, player=player, state="answered", candidates=ids[:24], picks=[ids[number + 1]], rank=0,
            dealt_at=start, lease_until=start, answered_at=start + timedelta(seconds=12),
        )
    deciding.decide(round_)
"""
BOUNCED = (
    """() => { for (const _ of [1, 2]) dispatchEvent(new KeyboardEvent("keydown", { key: "d", bubbles: true })) }"""
)
TEXTS = ["monday mornign", "so tired", "payday", "left on read", "any sticker", "why me", "last of all", "周一早上的我"]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("review"))
    server.set_up()
    for language in ("en", "zh"):
        server.manage("make_admin", f"editor_{language}", "--language", language, "--password-stdin", said=PASSWORD)
    server.manage("shell", "-c", WORK.replace("{texts}", repr(TEXTS)))
    server.start()
    yield server
    server.stop()


def at_the_desk(new_context: Callable[..., BrowserContext], desk: Server, language: str = "en", **more: Any) -> Page:
    page = signed_in(new_context(language, **{**DESK, **more}), desk, language)
    page.goto(f"{desk.url}/studio/review/?language={language}")
    return page


def sees(page: Page, text: str) -> None:
    expect(page.locator("article textarea").first).to_have_value(text)


def verdicts(page: Page, desk: Server) -> list[str]:
    """Those in force, the newest first, as the history tells them."""
    page.goto(f"{desk.url}/studio/review/judgements/?whose=all")
    return page.locator(".verdicts > li:not(.undone) p:first-child b").all_inner_texts()


def test_five_cases_by_keys_and_one_undone(new_context: Callable[..., BrowserContext], desk: Server) -> None:
    page = at_the_desk(new_context, desk)
    sees(page, TEXTS[0])
    expect(page.locator("[data-suggests] em")).to_have_text("monday morning")
    page.keyboard.press("c")
    expect(page.locator("article textarea").first).to_be_focused()
    sees(page, "monday morning")
    page.keyboard.press("Enter")
    sees(page, TEXTS[1])
    page.keyboard.press("2")  # leaves out the second line
    page.keyboard.press("a")
    sees(page, TEXTS[2])
    page.keyboard.press("s")
    sees(page, TEXTS[3])
    page.keyboard.press("b")
    sees(page, TEXTS[4])
    page.keyboard.press("w")
    page.keyboard.type("fits any sticker")
    page.keyboard.press("Enter")
    page.keyboard.press("d")
    sees(page, TEXTS[5])
    expect(page.locator("[data-said]")).to_contain_text("discarded")
    page.keyboard.press("u")
    sees(page, TEXTS[4])
    expect(page.locator("article h2")).to_be_focused()
    page.keyboard.press("a")
    sees(page, TEXTS[5])
    expect(page.locator("[data-said]")).to_contain_text("accepted")
    told = ["accepted", "sent back", "the same stickers", "accepted", "accepted, spelling mended"]
    assert verdicts(page, desk) == told


def test_without_a_connection_the_verdict_is_kept_and_goes_out_once(
    new_context: Callable[..., BrowserContext], desk: Server, faults: list[str]
) -> None:
    page = at_the_desk(new_context, desk)
    before = len(verdicts(page, desk))
    page.go_back()
    sees(page, TEXTS[5])
    gone: list[str] = []

    def lose(route: Route) -> None:
        gone.append(route.request.url)
        route.abort()

    page.route("**/judge/", lose)
    page.evaluate(BOUNCED)
    expect(page.locator("[data-trouble]")).to_be_visible()
    assert gone
    page.unroute("**/judge/")
    expect(page.locator("[data-said]")).to_contain_text("discarded", timeout=30_000)
    expect(page.locator("[data-trouble]")).to_be_hidden()
    assert len(verdicts(page, desk)) == before + 1
    faults.clear()  # Chromium reports the lost requests on the console


def test_a_refused_verdict_brings_the_case_back_with_the_reason(
    new_context: Callable[..., BrowserContext], desk: Server, faults: list[str]
) -> None:
    page = at_the_desk(new_context, desk, "zh", **PHONE)
    sees(page, TEXTS[7])
    page.locator("article textarea").first.fill("加我微信 wx123456")
    page.locator(".mkb[value=correct]").tap()
    expect(page.locator("[data-trouble]")).to_be_visible()
    sees(page, "加我微信 wx123456")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    faults.clear()  # Chromium reports the refusal on the console


def test_the_page_of_one_case_answers_to_the_same_keys(
    new_context: Callable[..., BrowserContext], desk: Server
) -> None:
    page = at_the_desk(new_context, desk)
    sees(page, TEXTS[6])
    before = verdicts(page, desk)
    page.go_back()
    page.locator("article .case-head a").click()
    page.wait_for_url("**/studio/review/*/")
    page.keyboard.press("?")
    expect(page.locator("[data-keys]")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("[data-keys]")).to_be_hidden()
    page.keyboard.press("c")
    expect(page.locator("article textarea").first).to_be_focused()
    page.keyboard.type(" indeed")
    page.keyboard.press("Enter")
    page.wait_for_url("**/studio/review/")
    expect(page.locator("[data-empty]")).to_be_visible()
    assert verdicts(page, desk) == ["accepted, spelling mended", *before]
    page.goto(f"{desk.url}/studio/review/8/")
    page.keyboard.press("u")
    page.wait_for_url("**/studio/review/")
    sees(page, TEXTS[6])
    assert verdicts(page, desk) == before


@pytest.mark.parametrize(("language", "screen"), [("en", DESK), ("zh", PHONE)], ids=["en", "zh"])
def test_axe_finds_no_fault(
    new_context: Callable[..., BrowserContext], desk: Server, language: str, screen: dict[str, Any]
) -> None:
    page = signed_in(new_context(language, **screen), desk, language)
    found = {}
    for address in ("/studio/review/", "/studio/review/8/", "/studio/review/judgements/?whose=all", "/appeals/"):
        page.goto(desk.url + address)
        assert page.evaluate("document.documentElement.scrollWidth") <= screen["viewport"]["width"]
        found[address] = faults_of(page)
    assert found == {address: [] for address in found}
