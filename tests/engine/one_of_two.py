"""One of two processes that take a step together: torchrun one_of_two.py FOLDER; leaves its gradient in RANK.pt."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import torch

from retrieval_engine.stickerclip.batches import Batches
from retrieval_engine.stickerclip.encoding import Towers
from retrieval_engine.stickerclip.learner import ClipLearner
from retrieval_engine.stickerclip.pictures import Frames
from retrieval_engine.training.processes import World
from tests.engine import world
from tests.engine.test_stickerclip import SETTINGS, STEP, confused, gradients


def main(folder: Path) -> None:
    """Both see all texts, and encode half of them."""
    torch.set_num_threads(1)
    ours = World.join(torch.device("cpu"))
    made = [world.sticker(name, name, f"{' '.join(reversed(name.split()))} one") for name in world.NAMES]
    made = confused(made)
    settings = replace(SETTINGS, batch=12, hard_negatives=1)
    clip = world.clip()
    batches = Batches(made, settings, 5, ours)
    frames = Frames.open(folder / "f", 32)
    learner = ClipLearner(Towers(clip), batches, frames, range(len(made)), settings, seed=5, world=ours)
    learner.learn(STEP, 4)
    ours.sum_gradients(learner.trained())
    torch.save(gradients(clip), folder / f"{ours.rank}.pt")
    ours.leave()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
