"""Mouths.  Every painter works around (0, 0), the middle of the mouth."""
from __future__ import annotations

from collections.abc import Callable

from .. import palette as P
from ..geometry import Contour, Path, curve, ellipse, round_poly, spline
from ..scene import Scene, Z
from .style import FaceStyle

Mouth = Callable[[Scene, FaceStyle], None]


def _m_line(*pts: tuple[float, float], w: float = P.FEATURE) -> Mouth:
    def draw(sc: Scene, st: FaceStyle) -> None:
        sc.line(spline(pts), Z.FACE, w, st.mouth_ink)
    return draw


def _m_curve(w: float, y: float, dip: float) -> Mouth:
    def draw(sc: Scene, st: FaceStyle) -> None:
        sc.line(curve((-w, y), (0, y + dip), (w, y)), Z.FACE, P.FEATURE, st.mouth_ink)
    return draw


def _m_open(path: Path, tongue_y: float | None) -> Mouth:
    def draw(sc: Scene, st: FaceStyle) -> None:
        if st.glow:
            sc.line(path, Z.FACE, 8, st.mouth_ink)
            sc.fill(path, st.mouth_ink, Z.FACE)
            return
        sc.line(path, Z.FACE, 15, st.mouth_ink)
        sc.fill(path, P.MOUTH, Z.FACE)
        if tongue_y is not None:
            sc.fill(ellipse(0, tongue_y, 26, 20), P.TONGUE, Z.FACE, clip=path)
    return draw


def _d_shape(w: float, h: float, top: float = -8) -> Path:
    """Laughing D: gently sagging upper lip, deep round bottom."""
    lip, low = top + h * 0.1, top + h
    pts = ((-w, top), (-w * 0.5, lip), (w * 0.5, lip), (w, top), (w * 1.02, top + h * 0.62), (w * 0.58, low), (0, low),
           (-w * 0.58, low), (-w * 1.02, top + h * 0.62), (-w, top))
    return Path((Contour(pts, True),))


def _cat_mouth(sc: Scene, st: FaceStyle) -> None:
    for s in (-1, 1):
        sc.line(spline([(0, -5), (s * 4, 4), (s * 13, 8), (s * 22, 5), (s * 27, -4)]), Z.FACE, P.FEATURE, st.mouth_ink)


def _teeth(sc: Scene, st: FaceStyle) -> None:
    box = round_poly([(-36, -14), (36, -14), (36, 18), (-36, 18)], 14)
    sc.line(box, Z.FACE, 17, st.mouth_ink)
    sc.fill(box, P.WHITE if not st.glow else "#223044", Z.FACE)
    for x in (-18, 0, 18):
        sc.line(curve((x, -14), (x, 18)), Z.FACE, 5, st.mouth_ink)
    sc.line(curve((-36, 2), (36, 2)), Z.FACE, 5, st.mouth_ink)


def _drool(sc: Scene, st: FaceStyle) -> None:
    _m_open(_d_shape(36, 46, -12), 30)(sc, st)
    stream = spline([(19, 14), (29, 14), (31, 32), (37, 48), (25, 60), (13, 48), (18, 32)], closed=True)
    sc.line(stream, Z.TEARS, 8, P.INK)
    sc.fill(stream, P.TEAR, Z.TEARS)


def _tongue(sc: Scene, st: FaceStyle) -> None:
    t = round_poly([(-8, 2), (22, 2), (22, 34), (-8, 34)], 15)
    sc.line(t, Z.FACE, 14, P.INK)
    sc.fill(t, P.TONGUE, Z.FACE)
    sc.line(spline([(-26, -4), (0, 5), (26, -6)]), Z.FACE, P.FEATURE, st.mouth_ink)


def _kiss(sc: Scene, st: FaceStyle) -> None:
    sc.line(spline([(-9, -14), (8, -11), (5, -1), (-4, 1), (6, 3), (8, 13), (-9, 15)]), Z.FACE, 9, st.mouth_ink)


def _chew(sc: Scene, st: FaceStyle) -> None:
    for s in (-1, 1):
        sc.line(curve((s * 30, -12), (s * 46, 4), (s * 30, 18)), Z.FACE, 7, st.mouth_ink)
    _m_line((-14, 2), (-5, -4), (4, 4), (14, -1))(sc, st)


MOUTHS: dict[str, Mouth] = {
    "smile": _m_curve(22, -5, 24),
    "tiny": _m_curve(12, -3, 14),
    "cat": _cat_mouth,
    "flat": _m_line((-20, 2), (20, 2)),
    "long_flat": _m_line((-34, 2), (34, 2)),
    "frown": _m_curve(22, 10, -26),
    "skew": _m_line((-20, 7), (0, 3), (22, -5)),
    "wave": _m_line((-32, 2), (-20, -6), (-6, 6), (8, -5), (20, 6), (32, -2)),
    "smirk": _m_line((-20, 3), (4, 7), (24, -3), (30, -14)),
    "awkward": _m_line((-34, -8), (-26, 2), (-10, 4), (10, 4), (26, 2), (34, -8)),
    "open": _m_open(_d_shape(34, 44, -12), 28),
    "laugh": _m_open(_d_shape(54, 76, -16), 54),
    "o": _m_open(ellipse(0, 6, 13, 16), None),
    "O": _m_open(ellipse(0, 14, 23, 30), 38),
    "scream": _m_open(round_poly([(-30, -12), (30, -12), (40, 52), (-40, 52)], 28), 48),
    "bawl": _m_open(spline([(-46, 34), (-40, 4), (0, -14), (40, 4), (46, 34), (20, 46), (0, 41), (-20, 46)],
                           closed=True, tension=0.9), 44),
    "teeth": _teeth, "drool": _drool, "tongue": _tongue, "kiss": _kiss, "chew": _chew,
}


OPEN_MOUTHS = {"open": 0.6, "laugh": 1.0, "o": 0.45, "O": 0.9, "scream": 1.0, "bawl": 0.9, "drool": 0.6,
               "teeth": 0.35}
