from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from sticktionary.domain import jobs
from sticktionary.domain.releases import hub as hub_
from sticktionary.domain.releases import publishing
from sticktionary.models import AuditEntry, Publication, Release
from tests.releases_documents import folders
from tests.releases_documents.conftest import TOKEN, frozen
from tests.releases_documents.servers import CUT, Fault, Hub

pytestmark = pytest.mark.django_db(transaction=True)
NAME = "ada/stickers"
COMMITS = r"/commit/"


def publish(release: Release, name: str = NAME) -> Publication:
    job = publishing.publish(actor=None, release=release, target="hub", name=name)
    return carried_out(job)


def carried_out(job: Publication) -> Publication:
    assert jobs.carry_out(Publication, job.pk, publishing.run)
    job.refresh_from_db()
    return job


def files_of(settings: Any, release: Release) -> dict[str, bytes]:
    folder = Path(settings.RELEASES_DIR) / release.path
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def pushed(tree: dict[str, bytes]) -> dict[str, bytes]:
    return {path: content for path, content in tree.items() if path != ".gitattributes"}


def test_the_hub_holds_what_was_frozen_under_a_tag_with_its_number(settings: Any, hub: Hub) -> None:
    release = frozen(settings)
    job = publish(release)
    assert (job.state, job.error) == ("done", "")
    assert job.url == f"{hub.url}/datasets/{NAME}/tree/1"
    assert pushed(hub.repos[NAME].tags["1"]) == files_of(settings, release)
    assert job.n_done == job.n_total == len(files_of(settings, release))


def test_a_second_push_sends_nothing(settings: Any, hub: Hub) -> None:
    release = frozen(settings)
    publish(release)
    hub.calls.clear()
    again = publish(release)
    assert again.state == "done"
    assert [call for call in hub.calls if not call.startswith("GET")] == ["POST /api/repos/create"]
    assert len(hub.repos[NAME].commits) == 1


def test_a_push_that_was_cut_goes_on_where_it_stopped(settings: Any, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_, "BATCH_FILES", 4)
    hub.faults.append(Fault("POST", COMMITS, CUT, times=0))
    hub.on_call = lambda call: _cut_from(hub, n_commits=2)
    release = frozen(settings)
    job = publish(release)
    assert job.state == "failed"
    assert job.error == f"{hub.url.removeprefix('http://')} cannot be reached. Try again later: what has arrived stays."
    assert len(hub.repos[NAME].commits) == 2
    hub.on_call, hub.faults = (lambda call: None), []
    jobs.resume(job)
    assert carried_out(job).state == "done"
    assert pushed(hub.repos[NAME].tags["1"]) == files_of(settings, release)
    sent = [set(after) - set(before) for before, after in zip(*_pairs(hub), strict=True)]
    assert sum(map(len, sent)) == len(files_of(settings, release)) - 4  # none of them twice; the first commit held 4


def _cut_from(hub: Hub, n_commits: int) -> None:
    if NAME in hub.repos and len(hub.repos[NAME].commits) == n_commits:
        hub.faults[0].times = 99


def _pairs(hub: Hub) -> tuple[list[dict[str, bytes]], list[dict[str, bytes]]]:
    commits = hub.repos[NAME].commits
    return commits[:-1], commits[1:]


@pytest.mark.parametrize(
    "path", ["/api/repos/create", "/refs", "/tree/", "/preupload/", "/batch", "/lfs/", COMMITS, "/tag/"]
)
@pytest.mark.parametrize("status", [500, CUT])
def test_a_fault_that_passes_is_passed_over(settings: Any, hub: Hub, path: str, status: int) -> None:
    method = {"/refs": "GET", "/tree/": "GET", "/lfs/": "PUT"}.get(path, "POST")
    hub.faults.append(Fault(method, path, status))
    release = frozen(settings)
    job = publish(release)
    assert (job.state, job.error) == ("done", "")
    assert hub.faults[0].times == 0
    assert pushed(hub.repos[NAME].tags["1"]) == files_of(settings, release)


def test_a_commit_whose_answer_is_lost_is_not_made_twice_over(settings: Any, hub: Hub) -> None:
    hub.faults.append(Fault("POST", COMMITS, CUT, done=True))
    release = frozen(settings)
    assert publish(release).state == "done"
    assert pushed(hub.repos[NAME].tags["1"]) == files_of(settings, release)
    assert len(hub.repos[NAME].commits) == 1


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, "{hub} does not know the token."),
        (403, "The token may not write there: {hub}."),
        (404, "{hub} does not know this place."),
        (409, "{hub} was changed by somebody else meanwhile. Try again."),
        (413, "{hub} does not accept it: error 413."),
        (503, "{hub} answers with error 503. Try again later: what has arrived stays."),
    ],
)
def test_what_went_wrong_is_said_plainly(settings: Any, hub: Hub, status: int, error: str) -> None:
    hub.faults.append(Fault("POST", COMMITS, status, times=99))
    job = publish(frozen(settings))
    assert job.state == "failed"
    assert job.error == error.format(hub=hub.url.removeprefix("http://"))


def test_a_server_that_is_away_is_said_to_be(settings: Any, no_waiting: None) -> None:
    settings.HF_ENDPOINT, settings.HF_TOKEN = "http://127.0.0.1:9", TOKEN
    job = publish(frozen(settings))
    assert job.error == "127.0.0.1:9 cannot be reached. Try again later: what has arrived stays."


def test_the_token_is_neither_stored_nor_logged(
    settings: Any, hub: Hub, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    hub.faults.append(Fault("POST", COMMITS, 400, times=99))
    settings.HF_TOKEN = "wrong-secret"  # noqa: S105
    release = frozen(settings)
    publish(release)
    settings.HF_TOKEN = TOKEN
    publish(release)
    rows = [str(row) for row in Publication.objects.values()] + [str(row) for row in AuditEntry.objects.values()]
    said = "\n".join([*rows, caplog.text, *capfd.readouterr()])
    assert len(rows) == 4
    assert TOKEN not in said
    assert "wrong-secret" not in said


def test_queries_alone_push_no_pictures(settings: Any, hub: Hub) -> None:
    made = folders.usual()
    made.with_pictures = False
    publish(frozen(settings, made=made))
    assert [path for path in hub.repos[NAME].tree if path.startswith("stickers/")] == []
    assert not any(content.endswith(b".png") for content in hub.store.values())


def test_a_later_release_takes_away_what_it_no_longer_holds(settings: Any, hub: Hub) -> None:
    publish(frozen(settings))
    made = folders.usual()
    made.queries["train"].pop()  # the only one of the cat
    del made.stickers["cat.png"]
    second = frozen(settings, 2, made)
    assert publish(second).state == "done"
    repo = hub.repos[NAME]
    assert pushed(repo.tags["2"]) == files_of(settings, second)
    assert "stickers/cat.png" in repo.tags["1"]


def test_an_older_release_does_not_hide_a_newer_one(settings: Any, hub: Hub) -> None:
    first = frozen(settings)
    publish(frozen(settings, 2))
    job = publish(first)
    assert (job.state, job.error) == ("failed", "Release 2 is there already; an older one would hide it.")
    assert list(hub.repos[NAME].tags) == ["2"]


def test_a_number_that_stands_for_something_else_there_is_left_alone(settings: Any, hub: Hub) -> None:
    publish(frozen(settings))
    before = dict(hub.repos[NAME].tree)
    hub.repos[NAME].tags["1"] = {"README.md": b"another"}
    job = publish(Release.objects.get())
    assert (job.state, job.error) == ("failed", f"{NAME} has another release under the number 1 already.")
    assert hub.repos[NAME].tree == before


def test_a_folder_that_was_changed_is_not_sent(settings: Any, hub: Hub) -> None:
    release = frozen(settings)
    (settings.RELEASES_DIR / release.path / "README.md").write_text("mine")
    job = publish(release)
    assert (job.state, job.error) == ("failed", "The folder is not as it was frozen: look at README.md.")
    assert hub.calls == []


def test_a_file_that_does_not_belong_there_is_not_sent(settings: Any, hub: Hub) -> None:
    release = frozen(settings)
    (settings.RELEASES_DIR / release.path / "secrets.txt").write_text("mine")
    job = publish(release)
    assert job.error == "The folder is not as it was frozen: look at secrets.txt."
    assert hub.calls == []


def test_a_push_that_is_cancelled_stops_between_commits_and_can_go_on(
    settings: Any, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_, "BATCH_FILES", 4)
    monkeypatch.setattr(jobs, "BEAT_EVERY", jobs.BEAT_EVERY * 0)
    release = frozen(settings)
    job = publishing.publish(actor=None, release=release, target="hub", name=NAME)

    def cancel(call: str) -> None:
        if "/commit/" in call:
            Publication.objects.filter(pk=job.pk).update(cancel_asked_at=job.created_at)

    hub.on_call = cancel
    assert carried_out(job).state == "cancelled"
    assert (len(hub.repos[NAME].commits), hub.repos[NAME].tags) == (1, {})
    hub.on_call = lambda call: None
    jobs.resume(job)
    assert carried_out(job).state == "done"
    assert pushed(hub.repos[NAME].tags["1"]) == files_of(settings, release)
