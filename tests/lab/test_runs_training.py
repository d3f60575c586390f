"""Whole runs: a real process that trains, stopped on the way, taken up again, and what comes of it."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable
from typing import Any

import pytest

from retrieval_engine.training.run import BUNDLE, STOP
from sticktionary.domain import jobs
from sticktionary.domain.lab import child, data, runs, watching
from sticktionary.domain.lab.runs import Status
from sticktionary.models import ModelVersion, Release, TrainingRun

STEPS = 120
SETTINGS = {"steps": STEPS, "batch": 8, "save_every": 4, "validate_every": 60}


@pytest.fixture(autouse=True)
def _look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "LOOK_EVERY_S", 0.02)


def asked(release: Release, **more: Any) -> TrainingRun:
    given = {"recipe": "stickerclip", "base": "tiny", "settings": SETTINGS, "device": "cpu", **more}
    return runs.start(actor=None, release=release, queue=False, **given)


def carried_out(run: TrainingRun, heard: Callable[[TrainingRun], None] = lambda run: None) -> TrainingRun:
    assert jobs.carry_out(TrainingRun, run.pk, lambda job: watching.run(job, heard))
    return TrainingRun.objects.select_related("model").get(pk=run.pk)


def at_step(step: int, act: Callable[[TrainingRun], object]) -> Callable[[TrainingRun], None]:
    """Does it once, when the training has come so far."""
    acts = [act]

    def heard(run: TrainingRun) -> None:
        if acts and run.phase == "training" and run.n_done >= step:
            acts.pop()(run)

    return heard


def cancel_while_it_stands(run: TrainingRun) -> None:
    """However fast it trains: its process goes on when it has been asked to leave."""
    process, asked_to_leave = process_of(run), data.folder_of(run) / STOP
    os.kill(process, signal.SIGSTOP)
    runs.cancel(actor=None, run=run)

    def go_on() -> None:
        waiting = threading.Event()
        while not asked_to_leave.exists():
            waiting.wait(0.01)
        os.kill(process, signal.SIGCONT)

    threading.Thread(target=go_on, daemon=True).start()


def process_of(run: TrainingRun) -> int:
    return int(json.loads((data.folder_of(run) / child.PASSPORT).read_text())["pid"])


def weights(run: TrainingRun) -> str:
    """The checksum that goes into the model's name."""
    return str(json.loads((data.folder_of(run) / BUNDLE / "bundle.json").read_text())["version"])


def steps(run: TrainingRun) -> list[int]:
    events = run.events.filter(kind="step", data__phase="training").order_by("position")
    return list(events.values_list("step", flat=True))


@pytest.mark.trains
def test_a_run_that_is_killed_and_cancelled_on_the_way_learns_what_an_undisturbed_one_does(frozen: Release) -> None:
    whole = carried_out(asked(frozen))
    assert (whole.state, whole.error, runs.status_of(whole)) == ("done", "", Status.AWAITING_APPROVAL)
    assert (whole.model.kind, whole.model.stage, whole.device) == ("retrieval", "candidate", "cpu, float32")
    assert whole.report["recipe"] == "stickerclip"
    assert steps(whole) == list(range(1, STEPS + 1))

    run = carried_out(
        asked(frozen, title="disturbed", settings=SETTINGS | {"steps": str(STEPS)}),
        at_step(10, lambda run: os.kill(process_of(run), signal.SIGKILL)),
    )
    told = "The process that trains was killed (SIGKILL), as happens when memory runs out."
    assert (run.state, run.error) == ("failed", f"{told} Resumed, it goes on from the last checkpoint.")
    assert steps(run)[-1] < STEPS

    runs.resume(actor=None, run=run, queue=False)
    run = carried_out(run, at_step(20, cancel_while_it_stands))
    assert (run.state, runs.may_resume(run)) == ("cancelled", True)
    assert steps(run)[-1] < STEPS

    runs.resume(actor=None, run=run, queue=False)
    run = carried_out(run)
    assert (run.state, run.error) == ("done", "")
    assert steps(run) == list(range(1, STEPS + 1))
    assert weights(run) == weights(whole)

    # A worker that dies when all is done leaves nothing to train again, and no second model.
    process = process_of(run)
    TrainingRun.objects.filter(pk=run.pk).update(state="queued", report={})
    again = carried_out(run)
    assert (again.state, again.report, process_of(again)) == ("done", run.report, process)
    assert ModelVersion.objects.filter(run=run).count() == 1
