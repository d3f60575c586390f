"""Things in the hands.  Their scale follows the room under the character's chin."""
from __future__ import annotations

import math

from .. import palette as P
from ..geometry import Path, Point, curve, ellipse, heart, place, round_poly, round_rect, spline, star
from ..motion import wave
from ..rig import Stage
from ..scene import Z
from . import Draw
from .marks import paint_heart


def _between(s: Stage) -> Point:
    (ax, ay), (bx, by) = s.hands[-1], s.hands[1]
    return (ax + bx) / 2, (ay + by) / 2


def _half_disc(r: float, bitten: bool) -> Path:
    rind = [(r * math.cos(math.radians(a)), r * math.sin(math.radians(a))) for a in range(0, 181, 15)]
    flat: list[Point] = [(-r * 0.5, 0), (0, 0), (r * 0.5, 0)]
    if bitten:
        flat = [(-r * 0.62, -3), (-r * 0.3, -4), (-r * 0.16, 14), (r * 0.08, 18), (r * 0.2, -2), (r * 0.5, -4)]
    return spline(rind + flat, closed=True, tension=0.7)


def melon(dy: float = 0) -> Draw:
    seeds = ((-46, 20), (-14, 44), (20, 34), (48, 16), (-30, 50), (8, 60), (36, 50))
    def draw(s: Stage) -> None:
        x, y = _between(s)
        k = 0.24 + 0.84 * s.who.fit
        with s.scene.transform(place(x, y - 30 * k + dy, -6 + 3 * wave(s.t), k)):
            s.scene.shape(_half_disc(96, True), "#58b368", Z.HELD, shade="#3f9a58", offset=(0, -6))
            s.scene.fill(_half_disc(84, True), "#eaf7d2", Z.HELD)
            s.scene.fill(_half_disc(75, True), "#ff6b6f", Z.HELD)
            for sx, sy in seeds:
                s.scene.fill(ellipse(sx, sy, 4.2, 6.5, sx * 0.4), P.INK, Z.HELD)
    return draw


def phone(side: int = 1, deg: float = 12, k: float = 0.95, z: float = Z.HELD, dy: float = -22) -> Draw:
    """Its back, with a camera and a heart; side 0 holds it with both hands."""
    def draw(s: Stage) -> None:
        x, y = s.hands[side] if side else _between(s)
        size = k * (0.35 + 0.65 * s.who.fit)
        with s.scene.transform(place(x, y + dy * size, deg, size)):
            s.scene.shape(round_rect(-34, -58, 68, 112, 15), "#4b5473", z)
            s.scene.fill(ellipse(-16, -40, 8), "#8ea0c8", z)
            s.scene.fill(ellipse(-16, -40, 3.5), P.INK, z)
            s.scene.fill(heart(2, 4, 15), "#ff8fa3", z)
    return draw


def mug(side: int = 1, k: float = 1.0) -> Draw:
    def draw(s: Stage) -> None:
        x, y = s.hands[side]
        with s.scene.transform(place(x + side * 12, y - 14, 0, k * (0.4 + 0.6 * s.who.fit))):
            s.scene.tube(spline([(side * 40, -26), (side * 66, -24), (side * 64, 12), (side * 38, 18)]), 11, "#ff8d8d",
                         Z.HELD)
            cup = round_poly([(-46, -46), (46, -46), (38, 44), (-38, 44)], [6, 6, 22, 22])
            s.scene.shape(cup, "#ff8d8d", Z.FRONT, shade="#ea6f74")
            s.scene.fill(ellipse(0, -43, 40, 9), "#7a4a38", Z.FRONT)
            s.scene.fill(heart(8, 4, 14), P.WHITE, Z.FRONT)
            for i, dx in enumerate((-18, 14)):
                f = 5 * wave(s.t, 1, i * 0.4)
                s.scene.tube(spline([(dx, -64), (dx + 9 + f, -80), (dx - 6 - f, -98), (dx + 6 + f, -118)]), 7, P.WHITE,
                             Z.FRONT)
    return draw


def bowl(side: int = -1) -> Draw:
    """Rice bowl resting on one hand, nearly full."""
    rice = ((-38, -26, 26), (0, -40, 34), (38, -26, 26))
    def draw(s: Stage) -> None:
        x, y = s.hands[side]
        k = 0.4 + 0.5 * s.who.fit
        with s.scene.transform(place(x - side * 22, y - 16 * k, 0, k)):
            s.scene.merged([(ellipse(dx, dy, r), P.WHITE, None) for dx, dy, r in rice], Z.HELD)
            for dx, dy in ((-30, -36), (-6, -54), (14, -40), (36, -34), (-14, -30)):
                s.scene.line(curve((dx - 4, dy), (dx + 4, dy - 3)), Z.HELD, 5, "#ddd5e2")
            wall = spline([(-76, -18), (0, -12), (76, -18), (58, 28), (28, 50), (-28, 50), (-58, 28)], closed=True,
                          tension=0.8)
            s.scene.shape(wall, "#6aa9e8", Z.HELD, shade="#4f8ed1")
            s.scene.line(curve((-64, 6), (0, 16), (64, 6)), Z.HELD, 7, P.WHITE)
    return draw


def chopsticks(side: int = 1) -> Draw:
    def draw(s: Stage) -> None:
        x, y = s.hands[side]
        for a in (-6, 8 + 5 * wave(s.t, 2)):
            with s.scene.transform(place(x, y, side * (24 + a))):
                s.scene.tube(curve((0, 44), (0, -104)), 7, "#d9824b", Z.HELD + 1)
    return draw


def pompom(side: int, color: str) -> Draw:
    def draw(s: Stage) -> None:
        x, y = s.hands[side]
        turn = -90 + 16 * wave(s.t)
        s.scene.shape(star(x, y - 8, 56, 11, 0.72, turn, 0.12), color, Z.FRONT)
        for i in range(6):
            a = math.radians(60 * i + turn)
            c, d = math.cos(a), math.sin(a)
            s.scene.line(curve((x + 10 * c, y - 8 + 10 * d), (x + 30 * c, y - 8 + 30 * d)), Z.FRONT, 6,
                         P.mix(color, P.WHITE, 0.55))
    return draw


def big_heart(k: float = 0.74, dy: float = 0) -> Draw:
    """Held to the chest with both hands."""
    def draw(s: Stage) -> None:
        x, y = _between(s)
        paint_heart(s, x, y + dy * s.who.fit, 78 * k * s.who.fit * (1 + 0.06 * wave(s.t)), 0, Z.FRONT)
    return draw


def no_sign(side: int = 1) -> Draw:
    """A paddle with a red cross, for those whose arms are too short to cross."""
    def draw(s: Stage) -> None:
        with s.scene.transform(place(*s.hands[side], side * 6 + 10 * wave(s.t))):
            s.scene.tube(curve((0, 30), (0, -60)), 13, "#e9c58f", Z.FRONT)
            s.scene.shape(ellipse(0, -112, 66), "#fff7ee", Z.FRONT, shade="#f0dccb")
            for k in (-1, 1):
                s.scene.line(curve((-30, -112 - 30 * k), (30, -112 + 30 * k)), Z.FRONT, 21, P.RED)
    return draw
