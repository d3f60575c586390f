"""Capybara: deadpan.  Balances an orange, whatever happens."""
from __future__ import annotations

from .. import palette as P
from ..face import Face, FaceStyle
from ..geometry import ellipse, mirrored, move, place, round_poly, spline
from ..rig import Character, Stage
from ..scene import Scene, Z

_CAPY_FILL, _CAPY_SHADE = "#c99a6b", "#ad7e52"


def _capy_back(s: Stage) -> None:
    for side in (-1, 1):
        s.scene.shape(s.part(ellipse(side * 98, -314, 27, 26)), _CAPY_FILL, Z.BACK)
        s.scene.fill(s.part(ellipse(side * 99, -312, 13, 13)), "#8f6440", Z.BACK)


def _capy_body(s: Stage) -> None:
    body = s.part(mirrored([(0, -318), (84, -316), (122, -294), (132, -230), (134, -150), (142, -70), (126, -16),
                            (70, -1), (0, 0)]))
    s.scene.shape(body, _CAPY_FILL, Z.BODY, shade=_CAPY_SHADE)


def _capy_orange(s: Stage) -> None:
    x, y = s.top()
    with s.scene.transform(move(0.9 * s.trail[0], min(6.0, 0.9 * s.trail[1]) - s.crest_lift),
                           place(x, y, s.angle_at(s.who.height))):
        s.scene.shape(ellipse(0, -22, 37, 33), "#ffa93f", Z.HELD, shade="#f08a28")
        s.scene.fill(ellipse(-12, -34, 7, 5, -30), "#ffd79a", Z.HELD)
        leaf = spline([(0, -54), (14, -74), (42, -74), (30, -56)], closed=True)
        s.scene.shape(leaf, P.LEAF, Z.HELD)


def _capy_under(sc: Scene, face: Face) -> None:
    muzzle = round_poly([(-64, 2), (64, 2), (88, 100), (-88, 100)], [40, 40, 44, 44])
    sc.fill(muzzle, "#e3bd90", Z.FACE)
    nose = round_poly([(-36, 6), (36, 6), (22, 36), (-22, 36)], [14, 14, 12, 12])
    sc.fill(nose, "#6b4636", Z.FACE)
    for s in (-1, 1):
        sc.fill(ellipse(s * 13, 20, 4.5, 6), P.INK, Z.FACE)


CAPY = Character(
    "capybara", 318, 226, 134,
    FaceStyle(eye_dx=84, eye_s=0.86, mouth_y=64, mouth_s=0.92, blush_dx=100, blush_y=36, brow_y=-36, under=_capy_under, temple=(96, -54), forehead=(24, -66)),
    P.Skin(_CAPY_FILL, _CAPY_SHADE, _CAPY_FILL, "#8f6440", "#8f6440", "#e3bd90", "#e07a55", "#c25c40"),
    shoulder=(106, 100), arm=(62, 44), hip=64, leg=(26, 54), body=_capy_body, back=_capy_back, crest=_capy_orange,
    half_width=136, brow_band=(292, 120), energy=0.6)
