"""What StickerCLIP learns from, and that it learns it: batches, whole gradients from parts and processes, resuming."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from retrieval_engine.encoder import Clip
from retrieval_engine.frames import key_frames
from retrieval_engine.losses import info_nce
from retrieval_engine.stickerclip.batches import Batches
from retrieval_engine.stickerclip.encoding import Towers
from retrieval_engine.stickerclip.fitting import train
from retrieval_engine.stickerclip.learner import ClipLearner
from retrieval_engine.stickerclip.pictures import Frames, decode
from retrieval_engine.stickerclip.recipe import ClipSettings
from retrieval_engine.stickerclip.texts import Text, draw, drop_words, fits, known_of
from retrieval_engine.training.release import Sticker
from retrieval_engine.training.run import STOP, Refused, Stopped
from tests.engine import world

SETTINGS = ClipSettings(steps=60, batch=16, part=16, texts_per_sticker=2, learning_rate=3e-3, shared_texts="positive")
STEP = 1


def decoded(made: list[Sticker], folder: Path, size: int = 32) -> Frames:
    decode([sticker.picture for sticker in made], size, folder)
    return Frames.open(folder, size)


def learner(clip: Clip, made: list[Sticker], settings: ClipSettings, folder: Path) -> ClipLearner:
    batches = Batches(made, settings, 5)
    return ClipLearner(Towers(clip), batches, decoded(made, folder), range(len(made)), settings, seed=5)


def confused(made: list[Sticker]) -> list[Sticker]:
    """Each was mistaken for the one before."""
    return [replace(sticker, mistaken=(made[i - 1].id,)) for i, sticker in enumerate(made)]


def gradients(clip: Clip) -> torch.Tensor:
    return torch.cat([(torch.zeros(1) if p.grad is None else p.grad).flatten() for p in clip.model.parameters()])


def recall_at_1(clip: Clip, made: list[Sticker]) -> float:
    images = clip.encode_stickers([sticker.picture for sticker in made])
    texts = clip.encode_texts([sticker.queries[0].text for sticker in made])
    return float(((texts @ images.T).argmax(1) == np.arange(len(made))).mean())


# --- texts and batches ---


def test_a_text_joins_a_query_with_what_is_known_in_its_language() -> None:
    told = {"description:en": "a red box", "description:zh": "红盒子", "printed_text": "BOX"}
    made = world.sticker("red big", "so red", fields=told)
    rng = np.random.default_rng(0)
    whole = [draw(made, ClipSettings(from_fields=1.0, keep_field=1.0), rng) for _ in range(20)]
    assert {frozenset(text.text.split("；")) for text in whole} == {frozenset({"so red", "a red box", "BOX"})}
    assert len({text.text for text in whole}) > 1  # in any order
    some = {draw(made, ClipSettings(from_fields=1.0, keep_field=0.5), rng).says for _ in range(60)}
    assert len(some) == 7  # every part of three but none
    assert {draw(made, ClipSettings(from_fields=0.0), rng).text for _ in range(20)} == {"so red"}
    assert draw(replace(made, queries=()), ClipSettings(), rng).text


def test_a_query_is_believed_as_far_as_the_release_does() -> None:
    made = replace(world.sticker("red big"), queries=(world.query("so red", weight=0.25),))
    rng = np.random.default_rng(0)
    assert draw(made, ClipSettings(), rng).weight == 0.25
    assert draw(made, ClipSettings(proof_weights=False), rng).weight == 1.0


def test_texts_fit_every_sticker_that_has_what_they_say() -> None:
    known = [
        known_of(world.sticker("a", "So tired", fields={"style": "cat", "description": "sleep"})),
        known_of(world.sticker("b", "hi", "so TIRED", fields={"style": "dog", "description": "sleep"})),
    ]
    texts = [Text("so tired", frozenset({"so tired"})), Text("hi", frozenset({"hi"}))]
    texts += [Text("sleep", frozenset({"sleep"})), Text("dog；sleep", frozenset({"dog", "sleep"}))]
    assert fits(known, texts).tolist() == [[True, False, True, False], [True, True, True, True]]


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


@given(st.integers(2, 50), st.integers(2, 60), st.integers(0, 5))
def test_every_pass_takes_every_sticker_once_at_most(n: int, batch: int, seed: int) -> None:
    batches = Batches([world.sticker(str(i), "x") for i in range(n)], ClipSettings(batch=batch), seed)
    per_pass = n // min(batch, n)
    for first in (0, per_pass):
        seen = [int(i) for step in range(first, first + per_pass) for i in batches.chosen(step)]
        assert len(seen) == len(set(seen)) == per_pass * min(batch, n)


def test_a_shared_query_and_a_near_duplicate_are_no_negatives() -> None:
    made = [
        world.sticker("a", "hello"),
        world.sticker("b", "Hello "),
        world.sticker("c", "bye", group="twins"),
        world.sticker("d", "later", group="twins"),
        world.sticker("e", "other"),
    ]
    batch = Batches(made, ClipSettings(batch=5), 0).draw(0)
    ids = [made[row].id for row in batch.rows]
    pairs = {(ids[i], batch.texts[j].text.strip().lower()) for i, j in np.argwhere(batch.ignored)}
    assert pairs == {("a", "hello"), ("b", "hello"), ("c", "later"), ("d", "bye")}
    assert (batch.positive == np.eye(5, dtype=bool)).all()
    positive = Batches(made, ClipSettings(batch=5, shared_texts="positive"), 0).draw(0).positive
    assert positive.sum() == 7


def test_what_it_was_mistaken_for_stands_in_the_batch_as_wrong() -> None:
    made = [world.sticker("a", "one", mistaken=("c", "b", "gone")), *(world.sticker(id, id) for id in "bcdefgh")]
    batches = Batches(made, ClipSettings(batch=2, hard_negatives=1), 0)
    batch = next(
        batch for batch in map(batches.draw, range(8)) if 0 in batch.rows[~batch.is_extra] and batch.is_extra.any()
    )
    assert [made[row].id for row in batch.rows[batch.is_extra]] == ["c"]
    assert not batch.positive[batch.is_extra].any()
    assert not batch.ignored[batch.is_extra].any()
    assert batch.positive.any(axis=0).all()


# --- pictures ---


def test_frames_are_decoded_once_as_a_model_sees_them(tmp_path: Path) -> None:
    (tmp_path / "moving.gif").write_bytes(world.moving("red", "blue", "green", "yellow", "red"))
    (tmp_path / "broken.png").write_bytes(b"no picture")
    (tmp_path / "still.png").write_bytes(world.picture("red", "tall"))
    files = [tmp_path / name for name in ("moving.gif", "broken.png", "still.png")]
    decode(files, 24, tmp_path / "frames")
    frames = Frames.open(tmp_path / "frames", 24)
    assert frames.counts.tolist() == [3, 0, 1]
    assert frames.problems["broken.png"].startswith("not a readable picture")
    expected = np.stack([np.asarray(frame.resize((24, 24), 3)) for frame in key_frames(files[0])])
    assert (frames.of([0]) == expected).all()
    before = (tmp_path / "frames" / "frames.u8").stat().st_mtime_ns
    decode(files, 24, tmp_path / "frames")
    assert (tmp_path / "frames" / "frames.u8").stat().st_mtime_ns == before
    decode(files[2:], 24, tmp_path / "frames")
    assert Frames.open(tmp_path / "frames", 24).counts.tolist() == [1]


def test_towers_and_the_published_model_see_the_same(tmp_path: Path) -> None:
    (tmp_path / "moving.gif").write_bytes(world.moving("red", "blue", "green", "yellow", "red"))
    (tmp_path / "still.png").write_bytes(world.picture("red", "tall"))
    files, clip = [tmp_path / "moving.gif", tmp_path / "still.png"], world.clip()
    decode(files, 32, tmp_path / "frames")
    towers = Towers(clip)
    vectors = towers.encode_pictures(Frames.open(tmp_path / "frames", 32), [0, 1])
    assert vectors == pytest.approx(clip.encode_stickers(files), abs=1e-5)
    assert towers.encode_texts(["red", "so big"]) == pytest.approx(clip.encode_texts(["red", "so big"]), abs=1e-5)


# --- learning ---


@pytest.mark.parametrize("part", [16, 5, 1])
def test_parts_give_the_whole_batch_s_loss_and_gradient(part: int, tmp_path: Path) -> None:
    made, settings = world.stickers(tmp_path), replace(SETTINGS, hard_negatives=1, batch=12)
    made = confused(made)
    cached, whole = world.clip(), world.clip()
    values = learner(cached, made, settings, tmp_path / "f").learn(3, part)

    batch, frames = Batches(made, settings, 5).draw(3), decoded(made, tmp_path / "f")
    towers = Towers(whole)
    images = towers.pictures(torch.from_numpy(frames.of(batch.rows.tolist())), [1] * len(batch.rows))
    texts = towers.texts(whole.ids([text.text for text in batch.texts]))
    positive, ignored = torch.from_numpy(batch.positive), torch.from_numpy(batch.ignored)
    loss = info_nce(images, texts, whole.model.logit_scale.exp(), positive, ignored=ignored)  # type: ignore[operator]
    loss.backward()
    assert values["loss"] == pytest.approx(float(loss.detach()), abs=1e-5)
    assert torch.allclose(gradients(cached), gradients(whole), atol=1e-5)
    assert float(gradients(whole).abs().max()) > 1e-3


def test_dropout_is_the_same_both_times(tmp_path: Path) -> None:
    """With dropout a part computed twice must be the same part, or the gradient is of another loss."""
    made = world.stickers(tmp_path)
    clip = world.clip()
    clip.model.visual.transformer.resblocks[0].mlp.append(torch.nn.Dropout(0.5))  # type: ignore[union-attr]
    taught = learner(clip, made, replace(SETTINGS, batch=8), tmp_path / "f")
    results = []
    for _ in range(2):
        clip.model.zero_grad()
        results.append((taught.learn(1, 2)["loss"], gradients(clip).clone()))
    assert results[0][0] == results[1][0]
    assert torch.equal(results[0][1], results[1][1])


def test_two_processes_give_the_gradient_of_one(tmp_path: Path) -> None:
    made, clip = confused(world.stickers(tmp_path)), world.clip()
    settings = replace(SETTINGS, batch=12, hard_negatives=1)
    assert Batches(made, settings, 5).draw(STEP).is_extra.sum() == 4
    learner(clip, made, settings, tmp_path / "f").learn(STEP, 16)
    torchrun = "-m torch.distributed.run --nproc-per-node 2 --rdzv-backend c10d --rdzv-endpoint localhost:0 -m"
    run = [sys.executable, *torchrun.split(), "tests.engine.one_of_two", str(tmp_path)]
    subprocess.run(run, check=True, capture_output=True, cwd=Path(__file__).parents[2])
    both = [torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in (0, 1)]
    assert torch.equal(both[0], both[1])
    assert torch.allclose(both[0], gradients(clip), atol=1e-5)


def test_training_finds_the_right_sticker_and_shuffled_pairs_do_not(tmp_path: Path) -> None:
    made = world.stickers(tmp_path)
    learned, control = world.clip(), world.clip()
    settings = replace(SETTINGS, steps=100)
    train(learned, made, replace(settings, part=8), tmp_path, seed=5, name="learned")
    order = np.random.default_rng(3).permutation(len(made))
    shuffled = [replace(sticker, picture=made[i].picture) for sticker, i in zip(made, order, strict=True)]
    train(control, shuffled, settings, tmp_path, seed=5, name="control")
    assert recall_at_1(learned, made) >= 0.75
    assert recall_at_1(control, made) <= 0.25


def test_the_same_seed_gives_the_same_weights_and_another_does_not(tmp_path: Path) -> None:
    made, runs = world.stickers(tmp_path), [world.clip() for _ in range(3)]
    for number, (run, seed) in enumerate(zip(runs, (5, 5, 6), strict=True)):
        settings = replace(SETTINGS, steps=4, drop_word=0.2, augment=1.0, part=6)
        train(run, made, settings, tmp_path, seed=seed, name=str(number))
    assert torch.equal(world.weights(runs[0]), world.weights(runs[1]))
    assert not torch.equal(world.weights(runs[0]), world.weights(runs[2]))


def test_an_interrupted_run_goes_on_as_if_it_had_not_been(tmp_path: Path) -> None:
    made, settings = world.stickers(tmp_path), replace(SETTINGS, steps=6, augment=0.5, save_every=2)
    whole, halves, resumed = world.clip(), world.clip(), world.clip(seed=9)
    train(whole, made, settings, tmp_path, name="whole")
    (tmp_path / STOP).touch()
    with pytest.raises(Stopped):
        train(halves, made, settings, tmp_path, name="halves")
    (tmp_path / STOP).unlink()
    train(resumed, made, settings, tmp_path, name="halves")
    assert torch.equal(world.weights(whole), world.weights(resumed))


def test_frozen_vision_does_not_move_while_the_text_tower_learns(tmp_path: Path) -> None:
    clip, made = world.clip(), world.stickers(tmp_path)
    before = {name: p.detach().clone() for name, p in clip.model.named_parameters()}
    train(clip, made, replace(SETTINGS, steps=40, freeze_vision=True, weight_decay=0.5), tmp_path)
    moved = {name for name, p in clip.model.named_parameters() if not torch.equal(p, before[name])}
    assert {name for name in moved if name.startswith("visual.")} == set()
    assert {"token_embedding.weight", "text_projection", "logit_scale"} <= moved
    vectors = F.normalize(torch.from_numpy(clip.encode_texts([sticker.id for sticker in made])), dim=-1)
    assert float((vectors @ vectors.T).fill_diagonal_(0).max()) < 0.9999  # the texts have come apart


@pytest.mark.parametrize("n", [0, 1])
def test_too_little_to_learn_from_is_refused(n: int, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="fewer than two training stickers"):
        train(world.clip(), world.stickers(tmp_path)[:n], SETTINGS, tmp_path)
