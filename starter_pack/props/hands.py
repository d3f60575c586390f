"""Hands that say something, drawn at the end of an arm."""
from __future__ import annotations

from collections.abc import Sequence

from .. import palette as P
from ..geometry import Path, curve, ellipse, place, round_poly, round_rect
from ..rig import Stage
from ..scene import Z
from . import Draw

TOP = Z.FRONT + 2


def _mitten(s: Stage, parts: Sequence[tuple[Path, float]], z: float = TOP) -> None:
    """Finger strokes that share one outline."""
    for path, width in parts:
        s.scene.add(path, z, stroke=P.INK, width=width, px=2 * P.OUTLINE, cut=True)
    for path, width in parts:
        s.scene.add(path, z, stroke=s.who.skin.limb, width=width)


def _crease(s: Stage) -> str:
    """Finger lines must show on dark paws too."""
    return "#8d7f98" if s.who.name == "panda" else P.INK


def thumb(side: int = 1, size: float = 1.35) -> Draw:
    """A proper fist with the thumb up."""
    def draw(s: Stage) -> None:
        w, c = s.who.arm[1] * 0.62 * size, s.who.skin.limb
        up = round_poly([(-w * 0.42, 0), (w * 0.38, 0), (w * 0.3, -w * 2.1), (-w * 0.5, -w * 2.1)], w * 0.4)
        with s.scene.transform(place(*s.hands[side], side * 4)):
            s.scene.merged([(up, c, None), (round_rect(-w * 1.05, -w * 0.85, w * 2.1, w * 1.8, w * 0.7), c, None)], TOP)
            for k in (-0.2, 0.3):
                s.scene.line(curve((w * 0.2, w * k), (w * 0.86, w * k)), TOP, 5, _crease(s))
    return draw


def palm(side: int = 1, size: float = 1.35, deg: float = 0) -> Draw:
    """Flat hand with fingers (facepalm, can't look)."""
    def draw(s: Stage) -> None:
        w = s.who.arm[1] * 0.6 * size
        fingers = [(curve((dx * w * 0.8, -w * 0.2), (dx * w, -w * (1.25 - 0.2 * abs(dx)))), w * 0.62)
                   for dx in (-0.72, 0, 0.72)]
        with s.scene.transform(place(*s.hands[side], deg)):
            _mitten(s, [(curve((0, 0), (0, w * 0.2)), w * 2), *fingers])
            for dx in (-0.38, 0.38):
                crease = curve((dx * w, -w * 0.5), (dx * w * 1.1, -w * 0.95))
                s.scene.line(crease, TOP, 5, "#8d7f98" if s.who.name == "panda" else P.darker(s.who.skin.limb, 0.55))
    return draw


def clapping(side: int, tilt: float) -> Draw:
    """One hand of a clap: fingers up, leaning to the other hand, thumb on the near side."""
    def draw(s: Stage) -> None:
        w = s.who.arm[1] * (0.45 + 0.65 * s.who.fit)
        with s.scene.transform(place(*s.hands[side], -side * tilt)):
            _mitten(s, [(curve((0, w * 0.1), (0, -w * 0.62)), w * 0.98),
                        (curve((side * w * 0.2, 0), (side * w * 0.62, -w * 0.3)), w * 0.46)])
            for k in (-0.16, 0.16):
                s.scene.line(curve((k * w, -w * 0.98), (k * w, -w * 0.6)), TOP, 4.5, _crease(s))
    return draw


def ok_ring(side: int = 1, size: float = 1.2) -> Draw:
    """Thumb and index make a ring, three fingers fan out."""
    def draw(s: Stage) -> None:
        w = s.who.arm[1] * size
        with s.scene.transform(place(*s.hands[side], side * 8)):
            ring = ellipse(-side * w * 0.5, -w * 0.62, w * 0.5, w * 0.5)
            fingers = [(curve((side * w * 0.1, -w * 0.3), (side * w * dx, -w * dy)), w * 0.44)
                       for dx, dy in ((0.12, 1.62), (0.6, 1.4), (0.95, 0.98))]
            _mitten(s, [*fingers, (curve((0, 0), (side * w * 0.12, -w * 0.3)), w * 0.9), (ring, w * 0.38)])
    return draw


def pointing(side: int) -> Draw:
    """One finger towards the other hand (shy finger twiddling)."""
    def draw(s: Stage) -> None:
        x, y = s.hands[side]
        w = s.who.arm[1] * (0.55 + 0.35 * s.who.fit)
        finger = curve((x, y - w * 0.16), (x - side * w * 0.92, y - w * 0.34))
        _mitten(s, [(finger, w * 0.42), (curve((x, y), (x - side * 2, y - 2)), w)])
    return draw


def grip(side: int, size: float = 1.0, dx: float = 0, dy: float = 0) -> Draw:
    """The hand again, in front of what it holds."""
    def draw(s: Stage) -> None:
        x, y = s.hands[side]
        w = s.who.arm[1] * size
        _mitten(s, [(curve((x + side * dx, y + dy), (x + side * (dx - w * 0.12), y + dy)), w)])
    return draw


def paw(u: float, v: float) -> Draw:
    """Loose hand gripping an edge in front of the body (x in px, v in chin heights)."""
    def draw(s: Stage) -> None:
        w, y = s.who.arm[1], -v * s.who.chin
        _mitten(s, [(curve((u + w * 0.5, y), (u - w * 0.1, y)), w)])
        for dy in (-0.18, 0.18):
            s.scene.line(curve((u - w * 0.45, y + dy * w), (u - w * 0.12, y + dy * w)), TOP, 5, _crease(s))
    return draw
