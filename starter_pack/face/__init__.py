"""Parametric face shared by the whole cast.

Face space: origin midway between the eyes, y down, drawn through the scene's transform
stack so it leans, squashes and turns with the body.
"""
from __future__ import annotations

from dataclasses import replace

from .. import palette as P
from ..geometry import curve, ellipse, move, scale
from ..scene import Scene, Z
from .eyes import EYES, draw_brow
from .mouths import MOUTHS, OPEN_MOUTHS
from .style import Face, FaceStyle

__all__ = ["OPEN_MOUTHS", "Face", "FaceStyle", "draw_face"]


def draw_face(sc: Scene, face: Face, st: FaceStyle) -> None:
    if face.glow and st.glow:
        st = replace(st, ink=face.glow, mouth_ink=face.glow)
    with sc.transform(move(*face.turn)):
        if st.under:
            st.under(sc, face)
        _blush(sc, face, st)
        kinds = (face.eyes.split("|") * 2)[:2] if "|" in face.eyes else [face.eyes] * 2
        for side, kind in zip((-1, 1), kinds, strict=False):
            with sc.transform(scale(st.eye_s), move(side * st.eye_dx, 0)):
                EYES[kind](sc, side, face, st)
            if face.brows != "none":
                with sc.transform(move(side * st.eye_dx, st.brow_y)):
                    draw_brow(sc, side, face.brows, P.INK if not st.glow else st.ink)
        if st.nose:
            st.nose(sc, face)
        if st.mouth_fn:
            st.mouth_fn(sc, face, st)
        else:
            with sc.transform(scale(st.mouth_s * face.mouth_scale), move(0, st.mouth_y)):
                MOUTHS[face.mouth](sc, st)


def _blush(sc: Scene, face: Face, st: FaceStyle) -> None:
    if face.blush <= 0:
        return
    for side in (-1, 1):
        sc.fill(ellipse(side * st.blush_dx, st.blush_y, 24 * min(1.25, face.blush), 15 * min(1.2, face.blush)),
                P.BLUSH, Z.FACE,
                alpha=min(0.95, 0.62 * face.blush))
        if face.blush > 1.2:
            for k in (-1, 0, 1):
                x = side * st.blush_dx + k * 13
                sc.line(curve((x + 4, st.blush_y - 8), (x - 4, st.blush_y + 8)), Z.FACE, 5, "#e8506e")
