"""Duck: dramatic.  A beak instead of a mouth."""
from __future__ import annotations

from .. import palette as P
from ..face import FaceStyle
from ..geometry import mirrored, round_poly, spline
from ..rig import Character, Stage
from ..scene import Z
from .beak import BEAK, draw_beak

_DUCK_FILL, _DUCK_SHADE = "#ffdd55", "#f5bd3c"


def _duck_back(s: Stage) -> None:
    s.scene.shape(s.part(round_poly([(84, -30), (196, -106), (176, -34), (120, -6)], [8, 16, 26, 8])), _DUCK_FILL,
                  Z.BACK, shade=_DUCK_SHADE)


def _duck_body(s: Stage) -> None:
    body = s.part(mirrored([(0, -318), (62, -308), (106, -268), (118, -216), (100, -166), (92, -146), (126, -108),
                            (140, -62), (112, -16), (56, -2), (0, 0)]))
    tuft = [s.part(spline([(-12, -306), s.loose(x, -340 - k, 0.5), s.loose(x + 12, -352 - k, 0.7),
                           s.loose(x + 14, -336 - k, 0.5), (14, -304)], closed=True))
            for x, k in ((-34, 0), (-2, 14), (26, -4))]
    s.scene.merged([(t, _DUCK_FILL, None) for t in tuft] + [(body, _DUCK_FILL, _DUCK_SHADE)], Z.BODY)


def _webbed(s: Stage, ax: float, bx: float, by: float) -> None:
    foot = round_poly([(bx - 16, by - 22), (bx + 16, by - 22), (bx + 40, by + 10), (bx - 40, by + 10)],
                      [10, 10, 16, 16])
    s.scene.shape(foot, BEAK, Z.LEGS)


DUCK = Character(
    "duck", 330, 226, 152,
    FaceStyle(eye_dx=60, eye_s=0.95, mouth_y=34, blush_dx=84, blush_y=32, brow_y=-42,
              mouth_fn=draw_beak, temple=(96, -54), forehead=(20, -72)),
    P.Skin(_DUCK_FILL, _DUCK_SHADE, _DUCK_FILL, BEAK, BEAK, "#fff2b0", "#ff8f5a", "#e66c40"),
    shoulder=(104, 100), arm=(64, 50), hip=54, leg=(24, 54), body=_duck_body, back=_duck_back, foot=_webbed,
    half_width=130, brow_band=(292, 84), energy=1.25)
