from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from sticktionary.domain.releases import asking, folders, handing_out
from sticktionary.models import Pack, Player, Release, Sticker, Tombstone
from tests.game.page import client_of
from tests.releases.plays import asked, frozen, looked_up, player, written

ROLES = {"contributor", "moderator", "reviewer", "publisher", "researcher", "admin"}
MAY_SEE = {"publisher", "researcher", "admin"}
MAY_ACT = {"publisher", "admin"}


def client(role: str) -> Client:
    made = player(display_name=role)
    if role != "contributor":
        made.groups.add(Group.objects.get(name=role))
    return client_of(made)


@pytest.fixture
def release(publisher: Player, stickers: list[Sticker]) -> Release:
    looked_up(written(stickers[0], player(), "so done"), player())
    return frozen(publisher)


@pytest.fixture
def desk(db: None) -> Iterator[Client]:
    return client("publisher")  # type: ignore[return-value]


@pytest.mark.parametrize("role", sorted(ROLES))
def test_who_may_see_and_who_may_act(release: Release, role: str) -> None:
    browser = client(role)
    pages = ["studio_release", "studio_release_state", "studio_release_zip"]
    addresses = [reverse("studio_releases"), *(reverse(page, args=[release.pk]) for page in pages)]
    addresses.append(reverse("studio_release_file", args=[release.pk, "manifest.json"]))
    assert {browser.get(address).status_code for address in addresses} == {200 if role in MAY_SEE else 403}
    assert browser.get(reverse("studio_new_release")).status_code == (200 if role in MAY_ACT else 403)
    for action in ("cancel", "resume", "withdraw", "check"):
        response = browser.post(reverse(f"studio_release_{action}", args=[release.pk]))
        assert response.status_code == (302 if role in MAY_ACT else 403)
    release.refresh_from_db()
    assert release.withdrawn_at is None  # a withdrawal needs its reason


def test_strangers_are_sent_to_sign_in(release: Release) -> None:
    assert Client().get(reverse("studio_release_zip", args=[release.pk])).status_code == 302


FORM: dict[str, Any] = {
    "title": "First",
    "notes": "",
    "languages": ["en", "zh"],
    "least_found": 1,
    "least_weight": 0,
    "personal": "leave_out",
    "split": "80 / 10 / 10",
    "with_house": "on",
}


def test_a_release_is_asked_for_by_its_rules(desk: Client, pack: Pack) -> None:
    response = desk.post(reverse("studio_new_release"), FORM | {"packs": ["cast"], "least_found": 2})
    release = Release.objects.get()
    assert response.headers["Location"] == reverse("studio_release", args=[release.pk])
    assert (release.title, release.state) == ("First", "queued")
    told = {name: release.rules[name] for name in ("packs", "least_found", "with_house", "with_pictures")}
    assert told == {"packs": ["cast"], "least_found": 2, "with_house": True, "with_pictures": False}


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": ""},
        {"split": "80"},
        {"split": "80/10/20"},
        {"packs": ["no"]},
        {"languages": ["tlh"]},
        {"least_found": -1},
    ],
)
def test_what_does_not_fit_is_said_and_loses_nothing(desk: Client, pack: Pack, wrong: dict[str, Any]) -> None:
    response = desk.post(reverse("studio_new_release"), FORM | {"notes": "My notes"} | wrong)
    assert response.status_code == 400
    assert "My notes" in response.content.decode()
    assert not Release.objects.exists()


def test_counting_first_freezes_nothing(desk: Client, release: Release) -> None:
    response = desk.post(reverse("studio_new_release"), FORM | {"count": ""})
    assert (response.status_code, response.context["figures"].n_queries) == (200, 1)
    assert Release.objects.count() == 1


@pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume asynchronous iterators")
def test_files_come_as_they_are_one_by_one_and_as_a_zip(desk: Client, release: Release) -> None:
    folder = folders.folder_of(release)
    assert folder is not None
    one = desk.get(reverse("studio_release_file", args=[release.pk, "queries/train.parquet"]))
    assert b"".join(one) == (folder / "queries/train.parquet").read_bytes()
    zipped = b"".join(desk.get(reverse("studio_release_zip", args=[release.pk])))
    with zipfile.ZipFile(io.BytesIO(zipped)) as opened:
        held = {name: opened.read(name) for name in opened.namelist()}
    assert held == {
        f"sticktionary-1/{path.relative_to(folder).as_posix()}": path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
    assert b"".join(handing_out.zipped(folder)) == zipped


@pytest.mark.parametrize(
    "name",
    ["../../secret_key", "..%2f..%2fsecret_key", "queries", "queries/../manifest.json", "/etc/passwd", "nothing.csv"],
)
def test_no_other_file_is_handed_out(desk: Client, release: Release, name: str) -> None:
    assert desk.get(f"/studio/releases/{release.pk}/files/{name}").status_code in {404, 301, 302}
    assert handing_out.file_of(release, name) is None


def test_a_withdrawn_release_is_handed_out_no_more(desk: Client, release: Release, publisher: Player) -> None:
    asking.withdraw(actor=publisher, release=release, why="a mistake in it")
    for page, *more in (("studio_release_zip",), ("studio_release_file", "manifest.json")):
        assert desk.get(reverse(page, args=[release.pk, *more])).status_code == 404
    page = desk.get(reverse("studio_release", args=[release.pk])).content.decode()
    assert "a mistake in it" in page
    assert (folders.root() / release.path / "manifest.json").is_file()


def test_a_waiting_release_is_stopped_and_taken_up_again(
    desk: Client, publisher: Player, stickers: list[Sticker]
) -> None:
    release = asked(publisher)
    desk.post(reverse("studio_release_cancel", args=[release.pk]))
    release.refresh_from_db()
    assert release.state == "cancelled"
    assert "Freeze it after all" in desk.get(reverse("studio_release", args=[release.pk])).content.decode()
    desk.post(reverse("studio_release_resume", args=[release.pk]))
    release.refresh_from_db()
    assert release.state == "queued"


def test_something_is_taken_back_by_its_number(desk: Client, stickers: list[Sticker]) -> None:
    query = written(stickers[0], player(), "so done").queries.get()
    form = {"kind": "query", "number": query.pk, "why": "asked for by its writer"}
    assert desk.post(reverse("studio_take_back"), form).status_code == 302
    assert list(Tombstone.objects.values_list("kind", "subject", "why")) == [("query", query.pk, form["why"])]
    for wrong in ({"kind": "round"}, {"number": 0}, {"number": query.pk + 1}, {"why": " "}):
        assert desk.post(reverse("studio_take_back"), form | wrong).status_code == 400
    assert client("researcher").post(reverse("studio_take_back"), form).status_code == 403
    assert Tombstone.objects.count() == 1


def test_the_command_takes_back_too(release: Release, publisher: Player, stickers: list[Sticker]) -> None:
    call_command("withdraw", "sticker", stickers[1].pk, why="rights", actor=publisher.username)
    call_command("withdraw", "release", release.number, why="a mistake", actor=publisher.username)
    stickers[1].refresh_from_db()
    release.refresh_from_db()
    assert (stickers[1].state, release.why_withdrawn) == (Sticker.State.WITHDRAWN, "a mistake")
    for kind, number, actor in [
        ("release", 99, publisher.username),
        ("query", 2**40, publisher.username),
        ("player", 1, "nobody"),
    ]:
        with pytest.raises(CommandError, match="There is no"):
            call_command("withdraw", kind, number, why="why", actor=actor)
