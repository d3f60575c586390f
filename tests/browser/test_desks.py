"""The studio and the admin site, as somebody with every role sees them: the policy holds, and axe finds no fault."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import DESK, PHONE
from tests.browser.server import Server
from tests.browser.test_pages import faults_of

PASSWORD = "four words on a sticker"  # noqa: S105
STUDIO = (
    "/studio/",
    "/studio/packs/pack/",
    "/studio/packs/pack/?state=halted",
    "/studio/packs/second/",
    "/studio/import/",
    "/studio/import/?checked=3",
    "/studio/imports/1/",
    "/studio/imports/2/",
    "/studio/imports/3/",
    "/studio/lab/",
    "/studio/lab/models/",
    "/studio/exports/",
    "/studio/annotation/",
    "/studio/conversations/",
    "/studio/conversations/import/",
)
LISTS = (
    *("sticker", "pack", "importjob", "importitem", "round", "retrieval", "skip", "notice", "ledgerentry", "player"),
    *("playerquality", "sanction", "auditentry", "case", "judgement", "ruling", "samestickers", "flag", "gold"),
    *("stickerdifficulty", "abusiveword", "ruleset", "annotation", "settlement", "conversation", "conversationimport"),
    *("release", "publication", "tombstone", "exportjob", "modelversion", "dayfigures"),
    *("trainingrun", "generatedquery", "apitoken"),
)
ADMIN = (
    "/admin/",
    *(f"/admin/sticktionary/{name}/" for name in LISTS),
    *(f"/admin/sticktionary/{name}/1/change/" for name in LISTS),
    "/admin/sticktionary/round/?state__exact=found",
    "/admin/sticktionary/round/?q=words+0",
    "/admin/sticktionary/round/?q=nothing+of+the+sort",
    *(
        f"/admin/sticktionary/player/3/do/{verb}/"
        for verb in ("grant", "revoke", "language", "sanction", "lift", "block")
    ),
    "/admin/sticktionary/player/1/do/reset/",
)

OF_EACH_SORT = (
    "/admin/",
    *(f"/admin/sticktionary/{name}/" for name in ("sticker", "round", "auditentry", "flag", "dayfigures")),
    *(f"/admin/sticktionary/{name}/1/change/" for name in ("sticker", "round", "retrieval", "ruleset")),
    "/admin/sticktionary/player/3/change/",
    "/admin/sticktionary/player/3/do/sanction/",
)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of its own, where work was done: imports with every outcome, a model, an export."""
    server = Server(tmp_path_factory.mktemp("desk"))
    server.set_up()
    for language in ("en", "zh"):
        server.manage("make_admin", f"editor_{language}", "--language", language, "--password-stdin", said=PASSWORD)
    folder = str(second_pack(server.data / "second", server.data / "pack" / "stickers"))
    server.manage("import_stickers", folder, "--licence", "CC0-1.0")
    server.manage("shell", "-c", WORK.format(folder=folder))
    server.start()
    yield server
    server.stop()


WORK = """
from pathlib import Path
from sticktionary.domain import exporting
from sticktionary.domain.intake import importing
from sticktionary.domain.lab import registry
from sticktionary.models import Player, Sticker
from sticktionary.tasks import run_export, run_import
from tests.desk.conftest import one_of_each
from tests.people.conftest import Play
editor = Player.objects.get(username="editor_en")
run_export(exporting.start_export(actor=editor).pk)
exporting.start_export(actor=editor)
trial = Path("{folder}")
run_import(importing.start_import(actor=editor, path=trial, label=trial.name, pack=None, dry_run=True).pk)
registry.install(actor=editor, source="no/such/model", queue=False)
first = Sticker.objects.get(pk=1)
one_of_each(Play(first.pack), 0)
Sticker.objects.filter(image="a.webp").update(image=first.image, poster=first.poster)
Sticker.objects.filter(pk=1).update(state="halted")
"""


def second_pack(folder: Path, known: Path) -> Path:
    """A sticker that is there already, one that looks like it, one that is new, and two that are no pictures."""
    folder.mkdir()
    first = sorted(known.iterdir())[0]
    shutil.copy(first, folder / "the_same.webp")
    with Image.open(first) as picture:
        picture.convert("RGBA").resize((300, 300)).save(folder / "smaller.png")
    Image.radial_gradient("L").save(folder / "new.png")
    (folder / "a_rather_long_name_of_a_file_that_was_cut_off_while_it_was_being_sent.png").write_bytes(b"\x89PNG\r\n")
    (folder / "notes.gif").write_text("no picture")
    return folder


def signed_in(context: BrowserContext, desk: Server, language: str) -> Page:
    page = context.new_page()
    page.goto(f"{desk.url}/account/login/")
    page.locator("input[name=login]").fill(f"editor_{language}")
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("main button[type=submit]").click()
    page.wait_for_url(lambda url: "/login/" not in url)
    return page


@pytest.mark.parametrize(
    ("language", "screen", "addresses"),
    [("en", DESK, STUDIO), ("zh", PHONE, STUDIO), ("en", DESK, ADMIN), ("zh", PHONE, OF_EACH_SORT)],
    ids=["studio-en", "studio-zh", "admin-en", "admin-zh"],
)
def test_the_desks(
    new_context: Callable[..., BrowserContext],
    desk: Server,
    language: str,
    screen: dict[str, Any],
    addresses: tuple[str, ...],
) -> None:
    page = signed_in(new_context(language, **screen), desk, language)
    found = {}
    for address in addresses:
        response = page.goto(desk.url + address)
        assert response is not None
        assert (address, response.status) == (address, 200)
        assert page.evaluate("document.documentElement.scrollWidth") <= screen["viewport"]["width"], address
        found[address] = faults_of(page)
    assert found == {each: [] for each in addresses}


def test_an_action_asks_why_and_tells_what_came_of_it(new_context: Callable[..., BrowserContext], desk: Server) -> None:
    page = signed_in(new_context("en"), desk, "en")
    page.goto(f"{desk.url}/admin/sticktionary/sticker/?state__exact=active")
    names = [page.locator("#result_list .field-name").nth(n).inner_text() for n in (0, 2)]
    for n in (0, 2):
        page.locator("input.action-select").nth(n).check()
    expect(page.locator(".action-counter")).to_have_text(re.compile("^2 of "))
    page.locator("select[name=action]").select_option("put_halted")
    page.get_by_role("button", name="Go on").click()
    expect(page.locator(".chosen li")).to_have_text(names)
    page.get_by_role("button", name="Halt").click()
    expect(page.locator(".errorlist")).to_have_count(1)
    page.get_by_label("Reason").fill("blurred")
    page.get_by_role("button", name="Halt").click()
    expect(page.locator(".desk-said")).to_have_text("2 stickers changed.")
    page.goto(f"{desk.url}/admin/sticktionary/sticker/?state__exact=halted")
    assert set(names) <= set(page.locator("#result_list .field-name").all_inner_texts())


def test_the_way_through_and_the_filters_open_on_a_phone(
    new_context: Callable[..., BrowserContext], desk: Server
) -> None:
    page = signed_in(new_context("en", **PHONE), desk, "en")
    page.goto(f"{desk.url}/admin/sticktionary/round/")
    expect(page.locator("#sections")).to_be_hidden()
    page.get_by_role("button", name="Filters").click()
    page.get_by_role("link", name="found", exact=True).click()
    expect(page.locator("#filters [aria-current]").first).to_have_text("found")
    page.get_by_role("button", name="Menu").click()
    page.locator("#sections").get_by_role("link", name="Packs").click()
    expect(page.locator("h1")).to_contain_text("Packs")


def test_the_key_that_leads_to_the_search(new_context: Callable[..., BrowserContext], desk: Server) -> None:
    page = signed_in(new_context("en"), desk, "en")
    page.goto(f"{desk.url}/admin/sticktionary/round/")
    page.keyboard.press("/")
    page.keyboard.type("words 0")
    page.keyboard.press("Enter")
    page.wait_for_url("**/round/?q=words+0")
    expect(page.locator("#result_list tbody tr")).to_have_count(1)
