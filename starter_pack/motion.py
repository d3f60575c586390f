"""Timing.  Every function maps a loop phase t in [0, 1) to something that closes without a jump."""

from __future__ import annotations

import math
from collections.abc import Sequence

TAU = 2 * math.pi


def wave(t: float, k: float = 1.0, offset: float = 0.0) -> float:
    """Sine in [-1, 1], k whole periods per loop."""
    return math.sin(TAU * (t * k + offset))


def swell(t: float, k: float = 1.0, offset: float = 0.0) -> float:
    """Cosine bump in [0, 1], 0 at t = 0."""
    return 0.5 - 0.5 * math.cos(TAU * (t * k + offset))


def hop(t: float) -> float:
    return abs(math.sin(math.pi * t))


def ease(x: float) -> float:
    """Smooth step from 0 to 1 over x in [0, 1]."""
    x = max(0.0, min(1.0, x))
    return x * x * (3 - 2 * x)


def keyed(t: float, keys: Sequence[tuple[float, float]]) -> float:
    """Value at t between (time, value) keys, eased; the last key runs back into the first."""
    t %= 1.0
    first, last = keys[0], keys[-1]
    for (t0, v0), (t1, v1) in zip(keys, [*keys[1:], (first[0] + 1, first[1])], strict=True):
        if t0 <= t <= t1:
            return v0 + (v1 - v0) * ease((t - t0) / max(1e-9, t1 - t0))
    return last[1] + (first[1] - last[1]) * ease((t + 1 - last[0]) / max(1e-9, first[0] + 1 - last[0]))


def leap(t: float) -> tuple[float, float]:
    """(height 0..1, squash) of a jump: crouch, stretch, hang, land, settle."""
    height = keyed(t, [(0, 0), (0.22, 0), (0.5, 1), (0.76, 0)])
    squash = keyed(t, [(0, 0.02), (0.18, 0.13), (0.34, -0.1), (0.52, -0.02), (0.68, -0.06), (0.82, 0.1)])
    return height, squash


def blink(t: float, open_eyes: str, at: float = 0.65, width: float = 0.1, shut: str = "line") -> str:
    return shut if abs(t - at) < width / 2 else open_eyes
