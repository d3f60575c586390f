"""Training a model in a planted world, and what it comes to there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from retrieval_engine.dialogue.bases.towers import Joint, Spec, build
from retrieval_engine.dialogue.models.learning import DialogueModel, scores_of, train
from retrieval_engine.dialogue.runs import measures
from retrieval_engine.dialogue.settings import Training
from retrieval_engine.dialogue.worlds import World


def towers(world: World, seed: int = 0) -> Joint:
    torch.manual_seed(seed)
    return build(Spec("tiny", seed=seed), world.texts)


def learned(model: DialogueModel, world: World, settings: Training, folder: Path) -> DialogueModel:
    train(model, world.conversations.of("train"), settings, folder)
    return model


def by_intent(model: DialogueModel, world: World) -> tuple[float, float]:
    """(hit_at_1[intent], map[intent]) over the whole gallery, of the test's conversations."""
    uses = world.conversations.of("test")
    relevant = np.array([[use.intent in sticker.intents for sticker in world.gallery.stickers] for use in uses])
    scores = scores_of(model, uses)
    return float(measures.hit_at(scores, relevant, 1).mean()), float(
        measures.average_precision(scores, relevant).mean()
    )


def recall(scores: np.ndarray, k: int) -> float:
    """recall_at_k[exact] where row i looks for column i."""
    return float(measures.hit_at(scores, np.eye(len(scores), dtype=bool), k).mean())
