"""What each step learns from: stickers, texts drawn for them, and which text says something true of which sticker.

All of it is drawn from (seed, step), in every process the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..training.processes import ALONE, World
from ..training.release import Sticker
from .recipe import ClipSettings
from .texts import Text, draw, fits, known_of


@dataclass(frozen=True, slots=True)
class Batch:
    """`rows` are places of stickers: those of the step and, told by `is_extra`, hard negatives; `texts` the texts drawn
    for the former. `positive` and `ignored` are bool [rows, texts], as `info_nce` takes them."""

    rows: NDArray[np.int64]
    is_extra: NDArray[np.bool_]
    texts: list[Text]
    positive: NDArray[np.bool_]
    ignored: NDArray[np.bool_]


class Batches:
    """The batches of a run. Rows and texts stand in the order in which `World.gather` brings the shares together."""

    def __init__(self, stickers: Sequence[Sticker], settings: ClipSettings, seed: int, world: World = ALONE) -> None:
        self._stickers, self._settings, self._seed, self._world = stickers, settings, seed, world
        self._known = [known_of(sticker) for sticker in stickers]
        self._groups = np.unique([sticker.group for sticker in stickers], return_inverse=True)[1]
        self._place_of = {sticker.id: place for place, sticker in enumerate(stickers)}
        self.size = min(settings.batch, len(stickers)) // world.size * world.size

    def draw(self, step: int) -> Batch:
        """The batch of `step`."""
        rng = np.random.default_rng((self._seed, step))
        chosen = self.chosen(step)
        each = self._settings.texts_per_sticker
        texts = [draw(self._stickers[place], self._settings, rng) for place in chosen for _ in range(each)]
        rows, is_extra = self._rows(chosen)
        owners = np.repeat(chosen, each)
        positive = (rows[:, None] == owners[None]) & ~is_extra[:, None]
        true = fits([self._known[place] for place in rows], texts)
        if self._settings.shared_texts == "positive":
            positive |= true & ~is_extra[:, None]
        same_group = self._groups[rows][:, None] == self._groups[owners][None]
        return Batch(rows, is_extra, texts, positive, (true | same_group) & ~positive)

    def chosen(self, step: int) -> NDArray[np.int64]:
        """The stickers of a step: every one once at most in a pass through the data, whose order is drawn anew."""
        per_pass = len(self._stickers) // self.size
        order = np.random.default_rng((self._seed, 1, step // per_pass)).permutation(len(self._stickers))
        start = (step % per_pass) * self.size
        return order[start : start + self.size]

    def _rows(self, chosen: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """The step's stickers and their hard negatives, share by share."""
        extra = self._mistaken(chosen)
        extra = extra[: len(extra) // self._world.size * self._world.size]
        shares = zip(np.split(chosen, self._world.size), np.split(extra, self._world.size), strict=True)
        parts = [
            (place, is_extra) for own, more in shares for is_extra, of in ((False, own), (True, more)) for place in of
        ]
        return np.array([place for place, _ in parts]), np.array([is_extra for _, is_extra in parts])

    def _mistaken(self, chosen: NDArray[np.int64]) -> NDArray[np.int64]:
        """What the step's stickers were mistaken for most often and is not in the step itself."""
        wanted = self._settings.hard_negatives
        others = [other for place in chosen for other in self._stickers[place].mistaken[:wanted]]
        places = [self._place_of[other] for other in dict.fromkeys(others) if other in self._place_of]
        present = set(chosen.tolist())
        return np.array([place for place in places if place not in present], dtype=np.int64)
