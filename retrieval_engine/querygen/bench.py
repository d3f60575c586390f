"""The judged test stickers, and what each method writes for them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import torch

from ..text import normalise
from ..text_agreement import Measure
from ..training.figures import Report
from ..training.release import Sticker
from ..training.run import Reporter
from . import data, judging, methods
from .captions import captions
from .data import Example, Strips
from .generator import Generator
from .judging import Judged
from .model import VisionLanguage
from .recipe import GeneratorSettings

WRITTEN: Final = "written"
"""Folder of what models wrote, so that a run that goes on does not write it again."""


class Bench:
    """Has methods write for the stickers of the test side, in the languages of a run, and judges what they wrote."""

    def __init__(
        self,
        stickers: Sequence[Sticker],
        languages: Sequence[str],
        strips: Strips,
        settings: GeneratorSettings,
        seed: int,
        report: Reporter,
    ) -> None:
        self._stickers, self._strips, self._settings = stickers, strips, settings
        self._seed, self._report = seed, report
        self.judged = {language: self._chosen(language) for language in languages}
        self._written: dict[str, dict[str, methods.Lists]] = {language: {} for language in languages}

    def _chosen(self, language: str) -> list[Example]:
        """The test stickers of a language: all, or as many as are to be judged, drawn."""
        there = data.examples(self._stickers, [language], "test")
        order = np.random.default_rng((self._seed, 4)).permutation(len(there))
        return [there[place] for place in sorted(order[: self._settings.judged])]

    def write(self, method: str, held: VisionLanguage) -> None:
        """Have a model write for all judged stickers."""
        held.model.eval()
        generator = Generator(held, samples=self._settings.samples, seed=self._seed)
        self._report.phase("evaluating", sum(map(len, self.judged.values())))
        n_done = 0
        for language, judged in self.judged.items():
            path = self._path(method, language)
            self._written[language][method] = found = _kept(path)
            for start in range(0, len(judged), self._settings.part):
                some = judged[start : start + self._settings.part]
                found |= self._lists(generator, language, [e for e in some if e.sticker.id not in found])
                _keep(path, found)
                n_done += len(some)
                self._report.step(n_done, sum(map(len, self.judged.values())), {})

    def _lists(self, generator: Generator, language: str, some: Sequence[Example]) -> dict[str, list[str]]:
        pictures = self._strips.of(example.sticker for example in some)
        lists = generator.generate(pictures, language, self._settings.written) if some else []
        return {example.sticker.id: [q.text for q in own] for example, own in zip(some, lists, strict=True)}

    def caption(self, model: str, device: torch.device) -> None:
        """Have a captioning model describe all judged stickers."""
        for language, judged in self.judged.items():
            path = self._path(methods.CAPTION, language)
            if found := _kept(path):
                self._written[language][methods.CAPTION] = found
                continue
            said = captions(model, self._strips.of(e.sticker for e in judged), device, self._settings.part)
            lists = {example.sticker.id: [text] for example, text in zip(judged, said, strict=True)}
            self._written[language][methods.CAPTION] = lists
            _keep(path, lists)

    def _path(self, method: str, language: str) -> Path:
        return self._report.folder / WRITTEN / f"{method}-{language}.json"

    def judge(self, measures: Sequence[Measure]) -> Report:
        """All figures of what was written, among them those of methods that need no model."""
        judged = [self._of(language) for language, examples in self.judged.items() if len(examples) > 1]
        few = [language for language, examples in self.judged.items() if len(examples) < 2]
        notes = [f"Not judged in {language}: fewer than two test stickers with a query." for language in few]
        if self._strips.broken:
            notes.append(f"Left out for want of a picture that can be read: {len(self._strips.broken)} stickers.")
        return judging.report(judged, notes, measures)

    def _of(self, language: str) -> Judged:
        judged, learned = self.judged[language], data.examples(self._stickers, [language], "train")
        written = methods.without_a_model(judged, learned, self._settings.written) | self._written[language]
        if methods.TRAINED in written:
            written[methods.SHUFFLED] = methods.shuffled(written[methods.TRAINED])
        others = [*learned, *data.examples(self._stickers, [language], "validation")]
        frequency = Counter(normalise(query) for example in learned for query in example.queries)
        typed = {example.sticker.id: example.queries for example in others}
        return Judged(language, judged, written, typed, frequency)


def _kept(path: Path) -> dict[str, list[str]]:
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}


def _keep(path: Path, lists: methods.Lists) -> None:
    path.parent.mkdir(exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(lists, ensure_ascii=False), encoding="utf-8")
    partial.replace(path)
