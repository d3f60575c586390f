"""A whole run on a release: learned, measured, published; and what is refused before anything begins."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from retrieval_engine.metrics import Places
from retrieval_engine.serving import Bundle
from retrieval_engine.stickerclip.evaluation import Evaluation, Method, asked_of
from retrieval_engine.stickerclip.material import Material
from retrieval_engine.training import release
from retrieval_engine.training.__main__ import carry_out
from retrieval_engine.training.figures import Report
from retrieval_engine.training.processes import ALONE
from retrieval_engine.training.run import BUNDLE, REPORT, Event, Order, Reporter, read_events
from tests.engine import world

SETTINGS: dict[str, Any] = {
    "steps": 40, "batch": 10, "part": 6, "learning_rate": 3e-3, "validate_every": 20, "compare_freeze_vision": True,
}  # fmt: skip
HUMAN = "text_to_image/human_query"


def order(place: Path, **told: Any) -> Order:
    """For the world's release, from the world's own small model."""
    if not (place / "release").exists():
        world.release(place / "release")
    (place / "tiny.json").write_text(json.dumps(world.TINY))
    base = str(place / "tiny.json")
    return Order(
        **{"recipe": "stickerclip", "settings": SETTINGS, "release": str(place / "release"), "base": base, **told}
    )


def carried_out(place: Path, name: str, **told: Any) -> tuple[str, str]:
    order(place, **told).write(place / name)
    return carry_out(place / name)


def events(folder: Path, kind: str) -> list[Event]:
    return [event for _, event in read_events(folder) if event.kind == kind]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a run has been carried out, in the folder 7."""
    place = tmp_path_factory.mktemp("runs")
    assert carried_out(place, "7") == ("done", "")
    return place


def test_it_says_what_it_found_and_how_far_it_is(place: Path) -> None:
    assert [event.text for event in events(place / "7", "phase")] == [
        "preparing", "training", "training", "evaluating", "publishing",
    ]  # fmt: skip
    facts: dict[str, Any] = {}
    for event in events(place / "7", "facts"):
        facts |= event.values
    assert facts["device"] == "cpu, float32"
    assert (facts["n_stickers"], facts["n_train"], facts["n_validation"], facts["n_test"]) == (16, 10, 2, 4)
    assert (facts["n_queries"], facts["languages"]) == (64, ["en", "zh"])
    assert [event.step for event in events(place / "7", "score")] == [20, 40, 20, 40]
    assert {event.text for event in events(place / "7", "end")} == {"done"}


def test_the_bundle_knows_where_it_comes_from(place: Path) -> None:
    bundle = Bundle.open(place / "7" / BUNDLE)
    lineage = bundle.manifest.lineage
    assert (lineage["run"], lineage["recipe"], lineage["release"]["number"]) == ("7", "stickerclip", 3)
    assert lineage["settings"]["steps"] == 40
    assert json.loads((place / "7" / BUNDLE / "metrics.json").read_text()) == json.loads(
        (place / "7" / REPORT).read_text()
    )
    assert sorted(path.name for path in (place / "7").iterdir() if path.is_dir()) == ["bundle", "tensorboard"]


def test_the_figures_are_those_of_the_published_model(place: Path) -> None:
    report = Report.read(place / "7" / REPORT)
    bundle = Bundle.open(place / "7" / BUNDLE)
    test = [sticker for sticker in release.read(order(place)) if sticker.part == "test"]
    asked = asked_of(test, range(len(test)), "human_query")
    scores = bundle.encode([each.text for each in asked]) @ bundle.encode_stickers([s.picture for s in test]).T
    places = Places.by(scores, np.array([each.sticker for each in asked]))
    for language in ("en", "zh", "all"):
        of = np.array([language in (each.language, "all") for each in asked])
        figure = report.find(HUMAN, "fine-tuned", language, "mrr")
        assert figure is not None
        assert figure.value == pytest.approx(places.of(of).reciprocal_ranks().mean(), abs=0.02)
        assert (figure.n, figure.n_gallery) == (of.sum(), 4)
        assert figure.chance == pytest.approx((1 + 1 / 2 + 1 / 3 + 1 / 4) / 4)
        assert figure.low is not None
        assert figure.high is not None
        assert figure.low <= figure.value <= figure.high
    methods = {figure.method for figure in report.figures if figure.task == HUMAN}
    assert methods == {"fine-tuned", "freeze-vision", "zero-shot", "bm25", "fusion"}
    assert report.find("image_to_text/human_query", "fine-tuned", "en", "mean_recall") is not None
    whole = report.find(f"{HUMAN}/catalogue", "fine-tuned", "all", "recall_at_10[exact]")
    assert whole is not None
    assert (whole.n_gallery, whole.chance) == (16, 10 / 16)


def test_a_published_model_is_measured_beside_the_live_one(place: Path) -> None:
    bundle = str(place / "7" / BUNDLE)
    assert carried_out(place, "measured", base=bundle, live=bundle, evaluate=True) == ("done", "")
    report, first = Report.read(place / "measured" / REPORT), Report.read(place / "7" / REPORT)
    ours, live = (report.find(HUMAN, method, "all", "mrr") for method in ("fine-tuned", "live"))
    trained, gain = first.find(HUMAN, "fine-tuned", "all", "mrr"), report.find(HUMAN, "gain", "all", "mrr")
    assert ours is not None
    assert live is not None
    assert trained is not None
    assert gain is not None
    assert ours.value == live.value == pytest.approx(trained.value, abs=0.02)
    assert (gain.value, gain.low, gain.high) == (0.0, 0.0, 0.0)
    assert not (place / "measured" / BUNDLE).exists()


def test_a_run_can_start_from_a_bundle(place: Path) -> None:
    told = {"settings": {**SETTINGS, "steps": 1, "compare_freeze_vision": False}}
    assert carried_out(place, "next", base=str(place / "7" / BUNDLE), **told) == ("done", "")
    first, second = (Report.read(place / name / REPORT) for name in ("7", "next"))
    was, started = first.find(HUMAN, "fine-tuned", "all", "mrr"), second.find(HUMAN, "zero-shot", "all", "mrr")
    assert was is not None
    assert started is not None
    assert started.value == pytest.approx(was.value, abs=1e-6)


def test_words_never_see_the_query_that_is_asked() -> None:
    """Whoever asks for its own text word for word finds it only through its sticker's other texts."""
    made = [
        world.sticker("a", "so tired", "sleepy cat"),
        world.sticker("b", "so tired", "angry dog"),
        world.sticker("c", "purple"),
    ]
    none = Method("fine-tuned", lambda texts: np.zeros((len(texts), 1)), np.zeros((3, 1)))
    judged = Evaluation(made, [0, 1, 2], [none], "fine-tuned")
    judged.measure()
    report = Report("stickerclip", (HUMAN, "fine-tuned", "all", "mrr"), judged.figures)
    words = report.find(HUMAN, "bm25", "all", "recall_at_1[exact]")
    # "so tired" finds the other one: a and b miss. The other three match nothing: a third each, all being tied.
    assert words is not None
    assert words.value == pytest.approx((0 + 0 + 1 / 3 + 1 / 3 + 1 / 3) / 5)
    assert words.tied == 1.0


@pytest.mark.parametrize(
    ("parts", "told", "message"),
    [
        (("train",) + ("test",) * 15, {}, "fewer than two training stickers"),
        (("train",) * 16, {"base": "ViT-B-32:nonsense"}, "no such weights"),
        (("train",) * 16, {"base": "/nowhere/model.json"}, "not a configuration of an open_clip model"),
        (("train",) * 16, {"base": "/nowhere", "evaluate": True}, "say which weights"),
        (("train",) * 16, {"device": "mps"}, "no mps device"),
        (("train",) * 16, {"settings": {"steps": 0}}, "steps: must be at least 1"),
    ],
)
def test_what_cannot_be_done_is_refused_with_a_reason(
    parts: tuple[str, ...], told: dict[str, Any], message: str, tmp_path: Path
) -> None:
    world.release(tmp_path / "release", parts)
    ending, why = carried_out(tmp_path, "run", **told)
    assert ending == "refused"
    assert message in why
    assert not (tmp_path / "run" / BUNDLE).exists()


def test_a_corrupted_bundle_is_neither_trained_on_nor_measured(place: Path, tmp_path: Path) -> None:
    shutil.copytree(place / "7" / BUNDLE, tmp_path / "broken")
    (tmp_path / "broken" / "open_clip_model.safetensors").write_bytes(b"something else")
    for name, evaluate in (("trained", False), ("measured", True)):
        ending, why = carried_out(tmp_path, name, base=str(tmp_path / "broken"), evaluate=evaluate)
        assert ending == "refused"
        assert "was changed after it was published" in why


def test_pictures_that_cannot_be_read_are_left_out_and_named(tmp_path: Path) -> None:
    made = world.stickers(tmp_path)
    made[0].picture.write_bytes(b"no picture")
    with Reporter(tmp_path) as report:
        material = Material.prepare(made, 32, report, ALONE)
    assert [sticker.id for sticker in material.stickers] == world.NAMES[1:]
    assert material.places == list(range(1, 16))
    assert events(tmp_path, "warning")[0].text.startswith("red-tall.png is left out: not a readable picture")
