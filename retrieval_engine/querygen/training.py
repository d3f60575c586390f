"""Carry out a run of the query generator: a release in, a bundle and a report out."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import torch

from ..bundle import BundleError
from ..text_agreement import Measure
from ..training import release
from ..training.devices import choose, describe, forget_freed
from ..training.figures import Report
from ..training.loop import fit
from ..training.processes import World
from ..training.run import BUNDLE, CHECKPOINT, REPORT, Order, Refused, Reporter
from ..transformer import measures_with
from . import data, methods
from .bench import WRITTEN, Bench
from .data import Example, Strips
from .learner import WriterLearner
from .loading import adapt, learns_all, load
from .model import VisionLanguage
from .publishing import publish
from .recipe import RECIPE, GeneratorSettings
from .validating import Validation

PICTURES: Final = "pictures"


def carry_out(order: Order, report: Reporter) -> None:
    """Train, judge and publish as the order says, or go on with it. In several processes all train, and the first one
    judges and publishes. Raises `Refused`, `Stopped`, `Diverged`."""
    device = choose(order.device)
    world = World.join(device)
    try:
        _Run(order, report, device, world).train()
    finally:
        world.leave()


def evaluate(order: Order, report: Reporter) -> None:
    """Judge the model that the order's base names as it is. Raises `Refused`, `Stopped`."""
    _Run(order, report, choose(order.device), World()).judge_base()


class _Run:
    def __init__(self, order: Order, report: Reporter, device: torch.device, world: World) -> None:
        self._order, self._report, self._device, self._world = order, report, device, world
        self._settings: GeneratorSettings = RECIPE.checked(order.settings)
        self._measures = _measures(self._settings)
        report.phase("preparing")
        self._everybody = release.read(order)
        self._languages = data.languages(self._everybody, self._settings.languages)
        self._held = self._base()

    def train(self) -> None:
        """From the base to a published generator."""
        self._caption()
        self._fit()
        if self._world.is_first:
            self._publish(self._judge())
            for folder in (CHECKPOINT, WRITTEN, PICTURES):
                shutil.rmtree(self._report.folder / folder, ignore_errors=True)

    def judge_base(self) -> None:
        """What the base is worth as it is."""
        self._tell_facts({})
        self._caption()
        self._judge()

    # --- training ---

    def _base(self) -> VisionLanguage:
        """The model to start from."""
        texts = data.texts(data.examples(self._everybody, self._languages, "train"))
        base, four_bit = self._order.base or RECIPE.default_base, self._settings.four_bit
        return load(base, self._device, texts=texts, seed=self._order.seed, four_bit=four_bit)

    @cached_property
    def _strips(self) -> Strips:
        path = self._report.folder / PICTURES / f"{self._world.rank}.npy"
        return Strips(path, self._everybody, data.side_of(self._held.processor), self._report)

    @cached_property
    def _stickers(self) -> list[release.Sticker]:
        """Those whose pictures can be read."""
        return [sticker for sticker in self._everybody if sticker.id not in self._strips.broken]

    @cached_property
    def _bench(self) -> Bench:
        seed = self._order.seed
        return Bench(self._stickers, self._languages, self._strips, self._settings, seed, self._report)

    def _fit(self) -> None:
        learned, validated = (data.examples(self._stickers, self._languages, part) for part in ("train", "validation"))
        if not learned:
            raise Refused("The release has no sticker to learn from: none on the training side of its split.")
        adapt(self._held, self._settings)
        validation = self._validation(validated)
        learner = WriterLearner(
            self._held, learned, validation, self._strips, self._settings, self._order.seed, self._world
        )
        kind = "everything" if learns_all(self._settings, self._held.base) else "lora"
        n_trainable = sum(weights.numel() for weights in learner.trained())
        self._tell_facts({"learns": kind, "n_trainable": n_trainable, "n_examples": len(learned)})
        plan = learner.plan()
        self._report.phase("training", plan.n_steps)
        with learner:
            fit(learner, plan, self._report, world=self._world)

    def _validation(self, examples: list[Example]) -> Validation | None:
        if not examples:
            self._report.warn("No validation stickers: the last weights are kept, whatever they are worth.")
            return None
        return Validation(self._held, examples, self._strips, self._settings, self._order.seed)

    def _tell_facts(self, more: dict[str, Any]) -> None:
        facts = {
            "device": describe(self._device, self._held.dtype, self._world.size),
            "base": self._held.base,
            "languages": self._languages,
            "n_weights": sum(weights.numel() for weights in self._held.model.parameters()),
            "n_stickers": len(self._stickers),
            "n_unreadable": len(self._strips.broken),
            "n_judged": {language: len(judged) for language, judged in self._bench.judged.items()},
        }
        self._report.facts(facts | more)

    # --- judging ---

    def _caption(self) -> None:
        """Before all else, so that a model that is not there is known at once."""
        if self._settings.caption_model and self._world.is_first:
            self._bench.caption(self._settings.caption_model, self._device)

    def _judge(self) -> Report:
        """All methods write for the test stickers, one model after another."""
        self._bench.write(methods.TRAINED, self._held)
        if self._settings.untrained and not self._order.evaluate:
            with self._untrained() as base:
                self._bench.write(methods.UNTRAINED, base)
        if self._order.generator:
            with self._set_aside():
                self._write_live()
        found = self._bench.judge(self._measures)
        found.write(self._report.folder / REPORT)
        return found

    @contextmanager
    def _untrained(self) -> Iterator[VisionLanguage]:
        if not hasattr(self._held.model, "disable_adapter"):
            yield self._base()
            return
        with self._held.model.disable_adapter():
            yield self._held

    @contextmanager
    def _set_aside(self) -> Iterator[None]:
        """Make room on the device for other models."""
        if not self._settings.four_bit:
            self._held.model.to("cpu")
            forget_freed(self._device)
        yield
        if not self._settings.four_bit:
            self._held.model.to(self._device)

    def _write_live(self) -> None:
        try:
            self._bench.write(methods.LIVE, load(self._order.generator, self._device))
        except Refused as refusal:
            self._report.warn(f"The live generator is not compared with. {refusal}")

    # --- publishing ---

    def _publish(self, found: Report) -> None:
        self._report.phase("publishing")
        run = self._report.folder
        publish(
            self._held,
            run / BUNDLE,
            name=f"{RECIPE.name}-{run.name}",
            languages=self._languages,
            lineage=self._lineage(),
            metrics=found,
        )

    def _lineage(self) -> dict[str, Any]:
        manifest = json.loads((Path(self._order.release) / release.MANIFEST).read_text(encoding="utf-8"))
        frozen = {key: manifest.get(key) for key in ("number", "title", "watermark_at")}
        order = {"run": self._report.folder.name, "recipe": self._order.recipe, "settings": asdict(self._settings)}
        return {**order, "base": self._held.base, "seed": self._order.seed, "release": frozen}


def _measures(settings: GeneratorSettings) -> list[Measure]:
    """What can be measured with the weights that are given. Raises `Refused` where they cannot be opened."""
    if not settings.text_encoder:
        return []
    try:
        return measures_with(Path(settings.text_encoder))
    except (OSError, ValueError, BundleError) as error:
        raise Refused(f"The text encoder cannot be opened: {error}") from error
