"""How to train: everything a run depends on but its data, kept in checkpoints and in the provenance of bundles."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to train. Defaults suit the fine-tuning of a pretrained model; travels in the checkpoint."""

    steps: int = 1_000
    batch: int = 64
    texts_per_sticker: int = 4
    learning_rate: float = 2e-5
    weight_decay: float = 1e-2
    warm_up: float = 0.05
    """Share of the steps in which the learning rate rises; then it falls along a cosine to 0."""
    max_norm: float = 1.0
    freeze_vision: bool = False
    one_frame: bool = False
    """Train on one key frame of a moving sticker, drawn anew each time, instead of on the mean over all of them."""
    from_fields: float = 0.0
    """Probability that a text is made of the sticker's labels instead of one query."""
    keep_field: float = 0.7
    drop_word: float = 0.0
    """Probability to leave out each word, or Chinese character, of a text of at least two."""
    augment: float = 0.0
    """Strength of random turning, scaling and shifting: 1 is up to 12 degrees, 15 % and 8 % of the side."""
    seed: int = 0


def schedule(step: int, recipe: Recipe) -> float:
    """The share of the full learning rate at `step`: a linear rise over the warm-up, then half a cosine down to 0."""
    warm_up = max(1, round(recipe.warm_up * recipe.steps))
    if step < warm_up:
        return (step + 1) / warm_up
    return 0.5 * (1 + math.cos(math.pi * (step - warm_up) / max(1, recipe.steps - warm_up)))
