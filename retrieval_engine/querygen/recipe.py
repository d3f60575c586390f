"""What the query generator can be told, and what that will take. Nothing here needs torch."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..training.recipes import Estimate, Recipe, Size, setting

TINY: Final = "tiny"
"""The base that is made here from a configuration; see `tiny`."""


@dataclass(frozen=True, slots=True)
class GeneratorSettings:
    """How to fine-tune a vision-language model to write queries; defaults are those of the paper's release."""

    epochs: int = setting(4, "Passes through the training stickers.", low=1, high=1_000, advanced=False)
    batch: int = setting(32, "Stickers for one step of the optimiser.", low=1, high=4_096, advanced=False)
    learning_rate: float = setting(5e-5, "Of AdamW, at its height.", low=1e-8, high=1.0, advanced=False)
    languages: str = setting(
        "", "Languages to write in, with commas between; empty for all of the release.", advanced=False
    )
    learns: str = setting(
        "auto",
        "What learns: small matrices beside the language model (lora), or every weight (everything). Auto takes lora "
        "for a pretrained model and everything for one made here.",
        choices=("auto", "lora", "everything"),
        advanced=False,
    )
    rank: int = setting(8, "Rank of LoRA's matrices.", low=1, high=1_024)
    alpha: int = setting(16, "LoRA's scale is this by the rank.", low=1, high=4_096)
    dropout: float = setting(0.0, "Of LoRA's input.", low=0.0, high=0.9)
    four_bit: bool = setting(False, "Hold the frozen weights in four bits; needs bitsandbytes and CUDA.")
    part: int = setting(8, "Stickers that go through the model at once; the result is the same.", low=1, high=4_096)
    checkpointing: bool = setting(False, "Compute activations twice instead of keeping them: slower, less memory.")
    warm_up: float = setting(0.0, "Share of the steps in which the learning rate rises.", low=0.0, high=1.0)
    weight_decay: float = setting(0.0, "Of AdamW, on matrices.", low=0.0, high=1.0)
    max_norm: float = setting(1.0, "Gradients are cut to this length.", low=1e-3, high=1e3)
    most: int = setting(8, "Queries of a sticker in one answer, at most.", low=1, high=64)
    patience: int = setting(
        2, "Passes without a better validation after which training ends; 0 never.", low=0, high=1_000
    )
    validated: int = setting(64, "Validation stickers of each language, at most.", low=2, high=10_000)
    save_every: int = setting(50, "Steps between checkpoints.", low=1, high=100_000)
    judged: int = setting(500, "Test stickers that are judged, at most.", low=2, high=100_000)
    written: int = setting(8, "Queries that are written for each of them.", low=1, high=64)
    samples: int = setting(4, "Answers drawn at random beside the most likely one.", low=0, high=64)
    untrained: bool = setting(True, "Judge the model as it was before training, too.")
    caption_model: str = setting("", "A captioning model to compare with: a name or a folder; empty for none.")
    text_encoder: str = setting(
        "", "Folder of a text model for embedding similarity and BERTScore; empty leaves them out."
    )


BILLION: Final = 10**9
TOKENS: Final = 700
"""Of one example, 576 of them the picture's (LLaVA 1.5)."""
FLOPS: Final = {"cuda": 5e13, "mps": 3e12, "cpu": 5e10}
"""Sustained a second: what the paper's release took on its GPUs; guesses of the right size for the others."""
KEPT: Final = 4e6
"""Bytes kept of each token on the way forward by a model of seven billion weights: width x layers of LLaVA 1.5 x 32."""
TINY_S: Final = 0.004
"""Seconds that a tiny model's example takes on one core, measured."""


def estimate(settings: GeneratorSettings, size: Size, device: str) -> Estimate:
    """What it will take: each example once an epoch forward and back, and the test stickers written for twice."""
    n_examples = 0.8 * size.n_stickers * max(1, len(size.languages))
    n_written = min(settings.judged, 0.2 * size.n_stickers) * max(1, len(size.languages))
    n_answers = n_written * (1 + settings.samples) * (1 + settings.untrained)
    if size.base == TINY:
        seconds = TINY_S * (settings.epochs * n_examples + 4 * n_answers)
        return Estimate(20 + seconds, 10**9, "a model of half a million weights, timed on one core")
    n_weights = _n_weights(size.base or RECIPE.default_base)
    work = settings.epochs * n_examples * 4 + n_answers * 3
    seconds = work * n_weights * TOKENS / FLOPS[device]
    held = n_weights * (0.6 if settings.four_bit else 2) if settings.learns != "everything" else n_weights * 16
    kept = KEPT * (n_weights / (7 * BILLION)) ** (2 / 3) * (0.1 if settings.checkpointing else 1)
    memory = held + settings.part * TOKENS * kept
    rests_on = f"{n_weights / BILLION:.1f} billion weights, {TOKENS} tokens an example, {FLOPS[device]:.0e} FLOP/s"
    return Estimate(60 + seconds, int(memory), rests_on)


def _n_weights(base: str) -> float:
    """How large a base is: by its files, or as its name says; else as the recipe's default."""
    files = list(Path(base).glob("*.safetensors")) if Path(base).is_dir() else []
    if files:
        return sum(file.stat().st_size for file in files) / 2
    named = re.search(r"(?i)(\d+(?:\.\d+)?)(b|m)(?![a-z])", base)
    if named is None:
        return 7.0 * BILLION
    return float(named[1]) * (BILLION if named[2].lower() == "b" else 10**6)


RECIPE: Final = Recipe(
    name="querygen",
    title="Query generator",
    about="Writes what people would type for a sticker it sees.",
    kind="generator",
    settings=GeneratorSettings,
    module="retrieval_engine.querygen.training",
    default_base="llava-hf/llava-1.5-7b-hf",
    estimate=estimate,
    distributed=True,
)
