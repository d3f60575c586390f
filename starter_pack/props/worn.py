"""Worn on the head or wrapped round the body.  Hats lift whatever already sat on the head."""
from __future__ import annotations

from contextlib import AbstractContextManager

from .. import palette as P
from ..geometry import curve, ellipse, heart, mirrored, move, place, round_poly, round_rect, spline, star
from ..motion import wave
from ..rig import Stage
from ..scene import Z
from . import Draw

HAT = Z.HELD - 2


def _on_head(s: Stage, lift: float, above: float = 0.0) -> AbstractContextManager[None]:
    """Origin on top of the head; `lift` is how much higher the top is once the thing is worn."""
    x, y = s.top()
    s.crest_lift += lift
    return s.scene.transform(place(x, y - above, s.angle_at(s.who.height)))


def party_hat() -> Draw:
    """Striped cone.  Whoever already balances something balances it on the tip."""
    def draw(s: Stage) -> None:
        with _on_head(s, 82):
            hat = round_poly([(-50, 14), (50, 14), (0, -98)], [14, 14, 10])
            s.scene.shape(hat, "#7cc6ff", HAT)
            for k, c in ((-8, "#fff3a8"), (-42, "#ff9ab0")):
                s.scene.line(curve((-60, k + 12), (60, k - 14)), HAT, 14, c, clip=hat)
            if not s.who.crest:
                s.scene.shape(star(0, -102, 27, 8, 0.62), P.YELLOW, HAT)
    return draw


def nightcap() -> Draw:
    def draw(s: Stage) -> None:
        swing = 4 * wave(s.t)
        with _on_head(s, 70, s.who.hat_lift):
            cap = spline([(-84, 30), (-66, -40), (0, -78), (78, -62), (128, -6), (134, 30 + swing), (104, 8), (82, 34)],
                         closed=True, tension=0.9)
            s.scene.shape(cap, "#8f9bf2", HAT, shade="#727fdd")
            s.scene.shape(round_rect(-98, 16, 192, 34, 17), P.WHITE, HAT)
            s.scene.shape(ellipse(134, 36 + swing, 24), P.WHITE, HAT)
    return draw


def headband(color: str = P.RED) -> Draw:
    """Cloth round the forehead with knotted tails at one side."""
    def draw(s: Stage) -> None:
        y, half = s.who.brow_band
        band = spline([(-half, -y), (0, -y - 16), (half, -y), (half + 6, -y + 32), (0, -y + 18), (-half - 6, -y + 32)],
                      closed=True, tension=0.5)
        s.scene.shape(s.part(band), color, Z.BODY + 1, shade=P.darker(color))
        s.scene.fill(s.part(star(0, -y, 14)), P.WHITE, Z.BODY + 1)
        for a in (14, 50):
            with s.scene.transform(place(*s.warp((half, -y + 16)), a + 12 * wave(s.t, 1, a / 90))):
                s.scene.shape(round_poly([(0, -10), (66, -16), (74, 12), (0, 10)], 7), color, Z.BACK - 1)
    return draw


def ice_bag() -> Draw:
    def draw(s: Stage) -> None:
        with _on_head(s, 50):
            bag = spline([(-66, 22), (-58, -22), (-16, -34), (16, -34), (58, -22), (66, 22), (0, 34)], closed=True)
            s.scene.shape(bag, "#a9dcff", HAT, shade="#7fbef0")
            s.scene.shape(round_rect(-22, -56, 44, 26, 10), P.RED, HAT)
            s.scene.line(curve((-40, 2), (-32, -12), (-18, -16)), HAT, 8, P.WHITE)
    return draw


def thermometer() -> Draw:
    def draw(s: Stage) -> None:
        with s.scene.transform(place(*s.at_mouth(10, 4), 78 + 4 * wave(s.t))):
            s.scene.tube(curve((0, -10), (0, -84)), 15, P.WHITE, Z.HELD)
            s.scene.line(curve((0, -4), (0, -56)), Z.HELD, 7, P.RED)
    return draw


def crown() -> Draw:
    def draw(s: Stage) -> None:
        with _on_head(s, 44):
            rim = round_poly([(-52, 16), (-62, -50), (-28, -22), (0, -68), (28, -22), (62, -50), (52, 16)], 7)
            s.scene.shape(rim, P.YELLOW, HAT, shade="#f2b02e")
            for x, c in ((-28, P.BLUE), (0, P.RED), (28, P.BLUE)):
                s.scene.fill(ellipse(x, 0, 8), c, HAT)
    return draw


def glasses() -> Draw:
    def draw(s: Stage) -> None:
        d = s.who.style.eye_dx
        r = min(42 * s.who.style.eye_s, d * 0.62)
        ink = P.INK if not s.who.style.glow else "#d7fbff"
        with s.scene.transform(move(*s.face.turn), s.face_frame()):
            for side in (-1, 1):
                s.scene.fill(ellipse(side * d, 2, r), P.WHITE, Z.FACE + 1, alpha=0.28)
                s.scene.line(ellipse(side * d, 2, r), Z.FACE + 1, 9, ink)
            s.scene.line(curve((-d + r, 0), (0, -10), (d - r, 0)), Z.FACE + 1, 9, ink)
    return draw


def blanket(color: str = "#8fb8f2", hood: bool = False) -> Draw:
    """Wraps the body up to the chin; with hood it also frames the face from behind."""
    light, shade = P.mix(color, P.WHITE, 0.5), P.darker(color)
    def draw(s: Stage) -> None:
        w, h, top = s.who.half_width, s.who.height, max(66.0, s.who.chin * 0.94)
        if hood:
            back = mirrored([(0, -h - 30), (w * 0.7, -h - 8), (w * 1.14, -h * 0.72), (w * 1.2, -h * 0.4),
                             (w * 1.16, -20), (w * 0.6, 10),
                             (0, 12)])
            s.scene.shape(s.part(back), color, Z.BACK + 1)
            s.crest_lift += 26
        edge = w * (1.17 if hood else 1.06)
        front = s.part(mirrored([(0, -top + 10), (w * 0.5, -top), (edge, -top - 28), (w * 1.2, -top * 0.4),
                                 (w * 1.12, 0),
                                 (w * 0.5, 16), (0, 18)]))
        s.scene.shape(front, color, Z.FRONT, shade=shade)
        for i in range(11):
            x, y = ((i * 0.618034 + 0.1) % 1 - 0.5) * 2.1 * w, -6 - ((i * 0.37) % 1) * (top - 20)
            s.scene.fill(s.part(heart(x, y, 10, 20 * (-1) ** i)), light, Z.FRONT, clip=front)
    return draw
