"""Carry out a run of a model of conversations: a release in, a bundle and a report out."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import nn

from ...bundle import BundleError
from ...training.devices import choose, describe
from ...training.figures import Report
from ...training.recipes import recipes
from ...training.release import MANIFEST
from ...training.run import BUNDLE, CHECKPOINT, REPORT, Order, Refused, Reporter
from ..bases.lora import merge_lora
from ..data import wording
from ..data.conversations import Use
from ..data.gallery import Gallery, Places
from ..models.bm25 import LastUtteranceBm25
from ..models.clip import ContextClip
from ..models.emotions import Anchors
from ..models.learning import DialogueModel, fit_dialogue
from ..recipes import BASE
from ..settings import PbrSettings, StickerLlmSettings, Training
from ..telling import sources
from ..telling.providers import AT_ONCE, Kind, Provided
from . import judging, making, material, preparing
from .bundle import Manifest
from .evaluation import Score
from .judging import Method, of_model
from .loading import Opened, opened
from .making import Stand
from .material import FRAMES, Material
from .measures import Scores
from .publishing import publish

PROVIDED: Final = "provided.jsonl"
"""In the run's folder: what models said, so that a run that goes on does not ask again."""
LIVE_FRAMES: Final = "frames-live"


def carry_out(order: Order, report: Reporter) -> None:
    """Train, judge and publish as the order says, or go on with it. Raises `Refused`, `Stopped`, `Diverged`."""
    _Run(order, report).train()


def evaluate(order: Order, report: Reporter) -> None:
    """Judge the published model that the order's base names on the release. Raises `Refused`, `Stopped`."""
    _Run(order, report).judge_base()


class _Run:
    def __init__(self, order: Order, report: Reporter) -> None:
        self._order, self._report, self._folder = order, report, report.folder
        self._recipe = recipes()[order.recipe]
        self._settings: Training = self._recipe.checked(order.settings)
        self._device = choose(order.device)
        report.phase("preparing")
        self._notes: list[str] = []
        self._providers: list[dict[str, Any]] = []
        self._anchors: Anchors | None = None
        self._held, self._files = material.read(order, self._settings)
        self._told, self._writer = self._tellers(), self._who_writes()
        if attributes := self._told.get("attributes"):
            self._held = material.described(self._held, attributes, self._files)

    # --- what there is ---

    def _tellers(self) -> dict[Kind, Provided]:
        """Before anything is learned, so that a model that is not there is known at once."""
        pictures = material.digests(self._files) if getattr(self._settings, "attribute_model", "") else {}
        return making.tellers(self._settings, cache=self._folder / PROVIDED, device=self._order.device, files=pictures)

    def _who_writes(self) -> Provided:
        """Who writes what to search for, for the comparison with a language model."""
        named, device = self._settings.query_model, self._order.device
        return sources.provider("query", named, cache=self._folder / PROVIDED, device=device)

    def _stand(self) -> Stand:
        texts = wording.all_texts(self._held)
        try:
            on = making.stand(self._order.base, self._settings, texts, self._order.seed)
        except BundleError as error:
            raise Refused(f"{error}.") from error
        return on.to(self._device)

    def _prepare(self, size: int) -> Material:
        return Material.prepare(self._order.recipe, self._held, self._files, size, self._settings, self._report)

    # --- training ---

    def train(self) -> None:
        """From the base to a published model."""
        on = self._stand()
        found = self._prepare(on.joint.size)
        uses = found.to_learn_from()
        self._tell_facts(found)
        self._providers = material.asked(self._told, found.gallery.conversations, self._settings.n_turns, self._report)
        self._report.facts({"providers": self._providers})
        settings = self._settle(found)
        self._stand_firm(on, found)
        model = self._model(found.gallery, on, settings)
        self._fit_and_check(model, uses, settings, found)
        merge_lora(model)
        measured = judging.judge(
            self._order.recipe, found, self._methods(model, found, settings), self._said(), self._report
        )
        measured.write(self._folder / REPORT)
        self._publish(model, on, settings, found, measured)
        for folder in (CHECKPOINT, FRAMES, LIVE_FRAMES):
            shutil.rmtree(self._folder / folder, ignore_errors=True)

    def _model(self, gallery: Gallery, on: Stand, settings: Training) -> DialogueModel:
        made = making.make(gallery, on, settings, self._told, anchors=self._anchors, seed=self._order.seed)
        return made.to(self._device)

    def _settle(self, found: Material) -> Training:
        """The settings as they can be met with what there is, and what was changed, said."""
        settings, train = self._settings, found.to_learn_from()
        if getattr(settings, "intent_weight", 0) and not any(use.intent for use in train):
            self._warn("Nobody has said what a training sticker was meant for: the loss of the intent is left out.")
        if isinstance(settings, PbrSettings):
            settings = self._with_anchors(settings, found)
        if settings.lora and isinstance(settings, StickerLlmSettings):
            self._warn("StickerLLM keeps all that it stands on: LoRA is left out.")
        if not found.validation:
            self._warn("There are no validation conversations: all steps are taken, and the last weights are kept.")
        if len(train) < settings.batch:
            self._warn(f"There are too few conversations for a batch of {settings.batch}; it is {len(train)}.")
        return settings

    def _with_anchors(self, settings: PbrSettings, found: Material) -> PbrSettings:
        """Emotions are distilled where a teacher can be had, and else left out."""
        if not settings.emotions and settings.negatives != "sentiment":
            return settings
        teacher = preparing.Teacher(found, self._order.seed)
        if problem := teacher.problem:
            self._warn(f"Emotions are not distilled, and sentiment draws nothing: {problem}.")
            negatives = "semantic" if settings.negatives == "sentiment" else settings.negatives
            return replace(settings, emotions=0.0, negatives=negatives)
        self._anchors, told = teacher.taught(self._stand().joint, settings, self._report)
        self._report.facts(told)
        return settings

    def _stand_firm(self, on: Stand, found: Material) -> None:
        """StickerLLM's towers know stickers before they are frozen: pretrained ones do already, tiny ones learn it."""
        settings = self._settings
        if isinstance(settings, StickerLlmSettings) and settings.towers_epochs and not on.joint.is_pretrained:
            preparing.fit_towers(on.joint, found, settings, self._report, self._order.seed)

    def _fit_and_check(self, model: DialogueModel, uses: Sequence[Use], settings: Training, found: Material) -> None:
        """Train, and see that whatever was to stay as it is has stayed so to the bit."""
        sizes = {
            learns: sum(w.numel() for w in model.parameters() if w.requires_grad is learns) for learns in (True, False)
        }
        self._report.facts({"n_weights": sum(sizes.values()), "n_frozen": sizes[False]})
        kept = _digest(model)
        self._fit(model, uses, settings, found)
        if _digest(model) != kept:
            raise RuntimeError("Weights that were to stay as they are have changed.")
        if sizes[False]:
            self._report.log(f"{sizes[False]:,} weights that were to stay as they are have stayed so to the bit.")

    def _fit(self, model: DialogueModel, uses: Sequence[Use], settings: Training, found: Material) -> None:
        headline = judging.headline_of(self._order.recipe, found, settings.listed)
        measure = (lambda: judging.validated(model, found, headline)) if found.validation else None
        fitted = fit_dialogue(
            model, uses, settings, self._report, seed=self._order.seed, measure=measure, headline=headline
        )
        self._report.log(f"Trained {fitted.steps} steps; the weights are those after step {fitted.best_step}.")

    def _tell_facts(self, found: Material) -> None:
        facts = {"device": describe(self._device, torch.float32), "base": self._order.base or BASE}
        self._report.facts(facts | found.facts())

    def _warn(self, text: str) -> None:
        self._report.warn(text)
        self._notes.append(text)

    def _said(self) -> list[str]:
        return [*self._notes, *map(_in_words, self._providers)]

    # --- judging ---

    def judge_base(self) -> None:
        """What a published model is worth on the release."""
        try:
            held = opened(Path(self._order.base))
        except BundleError as error:
            raise Refused(f"{error}.") from error
        if held.manifest.recipe != self._order.recipe:
            known = self._recipe.title
            raise Refused(f"{self._order.base} was made by the recipe {held.manifest.recipe}, and is no {known}.")
        found = self._prepare(held.size)
        self._tell_facts(found)
        ours = of_model(judging.TRAINED, self._opened(held, found.gallery), self._report)
        others = (*self._words(found), *self._live(found))
        measured = judging.judge(self._order.recipe, found, (ours, *others), self._said(), self._report)
        measured.write(self._folder / REPORT)
        for folder in (FRAMES, LIVE_FRAMES):
            shutil.rmtree(self._folder / folder, ignore_errors=True)

    def _methods(self, model: DialogueModel, found: Material, settings: Training) -> Iterator[Method]:
        """The model, and what it stands beside; each is made when the one before it is done with."""
        yield of_model(judging.TRAINED, model, self._report)
        if self._settings.baselines:
            yield of_model(judging.UNTRAINED, self._model(found.gallery, self._stand(), settings), self._report)
            yield of_model(judging.CLIP, self._clip(found), self._report)
        yield from self._words(found)
        yield from self._live(found)

    def _clip(self, found: Material) -> DialogueModel:
        return ContextClip(found.gallery, self._stand().joint, self._settings).to(self._device)

    def _words(self, found: Material) -> Iterator[Method]:
        """What needs no towers: BM25 of what was said last, and of what a language model would search for."""
        if self._settings.baselines:
            yield Method(judging.BM25, _ranking(LastUtteranceBm25(found.gallery)))
        if self._settings.query_model:
            yield Method(judging.LLM_BM25, _ranking(LastUtteranceBm25(found.gallery, self._searched(found))))

    def _searched(self, found: Material) -> Callable[[Use], str]:
        """What a language model would search for, asked of it once for each conversation."""
        held, n_turns = found.gallery.conversations, self._settings.n_turns
        writer = self._writer
        written = dict[str, str]()
        for start in range(0, len(found.test), AT_ONCE):
            self._report.step(start, len(found.test), {})
            for use in found.test[start : start + AT_ONCE]:
                [value] = writer([wording.asked(use, held, n_turns)], use.language)
                written[use.id] = value.text
        self._notes.append(_in_words(writer.told()))
        return lambda use: written[use.id]

    def _live(self, found: Material) -> Iterator[Method]:
        if not self._order.dialogue:
            return
        try:
            held = opened(Path(self._order.dialogue))
            gallery = found.gallery
            if held.size != gallery.frames.pixels.shape[1]:
                place = self._folder / LIVE_FRAMES
                gallery = material.decoded(self._held, self._files, held.size, place, self._report)
            model = self._opened(held, gallery)
        except (BundleError, Refused) as problem:
            self._warn(f"The live model is not compared with: {str(problem).rstrip('.')}.")
            return
        yield of_model(judging.LIVE, model, self._report)

    def _opened(self, held: Opened, gallery: Gallery) -> DialogueModel:
        """A published model with its own providers, or their stubs where they are not here."""
        try:
            told = making.tellers(held.settings, cache=self._folder / PROVIDED, device=self._order.device)
        except Refused as refusal:
            self._warn(f"{held.manifest.name} answers without what it was told in training: {refusal}")
            told = {}
        return held.model(gallery, told=told, device=self._device)

    # --- publishing ---

    def _publish(self, model: DialogueModel, on: Stand, settings: Training, found: Material, measured: Report) -> None:
        self._report.phase("publishing")
        manifest = Manifest(
            name=f"{self._order.recipe}-{self._folder.name}",
            recipe=self._order.recipe,
            base=self._order.base or BASE,
            settings={},
            intents=list(found.gallery.conversations.intents),
            languages=sorted({use.language for use in found.view.uses}),
            providers=self._providers,
            lineage=self._lineage(),
            files={},
        )
        _whole, problem = publish(model, on, settings, self._folder / BUNDLE, manifest=manifest, metrics=measured)
        if problem:
            self._report.warn(f"Published without what answers conversations without torch: {problem}.")

    def _lineage(self) -> dict[str, Any]:
        manifest = json.loads((Path(self._order.release) / MANIFEST).read_text(encoding="utf-8"))
        frozen = {key: manifest.get(key) for key in ("number", "title", "watermark_at")}
        order = {"run": self._folder.name, "recipe": self._order.recipe, "settings": asdict(self._settings)}
        return {**order, "base": self._order.base or BASE, "seed": self._order.seed, "release": frozen}


def _ranking(words: LastUtteranceBm25) -> Score:
    def score(uses: Sequence[Use], places: Places | None) -> Scores:
        everything = np.arange(len(words.gallery))[None].repeat(len(uses), 0)
        found = words.scores(uses, everything if places is None else np.maximum(places, 0))
        return found if places is None else np.where(places >= 0, found, -np.inf)

    return score


def _digest(model: nn.Module) -> str:
    """SHA-256 of all weights that are not trained, in order of their names."""
    content = hashlib.sha256()
    for name, weights in model.named_parameters():
        if not weights.requires_grad:
            content.update(name.encode())
            content.update(weights.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().data)
    return content.hexdigest()


def _in_words(told: Mapping[str, Any]) -> str:
    """Who gave how many values of a kind: "knowledge: 12 by people, 300 by the stub nothing@1"."""
    names = {"person": "people", "model": told["provider"], "stub": f"the stub {told['provider']}"}
    counts = [f"{n} by {names.get(by, by)}" for by, n in told.items() if by not in ("kind", "provider")]
    return f"{told['kind']}: {', '.join(counts) or 'nothing was asked'}."
