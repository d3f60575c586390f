"""The studio and the admin site, as somebody with every role sees them: the policy holds, and axe finds no fault."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Page

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
    "/studio/models/",
    "/studio/exports/",
)
LISTS = ("player", "round", "sticker", "pack", "importjob", "importitem", "modelversion", "exportjob")
ADMIN = (
    "/admin/",
    *(f"/admin/sticktionary/{name}/" for name in (*LISTS, "retrieval", "ledgerentry", "notice", "skip", "auditentry")),
    *(f"/admin/sticktionary/{name}/1/change/" for name in LISTS),
    *(f"/admin/sticktionary/player/1/do/{verb}/" for verb in ("grant", "revoke", "language", "block", "reset")),
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
from sticktionary.domain import exporting, importing, registry
from sticktionary.models import Player, Sticker
from sticktionary.tasks import run_export, run_import
editor = Player.objects.get(username="editor_en")
run_export(exporting.start_export(actor=editor).pk)
exporting.start_export(actor=editor)
trial = Path("{folder}")
run_import(importing.start_import(actor=editor, path=trial, label=trial.name, pack=None, dry_run=True).pk)
registry.install(actor=editor, source="no/such/model", queue=False)
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


@pytest.mark.parametrize(("language", "screen"), [("en", DESK), ("zh", PHONE)], ids=["en", "zh"])
@pytest.mark.parametrize("addresses", [STUDIO, ADMIN], ids=["studio", "admin"])
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
        if addresses is STUDIO:
            assert page.evaluate("document.documentElement.scrollWidth") <= screen["viewport"]["width"]
        found[address] = faults_of(page)
    assert found == {each: [] for each in addresses}
