"""What StickerCLIP can be told, and what that will take. Nothing here needs torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ..training.recipes import Estimate, Recipe, Size, setting

TINY: Final = "tiny"
"""The base that is made here from a configuration, with a tokenizer of its own."""


@dataclass(frozen=True, slots=True)
class ClipSettings:
    """How to fine-tune a CLIP; defaults are the paper's where it states them."""

    steps: int = setting(1_000, "Training steps.", low=1, high=1_000_000, advanced=False)
    batch: int = setting(256, "Stickers whose pairs are told apart at once.", low=2, high=65_536, advanced=False)
    learning_rate: float = setting(2e-5, "Of AdamW, at its height.", low=1e-8, high=1.0, advanced=False)
    freeze_vision: bool = setting(
        False, "Train the text tower alone; pictures keep the base model's vectors.", advanced=False
    )
    part: int = setting(
        64,
        "Stickers that go through the model at once. The loss is always that of the whole batch.",
        low=1,
        high=65_536,
    )
    weight_decay: float = setting(1e-2, "Of AdamW, on matrices alone.", low=0.0, high=1.0)
    warm_up: float = setting(
        0.05, "Share of the steps in which the learning rate rises; then it falls along a cosine.", low=0.0, high=1.0
    )
    max_norm: float = setting(1.0, "Longer gradients are cut to this length.", low=1e-6, high=1e6)
    precision: str = setting(
        "auto",
        "Numbers to compute with; auto is bf16 on CUDA and float32 elsewhere.",
        choices=("auto", "float32", "bf16"),
    )
    texts_per_sticker: int = setting(1, "Texts of each sticker in a step.", low=1, high=64)
    from_fields: float = setting(
        0.5,
        "Share of the texts that join a query with what else is known of the sticker (description, printed text, "
        "emotion, style); the others are one query.",
        low=0.0,
        high=1.0,
    )
    keep_field: float = setting(0.7, "Share of these fields that such a text keeps.", low=0.0, high=1.0)
    drop_word: float = setting(0.0, "Share of words, in Chinese characters, that texts lose.", low=0.0, high=0.9)
    augment: float = setting(
        0.0, "How far pictures are turned, scaled and shifted: 1 is up to 12 degrees, 15 % and 8 %.", low=0.0, high=3.0
    )
    one_frame: bool = setting(False, "Train on one key frame of a moving sticker at a time, not on the mean of all.")
    shared_texts: str = setting(
        "ignored",
        "A text in the batch that was also typed for another sticker: ignored there, or a positive as well.",
        choices=("ignored", "positive"),
    )
    proof_weights: bool = setting(True, "Believe each query as far as the release does.")
    hard_negatives: int = setting(
        0, "Stickers that players wrongly picked, added to the batch for each of its stickers, at most.", low=0, high=16
    )
    validate_every: int = setting(100, "Steps between measurements on the validation split.", low=1, high=1_000_000)
    patience: int = setting(
        5, "Measurements without a better one after which training ends; 0 for never.", low=0, high=1_000
    )
    save_every: int = setting(200, "Steps between checkpoints.", low=1, high=1_000_000)
    compare_freeze_vision: bool = setting(
        False, "Train a second time with the vision tower frozen, for the table of the paper; takes as long again."
    )


GIGA: Final = 1e9


@dataclass(frozen=True, slots=True)
class _Cost:
    """What one picture and one text cost forward, in floating point operations; the model in weights; and the bytes of
    memory that a picture takes while it is trained on."""

    picture: float
    text: float
    n_weights: float
    picture_bytes: float


TINY_COST: Final = _Cost(0.012 * GIGA, 0.005 * GIGA, 0.3e6, 4e6)
COST: Final = _Cost(8.8 * GIGA, 2.8 * GIGA, 366e6, 60e6)
"""Of any pretrained one: ViT-B/32 at 224 px with XLM-R base and texts of 16 tokens, counted."""
SUSTAINED: Final = {"cuda": 1.5e14, "mps": 2e12, "cpu": 9e10}
"""Operations a second that training keeps up: measured on one core; guesses of the right size for the others."""
TINY_SUSTAINED: Final = 2.5e10
"""The same for a model so small that most of the time goes into small steps; measured on one core."""
FRAMES: Final = 2
"""A sticker has one key frame or three."""
N_LOOKS: Final = 3
"""How often all pictures are encoded for the report: by the model, by what it started from, by the live one."""
BASE_BYTES: Final = 500_000_000
"""What the process takes before it holds a model."""
AROUND_S: Final = 30
"""Seconds for what comes before and after: loading, exporting."""


def estimate(settings: ClipSettings, size: Size, device: str) -> Estimate:
    """What it will take: a batch's pictures and texts forward and back, forward once more when in parts, and the
    pictures of all stickers for the report."""
    known = SUSTAINED.get(device, SUSTAINED["cpu"])
    cost, sustained = (TINY_COST, TINY_SUSTAINED) if size.base == TINY else (COST, known)
    batch = min(settings.batch, max(2, round(0.8 * size.n_stickers)))
    passes = 3 + (batch > settings.part)
    texts = settings.texts_per_sticker * cost.text * passes
    full, frozen = texts + FRAMES * cost.picture * passes, texts + FRAMES * cost.picture * bool(settings.augment)
    each = frozen if settings.freeze_vision else full + frozen * settings.compare_freeze_vision
    work = settings.steps * batch * each + N_LOOKS * size.n_stickers * FRAMES * cost.picture
    memory = BASE_BYTES + 16 * cost.n_weights + min(batch, settings.part) * FRAMES * cost.picture_bytes
    because = (
        f"{settings.steps} steps of {batch} stickers, {each / GIGA:.2g} billion operations for each, "
        f"{sustained / GIGA:,.0f} billion a second; less when it ends early"
    )
    return Estimate(AROUND_S + work / sustained, int(memory), because)


RECIPE: Final = Recipe(
    name="stickerclip",
    title="StickerCLIP",
    about="A retrieval model: finds stickers by what people type, from their pictures.",
    kind="retrieval",
    settings=ClipSettings,
    module="retrieval_engine.stickerclip.training",
    default_base="xlm-roberta-base-ViT-B-32:laion5b_s13b_b90k",
    estimate=estimate,
    distributed=True,
)
