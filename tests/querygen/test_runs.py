"""Runs that are stopped, repeated, compared, or refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from torch import Tensor
from transformers import (
    BertConfig,
    BertModel,
    BlipConfig,
    BlipForConditionalGeneration,
    BlipImageProcessor,
    BlipProcessor,
)

from retrieval_engine.querygen import bundle, data
from retrieval_engine.querygen.captions import captions
from retrieval_engine.querygen.learner import WriterLearner
from retrieval_engine.querygen.loading import adapt, load
from retrieval_engine.querygen.recipe import RECIPE, GeneratorSettings
from retrieval_engine.training import release
from retrieval_engine.training.processes import ALONE, World
from retrieval_engine.training.recipes import Size
from retrieval_engine.training.run import STOP, Order, Reporter
from tests.querygen import releases
from tests.querygen.conftest import CPU, Run, run, tiny
from tests.querygen.releases import Row


@pytest.fixture
def rows(tmp_path: Path) -> list[Row]:
    return releases.shapes(tmp_path / "shapes")


def version(of: Run) -> str:
    return bundle.read_manifest(of.bundle).version


def judged_little(**more: Any) -> dict[str, Any]:
    """Settings with which a run is over in a second or two."""
    return {"judged": 2, "untrained": False, "samples": 0, "validated": 2, **more}


def test_a_run_that_was_stopped_goes_on_as_if_it_had_not_been(
    tmp_path: Path, rows: list[Row], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, told = run(tmp_path / "whole", rows, **judged_little()), Reporter.step

    def stop_at_3(self: Reporter, step: int, n_steps: int, values: dict[str, float]) -> None:
        if step == 3 and "loss" in values:
            (self.folder / STOP).touch()
        told(self, step, n_steps, values)

    with monkeypatch.context() as patched:
        patched.setattr(Reporter, "step", stop_at_3)
        stopped = run(tmp_path / "stopped", rows, **judged_little())
    assert (stopped.ending, len(stopped.losses())) == ("stopped", 3)
    (stopped.folder / STOP).unlink()
    again = run(tmp_path / "stopped", rows, **judged_little())
    assert again.ending == "done"
    assert again.losses() == whole.losses()
    assert version(again) == version(whole)


def test_another_seed_learns_something_else(tmp_path: Path, rows: list[Row]) -> None:
    runs = [run(tmp_path / str(seed), rows, order={"seed": seed}, **judged_little()) for seed in (1, 1, 2)]
    assert version(runs[0]) == version(runs[1]) != version(runs[2])


def test_lora_on_a_folder_gives_an_adapter_for_it_beside_its_untrained_self(tmp_path: Path, seen: Run) -> None:
    base = str(seen.bundle / "model")
    rows = releases.shapes(tmp_path / "shapes")
    settings = judged_little(learns="lora", untrained=True)
    adapted = run(tmp_path, rows, base=base, order={"generator": str(seen.bundle)}, **settings)
    manifest = bundle.read_manifest(adapted.bundle)
    report = adapted.report
    assert adapted.ending == "done"
    assert (manifest.is_adapter, manifest.base) == (False, base)  # what a run made goes along
    assert adapted.facts()["n_trainable"] < 0.2 * adapted.facts()["n_weights"]
    # the base is the live generator itself: untrained and live write the same
    pairs = [(f, report.find(f.task, "live", f.language, f.metric)) for f in report.figures if f.method == "untrained"]
    assert pairs
    assert all(live is not None and replace(live, method="untrained") == figure for figure, live in pairs)


def test_the_gain_over_the_live_generator_is_a_paired_difference(tmp_path: Path, seen: Run, rows: list[Row]) -> None:
    order = {"generator": str(seen.bundle)}
    report = run(tmp_path, rows, order=order, **judged_little(judged=8)).report
    gains = {(f.task, f.language, f.metric): f for f in report.figures if f.method == "gain"}
    task = "sq-bm25-v1/test/single"
    for language in ("en", "zh", "all"):
        gain = gains[task, language, "mrr[exact]"]
        ours, live = (report.find(task, method, language, "mrr[exact]") for method in ("trained", "live"))
        assert ours is not None
        assert live is not None
        assert gain.value == pytest.approx(ours.value - live.value)
        assert gain.low is not None
        assert gain.low <= gain.value
    assert ("likeness", "all", "set F1") in gains


def test_a_live_generator_that_cannot_be_opened_is_only_missed(tmp_path: Path, rows: list[Row]) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "generator.json").write_text("{}")
    found = run(tmp_path, rows, order={"generator": str(tmp_path / "broken")}, **judged_little())
    [warning] = [event.text for event in found.events if event.kind == "warning"]
    assert found.ending == "done"
    assert warning.startswith("The live generator is not compared with. ")
    assert not [f for f in found.report.figures if f.method in ("live", "gain")]


def test_a_picture_that_cannot_be_read_is_left_out_and_told(tmp_path: Path, rows: list[Row]) -> None:
    Path(rows[0].picture).write_bytes(b"no picture")
    found = run(tmp_path, rows, **judged_little())
    assert found.ending == "done"
    assert [e.text for e in found.events if e.kind == "warning"] == [
        f"Left out {rows[0].name}: not a readable picture: cannot identify image file {rows[0].picture!r}"
    ]
    assert found.facts()["n_stickers"] == 29
    assert "Left out for want of a picture that can be read: 1 stickers." in found.report.notes


def test_training_that_gets_no_better_ends_early_with_its_best(tmp_path: Path, rows: list[Row]) -> None:
    found = run(tmp_path, rows, **judged_little(epochs=30, learning_rate=1e-8, patience=2))
    scores = [event.values["validation/mrr"] for event in found.events if event.kind == "score"]
    assert len(scores) < 30
    assert max(scores[:-2]) >= max(scores[-2:])


@pytest.mark.parametrize(
    ("settings", "order", "said"),
    [
        ({"languages": "fr"}, {}, "The release has no proven query in fr; its languages are en, zh."),
        ({"text_encoder": "/nowhere"}, {}, "The text encoder cannot be opened: /nowhere: neither a bundle nor a model"),
        ({}, {"base": "/nowhere"}, "/nowhere: there is no model in this folder (no config.json)."),
        ({"epochs": 0}, {}, "epochs: must be at least 1, not 0"),
        ({"caption_model": "/nowhere"}, {}, "/nowhere: there is no model in this folder (no config.json)."),
    ],
)
def test_what_cannot_be_done_is_refused_before_anything_is_learned(
    tmp_path: Path, rows: list[Row], settings: dict[str, Any], order: dict[str, Any], said: str
) -> None:
    found = run(tmp_path, rows, order=order, **settings)
    assert found.ending == "refused"
    assert found.message.startswith(said)
    assert not found.losses()


def test_a_language_without_a_prompt_is_refused(tmp_path: Path, rows: list[Row]) -> None:
    french = [replace(row, queries={"fr": ["rouge"]}) for row in rows]
    found = run(tmp_path, french)
    assert (found.ending, found.message) == (
        "refused",
        "There is no prompt for fr; leave it out of the languages (en, zh).",
    )


def test_a_release_without_a_training_side_is_refused(tmp_path: Path, rows: list[Row]) -> None:
    found = run(tmp_path, [replace(row, part="test") for row in rows])
    assert (found.ending, found.message) == (
        "refused",
        "The release has no sticker to learn from: none on the training side of its split.",
    )


def test_one_language_can_be_learned_alone(tmp_path: Path, rows: list[Row]) -> None:
    found = run(tmp_path, rows, **judged_little(languages="zh"))
    assert bundle.read_manifest(found.bundle).languages == ["zh"]
    assert found.report.headline[2] == "zh"
    assert {figure.language for figure in found.report.figures} == {"zh"}


# --- the loss ---


class OneOfTwo(World):
    """One of two processes, whose sums are made by the test."""

    def gather(self, rows: Tensor) -> Tensor:
        return rows


def gradients(
    folder: Path,
    rows: Sequence[Row],
    part: int,
    world: World = ALONE,
    **settings: Any,
) -> tuple[float, list[Tensor]]:
    if not (folder / "release").exists():
        releases.write(folder / "release", rows)
    stickers = release.read(Order("querygen", {}, str(folder / "release")))
    learned = data.examples(stickers, ["en", "zh"], "train")
    asked = GeneratorSettings(**{"batch": 12, **settings})
    held = load("tiny", CPU, texts=data.texts(learned))
    torch.manual_seed(0)
    adapt(held, asked)
    with Reporter(folder) as report:
        strips = data.Strips(folder / "pictures" / "0.npy", stickers, 32, report)
    with WriterLearner(held, learned, None, strips, asked, 0, world) as learner:
        loss = learner.learn(0, part)["loss"]
        return loss, [weights.grad.clone() for weights in learner.trained() if weights.grad is not None]


def close(ones: Sequence[Tensor], others: Sequence[Tensor]) -> bool:
    return len(ones) == len(others) > 0 and all(
        torch.allclose(one, other, atol=1e-6) for one, other in zip(ones, others, strict=True)
    )


def test_a_batch_in_parts_gives_the_same_loss_and_gradient(tmp_path: Path, rows: list[Row]) -> None:
    whole, parts = (gradients(tmp_path, rows, part) for part in (12, 5))
    assert parts[0] == pytest.approx(whole[0], rel=1e-5)
    assert close(parts[1], whole[1])


def test_two_processes_add_up_to_one(tmp_path: Path, rows: list[Row]) -> None:
    loss, whole = gradients(tmp_path, rows, 12)
    halves = [gradients(tmp_path, rows, 12, OneOfTwo(rank, 2)) for rank in (0, 1)]
    assert sum(half[0] for half in halves) == pytest.approx(loss, rel=1e-5)
    assert close([one + other for one, other in zip(halves[0][1], halves[1][1], strict=True)], whole)


def test_with_lora_only_its_matrices_have_gradients(tmp_path: Path, rows: list[Row]) -> None:
    _, held = gradients(tmp_path, rows, 12, learns="lora", rank=3)
    assert {min(grad.shape) for grad in held} == {3}


# --- what it will take ---


def seconds(base: str, device: str = "cuda", **settings: Any) -> float:
    asked = RECIPE.checked(settings)
    return RECIPE.estimate(asked, Size(1_000, 8_000, ("en", "zh"), base), device).seconds


def test_an_estimate_grows_with_the_model_the_passes_and_slower_devices() -> None:
    assert seconds("tiny") < seconds("HuggingFaceTB/SmolVLM2-256M") < seconds("Qwen/Qwen3-VL-2B-Instruct") < seconds("")
    assert seconds("", epochs=8) > seconds("", epochs=4)
    assert seconds("", "cpu") > seconds("", "mps") > seconds("", "cuda")


def test_an_estimate_knows_a_model_by_its_files(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(bytes(2_000_000))
    assert RECIPE.estimate(RECIPE.checked({}), Size(10, 10, ("en",), str(tmp_path)), "cpu").because.startswith("0.0")


def test_four_bits_take_less_memory_and_all_weights_more() -> None:
    sizes = [
        RECIPE.estimate(RECIPE.checked(settings), Size(1_000, 8_000, ("en",)), "cuda").memory_bytes
        for settings in ({"four_bit": True}, {}, {"learns": "everything"})
    ]
    assert sizes == sorted(sizes)


# --- methods that need models of others ---


def test_a_captioning_model_is_one_of_the_methods(tmp_path: Path, seen: Run, rows: list[Row]) -> None:
    found = run(tmp_path, rows, caption_model=str(seen.bundle / "model"), **judged_little())
    assert {f.task for f in found.report.figures if f.method == "caption"} == {
        "sq-bm25-v1/test/single",
        "sq-bm25-v1/test/joined",
        "sq-bm25-v1/all/single",
        "likeness",
    }


def test_a_captioning_model_that_takes_no_prompt_sees_the_picture_alone(tmp_path: Path) -> None:
    said = captions(
        str(blip(tmp_path)), [Image.new("RGB", (32, 32), colour) for colour in ("red", "blue", "red")], CPU, 2
    )
    assert len(said) == 3
    assert said[0] == said[2]


def blip(folder: Path) -> Path:
    """A captioning model of BLIP's class, made here, that knows nothing."""
    vision = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    ids = {"bos_token_id": 1, "eos_token_id": 2, "sep_token_id": 2, "pad_token_id": 0}
    words = tiny().tokenizer
    text = {**vision, **ids, "vocab_size": len(words), "encoder_hidden_size": 16}
    config = BlipConfig(vision_config={**vision, "image_size": 32, "patch_size": 16}, text_config=text)
    BlipForConditionalGeneration(config).save_pretrained(folder)
    BlipProcessor(BlipImageProcessor(size={"height": 32, "width": 32}), words).save_pretrained(folder)
    return folder


def test_with_weights_of_a_text_model_meanings_are_compared(tmp_path: Path, rows: list[Row]) -> None:
    words = tiny().tokenizer
    size = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    BertModel(BertConfig(vocab_size=len(words), **size)).save_pretrained(tmp_path / "bert")
    words.save_pretrained(tmp_path / "bert")
    found = run(tmp_path, rows, text_encoder=str(tmp_path / "bert"), **judged_little())
    names = {f.metric for f in found.report.figures if (f.task, f.method) == ("likeness", "trained")}
    assert {"cosine (bert)", "BERTScore F (bert, layer 1)", "soft F1"} < names
