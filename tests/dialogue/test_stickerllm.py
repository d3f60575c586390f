"""StickerLLM: when it searches, what it finds, and that the language model is what it was."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch

from retrieval_engine.dialogue import worlds
from retrieval_engine.dialogue.bases.towers import Joint, Spec, build_language_model
from retrieval_engine.dialogue.models.clip import ContextClip
from retrieval_engine.dialogue.models.learning import scores_of
from retrieval_engine.dialogue.models.stickerllm import PRET, RET, SLOT, Prompts, StickerLlm
from retrieval_engine.dialogue.runs import measures
from retrieval_engine.dialogue.settings import ClipSettings, StickerLlmSettings
from retrieval_engine.dialogue.worlds import World
from tests.dialogue.planted import learned, recall, towers

CLIP = ClipSettings(epochs=10, batch=64, learning_rate=2e-3, length=48)
SETTINGS = StickerLlmSettings(epochs=12, batch=48, learning_rate=3e-3, length=32)
CHANCE = 10 / 84
"""Of recall at 10 among the stickers of the test."""


def talk_of(world: World, seed: int) -> list[str]:
    """Ordinary prompts, which begin with one of five words."""
    first, rng = world.words.noise[35:], np.random.default_rng(seed)
    return [f"{first[at % 5]} {' '.join(world.words.filler(4, rng))}" for at in range(40)]


def prompts_of(world: World) -> Prompts:
    """Searches begin with one of three words, talk with one of five others."""
    first, rng = world.words.noise[30:], np.random.default_rng(0)
    ordinary = tuple((prompt, " ".join(world.words.filler(2, rng))) for prompt in talk_of(world, 0))
    asked = tuple(f"{word} {{}}" for word in first[:3])
    return Prompts(text=asked, picture=tuple(first[:3]), both=asked, answers=(), ordinary=ordinary)


@dataclass(frozen=True)
class Trained:
    world: World
    joint: Joint
    model: StickerLlm
    before: dict[str, torch.Tensor]


def model_of(world: World, joint: Joint, settings: StickerLlmSettings) -> StickerLlm:
    torch.manual_seed(0)
    language = build_language_model(Spec("tiny"), world.texts)
    return StickerLlm(world.gallery, joint, language, settings, prompts_of(world))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """A CLIP learned from requests, and a StickerLLM on it."""
    world = worlds.requests()
    joint = towers(world)
    learned(ContextClip(world.gallery, joint, CLIP), world, CLIP, tmp_path_factory.mktemp("clip"))
    model = model_of(world, joint, SETTINGS)
    before = {name: weights.detach().clone() for name, weights in model.named_parameters()}
    learned(model, world, SETTINGS, tmp_path_factory.mktemp("llm"))
    return Trained(world, joint, model, before)


def among_the_test(world: World) -> np.ndarray:
    golds = np.array(world.conversations.golds(world.conversations.of("test")))
    return np.repeat(golds[None], len(golds), 0)


def asked(trained: Trained) -> list[str]:
    model = trained.model
    uses = trained.world.conversations.of("test")
    return [model.prompts.text[at % 3].replace("{}", model._words_of(use)) for at, use in enumerate(uses)]


def test_only_the_new_rows_and_projections_have_moved(trained: Trained) -> None:
    moved = {
        name for name, weights in trained.model.named_parameters() if not torch.equal(weights, trained.before[name])
    }
    new = {"read_rows", "write_rows", "to_prompt.weight", "to_prompt.bias", "to_space.weight", "log_scale"}
    assert moved == new
    n_trained = sum(weights.numel() for weights in trained.model.parameters() if weights.requires_grad)
    assert n_trained == 2 * 5 * 96 + (64 * 96 + 96) + 96 * 64 + 1


def test_words_find_stickers_that_were_never_asked_for(trained: Trained) -> None:
    found = scores_of(trained.model, trained.world.conversations.of("test"), among_the_test(trained.world))
    assert recall(found, 10) > 4 * CHANCE


def test_a_picture_finds_another_picture_of_its_sticker(trained: Trained) -> None:
    candidates, frames = among_the_test(trained.world), trained.world.gallery.frames
    with torch.inference_mode():
        found = trained.model.like([int(frames.starts[place]) + 1 for place in candidates[0]], candidates)
    assert recall(found.numpy(), 10) > 4 * CHANCE


def test_the_prefix_asks_for_a_search_and_ordinary_talk_does_not(trained: Trained) -> None:
    model = trained.model
    with_prefix, without = (np.mean(model.searches(asked(trained), prefix=prefix, most=3)) for prefix in (True, False))
    talk = np.mean(model.searches(talk_of(trained.world, 1), prefix=False, most=3))  # none of it was learned from
    assert with_prefix > 0.95
    assert without < with_prefix - 0.1
    assert talk < without - 0.2
    assert talk < 0.3


def test_what_is_found_end_to_end_is_what_it_searched_for_by_itself(trained: Trained) -> None:
    """With the prefix all that is found with the search given; without it what it did not search for is lost."""
    scores = scores_of(trained.model, trained.world.conversations.of("test"), among_the_test(trained.world))
    found = measures.hit_at(scores, np.eye(len(scores), dtype=bool), 10)
    with_prefix, without = (
        (found * trained.model.searches(asked(trained), prefix=prefix, most=3)).mean() for prefix in (True, False)
    )
    assert with_prefix == pytest.approx(found.mean(), abs=0.03)
    assert CHANCE < without < with_prefix


def test_with_the_new_rows_frozen_it_never_searches(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> None:
    settings = replace(SETTINGS, epochs=1, new_rows=False)
    model = model_of(trained.world, trained.joint, settings)
    learned(model, trained.world, settings, tmp_path_factory.mktemp("frozen"))
    for prefix in (False, True):
        assert not any(model.searches(asked(trained)[:20], prefix=prefix, most=3))
    assert not model.read_rows.requires_grad


def test_a_prompt_has_the_prefix_first_and_the_picture_in_its_slot(trained: Trained) -> None:
    model = trained.model
    row = model._search("both", "", 0, 0, prefix=True, frame=7)
    new = [id - model.base for id in row.ids if id >= model.base]
    assert new == [PRET, 2, SLOT, 3, RET]
    assert (row.ids[row.answer :], row.frame) == ([model.base + RET], 7)
    long = model._prompt("x " * 400, prefix=True)
    assert len(long) <= SETTINGS.length


def test_asks_are_mixed_as_in_the_paper_with_ordinary_talk_among_them(trained: Trained) -> None:
    model, rng = trained.model, np.random.default_rng(0)
    rows = model._drawn(trained.world.conversations.of("train")[:1_000], rng)
    searches = [rows.rows[row] for row, _gold in rows.wanted]
    assert len(searches) / 1_000 == pytest.approx(0.75, abs=0.05)
    assert np.mean([row.frame < 0 for row in searches]) == pytest.approx(0.5, abs=0.05)
    assert np.mean([model.base + PRET in row.ids for row in searches]) == pytest.approx(0.5, abs=0.05)
    assert not any(model.base + RET in row.ids for at, row in enumerate(rows.rows) if at not in dict(rows.wanted))
