"""Eyes and brows.  Every painter works around (0, 0), the middle of one eye."""
from __future__ import annotations

from collections.abc import Callable

from .. import palette as P
from ..geometry import Path, curve, ellipse, heart, poly, sparkle
from ..scene import Scene, Z
from .style import Face, FaceStyle

Eye = Callable[[Scene, int, Face, FaceStyle], None]


def _shine(sc: Scene, x: float, y: float, r: float) -> None:
    sc.fill(ellipse(x, y, r), P.WHITE, Z.FACE)


def _dot(sc: Scene, side: int, face: Face, st: FaceStyle) -> None:
    lx, ly = face.look[0] * 7, face.look[1] * 6
    if st.ringed:
        sc.fill(ellipse(0, 0, 20, 22), P.WHITE, Z.FACE)
        sc.fill(ellipse(lx, ly, 14, 16), P.INK, Z.FACE)
    else:
        sc.fill(ellipse(lx, ly, 16, 20), st.ink, Z.FACE)
    if not st.glow:
        _shine(sc, lx - 5, ly - 7, 5.5)


def _arc(y: float, dip: float, w: float = 22) -> Path:
    return curve((-w, y), (0, y + dip), (w, y))


def _happy(sc: Scene, side: int, face: Face, st: FaceStyle) -> None:
    sc.line(_arc(9, -36), Z.FACE, 11, st.ink)


def _closed(sc: Scene, side: int, face: Face, st: FaceStyle) -> None:
    sc.line(_arc(-3, 26), Z.FACE, 10, st.ink)


def _squint(sc: Scene, side: int, face: Face, st: FaceStyle) -> None:
    sc.line(poly([(side * 17, -17), (-side * 15, 0), (side * 17, 17)], closed=False), Z.FACE, 11, st.ink)


def _line(sc: Scene, side: int, face: Face, st: FaceStyle) -> None:
    sc.line(curve((-20, 0), (20, 0)), Z.FACE, 11, st.ink)


def _lidded(tilt: float, level: float = -4.0) -> Eye:
    """Half-closed eye; tilt > 0 slants the lid down towards the nose (cross), < 0 sad."""
    def draw(sc: Scene, side: int, face: Face, st: FaceStyle) -> None:
        inner, outer = level + tilt, level - tilt
        yl, yr = (outer, inner) if side < 0 else (inner, outer)
        below = poly([(-60, yl + (yl - yr) * 0.6), (60, yr + (yr - yl) * 0.6), (60, 60), (-60, 60)])
        lx, ly = face.look[0] * 10, face.look[1] * 5
        if not st.glow:
            sc.fill(ellipse(0, 0, 25, 24), P.INK, Z.FACE, clip=below)
            sc.fill(ellipse(0, 0, 18, 18), P.WHITE, Z.FACE, clip=below)
            sc.fill(ellipse(lx, ly + 2, 12, 14), P.INK, Z.FACE, clip=below)
        else:
            sc.fill(ellipse(lx * 0.6, ly, 18, 20), st.ink, Z.FACE, clip=below)
        sc.line(curve((-26, yl), (26, yr)), Z.FACE, 9.5, st.ink)
    return draw


def _wide(pupil: float, r: float = 27.0) -> Eye:
    def draw(sc: Scene, side: int, face: Face, st: FaceStyle) -> None:
        reach, white = r - 3 - pupil, ellipse(0, 0, r - 7)
        if st.glow:
            sc.line(ellipse(0, 0, r - 4), Z.FACE, 8, st.ink)
        else:
            sc.fill(ellipse(0, 0, r), P.INK, Z.FACE)
            sc.fill(white, P.WHITE, Z.FACE)
        if pupil:
            sc.fill(ellipse(face.look[0] * reach, face.look[1] * reach, pupil), st.ink if st.glow else P.INK, Z.FACE,
                    clip=white)
    return draw


def _big(sc: Scene, side: int, face: Face, st: FaceStyle) -> None:
    """Huge wet puppy eyes."""
    if st.ringed:
        sc.fill(ellipse(0, 0, 36, 39), P.WHITE, Z.FACE)
    eye = ellipse(0, 0, 31, 35)
    sc.fill(eye, P.INK if st.ringed else st.ink, Z.FACE)
    if st.glow:
        sc.fill(ellipse(-9, -11, 10), "#223044", Z.FACE)
        return
    sc.fill(ellipse(0, 26, 24, 18), "#7a5a86", Z.FACE, clip=eye)
    _shine(sc, -9, -13, 12)
    _shine(sc, 12, 9, 7)
    sc.fill(ellipse(-12, 15, 4), P.WHITE, Z.FACE)
    sc.line(curve((-22, 31), (0, 46), (22, 31)), Z.FACE, 8, P.TEAR)


def _sparkly(sc: Scene, side: int, face: Face, st: FaceStyle) -> None:
    if st.ringed:
        sc.fill(ellipse(0, 0, 33, 36), P.WHITE, Z.FACE)
    sc.fill(ellipse(0, 0, 28, 32), P.INK if st.ringed else st.ink, Z.FACE)
    sc.fill(sparkle(-4, -5, 21), P.WHITE if not st.glow else "#223044", Z.FACE)
    if not st.glow:
        _shine(sc, 12, 14, 5)


def _heart(sc: Scene, side: int, face: Face, st: FaceStyle) -> None:
    p = heart(0, 2, 29, side * 8)
    if not st.glow:
        sc.line(p, Z.FACE, 12, P.INK)
    sc.fill(p, P.HEART, Z.FACE)
    sc.line(curve((-16, -10), (-12, -17), (-5, -16)), Z.FACE, 6, "#ffc2cd")


def _cross(sc: Scene, side: int, face: Face, st: FaceStyle) -> None:
    for s in (-1, 1):
        sc.line(curve((-15, -15 * s), (15, 15 * s)), Z.FACE, 11, st.ink)


def _weep(sc: Scene, side: int, face: Face, st: FaceStyle) -> None:
    """Shut tight, outer corners drooping."""
    sc.line(curve((-side * 20, -9), (0, 12), (side * 24, 9)), Z.FACE, 11, st.ink)


EYES: dict[str, Eye] = {
    "dot": _dot, "happy": _happy, "closed": _closed, "squint": _squint, "line": _line,
    "half": _lidded(0), "glare": _lidded(9, -5), "droop": _lidded(-7, 0), "wide": _wide(8), "tiny": _wide(5, 30),
    "roll": _wide(11, 27), "hollow": _wide(0, 30), "big": _big, "sparkly": _sparkly, "heart": _heart,
    "cross": _cross, "weep": _weep,
}


def draw_brow(sc: Scene, side: int, kind: str, ink: str) -> None:
    """Points are inner -> outer."""
    shapes = {
        "up": ((-18, -8), (0, -20), (18, -8)), "sad": ((-18, -16), (-2, -8), (20, 6)),
        "angry": ((-24, 10), (0, 0), (20, -12)), "flat": ((-18, 0), (0, 0), (18, 0)),
        "cocky": ((-18, 4), (0, 0), (18, 2)) if side < 0 else ((-18, -12), (4, -26), (20, -10)),
    }
    pts = [(x * side, y) for x, y in shapes[kind]]
    sc.line(curve(*pts), Z.FACE, 10, ink)
