"""What the training loop is told about a query generator: its examples, its loss, and how it is validated."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

import numpy as np
import torch
from torch import Tensor

from ..training.loop import Plan
from ..training.processes import ALONE, World
from . import wording
from .data import Example, Strips
from .model import IGNORED, Batch, VisionLanguage
from .recipe import GeneratorSettings
from .validating import HEADLINE, Validation

Part = tuple[Batch, Tensor]


class WriterLearner:
    """The model and what it learns from. The loss is the mean of -log p over the answers' tokens of a whole batch, so
    that it does not hang on the parts in which the batch is taken. (StickerQueries, section 6.)"""

    def __init__(
        self,
        held: VisionLanguage,
        learned: Sequence[Example],
        validation: Validation | None,
        strips: Strips,
        settings: GeneratorSettings,
        seed: int,
        world: World = ALONE,
    ) -> None:
        self._held, self._learned, self._validation, self._strips = held, learned, validation, strips
        self._settings, self._seed, self._world = settings, seed, world
        self._named = [(name, weights) for name, weights in held.model.named_parameters() if weights.requires_grad]
        self._reader = ThreadPoolExecutor(1)
        self._coming: tuple[tuple[int, int], Future[list[Part]]] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reader.shutdown(cancel_futures=True)

    @property
    def device(self) -> torch.device:
        """Where it learns."""
        device: torch.device = self._held.model.device
        return device

    @property
    def steps_per_epoch(self) -> int:
        """Batches in a pass through the examples; the last may be smaller."""
        return math.ceil(len(self._learned) / self._settings.batch)

    def plan(self) -> Plan:
        """How to take the steps that the settings ask for."""
        settings = self._settings
        return Plan(
            n_steps=settings.epochs * self.steps_per_epoch,
            batch=min(settings.batch, len(self._learned)),
            part=settings.part,
            learning_rate=settings.learning_rate,
            weight_decay=settings.weight_decay,
            warm_up=settings.warm_up,
            max_norm=settings.max_norm,
            save_every=settings.save_every,
            validate_every=self.steps_per_epoch if self._validation else 0,
            patience=settings.patience,
            headline=HEADLINE,
        )

    def trained(self) -> list[torch.nn.Parameter]:
        """The parameters that learn."""
        return [weights for _, weights in self._named]

    def learn(self, step: int, part: int) -> Mapping[str, float]:
        """Add the gradient of the batch of `step`, in parts of `part` examples."""
        self._held.model.train()
        torch.manual_seed(int(np.random.default_rng((self._seed, 2, step, self._world.rank)).integers(2**31)))
        n_tokens, parts = self._n_tokens(step), self._parts(step, part)
        loss = torch.zeros((), device=self.device)
        for fed, labels in parts:
            part_loss = -self._held.log_probabilities(fed, labels).sum() / n_tokens
            part_loss.backward()  # type: ignore[no-untyped-call]
            loss += part_loss.detach()
        return {"loss": float(self._world.gather(loss[None]).sum()), "tokens": float(n_tokens)}

    def moved(self) -> None:
        """Nothing is to be put right after a step."""

    def validate(self) -> Mapping[str, float]:
        """What the model is worth on the validation stickers."""
        return self._validation() if self._validation else {}

    def learned(self) -> Mapping[str, Tensor]:
        """The weights that learn, by name."""
        return dict(self._named)

    def restore(self, learned: Mapping[str, Tensor]) -> None:
        """Take up what `learned` gave."""
        with torch.no_grad():
            for name, weights in self._named:
                weights.copy_(learned[name])

    # --- batches ---

    def _batch(self, step: int) -> tuple[list[Example], list[str]]:
        """The examples of a step and the answers drawn for them: every example once an epoch, in a new order."""
        epoch, place = divmod(step, self.steps_per_epoch)
        order = np.random.default_rng((self._seed, 0, epoch)).permutation(len(self._learned))
        size = self._settings.batch
        chosen = [self._learned[i] for i in order[place * size : (place + 1) * size]]
        return chosen, self._answers(chosen, np.random.default_rng((self._seed, 1, step)))

    def _answers(self, chosen: Sequence[Example], rng: np.random.Generator) -> list[str]:
        return [wording.answer(example.queries, example.weights, self._settings.most, rng) for example in chosen]

    def _n_tokens(self, step: int) -> int:
        _, answers = self._batch(step)
        return int((self._held.labels(answers, ended=True) != IGNORED).sum())

    def _parts(self, step: int, part: int) -> list[Part]:
        """This process's share of a batch; that of the next step is made ready while this one is worked on."""
        if self._coming is not None and self._coming[0] == (step, part):
            ready = self._coming[1].result()
        else:
            ready = self._made(step, part)
        self._coming = (step + 1, part), self._reader.submit(self._made, step + 1, part)
        return ready

    def _made(self, step: int, part: int) -> list[Part]:
        chosen, answers = self._batch(step)
        mine = slice(self._world.rank, None, self._world.size)
        return list(self._fed(chosen[mine], answers[mine], part))

    def _fed(self, chosen: Sequence[Example], answers: Sequence[str], part: int) -> Iterator[Part]:
        for start in range(0, len(chosen), part):
            some = chosen[start : start + part]
            prompts = [self._held.questions[example.language] for example in some]
            fed = self._held.prompts(self._strips.of(example.sticker for example in some), prompts)
            yield fed, self._held.labels(answers[start : start + part], ended=True)
