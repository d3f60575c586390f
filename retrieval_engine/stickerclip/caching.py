"""Gradient caching (Gao et al. 2021, "Scaling deep contrastive learning batch size under memory limited setup").

First the vectors of all parts, without what led to them; then the loss of the whole batch and its gradient by the
vectors; then each part again, with its vectors' gradient carried on to the weights. The gradient is that of the whole
batch, and memory holds one part. Dropout is seeded by part, so a part is the same both times.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor


class Side:
    """One tower over a batch; `parts` give the vectors of a part each. One that is not `trained` has no gradient."""

    def __init__(self, parts: Sequence[Callable[[], Tensor]], seed: int, *, trained: bool = True) -> None:
        self._parts, self._seed, self._trained = parts, seed, trained
        self._kept: Tensor | None = None
        self._sizes = list[int]()

    def vectors(self) -> Tensor:
        """The vectors of all parts, detached."""
        if self._trained and len(self._parts) == 1:
            self._kept = self._run(0)
            return self._kept.detach()
        with torch.no_grad():
            found = [self._run(number) for number in range(len(self._parts))]
        self._sizes = [len(vectors) for vectors in found]
        return torch.cat(found)

    def backward(self, gradient: Tensor) -> None:
        """Carry the gradient by the vectors on to the weights. A single part was kept and is not computed again."""
        if not self._trained:
            return
        if self._kept is not None:
            torch.autograd.backward(self._kept, gradient)
            return
        for number, part in enumerate(torch.split(gradient, self._sizes)):
            torch.autograd.backward(self._run(number), part)

    def _run(self, number: int) -> Tensor:
        torch.manual_seed(self._seed + number)
        return self._parts[number]()
