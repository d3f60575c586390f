"""The models of conversations as recipes, and what training each of them will take. Nothing here needs torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from ..training.bases import TINY
from ..training.recipes import Estimate, Recipe, Settings, Size
from .settings import (
    IgsrSettings,
    IntRaSettings,
    MmbertSettings,
    PbrSettings,
    SrsSettings,
    StickerLlmSettings,
    Training,
)

MODULE: Final = "retrieval_engine.dialogue.runs.running"
BASE: Final = "OFA-Sys/chinese-clip-vit-base-patch16"
LANGUAGE_MODEL: Final = "Qwen/Qwen3-0.6B"
TEXT_ENCODER: Final = "FacebookAI/xlm-roberta-base"
GIGA: Final = 1e9


@dataclass(frozen=True, slots=True)
class _Towers:
    """What a picture and a token cost forward, in floating point operations, of the towers and of the language model;
    the weights of each; and the bytes that a picture and a token take while they are trained on."""

    picture: float
    token: float
    language_token: float
    n_weights: float
    n_language: float
    picture_bytes: float
    token_bytes: float


TINY_TOWERS: Final = _Towers(0.006 * GIGA, 0.4e6, 0.5e6, 0.4e6, 0.6e6, 1e6, 2e4)
TOWERS: Final = _Towers(35 * GIGA, 0.17 * GIGA, 1.2 * GIGA, 188e6, 600e6, 130e6, 0.6e6)
"""A ViT-B/16 at 224 px with a BERT of twelve layers, counted; and a language model of 0.6 billion weights."""
SUSTAINED: Final = {"cuda": 1e14, "mps": 2e12, "cpu": 9e10}
"""Operations a second that training keeps up; guesses of the right size but for one core."""
TINY_SUSTAINED: Final = 8e9
"""The same for a model so small that most of the time goes into small steps; measured on one core."""
BASE_BYTES: Final = 700_000_000
"""What the process takes before it holds a model."""
AROUND_S: Final = 20
"""Seconds for what comes before and after: loading, decoding, publishing."""
TEST_SHARE: Final = 0.25
"""Uses on the test side for each on the training side."""

Work = Callable[[Any, _Towers], tuple[float, float]]
"""(settings, towers) -> floating point operations forward of a conversation in training, and of a pair of conversation
and sticker that is judged."""


def _by_vectors(settings: Training, towers: _Towers) -> tuple[float, float]:
    texts = towers.token * (settings.length + 64)  # and the attributes, or memories
    return towers.picture + texts, 0.0


def _remembering(settings: IgsrSettings, towers: _Towers) -> tuple[float, float]:
    return towers.picture + towers.token * (settings.length + settings.memory_length), 0.0


def _matching(settings: PbrSettings, towers: _Towers) -> tuple[float, float]:
    views = 2 if settings.intra or settings.inter else 1
    text = towers.token * settings.length
    return views * settings.candidates * towers.picture + text * (1 + settings.layers / 2), text * settings.layers / 12


def _meeting(settings: SrsSettings, towers: _Towers) -> tuple[float, float]:
    n_tokens = settings.n_turns * settings.length
    return settings.candidates * towers.picture + towers.token * n_tokens, towers.token * n_tokens / 12


def _one_stream(settings: MmbertSettings, towers: _Towers) -> tuple[float, float]:
    pair = towers.token * (settings.length + 12)
    return 3 * pair, pair


def _talking(settings: StickerLlmSettings, towers: _Towers) -> tuple[float, float]:
    return towers.language_token * settings.length, 0.0


def _estimate(work: Work) -> Callable[[Any, Size, str], Estimate]:
    """Each conversation forward and back once an epoch, all stickers seen by the towers, and the test judged."""

    def estimate(settings: Training, size: Size, device: str) -> Estimate:
        is_tiny = size.base == TINY
        towers = TINY_TOWERS if is_tiny else TOWERS
        sustained = TINY_SUSTAINED if is_tiny else SUSTAINED.get(device, SUSTAINED["cpu"])
        trained, judged = work(settings, towers)
        n_judged = min(settings.judged, TEST_SHARE * size.n_uses) + settings.epochs * min(
            settings.validated, TEST_SHARE * size.n_uses
        )
        operations = (
            3 * settings.epochs * size.n_uses * trained
            + n_judged * (trained + size.n_stickers * judged)
            + 2 * size.n_stickers * (towers.picture + (settings.epochs > 1) * settings.epochs * towers.picture)
        )
        n_weights = towers.n_weights + (towers.n_language if work in (_talking, _one_stream) else 0)
        memory = BASE_BYTES + 16 * n_weights + settings.part * (towers.picture_bytes + settings.length * 6e2)
        because = (
            f"{settings.epochs} passes of {size.n_uses} conversations, {trained / GIGA:.2g} billion operations for "
            f"each, {sustained / GIGA:,.0f} billion a second; less when it ends early"
        )
        return Estimate(AROUND_S + operations / sustained, int(memory), because)

    return estimate


def _recipe(name: str, title: str, about: str, settings: type[Settings], work: Work) -> Recipe:
    return Recipe(
        name=name,
        title=title,
        about=about,
        kind="dialogue",
        settings=settings,
        module=MODULE,
        default_base=BASE,
        estimate=_estimate(work),
    )


RECIPES: Final = (
    _recipe(
        "int_ra",
        "Int-RA",
        "Answers a group chat with a sticker: by what the sender means to do, and by what stickers show.",
        IntRaSettings,
        _by_vectors,
    ),
    _recipe(
        "igsr",
        "IGSR",
        "Answers a chat with a history: what is remembered of earlier sessions helps to say what is meant.",
        IgsrSettings,
        _remembering,
    ),
    _recipe(
        "pbr",
        "PBR",
        "Answers from a pack of stickers, having learned to see what stickers feel.",
        PbrSettings,
        _matching,
    ),
    _recipe(
        "stickerllm",
        "StickerLLM",
        "A language model that learns when to look for a sticker, and what for.",
        StickerLlmSettings,
        _talking,
    ),
    _recipe(
        "srs",
        "SRS",
        "Answers from a pack of stickers, by how each utterance meets each place of the picture.",
        SrsSettings,
        _meeting,
    ),
    _recipe(
        "mmbert",
        "MMBERT",
        "One encoder reads conversation, words on the sticker and picture together, and says whether they match.",
        MmbertSettings,
        _one_stream,
    ),
)
