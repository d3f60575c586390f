"""Runs of all recipes on a small release: from start to end, stopped and gone on with, refused, and opened again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest

from retrieval_engine.bundle import BundleError
from retrieval_engine.dialogue.data import candidates
from retrieval_engine.dialogue.data.gallery import Gallery
from retrieval_engine.dialogue.models.learning import scores_of
from retrieval_engine.dialogue.recipes import RECIPES
from retrieval_engine.dialogue.runs import bundle, evaluation, judging, material, publishing
from retrieval_engine.dialogue.runs.loading import load, opened
from retrieval_engine.dialogue.telling import sources
from retrieval_engine.dialogue.telling.providers import NOTHING, Provided, ProviderError, Table
from retrieval_engine.training.__main__ import carry_out
from retrieval_engine.training.figures import Report, intervals
from retrieval_engine.training.run import BUNDLE, REPORT, STOP, Event, Order, Reporter, read_events
from tests.dialogue import releases

QUICK: Final[dict[str, Any]] = {"epochs": 1, "batch": 16, "length": 24, "baselines": False, "learning_rate": 3e-3}
OWN: Final[dict[str, dict[str, Any]]] = {
    "int_ra": {"heads": 4, "baselines": True},
    "igsr": {"memory_length": 24},
    "pbr": {"candidates": 3, "layers": 1, "teacher_epochs": 1, "anchors": 2, "negatives": "sentiment"},
    "stickerllm": {"towers_epochs": 1},
    "srs": {"candidates": 3, "n_turns": 2},
    "mmbert": {},
}
NAMES: Final = tuple(recipe.name for recipe in RECIPES)


@dataclass(frozen=True)
class Run:
    folder: Path
    ending: str
    message: str

    @property
    def events(self) -> list[Event]:
        return [event for _, event in read_events(self.folder)]

    @property
    def report(self) -> Report:
        return Report.read(self.folder / REPORT)

    @property
    def manifest(self) -> bundle.Manifest:
        return bundle.read_manifest(self.folder / BUNDLE)

    @property
    def warnings(self) -> list[str]:
        return [event.text for event in self.events if event.kind == "warning"]

    def facts(self) -> dict[str, Any]:
        told = [event.values for event in self.events if event.kind == "facts"]
        return {name: value for values in told for name, value in values.items()}

    def losses(self) -> list[float]:
        return [event.values["loss"] for event in self.events if event.kind == "step" and "loss" in event.values]

    def figures(self, method: str = "trained") -> dict[tuple[str, str, str], float]:
        return {(f.task, f.language, f.metric): f.value for f in self.report.figures if f.method == method}


def run(folder: Path, name: str, release: Path, order: Mapping[str, Any] | None = None, **settings: Any) -> Run:
    asked = {"base": "tiny", "device": "cpu", **(order or {})}
    Order(name, QUICK | OWN[name] | settings, str(release), **asked).write(folder)
    return Run(folder, *carry_out(folder))


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return releases.write(tmp_path_factory.mktemp("chats") / "release")


@pytest.fixture(scope="module", autouse=True)
def _quickly() -> Iterator[None]:
    """What is served without torch has tests of its own, and takes longer to write than all else here."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(publishing, "export_conversation_side", lambda model, folder: None)
        patched.setattr(evaluation, "intervals", partial(intervals, n_draws=20))
        yield


Runs = Callable[[str], Run]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, release: Path) -> Runs:
    """A run of each recipe, carried out when it is first asked for."""
    place, done = tmp_path_factory.mktemp("runs"), dict[str, Run]()

    def of(name: str) -> Run:
        if name not in done:
            done[name] = run(place / name, name, release)
        return done[name]

    return of


def gallery_of(release: Path, run: Run, folder: Path) -> Gallery:
    """The release's stickers and uses, as a run sees them."""
    settings = next(recipe for recipe in RECIPES if recipe.name == run.manifest.recipe).checked(run.manifest.settings)
    held, files = material.read(Order(run.manifest.recipe, {}, str(release)), settings)
    return Gallery.decoded(held, files, opened(run.folder / BUNDLE).size, folder)


# --- all of them ---


@pytest.mark.parametrize("name", NAMES)
def test_every_recipe_goes_from_a_release_to_a_report_and_a_bundle(name: str, runs: Runs) -> None:
    done = runs(name)
    assert (done.ending, done.message) == ("done", "")
    assert (done.manifest.recipe, done.manifest.name, done.manifest.base) == (name, f"{name}-{name}", "tiny")
    assert done.manifest.languages == ["en", "zh"]
    assert done.manifest.intents == sorted(releases.EMOTIONS)
    assert done.manifest.lineage["release"] == {"number": 3, "title": "Chats", "watermark_at": "2026-11-21"}
    report, ours = done.report, done.figures()
    assert report.headline == ("reply/gallery", "trained", "all", "map[acceptable]")
    assert {task for task, _, _ in ours} >= {"reply/gallery", "reply/gallery/DR", "reply/candidates/DR"}
    assert ours["reply/gallery", "all", "map[acceptable]"] > 0
    assert report.examples
    assert not Report.read(done.folder / BUNDLE / bundle.METRICS).examples  # people's chats stay with the run
    facts = done.facts()
    assert (facts["n_train"], facts["n_validation"], facts["n_judged"], facts["n_stickers"]) == (32, 8, 8, 28)
    assert sum(loss > 0 for loss in done.losses()) >= 2


@pytest.mark.parametrize("name", NAMES)
def test_a_bundle_that_is_opened_again_gives_the_same_scores(
    name: str, runs: Runs, release: Path, tmp_path: Path
) -> None:
    done = runs(name)
    gallery = gallery_of(release, done, tmp_path)
    model = load(done.folder / BUNDLE, gallery)
    uses = gallery.conversations.of("test")
    lists = candidates.read(done.folder / material.LISTS)
    bench = evaluation.Bench(gallery, uses, {use.id: lists[use.id] for use in uses})
    again = bench.measure("trained", lambda some, places: scores_of(model, some, places))
    ours = done.figures()
    assert {(m.figure.task, m.figure.language, m.figure.metric): m.figure.value for m in again} == pytest.approx(
        ours, abs=1e-5
    )
    assert not model.training


def test_methods_stand_beside_each_other_on_the_same_conversations(runs: Runs) -> None:
    done = runs("int_ra")
    methods = {figure.method for figure in done.report.figures}
    assert methods == {"trained", "untrained", "clip", "bm25"}
    rests_on = {(f.n, f.n_gallery) for f in done.report.figures if (f.task, f.language) == ("reply/gallery", "all")}
    assert rests_on == {(8, 28)}
    chances = {f.chance for f in done.report.figures if (f.task, f.metric) == ("reply/candidates", "r10_at_5")}
    assert chances == {0.5}


def test_values_by_use_are_left_beside_the_report(runs: Runs) -> None:
    done = runs("srs")
    rows = [json.loads(line) for line in (done.folder / judging.VALUES).read_text().splitlines()]
    ours = done.figures()
    assert {(row["task"], row["metric"]) for row in rows} >= {
        ("reply/gallery", "map[exact]"),
        ("reply/candidates", "map_10"),
    }
    for row in rows:
        assert len(row["uses"]) == len(row["values"]) == 8
        assert np.mean(row["values"]) == pytest.approx(ours[row["task"], row["language"], row["metric"]])


def test_what_was_left_out_and_who_told_what_is_said(runs: Runs) -> None:
    """Half of 48 earlier sessions were summed up by people; the others say four things in two languages, not all."""
    done = runs("igsr")
    told = {"kind": "summary", "provider": "salient-turns@1", "stub": 6, "person": 24}
    assert done.manifest.providers == [told]
    assert done.facts()["providers"] == [told]
    assert "summary: 6 by the stub salient-turns@1, 24 by people." in done.report.notes
    [knowledge] = runs("int_ra").manifest.providers
    assert knowledge["kind"] == "knowledge"
    assert knowledge.keys() == {"kind", "provider", "stub"}


def test_the_language_model_and_the_towers_are_published_with_what_was_learned(runs: Runs) -> None:
    done = runs("stickerllm")
    assert {Path(name).parts[0] for name in done.manifest.files} >= {"towers", "language", "weights.safetensors"}
    n_learned = [event.values["n_trainable"] for event in done.events if "n_trainable" in event.values]
    assert n_learned[-1] < n_learned[0] < done.facts()["n_weights"]  # first its towers, then what is new alone


# --- once more ---


def test_the_same_seed_gives_the_same_figures_and_another_does_not(runs: Runs, release: Path, tmp_path: Path) -> None:
    same, other = (run(tmp_path / str(seed), "mmbert", release, {"seed": seed}) for seed in (0, 1))
    assert same.figures() == pytest.approx(runs("mmbert").figures(), abs=1e-6)
    assert same.manifest.version == runs("mmbert").manifest.version != other.manifest.version


@pytest.mark.parametrize(("name", "after"), [("pbr", 1), ("stickerllm", 3)])
def test_a_run_that_was_stopped_goes_on_as_if_it_had_not_been(
    name: str, after: int, runs: Runs, release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PBR within its teacher, StickerLLM after its towers."""
    told, n = Reporter.step, 0

    def stop(self: Reporter, step: int, n_steps: int, values: Mapping[str, float]) -> None:
        nonlocal n
        n += "loss" in values
        if n == after and "loss" in values:
            (self.folder / STOP).touch()
        told(self, step, n_steps, values)

    with monkeypatch.context() as patched:
        patched.setattr(Reporter, "step", stop)
        stopped = run(tmp_path / name, name, release)
    assert (stopped.ending, len(stopped.losses())) == ("stopped", after)
    (stopped.folder / STOP).unlink()
    again = run(tmp_path / name, name, release)
    assert again.ending == "done"
    assert again.losses() == runs(name).losses()
    assert again.manifest.version == runs(name).manifest.version


def test_a_published_model_is_judged_as_it_is_beside_the_live_one(runs: Runs, release: Path, tmp_path: Path) -> None:
    ours, live = (str(runs(name).folder / BUNDLE) for name in ("srs", "mmbert"))
    judged = run(tmp_path, "srs", release, {"base": ours, "evaluate": True, "dialogue": live})
    assert (judged.ending, judged.message) == ("done", "")
    assert judged.figures() == pytest.approx(runs("srs").figures(), abs=1e-6)
    assert judged.figures("live") == pytest.approx(runs("mmbert").figures(), abs=1e-6)
    for key, gain in judged.figures("gain").items():
        assert gain == pytest.approx(judged.figures()[key] - judged.figures("live")[key])
    assert not (tmp_path / BUNDLE).exists()


def test_a_run_can_start_from_the_towers_of_another_model(runs: Runs, release: Path, tmp_path: Path) -> None:
    base = str(runs("int_ra").folder / BUNDLE)
    done = run(tmp_path, "srs", release, {"base": base})
    assert (done.ending, done.manifest.base) == ("done", base)


# --- what is missing ---


def test_without_intents_their_loss_is_left_out(release: Path, tmp_path: Path) -> None:
    bare = releases.write(tmp_path / "release", intents=False, labelled=False)
    done = run(tmp_path / "run", "int_ra", bare, baselines=False)
    assert (done.ending, done.message) == ("done", "")
    said = "Nobody has said what a training sticker was meant for: the loss of the intent is left out."
    assert said in done.warnings
    assert said in done.report.notes
    assert done.manifest.intents == []
    pbr = run(tmp_path / "pbr", "pbr", bare)
    assert pbr.ending == "done"
    [warning] = [text for text in pbr.warnings if text.startswith("Emotions are not distilled")]
    assert "0 stickers to learn from have an emotion that people agree on" in warning


def test_a_provider_that_fails_is_replaced_by_the_stub_and_the_manifest_says_so(
    release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Away(Table):
        def __call__(self, inputs: Any, language: str) -> list[str]:
            raise ProviderError("nobody answers")

    failing = Provided("knowledge", Away(name="away@1", by="model"), stub=NOTHING)
    monkeypatch.setattr(sources, "provider", lambda kind, spec="", **rest: failing)
    done = run(tmp_path, "int_ra", release, knowledge_model="away", baselines=False)
    assert done.ending == "done"
    assert done.manifest.providers == [{"kind": "knowledge", "provider": "away@1", "stub, instead of away@1": 28}]


def test_what_was_taken_back_is_no_part_of_a_run(release: Path, tmp_path: Path) -> None:
    (tmp_path / "gone.json").write_text(
        json.dumps({"chats": ["chat_0", "chat_5"], "stickers": [releases.id_of(0, 1)], "queries": [3]})
    )
    done = run(tmp_path / "run", "srs", release, {"left_out": str(tmp_path / "gone.json")})
    facts = done.facts()
    assert (facts["n_stickers"], facts["n_judged"], facts["dropped"]) == (27, 6, {"it was taken back since": 4})
    known = bundle.read_stickers(done.folder / BUNDLE)
    assert releases.id_of(0, 1) not in {sticker.id for sticker in known}
    assert {sticker.id: sticker.queries for sticker in known}[releases.id_of(0, 3)] == ()


@pytest.mark.parametrize(
    ("name", "settings", "order", "said"),
    [
        ("srs", {"languages": "fr"}, {}, "The release has no conversation in fr; its languages are en, zh."),
        ("srs", {}, {"base": "/nowhere"}, "/nowhere: there is no such folder."),
        ("srs", {}, {"release": "/nowhere"}, "/nowhere: not a frozen release (no manifest.json)."),
        ("srs", {"lora": 4}, {}, "LoRA is for pretrained towers; tiny ones have nothing to keep. Set lora to 0."),
        ("int_ra", {"heads": 7}, {}, "7 heads do not share 64 numbers evenly."),
        ("int_ra", {"knowledge_model": "/nowhere.jsonl"}, {}, "/nowhere.jsonl: there is no file of values."),
        ("stickerllm", {"language_model": "/nowhere"}, {}, "/nowhere: there is no such folder."),
        ("mmbert", {"epochs": 0}, {}, "epochs: must be at least 1, not 0"),
    ],
)
def test_what_cannot_be_done_is_refused_in_words(
    name: str, settings: dict[str, Any], order: dict[str, Any], said: str, release: Path, tmp_path: Path
) -> None:
    where = Path(order.get("release", release))
    rest = {key: value for key, value in order.items() if key != "release"}
    done = run(tmp_path, name, where, rest, **settings)
    assert (done.ending, done.message) == ("refused", said)


def test_a_release_without_conversations_or_with_too_few_is_refused(release: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    shutil.copytree(release, empty)
    (empty / "samples.jsonl").unlink()
    done = run(tmp_path / "none", "srs", empty)
    assert done.ending == "refused"
    assert done.message.endswith("nothing in samples.jsonl; this release holds no conversations.")
    few = run(tmp_path / "few", "srs", releases.write(tmp_path / "one", n_uses=1))
    assert few.message == ("There are 1 training conversations that end with a sticker, and at least 2 are needed.")


# --- bundles that are none ---


@pytest.fixture
def damaged(runs: Runs, tmp_path: Path) -> Path:
    shutil.copytree(runs("srs").folder / BUNDLE, tmp_path / "bundle")
    return tmp_path / "bundle"


def test_every_changed_missing_or_added_file_is_named(damaged: Path) -> None:
    (damaged / "towers" / "extra.json").write_text("{}")
    with pytest.raises(BundleError, match=r"towers/extra.json was changed after it was published"):
        opened(damaged)
    (damaged / "towers" / "extra.json").unlink()
    (damaged / bundle.WEIGHTS).write_bytes(b"other weights")
    with pytest.raises(BundleError, match=r"weights.safetensors was changed after it was published"):
        opened(damaged)
    (damaged / bundle.WEIGHTS).unlink()
    with pytest.raises(BundleError, match=r"incomplete, without weights.safetensors"):
        opened(damaged)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"settings": {"epochs": 2}}, "dialogue.json was changed after it was published"),
        ({"format": 2}, "a model of conversations of another format than 1"),
        ({"files": {"towers/model.pkl": "0"}}, "towers/model.pkl does not belong into a model of conversations"),
        ({"files": {"../weights.safetensors": "0"}}, "does not belong into a model of conversations"),
        ({"intents": None, "more": 1}, "not a manifest of a model of conversations"),
    ],
)
def test_a_manifest_that_was_changed_is_refused(changes: dict[str, Any], said: str, damaged: Path) -> None:
    content = json.loads((damaged / bundle.MANIFEST).read_text())
    (damaged / bundle.MANIFEST).write_text(json.dumps(content | changes))
    with pytest.raises(BundleError, match=said):
        opened(damaged)


def test_weights_of_another_model_are_told(damaged: Path, runs: Runs, release: Path, tmp_path: Path) -> None:
    shutil.copy(runs("mmbert").folder / BUNDLE / bundle.WEIGHTS, damaged / bundle.WEIGHTS)
    manifest = runs("srs").manifest
    rest = {"files": bundle.file_hashes(damaged)}
    bundle.Manifest(**{**{name: getattr(manifest, name) for name in manifest.__slots__}, **rest}).write(damaged)
    gallery = gallery_of(release, runs("srs"), tmp_path / "frames")
    with pytest.raises(BundleError, match="weights that are not of this model"):
        load(damaged, gallery)


def test_a_folder_without_a_manifest_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"no dialogue.json, so no model of conversations"):
        opened(tmp_path)


# --- what it will take ---


@pytest.mark.parametrize("name", NAMES)
def test_an_estimate_grows_with_the_data_the_passes_and_slower_devices(name: str) -> None:
    from retrieval_engine.training.recipes import Size, recipes

    recipe = recipes()[name]

    def seconds(device: str = "cuda", n_uses: int = 5_000, base: str = "", **settings: Any) -> float:
        size = Size(1_600, 8_000, ("en",), base, n_uses)
        return recipe.estimate(recipe.checked(settings), size, device).seconds

    assert seconds(n_uses=500) < seconds() < seconds(epochs=100)
    assert seconds("cuda") < seconds("mps") < seconds("cpu")
    assert recipe.checked({}) == recipe.settings()
