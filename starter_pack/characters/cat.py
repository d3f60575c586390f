"""Cat: smug."""
from __future__ import annotations

import math

from .. import palette as P
from ..face import Face, FaceStyle
from ..geometry import Path, curve, ellipse, mirrored, round_poly, spline
from ..rig import Character, Stage
from ..scene import Scene, Z
from .noses import small_nose

_CAT_FILL, _CAT_SHADE = "#ffb865", "#f29a45"


def _cat_back(s: Stage) -> None:
    wag = 10 * math.cos(math.tau * s.t) + 0.8 * s.trail[0]
    tail = s.part(spline([(70, -24), (140, -20), (182, -52), (176, -104), (150 + wag, -128)]))
    s.scene.tube(tail, 36, _CAT_FILL, Z.BACK)
    tip = s.part(spline([(174, -108), (162 + wag * 0.5, -120), (150 + wag, -128)]))
    s.scene.line(tip, Z.BACK, 36, "#e8863a")


def _cat_body(s: Stage) -> None:
    head = s.part(mirrored([(0, -300), (76, -292), (134, -258), (162, -196), (140, -138), (108, -112), (120, -60),
                            (110, -18), (60, -2), (0, 0)]))
    shapes: list[tuple[Path, str, str | None]] = [(head, _CAT_FILL, _CAT_SHADE)]
    for side in (-1, 1):
        shapes.insert(0, (s.part(round_poly([(side * 138, -215), s.loose(side * 134, -352, 0.45), (side * 36, -288)],
                                            [6, 26, 6])), _CAT_FILL, None))
    s.scene.merged(shapes, Z.BODY)
    for side in (-1, 1):
        s.scene.fill(s.part(round_poly([(side * 118, -262), s.loose(side * 118, -318, 0.3), (side * 74, -288)], 12)),
                     "#ffcdb0", Z.BODY)
    s.scene.fill(s.part(ellipse(0, -40, 62, 58)), "#fff0dc", Z.BODY, clip=head)
    for x, h in ((-34, 30), (0, 42), (34, 30)):
        s.scene.line(s.part(curve((x, -316), (x * 0.82, -290 + h * 0.55))), Z.BODY, 15, "#e8863a", clip=head)
    for side in (-1, 1):
        for y in (-206, -178):
            s.scene.line(s.part(curve((side * 176, y - 4), (side * 138, y))), Z.BODY, 13, "#e8863a", clip=head)


def _cat_under(sc: Scene, face: Face) -> None:
    sc.fill(ellipse(0, 38, 56, 34), "#fff0dc", Z.FACE)


CAT = Character(
    "cat", 300, 184, 112,
    FaceStyle(eye_dx=66, mouth_y=46, blush_dx=108, blush_y=36, brow_y=-44, temple=(106, -48),
              forehead=(28, -66), under=_cat_under, nose=small_nose(22, "#d9576b", 11)),
    P.Skin(_CAT_FILL, _CAT_SHADE, _CAT_FILL, _CAT_FILL, "#e8863a", "#fff0dc", "#ff8a5c", "#e96c44"),
    shoulder=(92, 84), arm=(64, 46), hip=54, leg=(30, 54), body=_cat_body, back=_cat_back, half_width=162,
    brow_band=(264, 118))
