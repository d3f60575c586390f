"""Noses that more than one character wears."""
from __future__ import annotations

from collections.abc import Callable

from .. import palette as P
from ..face import Face
from ..geometry import ellipse
from ..scene import Scene, Z


def small_nose(y: float, color: str = P.INK, w: float = 12) -> Callable[[Scene, Face], None]:
    def draw(sc: Scene, face: Face) -> None:
        tx, ty = face.turn
        sc.fill(ellipse(tx * 0.3, y + ty * 0.3, w, w * 0.72), color, Z.FACE)
    return draw
