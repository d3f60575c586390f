"""What is said or thought, and what leaves the head."""
from __future__ import annotations

import math

from .. import palette as P
from ..geometry import curve, ellipse, place, round_poly, round_rect, spline, star
from ..motion import wave
from ..rig import Stage
from ..scene import Z
from . import Draw


def _dots(s: Stage, x: float, y: float, gap: float, r: float) -> None:
    for i in (-1, 0, 1):
        lift = -7 * max(0.0, wave(s.t, 1, -0.18 * (i + 1)))
        s.scene.fill(ellipse(x + i * gap, y + lift, r), P.INK, Z.FX)


def bubble_dots(u: float, v: float, k: float = 1.0) -> Draw:
    """Speech bubble with nothing but three dots in it."""
    def draw(s: Stage) -> None:
        with s.scene.transform(place(*s.around(u, v), 0, k)):
            tail = round_poly([(-36, 20), (-4, 26), (-40, 60)], 6)
            s.scene.merged([(tail, P.WHITE, None), (round_rect(-70, -36, 140, 72, 34), P.WHITE, None)], Z.FX)
            _dots(s, 0, 0, 34, 11)
    return draw


def thought(u: float, v: float) -> Draw:
    def draw(s: Stage) -> None:
        sc, (x, y) = s.scene, s.around(u, v)
        a, b = s.face_frame()(s.who.style.temple)
        for f, r in ((0.16, 8), (0.44, 13)):
            sc.shape(ellipse(a + (x - a) * f, b + (y - b) * f, r), P.WHITE, Z.FX)
        cloud = ((-40, 8, 30), (0, -12, 42), (42, 4, 32), (6, 18, 34))
        sc.merged([(ellipse(x + dx, y + dy, r), P.WHITE, None) for dx, dy, r in cloud], Z.FX)
        _dots(s, x, y + 2, 26, 9)
    return draw


def soul() -> Draw:
    """It floats out of the mouth and past the cheek, halo and all."""
    def draw(s: Stage) -> None:
        x, y = s.at_mouth()
        f = 9 * wave(s.t)
        cx, cy = x + s.who.half_width + 40 + f * 0.6, y - 150 + f
        wisp = spline([(x + 4, y - 4), (x + 60, y + 6), (cx - 52, y - 4), (cx - 44, cy + 46), (cx - 50, cy - 10),
                       (cx - 30, cy - 52), (cx + 14, cy - 58), (cx + 46, cy - 24), (cx + 44, cy + 30),
                       (cx + 26, cy + 84), (cx - 16, y + 26), (x + 62, y + 32), (x + 6, y + 12)], closed=True)
        s.scene.shape(wisp, "#f3f6ff", Z.FX, shade="#ccd6f5")
        for dx in (-22, 14):
            s.scene.line(curve((cx + dx - 9, cy - 14), (cx + dx, cy - 4), (cx + dx + 9, cy - 14)), Z.FX, 6.5)
        s.scene.line(curve((cx - 12, cy + 8), (cx - 4, cy + 16), (cx + 4, cy + 8)), Z.FX, 6)
        s.scene.tube(ellipse(cx - 6, cy - 92 + f * 0.4, 34, 10), 6, P.YELLOW, Z.FX)
    return draw


def explosion() -> Draw:
    """Mind blown: the lid of the head goes up in a mushroom cloud."""
    puffs = ((-84, -78, 40), (-40, -116, 46), (14, -128, 48), (62, -104, 46), (92, -70, 36), (0, -74, 60))
    def draw(s: Stage) -> None:
        x, y = s.top()
        k = 1 + 0.1 * wave(s.t)
        sc = s.scene
        with sc.transform(place(x, y, s.angle_at(s.who.height))):
            for a in (-160, -128, -52, -20):
                rad = math.radians(a)
                sc.shape(star(168 * math.cos(rad) * k, -70 + 104 * math.sin(rad) * k, 18), P.YELLOW, Z.BACK - 4)
            sc.merged([(round_poly([(-34, 20), (34, 20), (56, -66), (-56, -66)], 12), "#ffc24a", None)], Z.BACK - 3)
            sc.merged([(ellipse(dx * k, dy * k, r * k), "#fff0d0", None) for dx, dy, r in puffs], Z.BACK - 2)
            for dx, dy, r in ((-40, -92, 26), (20, -100, 30), (62, -84, 20)):
                sc.fill(ellipse(dx * k, dy * k, r), "#ffc24a", Z.BACK - 2)
            sc.fill(ellipse(-4, -82, 22), "#ff7a45", Z.BACK - 2)
        s.crest_lift += 158 + 16 * wave(s.t, 1, 0.2)
    return draw


def nose_bubble() -> Draw:
    """The bubble that a sleeper blows."""
    def draw(s: Stage) -> None:
        x, y = s.at_mouth(42, -14)
        r = 20 + 8 * wave(s.t, 1, -0.1)
        s.scene.shape(ellipse(x + r * 0.8, y - r * 0.2, r), P.TEAR_LIGHT, Z.FX)
        s.scene.fill(ellipse(x + r * 0.5, y - r * 0.6, r * 0.22, r * 0.16, -40), P.WHITE, Z.FX)
    return draw
