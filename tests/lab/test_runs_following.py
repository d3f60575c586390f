"""What a run's process tells becomes rows: thinned, as every database takes it, and once."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from retrieval_engine.training.run import PROGRESS, Reporter
from sticktionary.domain import jobs
from sticktionary.domain.lab import data, runs
from sticktionary.domain.lab.child import LOG
from sticktionary.domain.lab.following import Follower, last_lines
from sticktionary.models import Release, TrainingRun


@pytest.fixture
def run(frozen: Release) -> TrainingRun:
    """One whose lease is held."""
    started = runs.start(actor=None, recipe="stickerclip", release=frozen, base="tiny", queue=False)
    data.write_order(started)
    taken = jobs.take(TrainingRun, started.pk)
    assert taken is not None
    return taken


@pytest.fixture
def follower(run: TrainingRun) -> Follower:
    return following(run)


def following(run: TrainingRun) -> Follower:
    return Follower(run, data.folder_of(run), lambda run: None)


def told(run: TrainingRun) -> Reporter:
    return Reporter(data.folder_of(run))


def row(run: TrainingRun) -> TrainingRun:
    return TrainingRun.objects.get(pk=run.pk)


def steps(run: TrainingRun, kind: str = "step") -> list[int]:
    return list(run.events.filter(kind=kind).order_by("position").values_list("step", flat=True))


def test_what_is_told_is_on_the_row_and_in_the_events(run: TrainingRun, follower: Follower) -> None:
    with told(run) as report:
        report.facts({"packages": {"torch": "2"}, "device": "cpu, float32", "n_stickers": 18})
        report.phase("training", 3)
        report.step(1, 3, {"loss": 2.5, "per_s": 40.0})
        report.score(1, {"validation/mrr": 0.25})
        report.warn("half as many at once")
    follower.read_on()
    read = row(run)
    assert (read.device, read.packages, read.phase) == ("cpu, float32", {"torch": "2"}, "training")
    told_facts = {"n_stickers": 18, "latest": {"step": 1, "loss": 2.5, "per_s": 40.0}}
    assert read.facts == {"live": "bm25", **told_facts}
    assert (run.n_done, run.n_total) == (1, 3)
    events = run.events.order_by("position").values_list("kind", "step", "data")
    nothing: dict[str, Any] = {"text": "", "values": {}, "n_steps": 0, "phase": "training"}
    assert list(events)[1:] == [
        ("phase", 0, nothing | {"text": "training", "n_steps": 3}),
        ("step", 1, nothing | {"values": {"loss": 2.5, "per_s": 40.0}, "n_steps": 3}),
        ("score", 1, nothing | {"values": {"validation/mrr": 0.25}}),
        ("warning", 0, nothing | {"text": "half as many at once"}),
    ]


def test_reading_on_takes_in_only_what_is_new_whoever_reads(run: TrainingRun, follower: Follower) -> None:
    with told(run) as report:
        report.phase("training", 4)
        report.step(1, 4, {})
        follower.read_on()
        report.step(2, 4, {})
        follower.read_on()
        report.step(3, 4, {})
    following(run).read_on()
    follower.read_on()
    assert steps(run) == [1, 2, 3]


def test_a_long_run_keeps_a_thousand_steps_and_knows_the_last(run: TrainingRun, follower: Follower) -> None:
    n = 25_000
    with told(run) as report:
        report.phase("training", n)
        for step in range(1, n + 1):
            report.step(step, n, {"loss": 1 / step})
    follower.read_on()
    assert steps(run) == [1, *range(25, n + 1, 25)]
    assert row(run).facts["latest"] == {"step": n, "loss": 1 / n}


def test_lines_without_end_do_not_fill_the_database(run: TrainingRun, follower: Follower) -> None:
    with told(run) as report:
        for number in range(1_000):
            report.log(f"line {number}")
    follower.read_on()
    assert run.events.filter(kind="log").count() == 200


def test_steps_that_are_taken_again_replace_those_before(run: TrainingRun, follower: Follower) -> None:
    """Of two trainings in a run only the interrupted one is repeated."""
    with told(run) as report:
        for _training in range(2):
            report.phase("training", 6)
            for step in range(1, 5):
                report.step(step, 6, {})
        report.score(4, {"validation/mrr": 0.5})
    follower.read_on()
    again = following(run)
    again.read_on()
    again.begin()
    with told(run) as report:
        report.phase("preparing")
        report.phase("training", 6)
        for step in range(3, 7):
            report.step(step, 6, {})
    again.read_on()
    assert steps(run) == [1, 2, 3, 4, 1, 2, 3, 4, 5, 6]
    assert steps(run, "score") == []


def test_numbers_that_are_none_and_zero_bytes_do_not_stop_a_database(run: TrainingRun, follower: Follower) -> None:
    with told(run) as report:
        report.phase("training", 1)
        report.step(1, 1, {"loss": math.nan, "gradient_norm": math.inf})
        report.warn("a\0b")
    Path(data.folder_of(run), LOG).write_bytes(b"one\0\ntwo\n")
    follower.read_on()
    assert row(run).facts["latest"] == {"step": 1, "loss": None, "gradient_norm": None}
    assert row(run).log == "one\ntwo\n"
    assert run.events.get(kind="warning").data["text"] == "ab"


def test_a_line_that_was_cut_short_is_passed_over(run: TrainingRun, follower: Follower) -> None:
    with told(run) as report:
        report.phase("training", 2)
    with Path(data.folder_of(run), PROGRESS).open("a", encoding="utf-8") as file:
        file.write('{"at": 1.0, "ki')
    follower.read_on()
    with told(run) as report:
        report.step(2, 2, {})
    follower.read_on()
    assert list(run.events.order_by("position").values_list("kind", flat=True)) == ["phase", "step"]


def test_a_checkpoint_shows_that_it_gets_on(run: TrainingRun, follower: Follower) -> None:
    TrainingRun.objects.filter(pk=run.pk).update(n_attempts=4)
    with told(run) as report:
        report.checkpoint(10)
    follower.read_on()
    assert row(run).n_attempts == 1


def test_who_has_lost_the_lease_writes_nothing_on_the_row(run: TrainingRun, follower: Follower) -> None:
    TrainingRun.objects.filter(pk=run.pk).update(worker="another:1:x", n_attempts=2)
    with told(run) as report:
        report.facts({"device": "cpu"})
        report.checkpoint(1)
    follower.read_on()
    assert (row(run).device, row(run).n_attempts) == ("auto", 2)


def test_the_end_of_a_log_shows_bars_as_they_stood_last(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    assert last_lines(log) == ""
    log.write_bytes(b"begun\n 10%\r 50%\r100%\r\nended\n")
    assert last_lines(log) == "begun\n100%\nended\n"
    log.write_bytes(b"".join(b"line %d\n" % number for number in range(10_000)))
    assert last_lines(log).split("\n") == [*(f"line {number}" for number in range(9_801, 10_000)), ""]
