"""Dumpling: sleepy and sweet.  Round, low, short arms."""
from __future__ import annotations

from .. import palette as P
from ..face import FaceStyle
from ..geometry import curve, mirrored, spline
from ..rig import Character, Stage
from ..scene import Z

_BAO_FILL, _BAO_SHADE = "#fff3e2", "#f3d7bd"


def _bao_body(s: Stage) -> None:
    body = s.part(mirrored([(0, -248), (46, -240), (104, -214), (152, -158), (172, -92), (150, -30), (90, -4), (0, 0)]))
    knot = s.part(mirrored([(0, -276), (26, -272), (42, -254), (50, -232), (40, -216), (0, -210)]))
    s.scene.merged([(knot, _BAO_FILL, None), (body, _BAO_FILL, _BAO_SHADE)], Z.BODY)
    for x0, x1, x2, y2 in ((0, 2, 4, -198), (26, 42, 50, -198), (-26, -42, -50, -198), (44, 80, 98, -190),
                           (-44, -80, -98, -190)):
        s.scene.line(s.part(curve((x0 * 0.8, -238), (x1, -222), (x2, y2))), Z.BODY, 7, "#d9b08c")
    s.scene.line(s.part(spline([(-18, -252), (-4, -262), (14, -256), (10, -244), (-2, -246)])), Z.BODY, 7, "#d9b08c")


BAO = Character(
    "bao", 262, 138, 84,
    FaceStyle(eye_dx=60, mouth_y=30, blush_dx=104, blush_y=28, brow_y=-38, temple=(96, -44),
              forehead=(30, -58)),
    P.Skin(_BAO_FILL, _BAO_SHADE, _BAO_FILL, _BAO_FILL, "#d9b08c", P.WHITE, "#ffa58f", "#ee8272"),
    shoulder=(150, 66), arm=(50, 38), hip=58, leg=(26, 48), body=_bao_body, half_width=172, brow_band=(208, 92),
    elbow=0.35, energy=0.85)
