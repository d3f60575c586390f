"""Queries for stickers, from a published generator.

    generator = Generator.open(Path("bundles/queries"))
    generator.generate([Path("panda.webp")], "en", 8)  # [[Generated("happy tears", -0.31), ...]]

A sticker's queries are read off the most likely answer and some drawn at random. Each is then scored by itself, as the
first of an answer: orders were shuffled in training, so the first place is a draw from all of a sticker's queries, and
scores of different queries can be compared.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import torch
from PIL import Image

from ..frames import Source
from ..training.devices import choose, forget_freed, ran_out
from . import bundle, wording
from .data import side_of
from .loading import load_bundle
from .model import IGNORED, VisionLanguage, of_labels
from .pictures import strip

TEMPERATURE: Final = 0.8
TOP_P: Final = 0.9
TOKENS: Final = 16
"""Of an answer, for each query that is wanted: twice what one takes."""
ROUNDS: Final = 2
"""Times that answers are drawn while a sticker has too few queries."""
SCORED: Final = 16
"""Queries that are scored at once."""


@dataclass(frozen=True, slots=True)
class Generated:
    """A query, and the mean log-probability (nats) of its tokens as the first query of an answer."""

    text: str
    log_probability: float


class Generator:
    """Writes queries. The same pictures in the same call with the same seed give the same queries on one device."""

    def __init__(self, held: VisionLanguage, *, languages: Sequence[str] = (), samples: int = 4, seed: int = 0) -> None:
        self.held, self._samples, self._seed = held, samples, seed
        self.languages = list(languages) or sorted(held.questions)
        self.side = side_of(held.processor)

    @classmethod
    def open(
        cls, folder: Path, *, device: str = "auto", four_bit: bool = False, samples: int = 4, seed: int = 0
    ) -> Self:
        """The generator in a bundle's folder, whose checksums must hold. Raises `Refused`."""
        held = load_bundle(folder, choose(device), four_bit=four_bit)
        languages = bundle.read_manifest(folder, verify=False).languages
        return cls(held, languages=languages, samples=samples, seed=seed)

    def generate(self, pictures: Sequence[Source | Image.Image], language: str, n: int) -> list[list[Generated]]:
        """At most `n` distinct queries for each picture, the likeliest first, in the script of the language.

        All pictures go through the model at once, or in halves where memory is short. Raises `FrameError`.
        """
        seen = [picture if isinstance(picture, Image.Image) else strip(picture, self.side) for picture in pictures]
        return self._halving(seen, language, n)

    def score(self, picture: Source | Image.Image, language: str, texts: Sequence[str]) -> list[float]:
        """The mean log-probability of each text's tokens as the first query of an answer; -inf for an empty one."""
        seen = picture if isinstance(picture, Image.Image) else strip(picture, self.side)
        forms = [wording.form(text) for text in texts]
        with torch.inference_mode():
            scores = dict(
                zip(filter(None, forms), self._scores(seen, language, list(filter(None, forms))), strict=True)
            )
        return [scores.get(form, float("-inf")) for form in forms]

    def likeliest_answers(self, pictures: Sequence[Image.Image], language: str, n: int) -> list[list[str]]:
        """The queries, about `n`, of the likeliest answer to each picture, in the order in which they are written."""
        with torch.inference_mode():
            return next(self._rounds(pictures, language, n))

    def _halving(self, pictures: list[Image.Image], language: str, n: int) -> list[list[Generated]]:
        try:
            with torch.inference_mode(), torch.random.fork_rng(self._devices()):
                torch.manual_seed(self._seed)
                return self._generate(pictures, language, n)
        except (RuntimeError, MemoryError) as error:
            if not ran_out(error) or len(pictures) < 2:
                raise
        forget_freed(self.held.model.device)
        middle = len(pictures) // 2
        return self._halving(pictures[:middle], language, n) + self._halving(pictures[middle:], language, n)

    def _devices(self) -> list[torch.device]:
        device = self.held.model.device
        return [device] if device.type == "cuda" else []

    def _generate(self, pictures: list[Image.Image], language: str, n: int) -> list[list[Generated]]:
        found: list[dict[str, None]] = [{} for _ in pictures]
        for answers in self._rounds(pictures, language, n):
            for queries, answer in zip(found, answers, strict=True):
                queries |= dict.fromkeys(answer)
            if all(len(queries) >= n for queries in found):
                break
        return [
            self._likeliest(picture, language, wording.distinct(queries), n)
            for picture, queries in zip(pictures, found, strict=True)
        ]

    def _rounds(self, pictures: Sequence[Image.Image], language: str, n: int) -> Iterator[list[list[str]]]:
        fed = self.held.placed(self.held.prompts(pictures, [self.held.questions[language]] * len(pictures)))
        length = {"max_new_tokens": TOKENS * n}
        yield self._answers(fed, language, 1, do_sample=False, **length)
        for _ in range(ROUNDS if self._samples else 0):
            drawn = {"do_sample": True, "temperature": TEMPERATURE, "top_p": TOP_P, "top_k": 0}
            yield self._answers(fed, language, self._samples, **drawn, **length)

    def _answers(self, fed: dict[str, Any], language: str, each: int, **how: Any) -> list[list[str]]:
        """The queries of `each` answers to every prompt."""
        from transformers import GenerationConfig

        model, tokenizer = self.held.model, self.held.tokenizer
        ends = self._ends()
        how |= {"num_return_sequences": each, "pad_token_id": self.held.pad, "eos_token_id": sorted(ends)}
        with self.held.autocast():
            ids = model.generate(**fed, generation_config=GenerationConfig(**how))  # type: ignore[no-untyped-call]
        ids = ids[:, fed["input_ids"].shape[1] :]
        told = tokenizer.batch_decode(ids, skip_special_tokens=True)
        ended = [not ends.isdisjoint(row) for row in ids.tolist()]
        read = [wording.read(text, language, is_whole=whole) for text, whole in zip(told, ended, strict=True)]
        return [[query for part in read[start : start + each] for query in part] for start in range(0, len(read), each)]

    def _ends(self) -> set[int]:
        known = getattr(self.held.model.generation_config, "eos_token_id", None) or []
        return {self.held.tokenizer.eos_token_id, *(known if isinstance(known, list) else [known])}

    def _likeliest(self, picture: Image.Image, language: str, queries: list[str], n: int) -> list[Generated]:
        scored = [Generated(*pair) for pair in zip(queries, self._scores(picture, language, queries), strict=True)]
        return sorted(scored, key=lambda query: (-query.log_probability, query.text))[:n]

    def _scores(self, picture: Image.Image, language: str, queries: list[str]) -> list[float]:
        """The prompt goes through the model once; the queries go on from what it kept of it."""
        if not queries:
            return []
        fed = self.held.placed(self.held.prompts([picture], [self.held.questions[language]]))
        with self.held.autocast():
            begun = self.held.model(**fed, use_cache=True)
        parts = [queries[start : start + SCORED] for start in range(0, len(queries), SCORED)]
        return [score for part in parts for score in self._continued(fed["attention_mask"], begun, part)]

    def _continued(self, mask: torch.Tensor, begun: Any, queries: list[str]) -> list[float]:
        labels = self.held.labels(queries, ended=False).to(mask.device)
        real = labels != IGNORED
        cache = copy.deepcopy(begun.past_key_values)
        cache.batch_repeat_interleave(len(queries))
        with self.held.autocast():
            logits = self.held.model(
                input_ids=labels.where(real, self.held.pad),
                attention_mask=torch.cat([mask.expand(len(queries), -1), real.long()], dim=1),
                past_key_values=cache,
            ).logits
        first = begun.logits[:, -1:].expand(len(queries), -1, -1)
        log_p = of_labels(torch.cat([first, logits[:, :-1]], dim=1), labels)
        return [float(mean) for mean in log_p.sum(1) / real.sum(1)]
