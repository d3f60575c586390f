"""Starting, stopping and looking after runs. What a run does once a worker has it: test_runs_training."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from retrieval_engine.training.recipes import Size, recipes
from retrieval_engine.training.run import Order
from sticktionary.domain import jobs
from sticktionary.domain.errors import NotAllowed, Refused
from sticktionary.domain.lab import checks, data, estimates, runs
from sticktionary.domain.lab.runs import Status
from sticktionary.domain.releases import asking, tombstones
from sticktionary.models import AuditEntry, ModelVersion, Player, Query, Release, Sticker, TrainingRun
from tests.game.conftest import make_player
from tests.lab import plays


def start(researcher: Player | None, release: Release, **more: Any) -> TrainingRun:
    return runs.start(actor=researcher, **{"recipe": "stickerclip", "release": release, "base": "tiny", **more})


def problems(release: Release, **more: Any) -> dict[str, str]:
    with pytest.raises(checks.RunRefused) as refused:
        checks.check(**{"recipe": "stickerclip", "release": release, "base": "tiny", **more})
    assert refused.value.message == " ".join(refused.value.problems.values())
    return refused.value.problems


# --- what is refused before anything starts ---


def test_everything_that_is_wrong_is_said_at_once_beside_its_field(frozen: Release) -> None:
    told = problems(
        frozen, base="/nowhere/at/all", device="tpu", seed=-1, settings={"steps": "0", "batch": "many", "speed": 1}
    )
    assert told == {
        "settings.steps": "Steps: must be at least 1, not 0.",
        "settings.batch": "Batch: must be a whole number, not many.",
        "settings.speed": "Speed: StickerCLIP has no such setting.",
        "base": "There is no folder /nowhere/at/all.",
        "device": "Choose one of auto, cpu, cuda, mps.",
        "seed": "The seed is a whole number from 0 on.",
    }


def test_there_is_no_such_recipe(frozen: Release) -> None:
    assert problems(frozen, recipe="alchemy") == {
        "recipe": f"There is no such recipe. There are: {', '.join(recipes())}."
    }


def test_a_release_without_a_proven_query_is_empty(stickers: list[Sticker]) -> None:
    empty = plays.freeze(None)
    told = "Test 1 is empty: it holds no proven query, so there is nothing to learn."
    assert problems(empty) == {"release": told}


def test_a_language_that_is_missing(stickers: list[Sticker]) -> None:
    plays.play(stickers)
    Query.objects.filter(round__language="zh").update(removed_at=timezone.now())
    told = "Test 1 is meant to hold 中文, but has no query in it. Freeze one without it."
    assert problems(plays.freeze(None)) == {"release": told}


def test_a_side_of_the_split_that_is_empty(stickers: list[Sticker]) -> None:
    plays.play(stickers)
    release = plays.freeze(None, split=(100, 0, 0))
    told = "The validation side of Test 1 is empty. A release of more stickers has all three."
    assert problems(release) == {"release": told}


def test_a_release_that_is_not_frozen_withdrawn_or_gone(frozen: Release, researcher: Player) -> None:
    asked = asking.ask(actor=None, title="Later", queue=False)
    assert problems(asked) == {"release": "This release is not frozen yet."}
    moved = Release(number=7, title="Moved", path="sticktionary-7")
    assert problems(moved) == {"release": "The folder of Moved 7 is gone."}
    Release.objects.filter(pk=frozen.pk).update(withdrawn_at=timezone.now())
    frozen.refresh_from_db()
    assert problems(frozen) == {"release": "Test 1 was withdrawn; nothing may be trained on it."}
    assert list(data.usable_releases()) == []


def test_a_base_that_is_no_model(frozen: Release, tmp_path: Path) -> None:
    signs = "neither bundle.json nor open_clip_config.json is there."
    assert problems(frozen, base=str(tmp_path)) == {"base": f"{tmp_path} holds no retrieval model: {signs}"}
    assert problems(frozen, base="/nowhere.json") == {"base": "There is no configuration /nowhere.json."}
    assert problems(frozen, base="../model") == {"base": "Give the whole path of the folder, from / on."}
    for no_name in ("--help", "/models\0", "/" + "m" * 300):
        assert problems(frozen, base=no_name) == {"base": "That is not the name of a model."}
    generator = ModelVersion.objects.create(name="writer@1", title="writer", kind="generator", path=str(tmp_path))
    told = "writer@1 is a query generator; this recipe trains another kind of model."
    assert problems(frozen, base=generator.name) == {"base": told}


def test_a_name_that_nobody_knows_is_found_out_in_another_process(
    frozen: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    told = "acme/no-such-model is not on this machine, which works without the hub."
    assert problems(frozen, recipe="querygen", base="acme/no-such-model") == {"base": told}


def test_a_full_disk(frozen: Release, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "ROOM_BYTES", 2**60)
    (field,) = problems(frozen)
    assert field == "room"
    assert TrainingRun.objects.count() == 0


def test_a_folder_that_cannot_be_written(frozen: Release, settings: Any, tmp_path: Path) -> None:
    settings.RUNS_DIR = tmp_path / "nowhere"
    assert problems(frozen) == {"room": f"Runs cannot be kept: the folder {tmp_path / 'nowhere'} cannot be written."}


# --- who may ---


def test_only_who_may_train_does(frozen: Release, researcher: Player) -> None:
    run = start(researcher, frozen)
    stranger = make_player("sam")
    for verb in (
        lambda: start(stranger, frozen, seed=1),
        lambda: runs.cancel(actor=stranger, run=run),
        lambda: runs.resume(actor=stranger, run=run),
        lambda: runs.rename(actor=stranger, run=run, title="mine"),
        lambda: runs.remove_files(actor=stranger, run=run),
    ):
        with pytest.raises(NotAllowed):
            verb()
    assert list(TrainingRun.objects.values_list("state", "title")) == [("queued", "StickerCLIP: Test 1")]


# --- starting ---


def test_a_run_holds_every_value_that_it_depends_on(frozen: Release, researcher: Player) -> None:
    run = start(researcher, frozen, settings={"steps": "3"}, seed=7, device="cpu", title=" Three steps ")
    run.refresh_from_db()
    known = recipes()["stickerclip"].described()
    assert run.settings == {setting.name: setting.default for setting in known} | {"steps": 3}
    assert (run.title, run.base, run.seed, run.device) == ("Three steps", "tiny", 7, "cpu")
    assert (run.state, run.path, run.created_by) == ("queued", str(run.pk), researcher)
    assert run.code_version
    assert list(AuditEntry.objects.filter(verb="start_run").values_list("subject", "actor")) == [
        (f"run {run.pk}", researcher.pk)
    ]


def test_a_worker_of_the_lab_is_asked_once_it_is_committed(
    frozen: Release, researcher: Player, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    sent: list[tuple[str, list[int]]] = []
    monkeypatch.setattr(jobs.app, "send_task", lambda name, args, **route: sent.append((name, args)))
    with django_capture_on_commit_callbacks(execute=True):
        run = start(researcher, frozen)
    assert sent == [("sticktionary.run_training", [run.pk])]
    assert jobs.app.amqp.router.route({}, "sticktionary.run_training")["queue"].name == "gpu"
    assert jobs.app.amqp.router.route({}, "sticktionary.run_import")["queue"].name == "celery"


def test_the_very_same_run_is_not_started_twice(frozen: Release, researcher: Player) -> None:
    run = start(researcher, frozen)
    with pytest.raises(Refused) as refused:
        start(researcher, frozen, title="another title")
    assert refused.value.message == (f"The very same run is under way already: StickerCLIP: Test 1, number {run.pk}.")
    TrainingRun.objects.filter(pk=run.pk).update(state="running", device="cpu, float32")
    with pytest.raises(Refused):
        start(researcher, frozen)
    start(researcher, frozen, seed=1)
    runs.cancel(actor=researcher, run=run)
    start(researcher, frozen)
    assert TrainingRun.objects.count() == 3


def test_what_a_run_will_take_is_told_before_it_begins(frozen: Release) -> None:
    def told(steps: int) -> float:
        asked = checks.check(recipe="stickerclip", release=frozen, base="tiny", settings={"steps": steps}, device="cpu")
        estimate = asked.estimate()
        assert estimate.memory_bytes > 0
        assert estimate.because
        return estimate.seconds

    assert 0 < told(10) < told(1_000)
    assert estimates.size_of(frozen, "tiny") == Size(30, 120, ("en", "zh"), "tiny")


# --- how it stands ---


def test_how_a_run_stands(frozen: Release, researcher: Player) -> None:
    run = start(researcher, frozen)

    def status(**fields: Any) -> Status:
        TrainingRun.objects.filter(pk=run.pk).update(**fields)
        return runs.status_of(TrainingRun.objects.select_related("model").get(pk=run.pk))

    now = timezone.now()
    assert status() == Status.QUEUED
    assert status(state="running", heartbeat_at=now, phase="training") == Status.RUNNING
    assert status(phase="evaluating") == Status.EVALUATING
    assert status(phase="publishing") == Status.EVALUATING
    assert status(heartbeat_at=now - timedelta(minutes=1)) == Status.LOST
    assert status(state="failed") == Status.FAILED
    assert status(state="cancelled") == Status.CANCELLED
    assert status(state="done") == Status.MEASURED
    model = ModelVersion.objects.create(name="m@1", title="m", run=run)
    assert status() == Status.AWAITING_APPROVAL
    for change, expected in (
        ({"approved_at": now}, Status.APPROVED),
        ({"stage": "champion"}, Status.LIVE),
        ({"stage": "previous"}, Status.RETIRED),
        ({"stage": "retired"}, Status.RETIRED),
        ({"stage": "rejected"}, Status.REJECTED),
    ):
        ModelVersion.objects.filter(pk=model.pk).update(**change)
        assert status() == expected
    assert set(runs.STATUS_NAMES) == set(Status)


def test_the_time_that_is_left_follows_the_last_steps(frozen: Release, researcher: Player) -> None:
    run = start(researcher, frozen)
    run.state, run.phase, run.n_total, run.n_done = "running", "training", 100, 40
    assert runs.seconds_left(run) is None
    began = timezone.now()
    for step in (10, 20, 40):
        at = began + timedelta(seconds=step / 2)
        run.events.create(position=step, at=at, kind="step", step=step, data={"phase": "training"})
    assert runs.seconds_left(run) == pytest.approx(30)
    run.phase = "evaluating"
    assert runs.seconds_left(run) is None


# --- looking after them ---


def test_a_run_that_waits_is_cancelled_at_once_and_may_be_resumed(frozen: Release, researcher: Player) -> None:
    run = start(researcher, frozen)
    runs.cancel(actor=researcher, run=run)
    run.refresh_from_db()
    assert (run.state, runs.may_cancel(run), runs.may_resume(run)) == ("cancelled", False, True)
    with pytest.raises(Refused):
        runs.cancel(actor=researcher, run=run)
    runs.resume(actor=researcher, run=run)
    run.refresh_from_db()
    assert (run.state, runs.may_cancel(run), runs.may_resume(run)) == ("queued", True, False)
    verbs = AuditEntry.objects.filter(subject=f"run {run.pk}").order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["start_run", "cancel_run", "resume_run"]


def test_a_run_does_not_go_on_with_a_release_that_was_withdrawn(frozen: Release, researcher: Player) -> None:
    run = start(researcher, frozen)
    runs.cancel(actor=researcher, run=run)
    Release.objects.filter(pk=frozen.pk).update(withdrawn_at=timezone.now())
    with pytest.raises(checks.RunRefused) as refused:
        runs.resume(actor=researcher, run=TrainingRun.objects.get(pk=run.pk))
    assert refused.value.problems == {"release": "Test 1 was withdrawn; nothing may be trained on it."}


def test_a_run_has_a_title(frozen: Release, researcher: Player) -> None:
    run = start(researcher, frozen)
    runs.rename(actor=researcher, run=run, title=" Baseline ")
    assert TrainingRun.objects.get(pk=run.pk).title == "Baseline"
    for bad in ("", " ", "x" * 121):
        with pytest.raises(checks.RunRefused) as refused:
            runs.rename(actor=researcher, run=run, title=bad)
        assert refused.value.problems == {"title": "A title has 1 to 120 characters."}


def test_files_of_a_run_that_is_over_can_be_cleared_away(
    frozen: Release, researcher: Player, django_capture_on_commit_callbacks: Any
) -> None:
    run = start(researcher, frozen)
    folder = data.write_order(run)
    with pytest.raises(Refused):
        runs.remove_files(actor=researcher, run=run)
    runs.cancel(actor=researcher, run=run)
    with django_capture_on_commit_callbacks(execute=True):
        runs.remove_files(actor=researcher, run=run)
    assert not folder.exists()
    run.refresh_from_db()
    assert (runs.may_resume(run), runs.may_remove_files(run)) == (False, False)
    with pytest.raises(Refused) as refused:
        runs.resume(actor=researcher, run=run)
    assert refused.value.message == "The files of this run were removed; start it anew."


# --- what it reads ---


def test_what_was_taken_back_since_the_release_is_left_out(frozen: Release, researcher: Player) -> None:
    kept, gone, *rest = Query.objects.order_by("pk")
    withdrawn = rest[-1].round.sticker
    admin = Player.objects.create_superuser("root", language="en")
    tombstones.withdraw(actor=admin, kind="query", number=gone.pk, why="asked for")
    tombstones.withdraw(actor=admin, kind="sticker", number=withdrawn.pk, why="asked for")
    told = data.left_out()
    assert told["stickers"] == [withdrawn.name]
    of_sticker = Query.objects.filter(round__sticker=withdrawn).values_list("pk", flat=True)
    assert told["queries"] == sorted([gone.pk, *of_sticker])
    assert kept.pk not in told["queries"]
    assert withdrawn.name not in data.pictures()
    assert len(data.pictures()) == 29
    assert all(Path(path).is_file() for path in data.pictures().values())


def test_a_run_keeps_the_order_that_it_began_with(frozen: Release, researcher: Player) -> None:
    live = ModelVersion.objects.create(name="live@1", title="live", stage="champion", path="/models/live")
    run = start(researcher, frozen, base="tiny")
    folder = data.write_order(run)
    order = Order.read(folder)
    assert (order.recipe, order.base, order.live, order.generator) == ("stickerclip", "tiny", "/models/live", "")
    assert (order.settings, order.watched, order.evaluate) == (run.settings, True, False)
    ModelVersion.objects.filter(pk=live.pk).update(path="/models/other")
    data.write_order(run)
    assert Order.read(folder) == order
