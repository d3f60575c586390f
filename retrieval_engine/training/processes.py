"""The processes of one run: one, or several under torchrun that share each batch and stay in step.

Gradients are summed over the processes after each has worked on its share, so that a step is that of one process with
the whole batch. (The usual wrapper would average gradients of losses that each process computes for itself; a
contrastive loss needs the whole batch.)
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Self, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class World:
    """This process among those of its run. With one process every method does nothing."""

    rank: int = 0
    size: int = 1

    @classmethod
    def join(cls, device: torch.device) -> Self:
        """The processes that torchrun started, or this one alone."""
        size = int(os.environ.get("WORLD_SIZE", 1))
        if size == 1:
            return cls()
        if not dist.is_initialized():
            dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
        return cls(dist.get_rank(), size)

    def leave(self) -> None:
        """End the group."""
        if self.size > 1:
            dist.destroy_process_group()

    @property
    def is_first(self) -> bool:
        """Whether this one writes and tells for all."""
        return self.rank == 0

    def share(self, items: list[T]) -> list[T]:
        """This process's part of a batch whose length is a multiple of `size`: neighbours stay together."""
        each = len(items) // self.size
        return items[self.rank * each : (self.rank + 1) * each]

    def gather(self, rows: Tensor) -> Tensor:
        """The rows of all processes one below the other, in order of rank; every process brings as many."""
        if self.size == 1:
            return rows
        parts = [torch.empty_like(rows) for _ in range(self.size)]
        dist.all_gather(parts, rows.contiguous())
        return torch.cat(parts)

    def sum_gradients(self, parameters: Iterable[torch.nn.Parameter]) -> None:
        """Add up every parameter's gradient over the processes."""
        if self.size == 1:
            return
        held = [parameter for parameter in parameters if parameter.grad is not None]
        joined = torch.cat([parameter.grad.flatten() for parameter in held if parameter.grad is not None])
        dist.all_reduce(joined)
        for parameter, part in zip(held, torch.split(joined, [p.numel() for p in held]), strict=True):
            parameter.grad = part.view_as(parameter)

    def agreed(self, value: T) -> T:
        """The first process's value, in all of them."""
        if self.size == 1:
            return value
        box = [value]
        dist.broadcast_object_list(box)
        return box[0]

    @contextmanager
    def together(self, *errors: type[Exception]) -> Iterator[None]:
        """What fails in one process with one of `errors` fails in all, so that none waits for another for ever."""
        try:
            yield
        except errors as error:
            self._any(error)
            raise
        else:
            if (elsewhere := self._any(None)) is not None:
                raise elsewhere

    def _any(self, error: Exception | None) -> Exception | None:
        if self.size == 1:
            return error
        told: list[tuple[type[Exception], str] | None] = [None] * self.size
        dist.all_gather_object(told, None if error is None else (type(error), str(error)))
        first = next((found for found in told if found is not None), None)
        return None if first is None else first[0](first[1])


ALONE: Final = World()
