"""StickerCLIP's learner: the gradient of a whole batch, from parts of it and from several processes."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import torch
from torch import Tensor

from ..losses import info_nce
from ..training.processes import ALONE, World
from .batches import Batch, Batches
from .caching import Side
from .encoding import Towers
from .pictures import Frames
from .recipe import ClipSettings

MAX_LOG_SCALE: Final = math.log(100)


@dataclass(frozen=True, slots=True)
class _Input:
    """A batch, and this process's share of it as the towers take it."""

    batch: Batch
    frames: Tensor
    counts: list[int]
    moves: Tensor | None
    ids: Tensor


class ClipLearner:
    """Trains the model of `towers` in place on `batches`; their sticker at place i is `frames`' at `places[i]`.

    `measure` gives the numbers of the validation split with the model as it is. A step gives the same whenever it is
    taken: all is drawn from (seed, step), and input is read one step ahead.
    """

    def __init__(
        self,
        towers: Towers,
        batches: Batches,
        frames: Frames,
        places: Sequence[int],
        settings: ClipSettings,
        *,
        seed: int = 0,
        world: World = ALONE,
        measure: Callable[[], Mapping[str, float]] = dict,
    ) -> None:
        self._towers, self._batches, self._settings = towers, batches, settings
        self._frames, self._places = frames, np.asarray(places, dtype=np.int64)
        self._seed, self._world, self._measure = seed, world, measure
        self._has_fixed_pictures = settings.freeze_vision and not (settings.augment or settings.one_frame)
        self._fixed: Tensor | None = None
        self._ahead = dict[int, Future[_Input]]()
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="input")
        towers.model.visual.requires_grad_(not settings.freeze_vision)
        self._be_trained()

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return self._towers.device

    def trained(self) -> list[torch.nn.Parameter]:
        """What moves: both towers and the temperature, or all but the vision tower."""
        return [parameter for parameter in self._towers.model.parameters() if parameter.requires_grad]

    def learned(self) -> Mapping[str, Tensor]:
        """The model's weights."""
        return self._towers.model.state_dict()  # type: ignore[no-any-return]

    def restore(self, learned: Mapping[str, Tensor]) -> None:
        """Take up such weights."""
        self._towers.model.load_state_dict(learned)
        self._fixed = None

    def moved(self) -> None:
        """Keep the temperature from falling below 1/100."""
        with torch.no_grad():
            self._towers.model.logit_scale.clamp_(0, MAX_LOG_SCALE)

    def validate(self) -> Mapping[str, float]:
        """What `measure` finds."""
        self._towers.model.eval()
        try:
            return self._measure()
        finally:
            self._be_trained()

    def learn(self, step: int, part: int) -> dict[str, float]:
        """See `training.loop.Learner`; `part` counts stickers. "waited" is the share of the time without input."""
        began = time.perf_counter()
        given = self._input(step)
        waited = time.perf_counter() - began
        sides = self._pictures_of(given, step, part), self._texts_of(given, step, part)
        with self._world.together(RuntimeError):
            mine = [side.vectors() for side in sides]
        whole = [self._world.gather(vectors).requires_grad_() for vectors in mine]
        loss, scale = self._loss(given.batch, *whole)
        with self._world.together(RuntimeError):
            for side, vectors in zip(sides, whole, strict=True):
                assert vectors.grad is not None
                side.backward(vectors.grad.chunk(self._world.size)[self._world.rank])
        return {"loss": loss, "scale": scale, "waited": waited / (time.perf_counter() - began)}

    def _loss(self, batch: Batch, images: Tensor, texts: Tensor) -> tuple[float, float]:
        """The loss of the whole batch, its gradient left at the vectors and the temperature; and 1 / temperature."""
        scale = self._towers.model.logit_scale.exp()
        positive, ignored = (torch.from_numpy(mask).to(self.device) for mask in (batch.positive, batch.ignored))
        weight = torch.tensor([text.weight for text in batch.texts], device=self.device)
        loss = info_nce(images, texts, scale, positive, ignored=ignored, weight=weight)
        loss.backward()  # type: ignore[no-untyped-call]
        if (gradient := self._towers.model.logit_scale.grad) is not None:
            gradient /= self._world.size  # every process has all of it, and they are added up
        return float(loss.detach()), float(scale.detach())

    def _pictures_of(self, given: _Input, step: int, part: int) -> Side:
        if self._has_fixed_pictures:
            vectors = self._fixed_vectors()[self._world.share(given.batch.rows.tolist())]
            return Side([lambda: vectors], 0, trained=False)
        starts = np.cumsum([0, *given.counts]).tolist()

        def vectors_of(first: int, last: int) -> Callable[[], Tensor]:
            of = slice(starts[first], starts[last])
            moves = None if given.moves is None else given.moves[of]
            return lambda: self._towers.pictures(given.frames[of], given.counts[first:last], moves)

        edges = [*range(0, len(given.counts), part), len(given.counts)]
        parts = [vectors_of(first, last) for first, last in pairwise(edges)]
        return Side(parts, self._seed_of(step, 0), trained=not self._settings.freeze_vision)

    def _texts_of(self, given: _Input, step: int, part: int) -> Side:
        def vectors_of(ids: Tensor) -> Callable[[], Tensor]:
            return lambda: self._towers.texts(ids)

        split = torch.split(given.ids, part * self._settings.texts_per_sticker)
        return Side([vectors_of(ids) for ids in split], self._seed_of(step, 1))

    def _fixed_vectors(self) -> Tensor:
        """The vectors of all stickers, which a frozen tower gives once and for all."""
        if self._fixed is None:
            vectors = self._towers.encode_pictures(self._frames, self._places)
            self._fixed = torch.from_numpy(vectors).to(self.device)
        return self._fixed

    def _input(self, step: int) -> _Input:
        self._ahead = {at: future for at, future in self._ahead.items() if at >= step}
        for at in (step, step + 1):
            if at not in self._ahead:
                self._ahead[at] = self._reader.submit(self._read, at)
        return self._ahead[step].result()

    def _read(self, step: int) -> _Input:
        batch = self._batches.draw(step)
        ids = self._towers.clip.ids([text.text for text in batch.texts])  # one width in all processes
        ids = ids.chunk(self._world.size)[self._world.rank]
        if self._has_fixed_pictures:
            return _Input(batch, torch.empty(0), [], None, ids)
        places = self._places[self._world.share(batch.rows.tolist())]
        rng = np.random.default_rng((self._seed, 2, step, self._world.rank))
        frames = torch.from_numpy(
            self._frames.one_of(places, rng) if self._settings.one_frame else self._frames.of(places)
        )
        counts = [1] * len(places) if self._settings.one_frame else self._frames.counts[places].tolist()
        drawn = rng.uniform(-1, 1, (len(frames), 4)) * self._settings.augment
        moves = torch.tensor(drawn, dtype=torch.float32) if self._settings.augment else None
        return _Input(batch, frames.pin_memory() if self.device.type == "cuda" else frames, counts, moves, ids)

    def _seed_of(self, step: int, tower: int) -> int:
        """Of the first part's dropout; parts count on from it."""
        return int(np.random.SeedSequence((self._seed, 3, step, tower, self._world.rank)).generate_state(1)[0])

    def _be_trained(self) -> None:
        self._towers.model.train()
        self._towers.model.visual.train(not self._settings.freeze_vision)
