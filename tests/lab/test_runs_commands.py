"""Training and measuring from the command line, through the same verbs and the same process as from the pages."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from retrieval_engine.training.recipes import recipes
from sticktionary.models import ModelVersion, Release, TrainingRun


def told(*command: str) -> list[str]:
    out = StringIO()
    call_command(*command, stdout=out)
    return out.getvalue().splitlines()


def refused(*command: str) -> str:
    with pytest.raises(CommandError) as error:
        told(*command)
    return str(error.value)


def rows() -> list[dict[str, Any]]:
    return list(TrainingRun.objects.order_by("pk").values("recipe", "base", "seed", "device", "state", "is_evaluation"))


def test_a_run_is_asked_for(frozen: Release) -> None:
    settings = ("--set", "steps=3", "--set", "learning-rate=1e-3")
    lines = told("train", "--base", "tiny", *settings, "--seed", "5", "--device", "cpu")
    (run,) = TrainingRun.objects.all()
    assert lines == [f"The lab's worker has been asked for run {run.pk}."]
    named = {"recipe": "stickerclip", "base": "tiny", "seed": 5, "device": "cpu"}
    assert rows() == [{**named, "state": "queued", "is_evaluation": False}]
    assert (run.release, run.settings["steps"], run.settings["learning_rate"]) == (frozen, 3, 1e-3)


def test_settings_are_listed_with_what_they_mean() -> None:
    known = recipes()["querygen"].described()
    expected = [line for one in known for line in (f"{one.name} = {one.default}", f"    {one.help}")]
    assert told("train", "--recipe", "querygen", "--list") == expected


def test_what_is_wrong_is_said(frozen: Release) -> None:
    assert refused("train", "--base", "tiny", "--set", "steps=0") == "Steps: must be at least 1, not 0."
    assert refused("train", "--base", "tiny", "--set", "steps") == "--set takes NAME=VALUE, not steps."
    assert refused("train", "--release", "7") == "There is no release 7."
    assert refused("train", "--resume", "7") == "There is no run 7."
    assert refused("evaluate", "--run", "7") == "There is no model of a run 7."
    without = "/m is not installed. For a bundle's folder say its --recipe besides."
    assert refused("evaluate", "--model", "/m") == without
    assert refused("evaluate", "--model", "/m", "--recipe", "stickerclip") == "There is no folder /m."
    assert rows() == []


def test_without_a_release_there_is_nothing_to_train_on(db: None) -> None:
    assert refused("train") == "Nothing is frozen yet."


@pytest.mark.trains
def test_a_run_is_trained_and_its_model_measured_here_and_now(frozen: Release) -> None:
    settings = ("steps=4", "batch=8", "validate_every=4")
    lines = told("train", "--base", "tiny", "--device", "cpu", "--wait", *(f"--set={one}" for one in settings))
    (run,), (model,) = TrainingRun.objects.all(), ModelVersion.objects.all()
    assert (run.state, model.run, model.stage) == ("done", run, "candidate")
    assert lines[-1] == f"Run {run.pk} is done; {model.name} waits for an approval."
    assert lines[0].startswith("  ".join(run.report["headline"]))
    assert len(lines) == len(run.report["figures"]) + 1

    measured = told("evaluate", "--run", str(run.pk), "--device", "cpu", "--wait")
    evaluation = TrainingRun.objects.get(is_evaluation=True)
    assert (evaluation.state, evaluation.base, evaluation.recipe) == ("done", model.name, "stickerclip")
    assert len(measured) == len(evaluation.report["figures"])
    assert measured[0] == lines[0]  # the model as it is served finds what it found when it was trained
    assert list(ModelVersion.objects.all()) == [model]
