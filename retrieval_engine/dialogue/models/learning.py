"""How the models of conversations learn: what each of them brings, and the settings that all of them have."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from ...training.devices import precision
from ...training.loop import Fitted, Plan, fit
from ...training.run import Refused, Reporter
from ..bases.towers import MAX_LOG_SCALE, Encoder, Joint
from ..data.conversations import Use
from ..data.gallery import Gallery, Places
from ..settings import Training
from .sampling import batches_of

AT_ONCE = 256
Kept = TypeVar("Kept")
Measure = Callable[[], Mapping[str, float]]


class DialogueModel(nn.Module, ABC):
    """A model that says how well the stickers of its gallery answer a conversation.

    Every parameter is made when it is built. Whatever it draws in `losses` it draws from `rng`, or from torch's own
    generator, which is seeded for each step.
    """

    def __init__(self, gallery: Gallery) -> None:
        super().__init__()
        self.gallery, self.dtype = gallery, torch.float32
        self._computed: dict[str, object] = {}

    @abstractmethod
    def losses(self, uses: Sequence[Use], rng: np.random.Generator, progress: float) -> dict[str, Tensor]:
        """The "loss" of a batch, a scalar, and its terms; `progress` is the share of the training that is done."""

    @abstractmethod
    def scores(self, uses: Sequence[Use], candidates: Places) -> Tensor:
        """[n, m]: how well each of the stickers at `candidates` [n, m] answers; higher is better."""

    def moved(self) -> None:
        """The optimiser has taken a step."""
        for module in self.modules():
            if isinstance(module, Joint) and module.scale.requires_grad:
                with torch.no_grad():
                    module.scale.clamp_(0, MAX_LOG_SCALE)

    def in_parts(self, part: int) -> None:
        """Take at most `part` pictures or texts through a tower at once."""
        for module in self.modules():
            if isinstance(module, Joint):
                module.part = part

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.parameters()).device

    @contextmanager
    def quickly(self) -> Iterator[None]:
        """Towers, encoders and language models compute in what the device is quickest at: bf16 on CUDA. Weights, all
        that is made of their outputs, and losses stay float32."""
        self._compute_in(precision(self.device))
        try:
            yield
        finally:
            self._compute_in(torch.float32)

    def _compute_in(self, dtype: torch.dtype) -> None:
        self.dtype = dtype
        for module in self.modules():
            if isinstance(module, Joint):
                module.dtype = dtype

    def train(self, mode: bool = True) -> DialogueModel:
        self._computed.clear()
        super().train(mode)
        return self

    def once(self, name: str, make: Callable[[], Kept]) -> Kept:
        """What `make` gives, kept until the model is trained again: all that hangs on stickers alone. While it trains
        nothing is kept."""
        if self.training:
            return make()
        if name not in self._computed:
            self._computed[name] = make()
        return self._computed[name]  # type: ignore[return-value]  # of the type that was kept under the name


class DialogueLearner:
    """`training.loop.Learner` for every model here. The loss is that of the whole batch; parts only save memory."""

    def __init__(
        self,
        model: DialogueModel,
        uses: Sequence[Use],
        settings: Training,
        *,
        seed: int = 0,
        measure: Measure = dict,
    ) -> None:
        self.model, self._uses, self._settings = model, list(uses), settings
        self._seed, self._measure = seed, measure
        self.n_steps = settings.epochs * math.ceil(len(self._uses) / self.batch)
        model.train()

    @property
    def batch(self) -> int:
        """Conversations of a step."""
        return min(self._settings.batch, len(self._uses))

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return self.model.device

    def trained(self) -> list[nn.Parameter]:
        """What moves."""
        return [parameter for parameter in self.model.parameters() if parameter.requires_grad]

    def paces(self) -> list[float]:
        """Pretrained towers learn at `tower_rate`, all else at the whole rate."""
        towers = [tower for tower in self.model.modules() if isinstance(tower, Joint | Encoder) and tower.is_pretrained]
        careful = {id(parameter) for tower in towers for parameter in tower.parameters()}
        return [self._settings.tower_rate if id(parameter) in careful else 1.0 for parameter in self.trained()]

    def learn(self, step: int, part: int) -> dict[str, float]:
        """Add the gradient of the batch of `step`; `part` counts pictures, and texts."""
        rng = np.random.default_rng((self._seed, 2, step))
        torch.manual_seed(int(rng.integers(2**31)))
        self.model.in_parts(part)
        chosen = [self._uses[i] for i in batches_of(len(self._uses), self.batch, self._seed, step)]
        with self.model.quickly():
            losses = self.model.losses(chosen, rng, step / self.n_steps)
        losses["loss"].backward()  # type: ignore[no-untyped-call]
        return {name: float(value.detach()) for name, value in losses.items()}

    def moved(self) -> None:
        """What the model does after a step."""
        self.model.moved()

    def validate(self) -> Mapping[str, float]:
        """What `measure` finds."""
        self.model.eval()
        try:
            return self._measure()
        finally:
            self.model.train()

    def learned(self) -> Mapping[str, Tensor]:
        """The weights that learn, and what else changes, by name; frozen ones are not kept twice."""
        kept = self.model.state_dict().keys()
        moving = {name: weights for name, weights in self.model.named_parameters() if weights.requires_grad}
        return moving | {name: values for name, values in self.model.named_buffers() if name in kept}

    def restore(self, learned: Mapping[str, Tensor]) -> None:
        """Take up what `learned` gave."""
        with torch.no_grad():
            for name, weights in self.learned().items():
                weights.copy_(learned[name])


def fit_dialogue(
    model: DialogueModel,
    uses: Sequence[Use],
    settings: Training,
    report: Reporter,
    *,
    seed: int = 0,
    measure: Measure | None = None,
    headline: str = "",
    name: str = "",
) -> Fitted:
    """Train `model` in place on `uses`, or go on with it; see `training.loop.fit`. With `measure` it is validated after
    every pass, and the best weights by `headline` are kept. Raises `Refused` for fewer than two uses."""
    if len(uses) < 2:
        raise Refused("There are fewer than two training conversations that end with a sticker.")
    learner = DialogueLearner(model, uses, settings, seed=seed, measure=measure or dict)
    plan = Plan(
        n_steps=learner.n_steps, batch=learner.batch, part=settings.part, learning_rate=settings.learning_rate,
        weight_decay=settings.weight_decay, warm_up=settings.warm_up, max_norm=settings.max_norm,
        save_every=settings.save_every, validate_every=learner.n_steps // settings.epochs if measure else 0,
        patience=settings.patience, headline=headline,
    )  # fmt: skip
    report.facts({"n_trainable": sum(weights.numel() for weights in learner.trained()), "n_uses": len(uses)})
    report.phase("training", plan.n_steps)
    fitted = fit(learner, plan, report, name=name)
    model.eval()
    return fitted


def train(model: DialogueModel, uses: Sequence[Use], settings: Training, folder: Path, **rest: object) -> Fitted:
    """`fit_dialogue` in a folder of its own, for a model outside of a run."""
    folder.mkdir(parents=True, exist_ok=True)
    with Reporter(folder) as report:
        return fit_dialogue(model, uses, settings, report, **rest)  # type: ignore[arg-type]  # its own keywords


def scores_of(model: DialogueModel, uses: Sequence[Use], candidates: Places | None = None) -> np.ndarray:
    """[n uses, n stickers] over the whole gallery, or over `candidates` [n, m], whose -1 score -inf."""
    if model.training:  # else what it keeps of the stickers serves again
        model.eval()
    everything = np.arange(len(model.gallery))[None]
    parts = []
    with torch.inference_mode(), model.quickly():
        for start in range(0, len(uses), AT_ONCE):
            some = uses[start : start + AT_ONCE]
            asked = np.repeat(everything, len(some), 0) if candidates is None else candidates[start : start + AT_ONCE]
            found = model.scores(some, np.maximum(asked, 0)).float().cpu().numpy().astype(np.float64)
            parts.append(np.where(asked >= 0, found, -np.inf))
    return np.concatenate(parts) if parts else np.zeros((0, len(model.gallery)))
