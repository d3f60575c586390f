"""What the query generator can be told. Nothing here needs torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ..training.recipes import Estimate, Recipe, Size, setting


@dataclass(frozen=True, slots=True)
class GeneratorSettings:
    """How to fine-tune a vision-language model to write queries; defaults are those of the paper's release."""

    epochs: int = setting(4, "Passes through the training stickers.", low=1, high=1_000, advanced=False)
    batch: int = setting(32, "Stickers for one step of the optimiser.", low=1, high=4_096, advanced=False)
    learning_rate: float = setting(5e-5, "Of AdamW, at its height.", low=1e-8, high=1.0, advanced=False)


def estimate(settings: GeneratorSettings, size: Size, device: str) -> Estimate:
    """What it will take."""
    return Estimate(float(settings.epochs * size.n_stickers), 2**34, "a second a sticker")


RECIPE: Final = Recipe(
    name="querygen",
    title="Query generator",
    about="Writes what people would type for a sticker it sees.",
    kind="generator",
    settings=GeneratorSettings,
    module="retrieval_engine.querygen.training",
    default_base="llava-hf/llava-1.5-7b-hf",
    estimate=estimate,
)
