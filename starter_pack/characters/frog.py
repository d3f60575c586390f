"""Frog: chaotic.  Eyes on top of the head."""
from __future__ import annotations

from .. import palette as P
from ..face import Face, FaceStyle
from ..geometry import ellipse, mirrored
from ..rig import Character, Stage
from ..scene import Scene, Z

_FROG_FILL, _FROG_SHADE = "#96db86", "#6fc06c"


def _frog_body(s: Stage) -> None:
    body = s.part(mirrored([(0, -246), (70, -252), (132, -228), (164, -176), (150, -124), (112, -98), (110, -54),
                            (100, -16), (56, -2), (0, 0)]))
    shapes = [(s.part(ellipse(side * 84, -256, 50, 50)), _FROG_FILL, None) for side in (-1, 1)]
    s.scene.merged([*shapes, (body, _FROG_FILL, _FROG_SHADE)], Z.BODY)
    s.scene.fill(s.part(ellipse(0, -36, 66, 60)), "#eaf7c8", Z.BODY, clip=body)


def _frog_under(sc: Scene, face: Face) -> None:
    for side in (-1, 1):
        sc.fill(ellipse(side * 9, 46, 3.6), "#4f9a55", Z.FACE)


FROG = Character(
    "frog", 290, 252, 134,
    FaceStyle(eye_dx=84, eye_s=1.02, mouth_y=86, mouth_s=1.35, blush_dx=116, blush_y=76, brow_y=-36, under=_frog_under, temple=(134, 38), forehead=(-34, 12)),
    P.Skin(_FROG_FILL, _FROG_SHADE, _FROG_FILL, _FROG_FILL, "#4f9a55", "#eaf7c8", "#ff8e6e", "#e0684f", blends=False),
    shoulder=(90, 80), arm=(66, 42), hip=62, leg=(26, 56), body=_frog_body, half_width=164, brow_band=(226, 142),
    hat_lift=58, energy=1.3)
