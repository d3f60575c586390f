"""What a face can be asked to do, and how one character wears it."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .. import palette as P
from ..scene import Scene


@dataclass(frozen=True)
class Face:
    """What the face does.  `eyes` may be 'left|right' to differ per side."""

    eyes: str = "dot"
    mouth: str = "smile"
    brows: str = "none"
    blush: float = 1.0
    look: tuple[float, float] = (0.0, 0.0)     # pupils, -1..1
    turn: tuple[float, float] = (0.0, 0.0)     # whole face slides over the head, design units
    flush: float = 0.0                         # how far anger has risen into the coat, 0..1
    glow: str | None = None                    # colour of a screen face, when not its own
    mouth_scale: float = 1.0


@dataclass(frozen=True)
class FaceStyle:
    """How one character wears the face."""

    eye_dx: float = 62
    eye_s: float = 1.0
    mouth_y: float = 36
    mouth_s: float = 1.0
    blush_dx: float = 98
    blush_y: float = 34
    brow_y: float = -42
    ink: str = P.INK
    mouth_ink: str = P.INK
    under: Callable[[Scene, Face], None] | None = None       # patches, muzzle
    nose: Callable[[Scene, Face], None] | None = None
    mouth_fn: Callable[[Scene, Face, FaceStyle], None] | None = None
    temple: tuple[float, float] = (78, -70)                   # where anger and sweat marks sit, right side
    forehead: tuple[float, float] = (52, -58)                 # where gloom hangs
    glow: bool = False                                         # robot screen: flat bright features
    ringed: bool = False                                       # panda: dots need a white ring
