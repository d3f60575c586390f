"""The training loop of every recipe: schedule, clipping, checkpoints, validation, early stopping, what can go wrong.

A recipe brings a `Learner`, which knows its model, its data and its loss. Whatever it draws at random it draws from the
number of the step, so that a step can be taken again: after a checkpoint, or in smaller parts when memory ran out.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, NamedTuple, Protocol, runtime_checkable

import torch
from torch import Tensor

from .checkpoints import Checkpoints
from .curves import Curves
from .devices import forget_freed, peak_memory, ran_out
from .processes import ALONE, World
from .run import CHECKPOINT, TENSORBOARD, Diverged, Refused, Reporter, Stopped

BETAS: Final = (0.9, 0.98)
EPSILON: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Plan:
    """How the steps are taken. `part` is the most examples that go through the model at once, in each process."""

    n_steps: int
    batch: int
    part: int
    learning_rate: float
    weight_decay: float = 1e-2
    warm_up: float = 0.05
    """Share of the steps in which the learning rate rises; then it falls along a cosine to 0."""
    max_norm: float = 1.0
    save_every: int = 200
    keep: int = 2
    validate_every: int = 0
    """Steps; 0 for never."""
    patience: int = 0
    """Validations without a better one after which training ends; 0 for never."""
    headline: str = ""
    """Which of the numbers of `Learner.validate` decides; higher is better."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """How training ended: after `steps`, with the weights of `best_step` (the last where nothing was validated)."""

    steps: int
    best_step: int
    best: float | None
    part: int


class Learner(Protocol):
    """What learns."""

    @property
    def device(self) -> torch.device:
        """Where."""

    def trained(self) -> Sequence[torch.nn.Parameter]:
        """The parameters that the optimiser moves, always in one order."""

    def learn(self, step: int, part: int) -> Mapping[str, float]:
        """Add the gradient of the batch of `step` to the parameters, from at most `part` examples at a time and
        the same whatever `part` is. The gradients of all processes add up to that of the batch. Returns "loss", and
        what else is worth a curve."""

    def moved(self) -> None:
        """The optimiser has taken a step."""

    def validate(self) -> Mapping[str, float]:
        """Measure on the validation split, `Plan.headline` among it."""

    def learned(self) -> Mapping[str, Tensor]:
        """What has been learned, to be kept."""

    def restore(self, learned: Mapping[str, Tensor]) -> None:
        """Take up what `learned` gave."""


@runtime_checkable
class Paced(Protocol):
    """A `Learner` whose parameters do not all learn equally fast: pretrained towers beside heads that know nothing."""

    def paces(self) -> Sequence[float]:
        """Of each of `trained`, in its order, the share of the plan's learning rate at which it moves."""


def fit(learner: Learner, plan: Plan, report: Reporter, *, world: World = ALONE, name: str = "") -> Fitted:
    """Take the plan's steps, or those an interrupted run of the same plan has left, and leave `learner` at its best.

    `name` tells several trainings of one run apart. Raises `Stopped` with a checkpoint written, and `Diverged` with the
    last good one kept, when the loss or a gradient is no number.
    """
    return _Loop(learner, plan, report, world, name).run()


def rate(step: int, plan: Plan) -> float:
    """The share of the full learning rate at `step`: a linear rise over the warm-up, then half a cosine down to 0."""
    warm_up = max(1, round(plan.warm_up * plan.n_steps))
    if step < warm_up:
        return (step + 1) / warm_up
    return 0.5 * (1 + math.cos(math.pi * (step - warm_up) / max(1, plan.n_steps - warm_up)))


@dataclass(slots=True)
class _Standing:
    """Where a run is: all that a checkpoint holds but tensors."""

    step: int = 0
    part: int = 0
    best: float | None = None
    best_step: int = 0
    n_worse: int = 0
    validated_step: int = 0


class _Loop:
    def __init__(self, learner: Learner, plan: Plan, report: Reporter, world: World, name: str) -> None:
        self._learner, self._plan, self._report, self._world = learner, plan, report, world
        self._parameters = list(learner.trained())
        self._paces = list(learner.paces()) if isinstance(learner, Paced) else [1.0] * len(self._parameters)
        self._groups = _grouped(self._parameters, self._paces, plan)
        self._optimizer = torch.optim.AdamW(
            [group.told for group in self._groups], lr=plan.learning_rate, betas=BETAS, eps=EPSILON
        )
        self._checkpoints = Checkpoints(report.folder / CHECKPOINT / name, plan.keep)
        self._standing = _Standing(part=plan.part)
        self._prefix = f"{name}/" if name else ""

    def run(self) -> Fitted:
        self._resume()
        standing, plan = self._standing, self._plan
        if self._world.is_first:
            with Curves(self._report.folder / TENSORBOARD, standing.step) as curves:
                self._steps(curves)
        else:
            self._steps(None)
        if (best := self._checkpoints.best()) is not None and standing.best is not None:
            self._learner.restore(best)
        best_step = standing.best_step if standing.best is not None else standing.step
        return Fitted(standing.step, best_step, standing.best, min(standing.part, plan.part))

    def _steps(self, curves: Curves | None) -> None:
        standing, plan = self._standing, self._plan
        self._validate_if_due(curves)  # a run that was stopped between a step and its validation owes it
        while standing.step < plan.n_steps and not self._is_enough():
            began = time.perf_counter()
            values = self._take_step(standing.step)
            standing.step += 1
            values["per_s"] = plan.batch / (time.perf_counter() - began)
            self._tell(values, curves)
            is_last = standing.step == plan.n_steps
            self._validate_if_due(curves)
            if is_last or self._is_enough() or standing.step % plan.save_every == 0:
                self._save()

    def _is_enough(self) -> bool:
        return bool(self._plan.patience) and self._standing.n_worse >= self._plan.patience

    def _take_step(self, step: int) -> dict[str, float]:
        rate_now = self._plan.learning_rate * rate(step, self._plan)
        for told, group in zip(self._optimizer.param_groups, self._groups, strict=True):
            told["lr"] = rate_now * group.pace
        values = dict(self._gradients(step))
        self._world.sum_gradients(self._parameters)
        norm = float(torch.nn.utils.clip_grad_norm_(self._parameters, self._plan.max_norm))
        if not (math.isfinite(values["loss"]) and math.isfinite(norm)):
            raise Diverged(self._last_words(step + 1))
        self._optimizer.step()
        self._learner.moved()
        return values | {"learning_rate": rate_now, "gradient_norm": norm}

    def _gradients(self, step: int) -> Mapping[str, float]:
        """The batch's gradients; when memory runs out, again in parts half as large, for the same result."""
        while True:
            self._optimizer.zero_grad()
            try:
                return self._learner.learn(step, self._standing.part)
            except (RuntimeError, MemoryError) as error:
                if not ran_out(error) or self._standing.part <= 1:
                    raise
            self._halve()

    def _halve(self) -> None:
        """Outside of the handler: the error holds on to what did not fit."""
        whole = min(self._standing.part, math.ceil(self._plan.batch / self._world.size))
        self._standing.part = max(1, whole // 2)
        self._optimizer.zero_grad()
        forget_freed(self._learner.device)
        self._report.warn(
            f"Out of memory with {whole} examples at once; going on with {self._standing.part} at a time. The batch, "
            "the loss and what is learned stay the same; a step takes longer."
        )

    def _tell(self, values: dict[str, float], curves: Curves | None) -> None:
        standing = self._standing
        values["memory_bytes"] = float(peak_memory(self._learner.device))
        if curves:
            curves.add(standing.step, values, self._prefix)
        try:
            with self._world.together(Stopped):
                self._report.step(standing.step, self._plan.n_steps, values)
        except Stopped:
            self._save()
            raise

    def _validate_if_due(self, curves: Curves | None) -> None:
        standing, plan = self._standing, self._plan
        if not plan.validate_every or standing.step == standing.validated_step:
            return
        if standing.step == plan.n_steps or standing.step % plan.validate_every == 0:
            self._validate(curves)

    def _validate(self, curves: Curves | None) -> None:
        standing = self._standing
        standing.validated_step = standing.step
        values = self._world.agreed(dict(self._learner.validate()))
        if curves:
            curves.add(standing.step, values, self._prefix)
        self._report.score(standing.step, values)
        headline = values[self._plan.headline]
        if standing.best is not None and not headline > standing.best:
            standing.n_worse += 1
            return
        standing.best, standing.best_step, standing.n_worse = headline, standing.step, 0
        if self._world.is_first:
            self._checkpoints.save_best(self._learner.learned())

    def _save(self) -> None:
        if self._world.is_first:
            state = {"plan": asdict(self._plan), "standing": asdict(self._standing), "paces": self._paces}
            state |= {"learned": dict(self._learner.learned()), "optimizer": self._optimizer.state_dict()}
            self._checkpoints.save(self._standing.step, state)
            self._report.checkpoint(self._standing.step)
        self._world.agreed(None)  # nobody goes on before it is written

    def _resume(self) -> None:
        state, problems = self._checkpoints.latest()
        for problem in problems:
            self._report.warn(problem)
        if state is None:
            return
        planned = replace(Plan(**state["plan"]), save_every=self._plan.save_every, keep=self._plan.keep)
        if planned != self._plan or state.get("paces", self._paces) != self._paces:
            raise Refused("The run's checkpoint was made with other settings; start a new run for these.")
        self._learner.restore(state["learned"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._standing = _Standing(**state["standing"])
        self._report.log(f"Going on from step {self._standing.step}.")

    def _last_words(self, step: int) -> str:
        state, _ = self._checkpoints.latest()
        kept = f"the checkpoint of step {state['standing']['step']} is kept" if state else "there is no checkpoint yet"
        return f"The loss is no number at step {step}; {kept}. A lower learning rate or a longer warm-up may help."


class _Group(NamedTuple):
    """Parameters that learn at one pace, as the optimiser is told of them."""

    pace: float
    told: dict[str, Any]


def _grouped(parameters: Sequence[torch.nn.Parameter], paces: Sequence[float], plan: Plan) -> list[_Group]:
    """The fastest first; weight decay on matrices alone: not on biases, norms, or a temperature."""
    groups = list[_Group]()
    for pace in sorted(set(paces), reverse=True):
        own = [parameter for parameter, its in zip(parameters, paces, strict=True) if its == pace]
        matrices, others = [p for p in own if p.ndim >= 2], [p for p in own if p.ndim < 2]
        groups += (
            _Group(pace, {"params": matrices, "weight_decay": plan.weight_decay}),
            _Group(pace, {"params": others, "weight_decay": 0.0}),
        )
    return groups
