from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import Tensor

from retrieval_engine.querygen import bundle, wording
from retrieval_engine.querygen.generator import Generator
from retrieval_engine.querygen.loading import adapt, fingerprint, learns_all, linears, load
from retrieval_engine.querygen.model import VisionLanguage
from retrieval_engine.querygen.publishing import publish
from retrieval_engine.querygen.recipe import GeneratorSettings
from retrieval_engine.training.figures import Report
from retrieval_engine.training.run import Refused
from tests.querygen.conftest import CPU, tiny

RED = Image.new("RGB", (32, 32), "red")
LORA = GeneratorSettings(learns="lora")
NOTHING = Report("querygen", ("", "", "", ""), [])


def weights(held: VisionLanguage) -> dict[str, Tensor]:
    """By their names without LoRA around them."""
    names = {
        name.replace("base_model.model.", "").replace(".base_layer", ""): w for name, w in held.model.named_parameters()
    }
    return {name: w.detach().clone() for name, w in names.items() if "lora_" not in name}


def learn(held: VisionLanguage, steps: int = 5) -> list[float]:
    """A few steps towards one answer, with decay."""
    learning = [w for w in held.model.parameters() if w.requires_grad]
    optimizer, losses = torch.optim.AdamW(learning, lr=1e-2, weight_decay=0.5), []
    for _ in range(steps):
        labels = held.labels(["so tired"], ended=True)
        loss = -held.log_probabilities(held.prompts([RED], [wording.PROMPTS["en"]]), labels).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    return losses


def saved(held: VisionLanguage, folder: Path) -> Path:
    """A model as it lies on a disk or in the hub's cache."""
    held.model.save_pretrained(folder)
    held.processor.save_pretrained(folder)
    return folder


def published(held: VisionLanguage, folder: Path) -> bundle.Manifest:
    return publish(held, folder, name="g", languages=["en", "zh"], lineage={"run": "1"}, metrics=NOTHING)


def scores(held: VisionLanguage) -> list[float]:
    return Generator(held).score(RED, "en", ["so tired", "need a nap"])


# --- what learns ---


def test_a_model_made_here_is_the_same_for_a_seed() -> None:
    one, again, other = weights(tiny(1)), weights(tiny(1)), weights(tiny(2))
    assert all(torch.equal(one[name], again[name]) for name in one)
    assert any(not torch.equal(one[name], other[name]) for name in one)


def test_lora_stands_beside_every_linear_layer_of_the_language_model_and_nowhere_else(held: VisionLanguage) -> None:
    adapt(held, LORA)
    beside = {name.split(".lora_")[0] for name, w in held.model.named_parameters() if w.requires_grad}
    parts = ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj")
    parts += ("mlp.gate_proj", "mlp.up_proj", "mlp.down_proj")
    wanted = {f"base_model.model.model.language_model.layers.{n}.{part}" for n in (0, 1) for part in parts}
    assert beside == wanted


def test_the_base_is_left_as_it_was_to_the_bit(held: VisionLanguage) -> None:
    before = weights(held)
    adapt(held, LORA)
    losses = learn(held, 20)
    after = weights(held)
    assert losses[-1] < losses[0]
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_every_weight_that_learns_has_a_gradient(held: VisionLanguage) -> None:
    adapt(held, LORA)
    learn(held, 2)  # after the first step LoRA's second matrix is no longer 0
    assert all(w.grad is not None and w.grad.abs().sum() > 0 for w in held.model.parameters() if w.requires_grad)


def test_a_model_made_here_learns_as_a_whole_and_a_pretrained_one_with_lora() -> None:
    auto = GeneratorSettings()
    assert [learns_all(auto, base) for base in ("tiny", "llava-hf/llava-1.5-7b-hf")] == [True, False]
    assert learns_all(replace(auto, learns="everything"), "llava-hf/llava-1.5-7b-hf")


def test_recomputing_activations_gives_the_same_losses() -> None:
    plain, sparing = tiny(), tiny()
    adapt(plain, LORA)
    torch.manual_seed(0)
    adapt(sparing, replace(LORA, checkpointing=True))
    sparing.model.load_state_dict(plain.model.state_dict())
    plain.model.train()
    sparing.model.train()
    assert learn(sparing) == pytest.approx(learn(plain), rel=1e-5)


# --- where a model comes from ---


def test_a_folder_is_loaded_with_its_weights(held: VisionLanguage, tmp_path: Path) -> None:
    folder = saved(held, tmp_path / "model")
    assert scores(load(str(folder), CPU)) == pytest.approx(scores(held), abs=1e-6)


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"there is no model in this folder \(no config.json\)"):
        load(str(tmp_path), CPU)


def test_a_name_that_cannot_be_had_is_refused_in_a_sentence() -> None:
    with pytest.raises(Refused, match="The model nobody/nothing cannot be opened: "):
        load("nobody/nothing", CPU)


def test_weights_that_could_run_code_are_not_loaded(held: VisionLanguage, tmp_path: Path) -> None:
    folder = saved(held, tmp_path / "model")
    torch.save(held.model.state_dict(), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    with pytest.raises(Refused, match="cannot be opened"):
        load(str(folder), CPU)


def test_four_bits_need_what_is_not_there() -> None:
    with pytest.raises(Refused, match="Four-bit weights need"):
        load("llava-hf/llava-1.5-7b-hf", CPU, four_bit=True)


def test_weights_in_four_bits_cannot_learn_themselves(held: VisionLanguage) -> None:
    with pytest.raises(Refused, match="choose lora"):
        adapt(held, GeneratorSettings(four_bit=True, learns="everything"))


# --- bundles ---


def test_a_whole_model_comes_back_from_its_bundle(held: VisionLanguage, tmp_path: Path) -> None:
    manifest = published(held, tmp_path / "b")
    assert not manifest.is_adapter
    assert sorted(path.name for path in (tmp_path / "b").iterdir()) == ["generator.json", "metrics.json", "model"]
    opened = Generator.open(tmp_path / "b", device="cpu")
    assert opened.score(RED, "en", ["so tired", "need a nap"]) == pytest.approx(scores(held), abs=1e-6)
    assert opened.languages == ["en", "zh"]


def test_an_adapter_comes_back_onto_its_base(held: VisionLanguage, tmp_path: Path) -> None:
    held = load(str(saved(held, tmp_path / "base")), CPU)
    adapt(held, LORA)
    learn(held)
    manifest = published(held, tmp_path / "b")
    assert manifest.is_adapter
    assert manifest.base == str(tmp_path / "base")
    assert scores(load(str(tmp_path / "b"), CPU)) == pytest.approx(scores(held), abs=1e-6)


def test_an_adapter_learns_on_where_it_stopped(held: VisionLanguage, tmp_path: Path) -> None:
    held = load(str(saved(held, tmp_path / "base")), CPU)
    adapt(held, LORA)
    losses = learn(held)
    published(held, tmp_path / "b")
    again = load(str(tmp_path / "b"), CPU)
    adapt(again, LORA)
    assert learn(again, 1)[0] < losses[-1]
    assert published(again, tmp_path / "c").base == str(tmp_path / "base")


def test_an_adapter_of_a_model_made_here_is_published_with_it(held: VisionLanguage, tmp_path: Path) -> None:
    adapt(held, LORA)
    learn(held)
    wanted = scores(held)
    assert not published(held, tmp_path / "b").is_adapter
    assert scores(load(str(tmp_path / "b"), CPU)) == pytest.approx(wanted, abs=1e-5)


def test_what_learned_on_top_of_a_bundle_does_not_hang_on_it(held: VisionLanguage, tmp_path: Path) -> None:
    published(held, tmp_path / "b")
    held = load(str(tmp_path / "b"), CPU)
    adapt(held, LORA)
    learn(held)
    wanted = scores(held)
    assert not published(held, tmp_path / "c").is_adapter
    shutil.rmtree(tmp_path / "b")
    assert scores(load(str(tmp_path / "c"), CPU)) == pytest.approx(wanted, abs=1e-5)


def test_an_adapter_refuses_another_base(held: VisionLanguage, tmp_path: Path) -> None:
    base = saved(held, tmp_path / "base")
    held = load(str(base), CPU)
    adapt(held, LORA)
    published(held, tmp_path / "b")
    before = fingerprint(str(base))
    saved(tiny(2), base)
    assert fingerprint(str(base)) != before
    with pytest.raises(Refused, match="made for another"):
        load(str(tmp_path / "b"), CPU)


def test_a_changed_bundle_is_not_opened(held: VisionLanguage, tmp_path: Path) -> None:
    published(held, tmp_path / "b")
    (tmp_path / "b" / "model" / "chat_template.jinja").write_text("{{ 1 }}")
    with pytest.raises(Refused, match=r"model/chat_template.jinja was changed after it was published"):
        load(str(tmp_path / "b"), CPU)


def test_publishing_again_replaces_the_bundle_as_a_whole(held: VisionLanguage, tmp_path: Path) -> None:
    first = published(held, tmp_path / "b")
    (tmp_path / "b" / "left.json").write_text("{}")
    assert published(held, tmp_path / "b") == first
    assert bundle.read_manifest(tmp_path / "b") == first


def test_the_pattern_of_linear_layers_names_no_other_layer(held: VisionLanguage) -> None:
    import re

    pattern = linears(held.model)
    matched = {name for name, _ in held.model.named_modules() if re.fullmatch(pattern, name)}
    assert len(matched) == 14
    assert all(name.startswith("model.language_model.layers.") for name in matched)


def test_the_prompts_of_a_bundle_are_those_of_its_languages(held: VisionLanguage, tmp_path: Path) -> None:
    publish(held, tmp_path / "b", name="g", languages=["zh"], lineage={}, metrics=NOTHING)
    content = json.loads((tmp_path / "b" / "generator.json").read_text())
    assert content["prompts"] == {"zh": wording.PROMPTS["zh"]}


def test_a_bundle_is_asked_what_it_was_made_with(held: VisionLanguage, tmp_path: Path) -> None:
    held.questions = {**wording.PROMPTS, "en": "What is this?"}
    published(held, tmp_path / "b")
    opened = load(str(tmp_path / "b"), CPU)
    assert opened.questions["en"] == "What is this?"
    assert scores(opened) == pytest.approx(scores(held), abs=1e-6)
    assert scores(opened) != pytest.approx(scores(replace(held, questions=wording.PROMPTS)), abs=1e-6)
