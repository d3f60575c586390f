"""What a generator is worth on the validation stickers while it learns: the loss, and whether its queries find them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import torch

from . import wording
from .data import Example, Strips
from .generator import Generator
from .model import IGNORED, VisionLanguage
from .recipe import GeneratorSettings
from .retrieval import METRICS, Asked, Gallery, measure

HEADLINE: Final = "validation/mrr"
"""As in the report: the likeliest answer is a sticker's document, people's queries are searched."""


class Validation:
    """At most `validated` stickers of each language."""

    def __init__(
        self,
        held: VisionLanguage,
        examples: Sequence[Example],
        strips: Strips,
        settings: GeneratorSettings,
        seed: int,
    ) -> None:
        self._held, self._strips, self._seed = held, strips, seed
        self._part, self._n, most = settings.part, settings.written, settings.validated
        self._by_language = {
            language: [example for example in examples if example.language == language][:most]
            for language in sorted({example.language for example in examples})
        }

    def __call__(self) -> Mapping[str, float]:
        """The mean of -log p over the answers' tokens, and over stickers the reciprocal rank and recall at 10."""
        self._held.model.eval()
        found = np.concatenate([self._retrieved(*row) for row in self._by_language.items()]).mean(axis=0)
        values = dict(zip(METRICS, found.tolist(), strict=True))
        told = {f"validation/{name}": values[name] for name in ("mrr", "recall_at_10")}
        return {"validation/loss": self._loss(), **told}

    def _retrieved(self, language: str, examples: Sequence[Example]) -> np.ndarray:
        generator, written = Generator(self._held), dict[str, list[str]]()
        for some in self._parts(examples):
            lists = generator.likeliest_answers(self._strips.of(e.sticker for e in some), language, self._n)
            written |= {example.sticker.id: own for example, own in zip(some, lists, strict=True)}
        asked = [
            Asked(query, example.sticker.id, frozenset({example.sticker.id}))
            for example in examples
            for query in example.queries
        ]
        return measure(Gallery(written), asked).by_sticker

    def _loss(self) -> float:
        total, n_tokens, rng = 0.0, 0, np.random.default_rng((self._seed, 3))
        for some in self._parts([example for own in self._by_language.values() for example in own]):
            answers = [wording.answer(example.queries, example.weights, len(example.queries), rng) for example in some]
            labels = self._held.labels(answers, ended=True)
            prompts = [self._held.questions[example.language] for example in some]
            with torch.inference_mode():
                fed = self._held.prompts(self._strips.of(example.sticker for example in some), prompts)
                total -= float(self._held.log_probabilities(fed, labels).sum())
            n_tokens += int((labels != IGNORED).sum())
        return total / n_tokens

    def _parts(self, examples: Sequence[Example]) -> list[Sequence[Example]]:
        return [examples[start : start + self._part] for start in range(0, len(examples), self._part)]
