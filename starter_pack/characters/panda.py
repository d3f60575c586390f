"""Panda: soft."""
from __future__ import annotations

from .. import palette as P
from ..face import Face, FaceStyle
from ..geometry import ellipse, mirrored, spline
from ..rig import Character, Stage
from ..scene import Scene, Z
from .noses import small_nose


def _panda_back(s: Stage) -> None:
    for side in (-1, 1):
        s.scene.shape(s.part(ellipse(*s.loose(side * 112, -300, 0.3), 45, 43)), "#4a4152", Z.BACK)
        s.scene.fill(s.part(ellipse(*s.loose(side * 110, -294, 0.3), 22, 20)), "#7b6a86", Z.BACK)


def _panda_body(s: Stage) -> None:
    body = s.part(mirrored([(0, -325), (82, -312), (140, -268), (157, -205), (138, -146), (112, -116), (116, -70),
                            (112, -26), (66, -2), (0, 0)]))
    s.scene.shape(body, s.who.skin.fill, Z.BODY, shade=s.who.skin.shade)
    band = s.part(spline([(-190, -118), (-100, -98), (0, -92), (100, -98), (190, -118), (190, -66), (100, -56),
                          (0, -52), (-100, -56), (-190, -66)], closed=True))
    s.scene.fill(band, "#4a4152", Z.BODY, clip=body)


def _panda_under(sc: Scene, face: Face) -> None:
    for side in (-1, 1):
        sc.fill(ellipse(side * 63, 3, 39, 46, side * 26), "#4a4152", Z.FACE)


PANDA = Character(
    "panda", 325, 192, 118,
    FaceStyle(eye_dx=60, eye_s=0.95, mouth_y=50, blush_dx=112, blush_y=48, brow_y=-56, ink=P.CREAM,
              under=_panda_under, nose=small_nose(26), ringed=True, temple=(104, -62), forehead=(24, -78)),
    P.Skin(P.CREAM, "#e9deda", "#4a4152", "#4a4152", "#4a4152", P.WHITE, "#ffb3a0", "#f08f80"),
    shoulder=(98, 88), arm=(66, 50), hip=56, leg=(34, 62), body=_panda_body, back=_panda_back, half_width=157,
    big_head=True, brow_band=(278, 122), energy=0.9)
