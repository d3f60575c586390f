"""The StickerCLIP training loop: stickers and their queries in, a model that finds one by the other out.

Every random choice of a step is drawn from (seed, step), so a run is the same each time on one CPU and machine, and a
run that was interrupted goes on as if it had not been.
"""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from .encoder import Clip
from .frames import Source, key_frames
from .losses import multi_positive_info_nce
from .recipe import Recipe, schedule
from .text import normalise

log = logging.getLogger(__name__)

MAX_LOG_SCALE: Final = math.log(100)
FIELD_SEPARATOR: Final = "; "


class TrainingError(ValueError):
    """Examples or a checkpoint that cannot be trained with; the message says why."""


@dataclass(frozen=True, slots=True)
class Example:
    """A sticker, the queries people typed for it, and the texts of its labels (emotion, gesture, ...), if any."""

    sticker: Source
    queries: tuple[str, ...]
    fields: tuple[str, ...] = ()


@dataclass
class Progress:
    """Where a run stands: steps done, and the loss of each step of this process."""

    step: int = 0
    losses: list[float] = field(default_factory=list)


def train(
    clip: Clip,
    examples: Sequence[Example],
    recipe: Recipe,
    *,
    checkpoint: Path | None = None,
    save_every: int = 200,
    report: Callable[[int, float], None] = lambda step, loss: None,
) -> Progress:
    """Train `clip` in place on `examples` for `recipe.steps` steps.

    With `checkpoint`, the state is written there every `save_every` steps and at the end, and a run found there goes on
    (`TrainingError` when it has another recipe). `report` is called after each step with the step and its loss.
    """
    if len(examples) < 2 or not all(example.queries or example.fields for example in examples):
        raise TrainingError("training needs at least two stickers, each with a query or a label")
    model: Any = clip.model.train()
    model.visual.requires_grad_(not recipe.freeze_vision).train(not recipe.freeze_vision)
    optimizer = torch.optim.AdamW(_groups(model, recipe), lr=recipe.learning_rate, betas=(0.9, 0.98), eps=1e-6)
    progress = _resume(checkpoint, clip, optimizer, recipe)
    pictures, text_tower = _Pictures(clip, examples), clip.text_tower()

    for step in range(progress.step, recipe.steps):
        rng = np.random.default_rng((recipe.seed, step))
        for group in optimizer.param_groups:
            group["lr"] = recipe.learning_rate * schedule(step, recipe)
        chosen = batch_of(step, len(examples), recipe)
        batch = [examples[i] for i in chosen]
        texts = [draw_text(example, recipe, rng) for example in batch for _ in range(recipe.texts_per_sticker)]

        with torch.set_grad_enabled(not recipe.freeze_vision):
            images = pictures.encode(chosen, recipe, rng)
        queries = F.normalize(text_tower(clip.ids([text.text for text in texts])), dim=-1)
        loss = multi_positive_info_nce(images, queries, model.logit_scale.exp(), fits(batch, texts))

        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), recipe.max_norm)
        optimizer.step()
        with torch.no_grad():
            model.logit_scale.clamp_(0, MAX_LOG_SCALE)

        progress.step, loss_value = step + 1, float(loss.detach())
        progress.losses.append(loss_value)
        report(progress.step, loss_value)
        if checkpoint and (progress.step % save_every == 0 or progress.step == recipe.steps):
            _save(checkpoint, clip, optimizer, recipe, progress.step)
    model.eval()
    return progress


def batch_of(step: int, n: int, recipe: Recipe) -> list[int]:
    """The stickers of a step: every one once in each pass through the data, in an order drawn for that pass."""
    batch = min(recipe.batch, n)
    per_pass = n // batch
    order = np.random.default_rng((recipe.seed, 1, step // per_pass)).permutation(n)
    start = (step % per_pass) * batch
    return [int(i) for i in order[start : start + batch]]


@dataclass(frozen=True, slots=True)
class Text:
    """A training text and what it says: one query or some labels, normalised. It fits all stickers that have them."""

    text: str
    says: frozenset[str]


def draw_text(example: Example, recipe: Recipe, rng: np.random.Generator) -> Text:
    """One training text of a sticker: a query, or its labels in random order with some left out; words dropped."""
    if example.fields and (not example.queries or rng.random() < recipe.from_fields):
        kept = [label for label in example.fields if rng.random() < recipe.keep_field]
        parts = [kept[i] for i in rng.permutation(len(kept))] or [example.fields[rng.integers(len(example.fields))]]
    else:
        parts = [example.queries[rng.integers(len(example.queries))]]
    text = FIELD_SEPARATOR.join(parts)
    return Text(drop_words(text, recipe.drop_word, rng), frozenset(map(normalise, parts)))


def drop_words(text: str, probability: float, rng: np.random.Generator) -> str:
    """`text` with each word (each character, without spaces) left out with `probability`; never all of them."""
    parts, joint = (text.split(), " ") if " " in text else (list(text), "")
    kept = [part for part in parts if rng.random() >= probability]
    return joint.join(kept) if kept else text


def fits(examples: Sequence[Example], texts: Sequence[Text]) -> Tensor:
    """bool [len(examples), len(texts)]: which text fits which sticker, and so is no negative for it."""
    known = [frozenset(map(normalise, (*example.queries, *example.fields))) for example in examples]
    return torch.tensor([[text.says <= own for text in texts] for own in known])


class _Pictures:
    """The stickers' key frames in memory as bytes, and the image tower over a batch of them."""

    def __init__(self, clip: Clip, examples: Sequence[Example]) -> None:
        self._clip = clip
        spec = clip.image
        self._frames = [_bytes(example.sticker, spec.size) for example in examples]
        self._unchanging: Tensor | None = None
        self._mean, self._std = (torch.tensor(part)[None, :, None, None] for part in (spec.mean, spec.std))

    def encode(self, chosen: Sequence[int], recipe: Recipe, rng: np.random.Generator) -> Tensor:
        """Unit vectors [len(chosen), d]: frames averaged after projection, before normalisation."""
        if not recipe.freeze_vision or recipe.augment or recipe.one_frame:
            return self._encode(chosen, recipe, rng)
        if self._unchanging is None:
            everything = range(len(self._frames))
            parts = [everything[i : i + recipe.batch] for i in range(0, len(everything), recipe.batch)]
            self._unchanging = torch.cat([self._encode(part, recipe, rng) for part in parts])
        return self._unchanging[list(chosen)]

    def _encode(self, chosen: Sequence[int], recipe: Recipe, rng: np.random.Generator) -> Tensor:
        frames = [self._frames[i] for i in chosen]
        if recipe.one_frame:
            frames = [part[[rng.integers(len(part))]] for part in frames]
        pixels = torch.from_numpy(np.concatenate(frames)).permute(0, 3, 1, 2).float() / 255
        pixels = _moved(pixels, recipe.augment, rng) if recipe.augment else pixels
        outputs: Tensor = self._clip.model.encode_image((pixels - self._mean) / self._std)  # type: ignore[operator]
        parts = torch.split(outputs, [len(part) for part in frames])
        return F.normalize(torch.stack([part.mean(0) for part in parts]), dim=-1)


def _bytes(sticker: Source, size: int) -> NDArray[np.uint8]:
    return np.stack([np.asarray(frame.resize((size, size), 3)) for frame in key_frames(sticker)])


def _moved(pixels: Tensor, strength: float, rng: np.random.Generator) -> Tensor:
    """Each picture turned, scaled and shifted a little; the white around it goes on."""
    n = len(pixels)
    turn, zoom, right, down = (torch.tensor(rng.uniform(-1, 1, n), dtype=torch.float32) * strength for _ in range(4))
    angle, scale = turn * math.radians(12), 1 + 0.15 * zoom
    cos, sin = angle.cos() * scale, angle.sin() * scale
    rows = torch.stack([cos, -sin, 0.16 * right, sin, cos, 0.16 * down], dim=1).view(n, 2, 3)
    grid = F.affine_grid(rows, list(pixels.shape), align_corners=False)
    return F.grid_sample(pixels, grid, padding_mode="border", align_corners=False)


def _groups(model: torch.nn.Module, recipe: Recipe) -> list[dict[str, Any]]:
    """Weight decay on matrices alone: not on biases, norms, or the temperature."""
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    return [
        {"params": [p for p in trained if p.ndim >= 2], "weight_decay": recipe.weight_decay},
        {"params": [p for p in trained if p.ndim < 2], "weight_decay": 0.0},
    ]


def _save(path: Path, clip: Clip, optimizer: torch.optim.Optimizer, recipe: Recipe, step: int) -> None:
    state = {"recipe": asdict(recipe), "step": step, "name": clip.name, "provenance": clip.provenance}
    state |= {"model": clip.model.state_dict(), "optimizer": optimizer.state_dict()}
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".partial")
    torch.save(state, temporary)
    os.replace(temporary, path)


def _resume(path: Path | None, clip: Clip, optimizer: torch.optim.Optimizer, recipe: Recipe) -> Progress:
    if path is None or not path.exists():
        return Progress()
    state = torch.load(path, map_location="cpu", weights_only=True)
    if state["recipe"] != asdict(recipe):
        raise TrainingError(f"{path}: a run with another recipe; move it away to start anew")
    clip.model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    log.info("going on from %s at step %d", path, state["step"])
    return Progress(step=state["step"])
