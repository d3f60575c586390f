"""Comic marks: what a drawn character gives off."""
from __future__ import annotations

import math
from collections.abc import Sequence

from .. import palette as P
from ..geometry import Path, curve, ellipse, heart, place, poly, rotate, round_rect, sparkle, spline, star
from ..motion import wave
from ..rig import Stage
from ..scene import Z
from . import Draw


def anger(size: float = 27, side: int = 1) -> Draw:
    """The cross of bulging veins, at the temple."""
    def draw(s: Stage) -> None:
        u, v = s.who.style.temple
        x, y = s.face_frame()((side * u, v))
        k = size * (1 + 0.12 * wave(s.t, 2))
        arms = [curve((sx * k * 0.25, sy * k), (sx * k * 0.28, sy * k * 0.28), (sx * k, sy * k * 0.25))
                for sx in (-1, 1) for sy in (-1, 1)]
        with s.scene.transform(place(x, y, 12)):
            for a in arms:
                s.scene.add(a, Z.FX, stroke=P.WHITE, width=19, cut=True)
            for a in arms:
                s.scene.line(a, Z.FX, 10, P.RED)
    return draw


def gloom() -> Draw:
    def draw(s: Stage) -> None:
        x0, y0 = s.who.style.forehead
        with s.scene.transform(s.face_frame()):
            for i in range(5):
                x = x0 + i * 17
                s.scene.line(curve((x, y0), (x, y0 + 26 + 8 * (i % 2))), Z.FACE, 6, "#7d7aa8")
    return draw


def hearts(at: Sequence[tuple[float, float, float, float]], rise: float = 0.0) -> Draw:
    """(u, v, size, degrees); `rise` makes an endless stream of floating hearts."""
    def draw(s: Stage) -> None:
        for i, (u, v, size, deg) in enumerate(at):
            x, y = s.around(u, v)
            f = (s.t + (i + 0.5) / len(at)) % 1.0
            k = size * (math.sin(math.pi * f) ** 0.6 if rise else 1 + 0.08 * wave(s.t, 1, i * 0.3))
            if k < 5:
                continue
            if rise:
                x, y = x + 16 * wave(f, 1, 0.2), y - rise * f
            paint_heart(s, x, y, k, deg, Z.FX)
    return draw


def paint_heart(s: Stage, x: float, y: float, k: float, deg: float, z: float) -> None:
    s.scene.shape(heart(x, y, k, deg), P.HEART, z, shade="#e23f62", offset=(-3, -5))
    shine = curve((x - k * 0.58, y - k * 0.42), (x - k * 0.5, y - k * 0.68), (x - k * 0.28, y - k * 0.7))
    s.scene.line(shine, z, k * 0.17, "#ffc9d3")


def sparkles(at: Sequence[tuple[float, float, float]], color: str = P.YELLOW) -> Draw:
    def draw(s: Stage) -> None:
        for i, (u, v, size) in enumerate(at):
            s.scene.shape(sparkle(*s.around(u, v), size * (1 + 0.18 * wave(s.t, 1, i * 0.37))), color, Z.FX)
    return draw


def zzz(u: float, v: float) -> Draw:
    def draw(s: Stage) -> None:
        x, y = s.around(u, v)
        for i, size in enumerate((19, 27, 36)):
            f = 6 * wave(s.t, 1, i * 0.2)
            cx, cy, k = x + i * 46 + f * 0.5, y - i * 50 - f, size * 0.7
            z = poly([(cx - k, cy - k), (cx + k * 0.86, cy - k), (cx - k, cy + k), (cx + k, cy + k)], closed=False)
            s.scene.tube(z, size * 0.42, "#8f9bf2", Z.FX)
    return draw


def questions(at: Sequence[tuple[float, float, float, float]]) -> Draw:
    hook = spline([(-22, -22), (-14, -40), (6, -44), (22, -30), (16, -10), (2, 2), (0, 16)])
    def draw(s: Stage) -> None:
        for i, (u, v, size, deg) in enumerate(at):
            x, y = s.around(u, v)
            with s.scene.transform(place(x, y + 5 * wave(s.t, 1, i * 0.4), deg + 7 * wave(s.t, 1, i * 0.3), size / 40)):
                s.scene.tube(hook, 16, P.YELLOW, Z.FX)
                s.scene.shape(ellipse(0, 44, 10), P.YELLOW, Z.FX)
    return draw


def burst(u: float, v: float, radius: float, a0: float, a1: float, n: int, color: str = P.INK,
          grow: float = 0.06) -> Draw:
    """Short radiating strokes: surprise, clap, shine.  Radius in half widths, angles clockwise from the right."""
    def draw(s: Stage) -> None:
        x, y = s.around(u, v)
        r = radius * s.who.half_width * (1 + grow * wave(s.t))
        for i in range(n):
            a = math.radians(a0 + (a1 - a0) * i / max(1, n - 1))
            c, d = math.cos(a), math.sin(a)
            s.scene.line(curve((x + c * r, y + d * r), (x + c * (r + 32), y + d * (r + 32))), Z.FX, 9, color, cut=True)
    return draw


def puffs(at: Sequence[tuple[float, float, float]], color: str = P.STEAM, z: float = Z.BACK,
          drift: float = 0.0) -> Draw:
    """Little clouds; `drift` makes them swell and fade outwards in a stream."""
    lumps = ((-0.8, 0.2, 0.6), (0.0, -0.15, 0.85), (0.85, 0.2, 0.62), (0.1, 0.4, 0.6))
    def draw(s: Stage) -> None:
        for i, (u, v, r) in enumerate(at):
            x, y = s.around(u, v)
            f = (s.t + i / len(at)) % 1.0
            k = r * (0.35 + math.sin(math.pi * f) ** 0.7 if drift else 1 + 0.1 * wave(s.t, 1, i * 0.35))
            x += drift * f * (1 if u > 0 else -1)
            s.scene.merged([(ellipse(x + dx * k, y + dy * k, k * m), color, None) for dx, dy, m in lumps], z)
    return draw


def streaks(lines: Sequence[tuple[float, float, float]]) -> Draw:
    """Horizontal speed lines (u, v, length)."""
    def draw(s: Stage) -> None:
        for i, (u, v, n) in enumerate(lines):
            x, y = s.around(u, v)
            x += 12 * wave(s.t, 1, i * 0.3)
            s.scene.line(curve((x, y), (x + n, y)), Z.BACK, 8, cut=True)
    return draw


def shivers() -> Draw:
    def draw(s: Stage) -> None:
        y0 = -s.who.height * 0.66
        for side in (-1, 1):
            x = side * (s.who.half_width * 1.36 + 4 * wave(s.t))
            zigzag = [(x + (10 if k % 2 else -10), y0 + k * 24) for k in range(6)]
            s.scene.line(spline(zigzag, tension=0.5), Z.FX, 9, P.BLUE, cut=True)
    return draw


def snow(at: Sequence[tuple[float, float, float]]) -> Draw:
    def draw(s: Stage) -> None:
        for i, (u, v, r) in enumerate(at):
            x, y = s.around(u, v)
            arms = [curve((-r, 0), (r, 0)).map(rotate(a)) for a in (0, 60, 120)]
            with s.scene.transform(place(x, y + 6 * wave(s.t, 1, i * 0.3), 20 * i)):
                for a in arms:
                    s.scene.add(a, Z.FX, stroke=P.INK, width=20, cut=True)
                for a in arms:
                    s.scene.line(a, Z.FX, 7, "#a9dcff")
    return draw


def flames() -> Draw:
    """A wall of fire behind the figure, flickering."""
    def draw(s: Stage) -> None:
        w, h = s.who.half_width * 1.42, s.who.height * 1.36
        def tongues(k: float, phase: float) -> Path:
            def f(o: float) -> float:
                return 16 * wave(s.t, 1, o + phase)
            peaks = [(-w * 1.02, -h * 0.4), (-w * 0.8 + f(0.1), -h * 0.84), (-w * 0.52, -h * 0.62),
                     (-w * 0.28 + f(0.3), -h * 1.0), (-w * 0.06, -h * 0.8), (w * 0.16 + f(0.5), -h * 1.08),
                     (w * 0.42, -h * 0.66), (w * 0.76 + f(0.7), -h * 0.9), (w, -h * 0.4)]
            return spline([(0, 16), (-w * k, -4), *((x * k, y * k) for x, y in peaks), (w * k, -4)], closed=True,
                          tension=0.8)
        s.scene.shape(tongues(1.0, 0), "#ff7a45", Z.FAR)
        s.scene.fill(tongues(0.9, 0.2), "#ffc24a", Z.FAR)
    return draw


def confetti(n: int = 12, top: float = 1.3, fall: float = 16) -> Draw:
    """Paper bits on an arch over the character, fluttering."""
    colors = (P.RED, P.YELLOW, P.BLUE, P.GREEN, P.PURPLE, P.ORANGE)
    def draw(s: Stage) -> None:
        for i in range(n):
            k = 2 * i / (n - 1) - 1
            x, y = s.around(1.42 * k, top)
            x += 6 * wave(s.t, 1, i * 0.31)
            y += 150 * k * k + 44 * ((i * 2) % 3 - 1) + fall * wave(s.t, 1, i * 0.17)
            bit = round_rect(-14, -8, 28, 16, 5) if i % 3 else star(0, 0, 17)
            with s.scene.transform(place(x, y, i * 47 + 25 * wave(s.t, 1, i * 0.23))):
                s.scene.shape(bit, colors[i % 6], Z.BACK - 6)
    return draw


def notes(at: Sequence[tuple[float, float, float]]) -> Draw:
    def draw(s: Stage) -> None:
        for i, (u, v, k) in enumerate(at):
            x, y = s.around(u, v)
            with s.scene.transform(place(x, y + 6 * wave(s.t, 1, i * 0.4), 8, k)):
                s.scene.line(curve((10, 0), (10, -44), (30, -34)), Z.FX, 9, P.INK, cut=True)
                s.scene.fill(ellipse(0, 2, 14, 11, -20), P.INK, Z.FX, cut=True)
    return draw
