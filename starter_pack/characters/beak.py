"""The duck's beak: laughs wide, wails in an arch, puckers, or carries a closed mouth line."""
from __future__ import annotations

from .. import palette as P
from ..face import OPEN_MOUTHS, Face, FaceStyle
from ..geometry import Path, drop, ellipse, round_poly, spline
from ..scene import Scene, Z

BEAK, _SHADE = "#ff9a3d", "#e87b28"
_WAILING = {"scream", "bawl", "teeth", "O", "o"}


def draw_beak(sc: Scene, face: Face, st: FaceStyle) -> None:
    if face.mouth == "kiss":
        _beak_pucker(sc, 30)
        return
    gape = OPEN_MOUTHS.get(face.mouth, 0.0) * face.mouth_scale
    if gape == 0:
        _beak_closed(sc, face.mouth, 30)
    elif face.mouth in _WAILING:
        _beak_wail(sc, gape, 32)
    else:
        _beak_laugh(sc, gape, 30)
    if face.mouth == "drool":
        _drool(sc, 30 + 40 * gape)


def _beak_piece(sc: Scene, path: Path, fill: str, width: float = 16) -> None:
    sc.line(path, Z.FACE, width)
    sc.fill(path, fill, Z.FACE)


def _nostrils(sc: Scene, y: float) -> None:
    for s in (-1, 1):
        sc.fill(ellipse(s * 9, y, 3.2), "#b85a1c", Z.FACE)


def _beak_laugh(sc: Scene, gape: float, y: float) -> None:
    g = 46 * gape
    _beak_piece(sc, spline([(-40, y + 6), (0, y + 2), (40, y + 6), (30, y + 14 + g * 0.8), (0, y + 20 + g),
                            (-30, y + 14 + g * 0.8)], closed=True), _SHADE)
    inner = spline([(-32, y + 8), (0, y + 4), (32, y + 8), (22, y + 8 + g * 0.72), (0, y + 12 + g * 0.86),
                    (-22, y + 8 + g * 0.72)], closed=True)
    sc.fill(inner, P.MOUTH, Z.FACE)
    sc.fill(ellipse(0, y + 12 + g * 0.8, 22, 6 + g * 0.28), P.TONGUE, Z.FACE, clip=inner)
    _beak_piece(sc, spline([(-56, y + 4), (-34, y - 12), (0, y - 24), (34, y - 12), (56, y + 4), (34, y + 14),
                            (0, y + 17), (-34, y + 14)], closed=True), BEAK)
    _nostrils(sc, y - 9)


def _beak_wail(sc: Scene, gape: float, y: float) -> None:
    g = 40 * gape
    whole = spline([(0, y - 24), (34, y - 10), (52, y + 18 + g * 0.6), (30, y + 24 + g), (0, y + 20 + g * 0.92),
                    (-30, y + 24 + g), (-52, y + 18 + g * 0.6), (-34, y - 10)], closed=True)
    _beak_piece(sc, whole, _SHADE)
    upper = spline([(0, y - 24), (34, y - 10), (52, y + 18 + g * 0.6), (38, y + 12 + g * 0.4), (0, y + 6),
                    (-38, y + 12 + g * 0.4), (-52, y + 18 + g * 0.6), (-34, y - 10)], closed=True)
    hole = spline([(0, y + 4), (32, y + 12 + g * 0.4), (26, y + 10 + g * 0.86), (0, y + 8 + g * 0.8),
                   (-26, y + 10 + g * 0.86), (-32, y + 12 + g * 0.4)], closed=True)
    _beak_piece(sc, hole, P.MOUTH, 8)
    _beak_piece(sc, upper, BEAK, 8)
    _nostrils(sc, y - 9)


_LINES = {"frown": (8, 0), "wave": (4, 2), "smile": (2, 9), "cat": (2, 9), "smirk": (1, 4), "awkward": (0, 7),
          "flat": (4, 4), "long_flat": (4, 4)}


def _beak_closed(sc: Scene, mouth: str, y: float) -> None:
    _beak_piece(sc, spline([(-56, y + 2), (-34, y - 12), (0, y - 20), (34, y - 12), (56, y + 2), (36, y + 22),
                            (0, y + 28), (-36, y + 22)], closed=True), BEAK)
    _nostrils(sc, y - 9)
    corner, middle = _LINES.get(mouth, (2, 6))
    lift = -9 if mouth == "smirk" else 0
    if mouth == "tongue":
        _beak_tongue(sc, y)
    sc.line(spline([(-46, y + corner), (0, y + middle + 1), (46, y + corner + lift)]), Z.FACE, 7)


def _beak_pucker(sc: Scene, y: float) -> None:
    """Pressed lips, seen from the front: two short plump halves."""
    lower = spline([(-24, y + 4), (0, y + 4), (24, y + 4), (17, y + 20), (0, y + 25), (-17, y + 20)], closed=True)
    upper = spline([(-28, y + 2), (-16, y - 14), (0, y - 19), (16, y - 14), (28, y + 2), (12, y + 8), (0, y + 5),
                    (-12, y + 8)],
                   closed=True)
    _beak_piece(sc, lower, _SHADE)
    _beak_piece(sc, upper, BEAK)
    _nostrils(sc, y - 8)


def _beak_tongue(sc: Scene, y: float) -> None:
    tongue = round_poly([(4, y + 6), (36, y + 6), (34, y + 44), (6, y + 44)], 15)
    sc.line(tongue, Z.FACE, 14)
    sc.fill(tongue, P.TONGUE, Z.FACE)


def _drool(sc: Scene, y: float) -> None:
    bead = drop(26, y + 8, 14)
    sc.line(bead, Z.TEARS, 8)
    sc.fill(bead, P.TEAR, Z.TEARS)
