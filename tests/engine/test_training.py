from __future__ import annotations

import math
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torch.nn import functional as F

from retrieval_engine.bundle import ImageSpec
from retrieval_engine.encoder import Clip
from retrieval_engine.losses import multi_positive_info_nce, symmetric_info_nce
from retrieval_engine.recipe import Recipe, schedule
from retrieval_engine.starter import small_clip
from retrieval_engine.train import Example, Text, TrainingError, batch_of, draw_text, drop_words, fits, train

COLOURS = {"red": (220, 40, 40), "green": (40, 200, 60), "blue": (50, 60, 220), "yellow": (230, 220, 40)}
SHAPES = {"tall": (10, 32), "wide": (32, 10), "big": (30, 30), "small": (10, 10)}
TINY: dict[str, Any] = {
    "embed_dim": 32,
    "vision_cfg": {"layers": 1, "width": 64, "head_width": 32, "patch_size": 8, "image_size": 32},
    "text_cfg": {"context_length": 12, "vocab_size": 300, "width": 32, "heads": 2, "layers": 1},
}
RECIPE = Recipe(steps=60, batch=16, texts_per_sticker=2, learning_rate=3e-3, seed=5)


def picture(colour: str, shape: str) -> bytes:
    image = Image.new("RGB", (40, 40), "white")
    width, height = SHAPES[shape]
    image.paste(COLOURS[colour], (20 - width // 2, 20 - height // 2, 20 + width // 2, 20 + height // 2))
    image.save(file := BytesIO(), "PNG")
    return file.getvalue()


def world() -> list[Example]:
    return [Example(picture(c, s), (f"{c} {s}", f"{s} {c} one"), (c, s)) for c in COLOURS for s in SHAPES]


def clip(seed: int = 0) -> Clip:
    return small_clip("tiny", TINY, [query for example in world() for query in example.queries], seed=seed)


def recall_at_1(clip: Clip, examples: list[Example]) -> float:
    images = clip.encode_stickers([example.sticker for example in examples])
    texts = clip.encode_texts([example.queries[0] for example in examples])
    return float(((texts @ images.T).argmax(1) == np.arange(len(examples))).mean())


def weights(clip: Clip) -> torch.Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in clip.model.parameters()])


def units(n: int, seed: int) -> torch.Tensor:
    return F.normalize(torch.randn(n, 8, generator=torch.Generator().manual_seed(seed)), dim=-1)


def naive(images: torch.Tensor, texts: torch.Tensor, scale: float, positive: list[list[bool]]) -> float:
    """Both directions written out, one query at a time."""
    logits = (scale * images @ texts.T).double().tolist()

    def direction(rows: list[list[float]], fitting: list[list[bool]]) -> float:
        losses = []
        for row, fit in zip(rows, fitting, strict=True):
            total = math.log(sum(math.exp(x) for x in row))
            losses.append(sum(total - x for x, good in zip(row, fit, strict=True) if good) / sum(fit))
        return sum(losses) / len(losses)

    transposed = [list(column) for column in zip(*logits, strict=True)], [list(c) for c in zip(*positive, strict=True)]
    return (direction(logits, positive) + direction(*transposed)) / 2


@given(st.integers(2, 6), st.integers(1, 3), st.integers(0, 1_000), st.floats(1, 20))
def test_multi_positive_loss_is_the_written_out_sum(n: int, each: int, seed: int, scale: float) -> None:
    images, texts = units(n, seed), units(n * each, seed + 1)
    positive = torch.rand(n, n * each, generator=torch.Generator().manual_seed(seed)) < 0.2
    positive |= torch.arange(n * each)[None] // each == torch.arange(n)[:, None]
    loss = multi_positive_info_nce(images, texts, scale, positive)
    assert float(loss) == pytest.approx(naive(images, texts, scale, positive.tolist()), rel=1e-4, abs=1e-6)


@given(st.integers(2, 8), st.integers(0, 1_000))
def test_with_one_text_each_both_losses_agree(n: int, seed: int) -> None:
    images, texts, eye = units(n, seed), units(n, seed + 1), torch.eye(n, dtype=torch.bool)
    assert float(symmetric_info_nce(images, texts, 5.0)) == pytest.approx(
        float(multi_positive_info_nce(images, texts, 5.0, eye)), rel=1e-5
    )


def test_a_shared_query_is_no_false_negative() -> None:
    images, texts = units(4, 1), units(4, 2)
    texts[1] = texts[0]
    same = torch.zeros(4, 4, dtype=torch.bool)
    same[0, 1] = same[1, 0] = True
    masked = symmetric_info_nce(images, texts, 5.0, same)
    logits = 5.0 * images @ texts.T
    logits[0, 1] = logits[1, 0] = -torch.inf
    target = torch.arange(4)
    assert float(masked) == pytest.approx(
        float((F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2)
    )
    assert float(masked) < float(symmetric_info_nce(images, texts, 5.0))
    assert float(symmetric_info_nce(images, texts, 5.0, same | torch.eye(4, dtype=torch.bool))) == float(masked)


def test_the_rate_rises_over_the_warm_up_and_falls_to_nothing() -> None:
    recipe = Recipe(steps=100, warm_up=0.1)
    rates = [schedule(step, recipe) for step in range(100)]
    assert rates[:10] == pytest.approx([0.1 * i for i in range(1, 11)])
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[-1] < 0.001


@given(st.integers(2, 50), st.integers(1, 60), st.integers(0, 5))
def test_every_pass_takes_every_sticker_once_at_most(n: int, batch: int, seed: int) -> None:
    recipe = Recipe(batch=batch, seed=seed)
    per_pass = n // min(batch, n)
    for first in (0, per_pass):
        seen = [i for step in range(first, first + per_pass) for i in batch_of(step, n, recipe)]
        assert len(seen) == len(set(seen)) == per_pass * min(batch, n)


def test_texts_fit_every_sticker_that_has_what_they_say() -> None:
    examples = [Example(b"", ("So tired",), ("cat", "sleep")), Example(b"", ("hi", "so TIRED"), ("dog", "sleep"))]
    texts = [Text("so tired", frozenset({"so tired"})), Text("hi", frozenset({"hi"}))]
    texts += [Text("sleep", frozenset({"sleep"})), Text("dog; sleep", frozenset({"dog", "sleep"}))]
    assert fits(examples, texts).tolist() == [[True, False, True, False], [True, True, True, True]]


def test_what_is_drawn_from_a_sticker_always_fits_it() -> None:
    examples, rng = world(), np.random.default_rng(0)
    recipe = Recipe(from_fields=0.5, drop_word=0.5, keep_field=0.3)
    for example in examples * 5:
        text = draw_text(example, recipe, rng)
        assert text.text
        assert fits([example], [text]).tolist() == [[True]]


@pytest.mark.parametrize(
    ("text", "parts"), [("so very tired", {"so", "very", "tired"}), ("好难过", {"好", "难", "过"})]
)
def test_words_are_dropped_but_never_all(text: str, parts: set[str]) -> None:
    rng = np.random.default_rng(1)
    drawn = {drop_words(text, 0.7, rng) for _ in range(50)}
    assert "" not in drawn
    assert len(drawn) > 3
    assert all(set(d.split() if " " in text else d) <= parts or d == text for d in drawn)
    assert drop_words(text, 0.0, rng) == text


def test_training_finds_the_right_sticker_and_shuffled_pairs_do_not() -> None:
    examples = world()
    learned, control = clip(), clip()
    train(learned, examples, replace(RECIPE, steps=120))
    order = np.random.default_rng(3).permutation(len(examples))
    shuffled = [replace(example, sticker=examples[i].sticker) for example, i in zip(examples, order, strict=True)]
    train(control, shuffled, replace(RECIPE, steps=120))
    assert recall_at_1(learned, examples) >= 0.75
    assert recall_at_1(control, examples) <= 0.25


def test_the_same_seed_gives_the_same_weights_and_another_does_not() -> None:
    runs = [clip() for _ in range(3)]
    for run, seed in zip(runs, (5, 5, 6), strict=True):
        train(run, world(), replace(RECIPE, steps=4, seed=seed, drop_word=0.2, augment=1.0))
    assert torch.equal(weights(runs[0]), weights(runs[1]))
    assert not torch.equal(weights(runs[0]), weights(runs[2]))


def test_an_interrupted_run_goes_on_as_if_it_had_not_been(tmp_path: Path) -> None:
    recipe = replace(RECIPE, steps=6, augment=0.5)
    whole, halves = clip(), clip()
    train(whole, world(), recipe)

    class Interrupted(Exception):
        pass

    def stop(step: int, loss: float) -> None:
        if step == 4:
            raise Interrupted

    with pytest.raises(Interrupted):
        train(halves, world(), recipe, checkpoint=tmp_path / "run.pt", save_every=3, report=stop)
    resumed = clip(seed=9)
    progress = train(resumed, world(), recipe, checkpoint=tmp_path / "run.pt", save_every=3)
    assert (progress.step, len(progress.losses)) == (6, 3)
    assert torch.equal(weights(whole), weights(resumed))
    with pytest.raises(TrainingError, match="another recipe"):
        train(clip(), world(), replace(recipe, steps=7), checkpoint=tmp_path / "run.pt")


def test_frozen_vision_does_not_move_while_the_text_tower_learns() -> None:
    model = clip()
    before = {name: p.detach().clone() for name, p in model.model.named_parameters()}
    progress = train(model, world(), replace(RECIPE, steps=40, freeze_vision=True))
    moved = {name for name, p in model.model.named_parameters() if not torch.equal(p, before[name])}
    assert {name for name in moved if name.startswith("visual.")} == set()
    assert {"token_embedding.weight", "text_projection", "logit_scale"} <= moved
    assert np.mean(progress.losses[-5:]) < np.mean(progress.losses[:5])


@pytest.mark.parametrize("examples", [[], world()[:1], [*world(), Example(picture("red", "tall"), ())]])
def test_too_little_to_learn_from_is_refused(examples: list[Example]) -> None:
    with pytest.raises(TrainingError, match="at least two stickers"):
        train(clip(), examples, RECIPE)


def test_torch_and_open_clip_s_own_frames_agree() -> None:
    """A moving sticker's vector is the scaled mean of its key frames' outputs."""
    model = clip()
    images = [Image.open(BytesIO(picture(c, "big"))) for c in ("red", "green", "blue", "yellow", "red")]
    images[0].save(moving := BytesIO(), "GIF", save_all=True, append_images=images[1:])
    stills = [picture(c, "big") for c in ("red", "blue", "red")]
    spec: ImageSpec = model.image
    outputs = []
    for still in stills:
        frame = np.asarray(
            Image.open(BytesIO(still)).convert("RGB").resize((spec.size, spec.size), 3), dtype=np.float32
        )
        scaled = (frame / 255 - np.array(spec.mean)) / np.array(spec.std)
        with torch.inference_mode():
            outputs.append(model.model.encode_image(torch.tensor(scaled.transpose(2, 0, 1)[None]).float()))  # type: ignore[operator]
    expected = F.normalize(torch.cat(outputs).mean(0), dim=-1).numpy()
    assert float(model.encode_stickers([moving.getvalue()])[0] @ expected) > 0.999
    assert open_clip.__version__
