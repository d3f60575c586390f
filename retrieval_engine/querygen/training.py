"""Fine-tune a vision-language model to write what people type, judge it, and publish it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import torch

from ..bundle import BundleError
from ..text_agreement import Measure
from ..training import release
from ..training.devices import choose, describe
from ..training.figures import Report
from ..training.loop import Fitted, fit
from ..training.processes import World
from ..training.run import BUNDLE, REPORT, Order, Refused, Reporter
from ..transformer import measures_with
from . import data, methods
from .bench import Bench
from .data import Strips
from .learner import WriterLearner
from .loading import adapt, learns_all, load
from .publishing import publish
from .recipe import RECIPE, GeneratorSettings

PICTURES: Final = "pictures.npy"


def carry_out(order: Order, report: Reporter) -> None:
    """Train, judge and publish as the order says. Raises `Refused`, `Stopped`, `Diverged`."""
    device = choose(order.device)
    world = World.join(device)
    try:
        _Run(order, report, device, world).train()
    finally:
        world.leave()


def evaluate(order: Order, report: Reporter) -> None:
    """Judge the generator in the bundle `order.base`. Raises `Refused`, `Stopped`."""
    _Run(order, report, choose(order.device), World()).judge()


class _Run:
    def __init__(self, order: Order, report: Reporter, device: torch.device, world: World) -> None:
        self._order, self._report, self._device, self._world = order, report, device, world
        self._settings: GeneratorSettings = RECIPE.checked(order.settings)
        self._measures = _measures(self._settings)
        report.phase("preparing")
        everybody = release.read(order)
        self._languages = data.languages(everybody, self._settings.languages)
        texts = data.texts(data.examples(everybody, self._languages, "train"))
        base, four_bit = order.base or RECIPE.default_base, self._settings.four_bit
        self._held = load(base, device, texts=texts, seed=order.seed, four_bit=four_bit)
        self._pictures = report.folder / f"{world.rank}-{PICTURES}"
        self._strips = Strips(self._pictures, everybody, data.side_of(self._held.processor), report)
        self._stickers = [sticker for sticker in everybody if sticker.id not in self._strips.broken]
        self._bench = Bench(self._stickers, self._languages, self._strips, self._settings, order.seed, report)

    def train(self) -> None:
        """From the base to a published generator."""
        if self._world.is_first:
            if self._settings.untrained:
                self._bench.write(methods.UNTRAINED, self._held, "preparing")
            self._write_beside()
        fitted = self._fit()
        if self._world.is_first:
            found = self._judge()
            self._report.phase("publishing")
            self._publish(fitted, found)
        self._pictures.unlink()

    def judge(self) -> None:
        """What the base is worth as it is."""
        self._tell_facts({})
        self._write_beside()
        self._judge()
        self._pictures.unlink()

    def _write_beside(self) -> None:
        """What the live generator and the captioning model write."""
        if self._order.generator:
            self._bench.write(methods.LIVE, load(self._order.generator, self._device), "preparing")
        if self._settings.caption_model:
            self._bench.caption(self._settings.caption_model, self._device)

    def _fit(self) -> Fitted:
        settings, held, seed = self._settings, self._held, self._order.seed
        learned, validated = (data.examples(self._stickers, self._languages, part) for part in ("train", "validation"))
        if not learned:
            raise Refused("The release has no sticker to learn from: none on the training side of its split.")
        if not validated:
            self._report.warn("No validation stickers: the last weights are kept, whatever they are worth.")
        adapt(held, settings)
        learner = WriterLearner(held, learned, validated, self._strips, settings, seed, self._world)
        kind = "everything" if learns_all(settings, held.base) else "lora"
        n_trainable = sum(weights.numel() for weights in learner.trained())
        self._tell_facts({"learns": kind, "n_trainable": n_trainable, "n_examples": len(learned)})
        plan = learner.plan()
        self._report.phase("training", plan.n_steps)
        with learner:
            return fit(learner, plan, self._report, world=self._world)

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

    def _judge(self) -> Report:
        self._bench.write(methods.TRAINED, self._held, "evaluating")
        broken = len(self._strips.broken)
        notes = [f"{broken} stickers whose pictures cannot be read were left out."] if broken else []
        found = self._bench.judge(self._measures, notes)
        found.write(self._report.folder / REPORT)
        return found

    def _publish(self, fitted: Fitted, found: Report) -> None:
        order, run = self._order, self._report.folder
        headline = found.find(*found.headline)
        lineage = {"recipe": RECIPE.name, "run": run.name, "release": Path(order.release).name, "seed": order.seed}
        lineage |= {"steps": fitted.steps, "best_step": fitted.best_step, "settings": order.settings}
        publish(
            self._held,
            run / BUNDLE,
            name=f"{RECIPE.name}-{run.name}",
            languages=self._languages,
            lineage=lineage,
            metrics={"headline": list(found.headline), "value": headline.value if headline else None},
        )


def _measures(settings: GeneratorSettings) -> list[Measure]:
    """What can be measured with the weights that are given. Raises `Refused` where they cannot be opened."""
    if not settings.text_encoder:
        return []
    try:
        return measures_with(Path(settings.text_encoder))
    except (OSError, ValueError, BundleError) as error:
        raise Refused(f"The text encoder cannot be opened: {error}") from error
