"""Carry out the run whose order lies in a folder: python -m retrieval_engine.training FOLDER

The exit status says how it ended (`run.EXIT`); so does the last line of the folder's progress.jsonl. Where there are
several GPUs, and the recipe knows how to use them, this process turns into torchrun with a process for each.
"""

from __future__ import annotations

import argparse
import errno
import logging
import os
import platform
import sys
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from importlib import import_module, metadata
from pathlib import Path
from typing import Final

from .presence import Occupied, alone
from .recipes import SettingsError, recipes
from .run import EXIT, Diverged, Ending, Order, Refused, Reporter, Stopped

FULL: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
PACKAGES: Final = ("torch", "open_clip_torch", "transformers", "peft", "safetensors", "numpy", "pillow", "onnxruntime")
"""What a run's result may hang on."""


def carry_out(folder: Path) -> tuple[Ending, str]:
    """Do what the order in `folder` says, or go on with it. How it ended, and why."""
    try:
        order = Order.read(folder)
    except Refused as refusal:
        return "refused", str(refusal)
    with Reporter(folder, watched=order.watched) as report:
        ending, message = _carry_out(order, report)
        report.end(ending, message)
    return ending, message


def _carry_out(order: Order, report: Reporter) -> tuple[Ending, str]:
    try:
        recipe = recipes().get(order.recipe)
        if recipe is None:
            raise Refused(f"There is no recipe {order.recipe}; known: {', '.join(recipes())}.")
        recipe.checked(order.settings)
        report.facts(_surroundings())
        module = import_module(recipe.module)
        (module.evaluate if order.evaluate else module.carry_out)(order, report)
    except Stopped as stopped:
        return "stopped", str(stopped)
    except (Refused, SettingsError) as refusal:
        return "refused", str(refusal)
    except Diverged as error:
        return "diverged", str(error)
    except Exception as error:
        logging.getLogger(__name__).exception("the run failed")
        return "failed", _in_words(error)
    return "done", ""


def _in_words(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno in FULL:
        return "There is no room left on the disk. What was kept at the last checkpoint is kept."
    return f"{type(error).__name__}: {error}"


def _surroundings() -> dict[str, object]:
    return {"packages": dict(_versions()), "python": platform.python_version(), "platform": platform.platform()}


def _versions() -> Iterator[tuple[str, str]]:
    for name in PACKAGES:
        with suppress(metadata.PackageNotFoundError):
            yield name, metadata.version(name)


# --- several GPUs ---


def _is_one_of_several() -> bool:
    return "LOCAL_RANK" in os.environ


def _n_processes(folder: Path) -> int:
    """How many GPUs are to share the run."""
    try:
        order = Order.read(folder)
    except Refused:
        return 1
    recipe = recipes().get(order.recipe)
    if recipe is None or not recipe.distributed or order.evaluate or order.device not in {"auto", "cuda"}:
        return 1
    import torch

    return torch.cuda.device_count()


def _turn_into_torchrun(folder: Path, n_processes: int) -> None:
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={n_processes}"]
    os.execv(sys.executable, [*launcher, "-m", "retrieval_engine.training", str(folder)])  # noqa: S606


def main(argv: list[str] | None = None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m retrieval_engine.training", description=__doc__)
    parser.add_argument("folder", type=Path, help="holds run.json, the order")
    folder: Path = parser.parse_args(argv).folder
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        with nullcontext() if _is_one_of_several() else alone(folder):
            if not _is_one_of_several() and (n_processes := _n_processes(folder)) > 1:
                _turn_into_torchrun(folder, n_processes)
            ending, message = carry_out(folder)
    except (OSError, Occupied) as error:
        ending, message = "failed", _in_words(error)
    if message:
        print(message, file=sys.stderr)
    return EXIT[ending]


if __name__ == "__main__":
    sys.exit(main())
