"""Towers tiny and from a folder: one interface, nothing from the network, the same gradient in parts."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from torch.nn import functional as F

from retrieval_engine.dialogue.bases.towers import (
    Joint,
    Refused,
    Seen,
    Spec,
    build,
    build_encoder,
    build_language_model,
    by_sticker,
)

TEXTS = ["so tired today", "a big hug", "好难过", "User_1: hi / User_2: bye"]


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)


def wordy(folder: Path) -> None:
    """A tokenizer of words, as transformers keeps it."""
    from transformers import PreTrainedTokenizerFast

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"so tired today a big hug hi bye".split()]  # noqa: SIM905
    tokenizer = Tokenizer(models.WordLevel({word: at for at, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    named = {"pad_token": "[PAD]", "unk_token": "[UNK]", "sep_token": "[SEP]", "cls_token": "[CLS]"}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **named).save_pretrained(folder)  # type: ignore[no-untyped-call]


SHAPE = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
SEEN = {**SHAPE, "image_size": 16, "patch_size": 8}
READ = {**SHAPE, "vocab_size": 20, "max_position_embeddings": 12}


def saved(kind: str, folder: Path) -> Path:
    """A model of transformers with random weights, in a folder."""
    import transformers

    if kind == "bert":
        model: Any = transformers.BertModel(transformers.BertConfig(**READ))
    elif kind == "llama":
        model = transformers.LlamaForCausalLM(transformers.LlamaConfig(**READ))
    else:
        config = getattr(transformers, f"{kind}Config")(text_config=READ, vision_config=SEEN)
        if kind != "Siglip":
            config.projection_dim = 24
        model = getattr(transformers, f"{kind}Model")(config)
    model.save_pretrained(folder)
    wordy(folder)
    if kind not in ("bert", "llama"):
        transformers.CLIPImageProcessor(image_mean=[0.5] * 3, image_std=[0.25] * 3).save_pretrained(folder)
    return folder


def joint_of(kind: str, folder: Path) -> Joint:
    if kind == "tiny":
        return build(Spec("tiny"), TEXTS)
    return build(Spec.of(str(saved(kind, folder))))


def pixels(joint: Joint, n: int = 5) -> torch.Tensor:
    drawn = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (n, joint.size, joint.size, 3), dtype=torch.uint8, generator=drawn)


@pytest.mark.parametrize("kind", ["tiny", "CLIP", "ChineseCLIP", "Siglip"])
def test_every_pair_of_towers_has_one_interface(kind: str, tmp_path: Path) -> None:
    joint = joint_of(kind, tmp_path).eval()
    seen = joint.see(pixels(joint))
    assert seen.pooled.shape == (5, joint.image_width)
    assert seen.vector.shape == (5, joint.width)
    assert seen.tokens.shape[0::2] == (5, joint.image_width)
    tokens = joint.tokenise(["so tired", "a big hug"], 12)
    read = joint.read(tokens)
    assert read.pooled.shape == (2, joint.text_width)
    assert read.vector.shape == (2, joint.width)
    assert read.tokens.shape == (*tokens.ids.shape, joint.text_width)
    unit = joint.vectors_of(["so tired"], 12)
    assert torch.allclose(unit.norm(dim=1), torch.ones(1))
    assert torch.allclose(unit, F.normalize(joint.read(joint.tokenise(["so tired"], 12)).vector, dim=1), atol=1e-6)


@pytest.mark.parametrize("kind", ["tiny", "CLIP"])
def test_parts_give_the_same_gradient(kind: str, tmp_path: Path) -> None:
    joint, frames = joint_of(kind, tmp_path), None
    found = []
    for part in (0, 2):
        joint.part = part
        joint.zero_grad()
        frames = pixels(joint)
        (joint.see(frames).vector.std(0).sum() + joint.vectors_of(["so tired", "hi", "bye"], 8).std(0).sum()).backward()
        found.append(torch.cat([p.grad.flatten() for p in joint.parameters() if p.grad is not None]))
    assert float(found[0].abs().max()) > 1e-4
    assert torch.allclose(found[0], found[1], atol=1e-5)


def test_a_long_conversation_keeps_its_end(tmp_path: Path) -> None:
    for joint in (joint_of("tiny", tmp_path), joint_of("CLIP", tmp_path)):
        long, end = joint.tokenise(["so so so so so so so so so so big hug"], 5), joint.tokenise(["big hug"], 5)
        words = end.ids[0][(end.ids[0] > 4) & (end.ids[0] != end.ids[0, -1])].tolist()
        assert long.ids.shape[1] <= 5
        assert set(words) <= set(long.ids[0].tolist())


def test_what_is_frozen_has_no_gradient_and_stays_in_evaluation() -> None:
    joint = build(Spec("tiny", freeze_image=True), TEXTS).train()
    pictures, texts = joint.halves()
    assert {p.requires_grad for module in pictures for p in module.parameters()} == {False}
    assert {p.requires_grad for module in texts for p in module.parameters()} == {True}
    assert not any(module.training for module in pictures)
    assert joint.scale.requires_grad
    both = build(Spec("tiny", freeze_image=True, freeze_text=True), TEXTS)
    assert not any(p.requires_grad for p in both.parameters())


def test_the_same_seed_gives_the_same_tiny_weights_whatever_was_drawn_before() -> None:
    first = build(Spec("tiny", seed=3), TEXTS)
    torch.rand(7)
    again, other = build(Spec("tiny", seed=3), TEXTS), build(Spec("tiny", seed=4), TEXTS)
    for (name, one), two, three in zip(first.named_parameters(), again.parameters(), other.parameters(), strict=True):
        assert torch.equal(one, two), name
        assert one.ndim < 2 or not torch.equal(one, three), name


def test_a_sticker_is_the_mean_of_its_frames() -> None:
    seen = Seen(*(torch.arange(6.0).view(3, 2) for _ in range(2)), torch.arange(12.0).view(3, 2, 2))
    mean = by_sticker(seen, torch.tensor([0, 1, 1]), 2)
    assert mean.vector.tolist() == [[0, 1], [3, 4]]
    assert mean.tokens.tolist() == [[[0, 1], [2, 3]], [[6, 7], [8, 9]]]


@pytest.mark.parametrize("base", ["tiny", "bert"])
def test_an_encoder_takes_other_things_than_words(base: str, tmp_path: Path) -> None:
    encoder = build_encoder(Spec.of("tiny" if base == "tiny" else str(saved(base, tmp_path))), TEXTS).eval()
    tokens = encoder.tokenise(["so tired", "a big hug"], 10)
    embedded = encoder.words(tokens.ids)
    assert embedded.shape[-1] == encoder.width
    states = encoder.encode(embedded, tokens.mask)
    padded = embedded.clone()
    padded[~tokens.mask] = 9.0
    assert torch.allclose(encoder.encode(padded, tokens.mask)[tokens.mask], states[tokens.mask], atol=1e-5)


@pytest.mark.parametrize("base", ["tiny", "llama"])
def test_a_language_model_takes_embeddings(base: str, tmp_path: Path) -> None:
    model, tokenizer = build_language_model(Spec.of("tiny" if base == "tiny" else str(saved(base, tmp_path))), TEXTS)
    ids = tokenizer(["so tired"], return_tensors="pt")["input_ids"]
    embedded = model.get_input_embeddings()(ids)
    assert torch.allclose(model(inputs_embeds=embedded).logits, model(input_ids=ids).logits)


@pytest.mark.parametrize("load", [build, build_encoder, build_language_model])
def test_what_is_not_there_is_refused_in_words(load: Callable[[Spec], Any], tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"there is no config\.json"):
        load(Spec.of(str(tmp_path)))


def test_a_model_without_pictures_is_no_pair_of_towers(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"no model of pictures and texts|cannot be had"):
        build(Spec.of(str(saved("bert", tmp_path))))
