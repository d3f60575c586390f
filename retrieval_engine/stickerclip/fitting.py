"""Train a CLIP on stickers: the learner, the plan, and what is measured on the way."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
import torch

from ..encoder import Clip
from ..metrics import Places
from ..training.loop import Fitted, Plan, fit
from ..training.processes import ALONE, World
from ..training.release import Sticker
from ..training.run import Refused, Reporter
from .batches import Batches
from .encoding import Towers
from .evaluation import HUMAN, asked_of
from .learner import ClipLearner
from .material import Material
from .recipe import ClipSettings

N_VALIDATED: Final = 5_000
"""Validation queries that are asked at most."""


def fit_clip(
    towers: Towers,
    material: Material,
    settings: ClipSettings,
    report: Reporter,
    *,
    seed: int = 0,
    world: World = ALONE,
    name: str = "",
) -> Fitted:
    """Train `towers` in place on the material's training stickers, or go on with it; see `training.loop.fit`. The best
    weights by validation queries are kept, the last where there are none. Raises `Refused` for too few stickers."""
    train = material.of("train")
    if len(train) < max(2, world.size):
        raise Refused("There are fewer than two training stickers with a picture and a proven query.")
    batches = Batches([material.stickers[place] for place in train], settings, seed, world)
    learner = ClipLearner(
        towers, batches, material.frames, [material.places[place] for place in train], settings,
        seed=seed, world=world, measure=lambda: _validation(towers, material),
    )  # fmt: skip
    plan = _plan(settings, batches.size, can_validate=bool(material.of("validation")))
    _warn(plan, settings, towers, report, world)
    report.facts({"n_trainable": sum(weights.numel() for weights in learner.trained())})
    report.phase("training", settings.steps)
    fitted = fit(learner, plan, report, world=world, name=name)
    towers.model.eval()
    report.log(f"Trained {fitted.steps} steps; the weights are those after step {fitted.best_step}.")
    return fitted


def _plan(settings: ClipSettings, batch: int, *, can_validate: bool) -> Plan:
    return Plan(
        n_steps=settings.steps, batch=batch, part=settings.part, learning_rate=settings.learning_rate,
        weight_decay=settings.weight_decay, warm_up=settings.warm_up, max_norm=settings.max_norm,
        save_every=settings.save_every, validate_every=settings.validate_every if can_validate else 0,
        patience=settings.patience, headline="validation/mrr",
    )  # fmt: skip


def _warn(plan: Plan, settings: ClipSettings, towers: Towers, report: Reporter, world: World) -> None:
    """What will be other than the settings say."""
    if plan.batch < settings.batch:
        report.warn(f"There are too few training stickers for a batch of {settings.batch}; it is {plan.batch}.")
    if not plan.validate_every:
        report.warn("There are no validation stickers: all steps are taken, and the last weights are kept.")
    norms = (torch.nn.BatchNorm1d, torch.nn.BatchNorm2d)
    normalises = not settings.freeze_vision and any(isinstance(part, norms) for part in towers.model.modules())
    if normalises and min(plan.part, plan.batch // world.size) < plan.batch:
        report.warn("The model normalises over all that goes through it at once, which is a part of the batch.")


def _validation(towers: Towers, material: Material) -> Mapping[str, float]:
    """How validation queries find their stickers among the validation stickers."""
    gallery = material.of("validation")
    asked = asked_of(material.stickers, gallery, HUMAN)[:N_VALIDATED]
    column = {place: at for at, place in enumerate(gallery)}
    relevant = np.array([column[each.sticker] for each in asked])
    vectors = towers.encode_texts([each.text for each in asked])
    places = Places.by(vectors @ material.vectors(towers, gallery).T, relevant)
    recall = {f"validation/recall_at_{k}": float(places.hits(k).mean()) for k in (1, 10)}
    return {"validation/mrr": float(places.reciprocal_ranks().mean()), **recall}


def train(
    clip: Clip, stickers: list[Sticker], settings: ClipSettings, folder: Path, *, seed: int = 0, name: str = ""
) -> Fitted:
    """Train `clip` in place where it is, its run kept in `folder`; what is found there is gone on with."""
    with Reporter(folder) as report:
        material = Material.prepare(stickers, clip.image.size, report, ALONE)
        return fit_clip(Towers(clip), material, settings, report, seed=seed, name=name)
