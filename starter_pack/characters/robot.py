"""Robot: literal.  Its face is a screen."""
from __future__ import annotations

from .. import palette as P
from ..face import FaceStyle
from ..geometry import curve, ellipse, poly, round_poly, round_rect
from ..rig import Character, Stage
from ..scene import Z

_BOT_FILL, _BOT_SHADE, _SCREEN, _GLOW = "#bfe3ea", "#93c6d3", "#2b3350", "#7ff3e4"


def _robot_back(s: Stage) -> None:
    s.scene.tube(s.part(curve((0, -320), s.loose(0, -341, 0.3), s.loose(0, -362, 0.8))), 9, "#8aa6b5", Z.BACK)
    s.scene.shape(s.part(ellipse(*s.loose(0, -376), 21)), "#ff7b84", Z.BACK)
    s.scene.fill(s.part(ellipse(*s.loose(-6, -383), 6)), "#ffd0d2", Z.BACK)
    for side in (-1, 1):
        s.scene.shape(s.part(round_rect(side * 152 - 20, -252, 40, 72, 14)), "#8fb4c4", Z.BACK)
    s.scene.shape(s.part(round_poly([(-84, -140), (84, -140), (98, -2), (-98, -2)], [10, 10, 34, 34])), _BOT_FILL,
                  Z.BODY - 1, shade=_BOT_SHADE)
    s.scene.shape(s.part(ellipse(0, -58, 21)), "#ff9aa8", Z.BODY - 1, shade="#ee7388")


def _robot_body(s: Stage) -> None:
    head = s.part(round_rect(-150, -324, 300, 208, 58))
    s.scene.shape(head, _BOT_FILL, Z.BODY, shade=_BOT_SHADE)
    screen = s.part(round_rect(-122, -298, 244, 156, 40))
    s.scene.fill(screen, _SCREEN, Z.BODY)
    s.scene.fill(s.part(poly([(-96, -330), (-40, -330), (-110, -120), (-166, -120)])), "#3a456a", Z.BODY, clip=screen)


ROBOT = Character(
    "robot", 345, 236, 152,
    FaceStyle(eye_dx=58, mouth_y=38, mouth_s=0.82, eye_s=0.92, blush_dx=92, blush_y=34, brow_y=-42, ink=_GLOW,
              mouth_ink=_GLOW, glow=True, temple=(112, -62), forehead=(32, -50)),
    P.Skin(_BOT_FILL, _BOT_SHADE, "#9fcbd9", "#8fb4c4", "#ff7b84", P.WHITE, "#f5a79c", "#d9807c", blends=False),
    shoulder=(80, 104), arm=(68, 38), hip=50, leg=(32, 54), body=_robot_body, back=_robot_back, half_width=150,
    big_head=True, brow_band=(306, 148))
