"""What happens to a release when its worker is killed, two are made at once, the disk is full, or somebody stops it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from sticktionary.domain import jobs
from sticktionary.domain.errors import NotAllowed, Refused
from sticktionary.domain.releases import asking, folders, freezing
from sticktionary.domain.releases.verifying import verify
from sticktionary.models import AuditEntry, Player, Release, Sticker
from tests.full_disk import little_room
from tests.releases.killed import STAGES
from tests.releases.plays import asked, carried_out, frozen, looked_up, player, written
from tests.releases.reading import contents, folder, texts

MANAGE = Path(settings.BASE_DIR) / "manage.py"


def some_play(stickers: list[Sticker]) -> None:
    for place, sticker in enumerate(stickers):
        looked_up(written(sticker, player(), f"query {place}"), player())


@pytest.fixture
def play(stickers: list[Sticker]) -> None:
    some_play(stickers)


# --- a worker that is killed ---


def test_a_worker_killed_at_any_stage_leaves_no_half_release(tmp_path: Path) -> None:
    """It is taken up again, and comes out as if nothing had been; numbers have no gap."""
    environment = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
    environment |= {"STICKTIONARY_DATA": str(tmp_path / "data"), "LOG_LEVEL": "CRITICAL"}
    environment |= {"DJANGO_SETTINGS_MODULE": "sticktionary.settings"}
    named: dict[str, Any] = {"cwd": settings.BASE_DIR, "env": environment, "check": True, "capture_output": True}
    subprocess.run([sys.executable, str(MANAGE), "migrate", "--verbosity", "0"], **named)
    told = json.loads(subprocess.run([sys.executable, "-m", "tests.releases.killed"], **named).stdout)
    assert list(told) == STAGES
    for number, (stage, story) in enumerate(told.items(), 1):
        in_place = [f"sticktionary-{number}"] if stage in {"in place", "written down"} else []
        assert (stage, story["signalled"], story["state"]) == (stage, -signal.SIGKILL, "running")
        assert (stage, story["whole"]) == (stage, in_place)
        assert story["after"] == ["done", number, f"sticktionary-{number}"]
        assert story["differences"] == 0
        assert story["lying"] == [f"sticktionary-{earlier}" for earlier in range(1, number + 1)]


# --- two at once ---


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="a test's SQLite is one connection")
def test_two_at_once_give_two_whole_ones(publisher: Player, play: None, tmp_path: Path) -> None:
    both = [asked(publisher), asked(publisher)]

    def work(release: Release) -> None:
        jobs.carry_out(Release, release.pk, freezing.run)
        connection.close()

    threads = [threading.Thread(target=work, args=[release]) for release in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for release in both:
        release.refresh_from_db()
        assert (release.state, release.error) == ("done", "")
        assert len(texts(release)) == 20
    assert {release.number for release in both} == {1, 2}
    for number in (1, 2):
        assert verify(number=number, into=tmp_path / str(number)) == []


def test_a_number_that_was_taken_meanwhile_is_not_given_twice(
    publisher: Player, play: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Another release is frozen while the documents of this one are being written with the same number."""
    late, write, others = asked(publisher), freezing.write_around, [asked(publisher)]

    def and_meanwhile(*arguments: Any) -> dict[str, Any]:
        if others:
            carried_out(others.pop())
        return write(*arguments)

    monkeypatch.setattr(freezing, "write_around", and_meanwhile)
    assert carried_out(late).number == 2
    assert late.manifest["number"] == 2
    assert "1" in (folder(late) / "RELEASE_NOTES.md").read_text(encoding="utf-8")
    for number in (1, 2):
        assert verify(number=number, into=tmp_path / str(number)) == []


# --- a full disk ---


def test_a_full_disk_is_told_and_cleaned_up(publisher: Player, play: None) -> None:
    release = asked(publisher)
    with little_room():
        jobs.carry_out(Release, release.pk, freezing.run)
    release.refresh_from_db()
    assert (release.state, release.error) == ("failed", "There is no room left for the release on the disk.")
    assert list(folders.root().iterdir()) == []


def test_and_the_release_is_made_when_there_is_room_again(
    publisher: Player, play: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = asked(publisher)
    with monkeypatch.context() as full:
        full.setattr(freezing, "write_around", lambda *arguments: (folders.root() / "x").open("w") and full_disk())
        jobs.carry_out(Release, release.pk, freezing.run)
    (folders.root() / "x").unlink()
    release.refresh_from_db()
    assert release.state == "failed"
    asking.resume(actor=publisher, release=release)
    assert (carried_out(release).state, release.number) == ("done", 1)


def full_disk() -> None:
    with Path("/dev/full").open("w") as out:
        out.write("x")


# --- stopping it ---


def test_a_running_release_stops_when_it_is_asked_to(
    publisher: Player, play: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    release, write = asked(publisher), freezing.write_around

    def ask_while_it_runs(*arguments: Any) -> dict[str, Any]:
        asking.cancel(actor=publisher, release=release)
        return write(*arguments)

    monkeypatch.setattr(freezing, "write_around", ask_while_it_runs)
    jobs.carry_out(Release, release.pk, freezing.run)
    release.refresh_from_db()
    assert (release.state, release.number, release.path) == ("cancelled", None, "")
    assert list(folders.root().iterdir()) == []


def test_it_is_asked_whether_to_stop_after_every_chunk(
    publisher: Player, play: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A heartbeat is due at every chunk once a second is over; here each of them is."""
    release = asked(publisher)
    monkeypatch.setattr(jobs, "BEAT_EVERY", timedelta(0))
    monkeypatch.setattr(freezing.Played, "take", lambda *arguments: asking.cancel(actor=publisher, release=release))
    monkeypatch.setattr(freezing.Played, "close", lambda *arguments: pytest.fail("went on"))
    jobs.carry_out(Release, release.pk, freezing.run)
    release.refresh_from_db()
    assert release.state == "cancelled"
    assert list(folders.root().iterdir()) == []


def test_a_worker_that_lost_its_lease_publishes_nothing(
    publisher: Player, play: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    release, write = asked(publisher), freezing.write_around

    def lose_the_lease(*arguments: Any) -> dict[str, Any]:
        Release.objects.filter(pk=release.pk).update(worker="somebody:1:else")
        return write(*arguments)

    monkeypatch.setattr(freezing, "write_around", lose_the_lease)
    jobs.carry_out(Release, release.pk, freezing.run)
    release.refresh_from_db()
    assert (release.number, release.path) == (None, "")
    assert list(folders.root().iterdir()) == []


# --- what lies about ---


def test_the_sweep_takes_what_dead_workers_left_and_nothing_else(publisher: Player, play: None) -> None:
    release = frozen(publisher)
    at_work = asked(publisher)
    now = timezone.now()
    Release.objects.filter(pk=at_work.pk).update(state="running", n_attempts=2, heartbeat_at=now)
    for name in (f".release-{at_work.pk}-1-77.part", f".release-{at_work.pk}-2-78.part", ".release-999-1-79.part"):
        (folders.root() / name).mkdir()
    (folders.root() / "sticktionary-77").mkdir()
    assert folders.sweep() == 2
    left = {path.name for path in folders.root().iterdir()}
    assert left == {release.path, f".release-{at_work.pk}-2-78.part", "sticktionary-77"}


def test_a_folder_that_nobody_knows_is_not_overwritten(publisher: Player, play: None) -> None:
    (folders.root() / "sticktionary-1").mkdir()
    (folders.root() / "sticktionary-1" / "mine.txt").write_text("mine")
    release = carried_out(asked(publisher))
    assert release.state == "failed"
    assert release.error.startswith("There is a folder sticktionary-1 already")
    assert contents(folders.root()) == {"sticktionary-1/mine.txt": b"mine"}


def test_files_of_a_release_are_read_only(publisher: Player, play: None) -> None:
    files = [path for path in folder(frozen(publisher)).rglob("*") if path.is_file()]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o444}


# --- who may ---


def test_only_publishers_ask_stop_and_withdraw(publisher: Player, play: None) -> None:
    stranger, release = player(), asked(publisher)
    with pytest.raises(NotAllowed):
        asking.ask(actor=stranger, title="Mine")
    for verb in (asking.cancel, asking.resume):
        with pytest.raises(NotAllowed):
            verb(actor=stranger, release=release)
    with pytest.raises(NotAllowed):
        asking.withdraw(actor=stranger, release=carried_out(release), why="-")


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        ({"no_such_rule": 1}, "unknown_rule"),
        ({"least_found": 99}, "bad_rule"),
        ({"least_found": "x"}, "bad_rule"),
        ({"languages": ["tlh"]}, "no_such_language"),
        ({"languages": []}, "no_language"),
        ({"packs": ["nowhere"]}, "no_such_pack"),
        ({"split": [50, 50, 50]}, "bad_split"),
    ],
)
def test_rules_that_make_no_sense_are_refused_by_name(db: None, rules: dict[str, Any], code: str) -> None:
    with pytest.raises(Refused) as refused:
        asking.rules_from(rules)
    assert refused.value.code == code


def test_withdrawing_needs_a_frozen_release_and_a_reason(publisher: Player, play: None) -> None:
    release = asked(publisher)
    with pytest.raises(Refused):
        asking.withdraw(actor=publisher, release=release, why="too early")
    carried_out(release)
    with pytest.raises(Refused):
        asking.withdraw(actor=publisher, release=release, why="  ")
    asking.withdraw(actor=publisher, release=release, why="a mistake")
    assert AuditEntry.objects.get(verb="withdraw_release").detail == {"why": "a mistake"}
    with pytest.raises(Refused):
        asking.withdraw(actor=publisher, release=release, why="again")
