"""What StickerCLIP can be told. Nothing here needs torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ..training.recipes import Estimate, Recipe, Size, setting


@dataclass(frozen=True, slots=True)
class ClipSettings:
    """How to fine-tune a CLIP; defaults are the paper's where it states them."""

    steps: int = setting(1_000, "Training steps.", low=1, high=1_000_000, advanced=False)
    batch: int = setting(256, "Stickers whose pairs are told apart at once.", low=2, high=65_536, advanced=False)
    learning_rate: float = setting(2e-5, "Of AdamW, at its height.", low=1e-8, high=1.0, advanced=False)


def estimate(settings: ClipSettings, size: Size, device: str) -> Estimate:
    """What it will take."""
    return Estimate(float(settings.steps), 2**30, "a second a step")


RECIPE: Final = Recipe(
    name="stickerclip",
    title="StickerCLIP",
    about="A retrieval model: finds stickers by what people type, from their pictures.",
    kind="retrieval",
    settings=ClipSettings,
    module="retrieval_engine.stickerclip.training",
    default_base="xlm-roberta-base-ViT-B-32:laion5b_s13b_b90k",
    estimate=estimate,
)
