"""Where a run computes: CUDA with bf16, Apple's, or the processor."""

from __future__ import annotations

import os
import resource
import sys
from contextlib import AbstractContextManager, nullcontext
from typing import Final

import torch

from .run import Refused

NAMES: Final = ("auto", "cpu", "cuda", "mps")


def choose(wanted: str = "auto") -> torch.device:
    """The device of that name, or the best there is; on CUDA the one torchrun gave this process. Raises `Refused`."""
    if wanted not in NAMES:
        raise Refused(f"There is no device {wanted}; choose one of {', '.join(NAMES)}.")
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    name = next(name for name, is_there in there.items() if is_there) if wanted == "auto" else wanted
    if not there[name]:
        raise Refused(f"This machine has no {name} device; leave the choice to it (auto) or take cpu.")
    device = torch.device(name, int(os.environ.get("LOCAL_RANK", 0))) if name == "cuda" else torch.device(name)
    if name == "cuda":
        torch.cuda.set_device(device)
        _be_repeatable()
    return device


def _be_repeatable() -> None:
    """The same run gives the same numbers again, as far as CUDA knows how."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.backends.cudnn.benchmark = False
    torch.use_deterministic_algorithms(True, warn_only=True)


def precision(device: torch.device, wanted: str = "auto") -> torch.dtype:
    """What `device` computes with: bf16 on a CUDA that has it, else float32; "float32" and "bf16" are obeyed."""
    if wanted == "auto":
        return torch.bfloat16 if device.type == "cuda" and torch.cuda.is_bf16_supported() else torch.float32
    return torch.bfloat16 if wanted == "bf16" else torch.float32


def autocast(device: torch.device, dtype: torch.dtype) -> AbstractContextManager[object]:
    """Compute in `dtype` within; weights and losses stay float32."""
    return nullcontext() if dtype == torch.float32 else torch.autocast(device.type, dtype)


def describe(device: torch.device, dtype: torch.dtype, n_processes: int = 1) -> str:
    """For people: "NVIDIA H200, bf16, 2 processes"."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    number = "bf16" if dtype == torch.bfloat16 else "float32"
    return ", ".join([name, number, *([f"{n_processes} processes"] if n_processes > 1 else [])])


def peak_memory(device: torch.device) -> int:
    """The most bytes this process has held so far: of the device's memory, or of its own on the processor."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    if device.type == "mps":
        return torch.mps.driver_allocated_memory()
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def forget_freed(device: torch.device) -> None:
    """Give memory that is no longer used back to the device."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()


def ran_out(error: BaseException) -> bool:
    """Whether `error` says that memory ran out; only CUDA has a kind of its own for that."""
    words = str(error).lower()
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or (
        isinstance(error, RuntimeError) and ("out of memory" in words or "can't allocate memory" in words)
    )
