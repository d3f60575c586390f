"""TensorBoard's event files of a run: tensorboard --logdir RUN/tensorboard"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tensorboardX import SummaryWriter


class Curves:
    """Numbers by step. What an interrupted run wrote after `step`, where this one goes on, is no longer shown."""

    def __init__(self, folder: Path, step: int = 0) -> None:
        self._writer: Any = SummaryWriter(str(folder), purge_step=step or None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()

    def add(self, step: int, values: Mapping[str, float], prefix: str = "") -> None:
        """One point of each curve."""
        for name, value in values.items():
            self._writer.add_scalar(f"{prefix}{name}", value, step)
