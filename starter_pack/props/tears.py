"""Water: tears, puddles, sweat."""
from __future__ import annotations

import math

from .. import palette as P
from ..geometry import drop, ellipse, spline
from ..motion import wave
from ..rig import Stage
from ..scene import Z
from . import Draw


def rivers() -> Draw:
    """From the eyes to the ground, with light bands that flow."""
    def draw(s: Stage) -> None:
        for side in (-1, 1):
            x, y = s.on_face(side * 1.0, 0.22)
            foot, end, w = x + side * 46, min(-4.0, y + s.who.face_y * 0.86), 15.0
            mid = (x + side * 9, (y + end) / 2)
            ribbon = spline([(x - w * 0.8, y), (mid[0] - w, mid[1]), (foot - w * 1.5, end), (foot, end + 12),
                             (foot + w * 1.5, end),
                             (mid[0] + w, mid[1]), (x + w * 0.8, y)], closed=True, tension=0.9)
            s.scene.shape(ribbon, P.TEAR, Z.TEARS)
            for k in range(3):
                f = (s.t + k / 3) % 1.0
                light = ellipse(x + (foot - x) * f * f - 3, y + (end - y) * f, 5.5, 15)
                s.scene.fill(light, P.TEAR_LIGHT, Z.TEARS, clip=ribbon)
    return draw


def puddle() -> Draw:
    def draw(s: Stage) -> None:
        width = s.who.half_width * 1.26 * (1 + 0.03 * wave(s.t))
        s.scene.shape(ellipse(0, 4, width, 26), P.TEAR, Z.BACK - 5)
        s.scene.fill(ellipse(-width * 0.55, 2, 34, 8), P.TEAR_LIGHT, Z.BACK - 5)
    return draw


def joy() -> Draw:
    """A drop at the corner of each laughing eye."""
    def draw(s: Stage) -> None:
        k = 4 * wave(s.t)
        for side in (-1, 1):
            x, y = s.on_face(side * 1.62, -0.05)
            s.scene.shape(drop(x + side * k, y - 6, 17, -side * 62), P.TEAR, Z.FX)
            s.scene.fill(ellipse(x + side * (k + 5), y - 4, 4), P.WHITE, Z.FX)
    return draw


def flying(n: int = 3, side: int = 1) -> Draw:
    def draw(s: Stage) -> None:
        x, y = s.on_face(side * 1.6, -0.1)
        for k in range(n):
            f = (s.t + k / n) % 1.0
            size = (13 + 3 * k) * math.sin(math.pi * (0.12 + 0.8 * f)) ** 0.5
            cx, cy = x + side * (14 + 76 * f), y - 18 - 26 * math.sin(math.pi * f)
            s.scene.shape(drop(cx, cy, size, side * (70 + 30 * f)), P.TEAR, Z.FX)
    return draw


def well_up(size: float = 13) -> Draw:
    def draw(s: Stage) -> None:
        for side in (-1, 1):
            x, y = s.on_face(side * 1.3, 0.35)
            bead = drop(x, y + 3 * wave(s.t), size * (1 + 0.14 * wave(s.t)))
            s.scene.line(bead, Z.TEARS, 7)
            s.scene.fill(bead, P.TEAR, Z.TEARS)
    return draw


def sweat(side: int = 1, size: float = 22, slide: float = 7, dx: float = 0, dy: float = 0) -> Draw:
    """A drop at the temple."""
    def draw(s: Stage) -> None:
        u, v = s.who.style.temple
        x, y = s.face_frame()((side * (u + dx), v + dy))
        y += slide * wave(s.t)
        s.scene.shape(drop(x, y, size, -8), P.TEAR, Z.FX)
        s.scene.fill(ellipse(x - size * 0.28, y + size * 0.2, size * 0.16, size * 0.3), P.WHITE, Z.FX)
    return draw
