"""A process that hangs, a worker that goes or is killed, a full disk, a release withdrawn: what a run does then."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from django.utils import timezone

from sticktionary.domain import jobs
from sticktionary.domain.lab import child, data, runs, watching
from sticktionary.domain.lab.child import Child
from sticktionary.models import Release, TrainingRun
from tests.releases.test_faults import little_room


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "LOOK_EVERY_S", 0.02)
    for name in ("LEAVES_WITHIN_S", "LEAVES_QUICKLY_S"):
        monkeypatch.setattr(watching, name, 0.2)
    monkeypatch.setattr(child, "ENDS_WITHIN_S", 0.2)


@pytest.fixture
def run(frozen: Release) -> TrainingRun:
    given: dict[str, Any] = {"recipe": "stickerclip", "base": "tiny", "device": "cpu", "settings": {"steps": 10}}
    return runs.start(actor=None, release=frozen, queue=False, **given)


def carried_out(run: TrainingRun, heard: Callable[[TrainingRun], None] = lambda run: None) -> TrainingRun:
    jobs.carry_out(TrainingRun, run.pk, lambda job: watching.run(job, heard))
    return TrainingRun.objects.get(pk=run.pk)


def begun(run: TrainingRun, act: Callable[[], object]) -> Callable[[TrainingRun], None]:
    """Does it once, as soon as there is a process."""
    acts, passport = [act], data.folder_of(run) / child.PASSPORT

    def heard(_run: TrainingRun) -> None:
        if acts and passport.exists():
            acts.pop()()

    return heard


def process_of(run: TrainingRun) -> psutil.Process:
    return psutil.Process(json.loads((data.folder_of(run) / child.PASSPORT).read_text())["pid"])


def is_gone(process: psutil.Process) -> bool:
    """The kernel may take a moment to do what it was told."""
    return psutil.wait_procs([process], timeout=30)[1] == []


def test_a_process_that_hangs_is_ended_by_force(run: TrainingRun) -> None:
    held: list[psutil.Process] = []

    def hang_and_cancel() -> None:
        held.append(process_of(run))
        held[0].suspend()
        runs.cancel(actor=None, run=run)

    assert carried_out(run, begun(run, hang_and_cancel)).state == "cancelled"
    assert is_gone(held[0])


def test_a_worker_that_has_to_go_puts_its_run_back(run: TrainingRun, monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[psutil.Process] = []
    monkeypatch.setattr(jobs, "closing", type(jobs.closing)())

    def go() -> None:
        held.append(process_of(run))
        jobs.closing.set()

    put_back = carried_out(run, begun(run, go))
    assert (put_back.state, put_back.n_attempts, put_back.error) == ("queued", 0, "")
    assert is_gone(held[0])


def test_a_worker_that_lost_its_lease_ends_the_process_and_leaves_the_row(run: TrainingRun) -> None:
    held: list[psutil.Process] = []

    def lose() -> None:
        held.append(process_of(run))
        TrainingRun.objects.filter(pk=run.pk).update(worker="another:1:x")

    after = carried_out(run, begun(run, lose))
    assert (after.state, after.worker) == ("running", "another:1:x")
    assert is_gone(held[0])


def test_a_release_that_is_withdrawn_on_the_way_ends_the_run(run: TrainingRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "RELEASE_EVERY_S", 0)
    withdrawn = Release.objects.filter(pk=run.release_id)
    after = carried_out(run, begun(run, lambda: withdrawn.update(withdrawn_at=timezone.now())))
    told = "Test 1 was withdrawn; nothing may be trained on it."
    assert (after.state, after.error) == ("failed", told)


def test_a_release_that_was_withdrawn_while_the_run_waited(run: TrainingRun) -> None:
    Release.objects.filter(pk=run.release_id).update(withdrawn_at=timezone.now())
    after = carried_out(run)
    assert (after.state, after.error) == ("failed", "Test 1 was withdrawn; nothing may be trained on it.")
    assert not data.folder_of(run).exists()


def test_a_task_that_comes_twice_leaves(run: TrainingRun) -> None:
    assert jobs.take(TrainingRun, run.pk) is not None
    assert not jobs.carry_out(TrainingRun, run.pk, watching.run)
    assert not data.folder_of(run).exists()


def test_the_disk_is_full_before_it_begins(run: TrainingRun) -> None:
    with little_room():
        after = carried_out(run)
    assert (after.state, after.error) == ("failed", "There is no room left on the disk for the run.")


def test_the_disk_is_full_for_the_process(run: TrainingRun) -> None:
    data.write_order(run)
    with little_room():  # is the process's, too
        after = carried_out(run)
    told = "There is no room left on the disk. What was kept at the last checkpoint is kept."
    assert (after.state, after.error) == ("failed", told)


def test_a_process_that_was_left_behind_and_hangs_is_ended(run: TrainingRun) -> None:
    folder = data.write_order(run)
    left = Child(folder)
    process = process_of(run)
    os.kill(process.pid, signal.SIGSTOP)
    child.end_predecessor(folder)
    assert is_gone(process)
    assert left.status() is not None


def test_a_number_that_another_process_has_by_now_is_left_alone(run: TrainingRun, tmp_path: Path) -> None:
    passport = {"pid": os.getpid(), "began": psutil.Process().create_time() - 60}
    (tmp_path / child.PASSPORT).write_text(json.dumps(passport))
    child.end_predecessor(tmp_path)


def test_who_watches_and_is_silent_is_lost_within_a_minute(run: TrainingRun, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[int] = []
    monkeypatch.setattr(jobs.app, "send_task", lambda name, args, **route: sent.extend(args))
    taken = jobs.take(TrainingRun, run.pk)
    assert taken is not None
    jobs.sweep()
    TrainingRun.objects.filter(pk=run.pk).update(worker="elsewhere:1:x", heartbeat_at=timezone.now() - jobs.LOST_AFTER)
    assert runs.status_of(TrainingRun.objects.get(pk=run.pk)) == "lost"
    jobs.sweep()
    assert sent == [run.pk]
    assert TrainingRun.objects.get(pk=run.pk).state == "queued"
    assert jobs.LOST_AFTER.total_seconds() + 20 <= 60
