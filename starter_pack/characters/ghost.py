"""Ghost: timid.  No legs; the hem ripples."""
from __future__ import annotations

from .. import palette as P
from ..face import FaceStyle
from ..geometry import Point, curve, spline
from ..rig import Character, Stage
from ..scene import Z

_GHOST_FILL, _GHOST_SHADE = "#ece8ff", "#cfc6f5"


def _ghost_body(s: Stage) -> None:
    w = 7 + 0.8 * s.trail[0]
    right: list[Point] = [(0, -338), (70, -326), (118, -282), (134, -214), (138, -130), (148, -62), (158, -20)]
    hem: list[Point] = [(142 + w, 6), (108, 2), (82, -22), (58 + w, 2), (18 + w, 12), (-14, -18), (-44 + w, 4),
                        (-80 + w, 12), (-106, -16), (-134 + w, 6)]
    left: list[Point] = [(-158, -22), (-148, -62), (-138, -130), (-134, -214), (-118, -282), (-70, -326)]
    body = s.part(spline(right + hem + left, closed=True))
    curl = s.part(spline([(-26, -320), s.loose(-14, -362, 0.4), s.loose(26, -378, 0.7), s.loose(44, -360, 0.6),
                          s.loose(30, -350, 0.5), (26, -330), (34, -310)], closed=True))
    s.scene.merged([(curl, _GHOST_FILL, None), (body, _GHOST_FILL, _GHOST_SHADE)], Z.BODY)
    s.scene.line(s.part(curve((-98, -258), (-84, -290), (-58, -304))), Z.BODY, 13, P.WHITE)


GHOST = Character(
    "ghost", 350, 222, 158,
    FaceStyle(eye_dx=54, mouth_y=34, blush_dx=90, blush_y=30, brow_y=-42, temple=(92, -56),
              forehead=(24, -74)),
    P.Skin(_GHOST_FILL, _GHOST_SHADE, _GHOST_FILL, _GHOST_FILL, "#a99be8", P.WHITE, "#ffb0ba", "#f08d9e"),
    shoulder=(112, 140), arm=(58, 44), hip=0, leg=(0, 0), body=_ghost_body, half_width=138, brow_band=(298, 104),
    elbow=0.7, energy=0.8)
