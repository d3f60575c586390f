"""Furniture, sky, and what a body turns into."""
from __future__ import annotations

from .. import palette as P
from ..geometry import curve, drop, ellipse, heart, mirrored, place, round_poly, round_rect, spline, star
from ..motion import wave
from ..rig import Stage
from ..scene import Z
from . import Draw


def laptop() -> Draw:
    def draw(s: Stage) -> None:
        with s.scene.transform(place(0, -8, 0, 0.1 + 0.9 * s.who.fit)):
            s.scene.shape(round_poly([(-104, -98), (104, -98), (116, 6), (-116, 6)], [16, 16, 6, 6]), "#aeb6cc",
                          Z.FRONT,
                          shade="#939cb6")
            s.scene.fill(heart(0, -46, 19), P.WHITE, Z.FRONT)
            s.scene.shape(round_rect(-138, 2, 276, 20, 10), "#c9cfdf", Z.FRONT)
    return draw


def table(u: float, v: float, deg: float) -> Draw:
    """A little table in mid-air, legs up."""
    def draw(s: Stage) -> None:
        with s.scene.transform(place(*s.around(u, v), deg, 1.15)):
            for lx in (-66, 66):
                s.scene.tube(curve((lx, 8), (lx * 1.14, 76)), 14, "#b57b48", Z.FX - 1)
            s.scene.shape(round_rect(-104, -18, 208, 34, 14), "#d9a066", Z.FX, shade="#b97f48")
    return draw


def cup(u: float, v: float, deg: float) -> Draw:
    def draw(s: Stage) -> None:
        with s.scene.transform(place(*s.around(u, v), deg)):
            s.scene.shape(round_poly([(-22, -24), (22, -24), (16, 24), (-16, 24)], [4, 4, 12, 12]), "#8fd0ff", Z.FX)
            s.scene.shape(drop(4, -50, 12, 180), "#9b6a4e", Z.FX)
    return draw


def wall(x: float, width: float = 150) -> Draw:
    """Brick wall on the left that hides half of the character."""
    def draw(s: Stage) -> None:
        h = s.who.height + 84
        left, row = x - width, (h + 20) / 6
        w = round_rect(left, -h, width, h + 20, 16)
        s.scene.shape(w, "#f3a683", Z.FRONT, shade="#dd8a68")
        for r in range(6):
            y = -h + r * row
            if r:
                s.scene.line(curve((left, y), (x - 9, y)), Z.FRONT, 6, "#d98262", clip=w)
            for c in range(3):
                xx = left + 36 + c * 70 - (r % 2) * 36
                s.scene.line(curve((xx, y), (xx, y + row)), Z.FRONT, 6, "#d98262", clip=w)
    return draw


def beanbag() -> Draw:
    bag = spline([(-190, 46), (-236, -30), (-232, -130), (-180, -206), (-110, -214), (-20, -150), (90, -84),
                  (176, -50), (204, 6),
                  (170, 44), (0, 54)], closed=True)
    def draw(s: Stage) -> None:
        s.scene.shape(bag, P.PURPLE, Z.FAR, shade="#8468d6")
    return draw


def moon(u: float, v: float, r: float = 36) -> Draw:
    crescent = spline([(0, -r), (-r * 0.72, -r * 0.7), (-r, 0), (-r * 0.72, r * 0.7), (0, r), (r * 0.64, r * 0.66),
                       (r * 0.1, r * 0.5),
                       (-r * 0.2, 0), (r * 0.1, -r * 0.5), (r * 0.64, -r * 0.66)], closed=True, tension=0.8)
    def draw(s: Stage) -> None:
        s.scene.shape(crescent.map(place(*s.around(u, v), -20)), P.YELLOW, Z.FX)
    return draw


def sun(side: int, v: float, r: float = 44) -> Draw:
    """High on one side, clear of the ears."""
    def draw(s: Stage) -> None:
        x, y = side * (s.who.brow_band[1] + 116), -v * s.who.height
        s.scene.shape(star(x, y, r * 1.5, 12, 0.72, -90 + 30 * s.t, 0.1), "#ffb347", Z.FAR)
        s.scene.fill(ellipse(x, y, r * 0.86), P.YELLOW, Z.FAR)
    return draw


def melt_puddle() -> Draw:
    """The lower half has already run."""
    def draw(s: Stage) -> None:
        sk, w = s.who.skin, s.who.half_width
        k = 1 + 0.03 * wave(s.t)
        pool = spline([(-w * 1.4 * k, 8), (-w * 1.2, -22), (-w * 0.9, -30), (w * 0.9, -30), (w * 1.16, -20),
                       (w * 1.45 * k, 6),
                       (w * 1.25, 28), (w * 0.6, 34), (-w * 0.5, 40), (-w * 1.2, 32)], closed=True)
        s.scene.shape(pool, sk.fill, Z.BODY - 3, shade=sk.shade)
        s.scene.fill(ellipse(0, -8, w * 1.14, 40), sk.fill, Z.BODY + 2)
        s.scene.fill(ellipse(-w * 1.05, 6, 22, 6), sk.light, Z.BODY + 2)
    return draw


def rump(tail: str = "none") -> Draw:
    """The raised back of somebody bowing down to the floor; tail 'none', 'long' or 'round'."""
    def draw(s: Stage) -> None:
        sk, w = s.who.skin, s.who.half_width
        if tail == "long":
            wag = 12 * wave(s.t)
            s.scene.tube(spline([(w * 0.4, -190), (w * 0.62, -250), (w * 0.4 + wag, -282)]), 32, sk.fill, Z.FAR)
        if tail == "round":
            s.scene.shape(ellipse(w * 0.34, -250, 32), sk.limb, Z.FAR, shade=None)
        back = mirrored([(0, -262), (w * 0.5, -244), (w * 0.82, -170), (w * 0.86, -60), (w * 0.5, 0), (0, 6)])
        s.scene.shape(back, sk.fill, Z.FAR, shade=sk.shade)
    return draw
