"""What some models learn before they learn to answer: PBR's teacher of emotions, and StickerLLM's towers.

Both learn of stickers and not of conversations, so each sticker stands for a use with nothing before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import torch
from torch import Tensor

from ...training.run import Reporter
from ..bases.towers import Joint
from ..data import wording
from ..data.conversations import Sticker, Use
from ..models.clip import ContextClip
from ..models.emotions import Anchors, EmotionTeacher, anchors_of
from ..models.learning import fit_dialogue
from ..settings import ClipSettings, PbrSettings, StickerLlmSettings, Training
from .material import Material

TEACHER, TOWERS = "teacher", "towers"
"""Names of these trainings, by which their checkpoints and curves are told from the model's own."""
LEAST_LABELLED: Final = 16
"""Stickers whose emotion people agree on, without which there is no teacher; of two emotions at least."""
RATE: Final = 2e-3
BATCH: Final = 32


class Teacher:
    """PBR's teacher. It is tried on the labelled stickers that only judged conversations end with, and learns from all
    others that are labelled; its anchors come from those it learned from."""

    def __init__(self, found: Material, seed: int) -> None:
        self._gallery, self._seed = found.gallery, seed
        judged = {use.gold for use in (*found.validation, *found.test)} - {use.gold for use in found.view.of("train")}
        labelled = [place for place, sticker in enumerate(self._gallery.stickers) if sticker.emotion]
        self._learned = [place for place in labelled if self._gallery.stickers[place].id not in judged]
        self._held_out = [place for place in labelled if self._gallery.stickers[place].id in judged]

    @property
    def problem(self) -> str:
        """Why there can be none; empty when there can."""
        n, emotions = len(self._learned), {sticker.emotion for sticker in self._gallery.of(self._learned)}
        if n < LEAST_LABELLED:
            return f"{n} stickers to learn from have an emotion that people agree on, of {LEAST_LABELLED} needed"
        if len(emotions) < 2:
            return "all stickers to learn from have the same emotion"
        return ""

    def taught(self, joint: Joint, settings: PbrSettings, report: Reporter) -> tuple[Anchors, dict[str, Any]]:
        """Its anchors, and what is to be told of it. Raises `Stopped`, `Diverged`."""
        torch.manual_seed(self._seed)
        teacher = EmotionTeacher(self._gallery, joint).to(joint.device)
        uses = [_use(sticker) for sticker in self._gallery.of(self._learned)]
        fit_dialogue(teacher, uses, _plan(settings, settings.teacher_epochs), report, seed=self._seed, name=TEACHER)
        anchors = anchors_of(teacher, self._learned, settings.anchors, settings.teacher_temperature, self._seed)
        told: dict[str, Any] = {"n_labelled": len(self._learned), "n_anchors": len(anchors.centres)}
        told["teacher_entropy"] = round(anchors.entropy, 4) if len(anchors.centres) > 1 else 0.0
        if self._held_out:
            told["teacher_accuracy"] = round(teacher.accuracy(self._held_out), 4)
        return anchors, told


def _plan(settings: Training, epochs: int) -> ClipSettings:
    return ClipSettings(
        epochs=epochs, batch=BATCH, learning_rate=RATE, part=settings.part, save_every=settings.save_every,
        tower_rate=settings.tower_rate, length=48, n_turns=1,
    )  # fmt: skip


def _use(sticker: Sticker, words: str = "") -> Use:
    """A sticker as if it had been sent beside these words."""
    return Use(f"of/{sticker.id}", "", "", "", "train", "", (), sticker.id, words)


class DescribedClip(ContextClip):
    """The two towers, learning from words that describe stickers instead of words that call for them."""

    def heard(self, uses: Sequence[Use]) -> Tensor:
        """[n, d] of length 1: the words, which nobody says."""
        return self.joint.vectors_of([use.own_text for use in uses], self.settings.length)


def fit_towers(joint: Joint, found: Material, settings: StickerLlmSettings, report: Reporter, seed: int) -> None:
    """Let the towers learn what people typed for stickers, and say of them, and were answered by stickers on the
    training side; of the first two no judged conversation is part. Raises `Stopped`, `Diverged`."""
    uses = list(_described(found))
    plan = _plan(settings, settings.towers_epochs)
    fit_dialogue(DescribedClip(found.gallery, joint, plan), uses, plan, report, seed=seed, name=TOWERS)
    report.facts({"n_descriptions": len(uses)})


def _described(found: Material) -> Iterator[Use]:
    for sticker in found.gallery.stickers:
        told = dict.fromkeys((*sticker.queries, sticker.printed_text, wording.described(sticker)))
        yield from (_use(sticker, text) for text in told if text)
    stickers = found.gallery.conversations
    yield from (_use(stickers[use.gold], use.last_words) for use in found.view.of("train"))
