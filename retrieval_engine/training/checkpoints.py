"""What a run goes on from: files that are whole or not there, the last few of them, and the best weights beside."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

BEST: Final = "best.safetensors"


class Checkpoints:
    """The checkpoints in a folder, `keep` at most, read as plain tensors and values: nothing in them is run."""

    def __init__(self, folder: Path, keep: int = 2) -> None:
        self.folder, self._keep = folder, keep

    def save(self, step: int, state: Mapping[str, Any]) -> None:
        """Keep what stands after `step`. A full disk leaves the one before as it is (`OSError`)."""
        self.folder.mkdir(parents=True, exist_ok=True)
        _put(self.folder / f"step-{step:08d}.pt", lambda path: torch.save(dict(state), path))
        for old in self._files()[: -self._keep]:
            old.unlink(missing_ok=True)

    def latest(self) -> tuple[dict[str, Any] | None, list[str]]:
        """The newest that can be read, and a sentence for each that cannot."""
        problems = list[str]()
        for path in reversed(self._files()):
            try:
                return torch.load(path, map_location="cpu", weights_only=True), problems
            except Exception as error:  # torch raises whatever its reader meets in a broken file
                problems.append(f"The checkpoint {path.name} cannot be read ({type(error).__name__}).")
        return None, problems

    def save_best(self, weights: Mapping[str, Tensor]) -> None:
        """Keep the weights that measured best so far."""
        self.folder.mkdir(parents=True, exist_ok=True)
        held = {name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()}
        _put(self.folder / BEST, lambda path: save_file(held, path))

    def best(self) -> dict[str, Tensor] | None:
        """What `save_best` kept."""
        path = self.folder / BEST
        return load_file(path) if path.exists() else None

    def _files(self) -> list[Path]:
        return sorted(self.folder.glob("step-*.pt"))


def _put(path: Path, write: Callable[[Path], object]) -> None:
    """Write beside `path`, to the disk, then in its place."""
    partial = path.with_suffix(".partial")
    try:
        write(partial)
        with partial.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
