"""Colours and line weights.  Everything visual that is a constant lives here."""

from __future__ import annotations

from dataclasses import dataclass

INK = "#3b2c3f"  # outline and features: warm aubergine, never pure black
WHITE = "#ffffff"
CREAM = "#fffaf0"
BLUSH = "#ff8fa3"
MOUTH = "#8c2f45"
TONGUE = "#ff7f8e"
TEAR = "#7fd0ff"
TEAR_LIGHT = "#d4f1ff"
RED = "#f0485c"
HEART = "#ff5c7a"
YELLOW = "#ffd24a"
ORANGE = "#ff9d3c"
GREEN = "#6cc46a"
LEAF = "#5fb46a"
BLUE = "#5aa9f5"
PURPLE = "#a58bf0"
STEAM = "#e6e3f0"

OUTLINE = 9.0  # ink outside the shape, px on the 512 canvas
FEATURE = 9.5  # stroke of eyes/mouth lines, design units
CUT = 13.0  # white die-cut border, px
SHADOW = (58, 42, 80, 72)


def mix(a: str, b: str, k: float) -> str:
    """Blend two #rrggbb colours; k = 0 gives a."""
    pa, pb = (tuple(int(c[i : i + 2], 16) for i in (1, 3, 5)) for c in (a, b))
    return "#{:02x}{:02x}{:02x}".format(*tuple(round(x + (y - x) * k) for x, y in zip(pa, pb, strict=False)))


def darker(color: str, k: float = 0.16) -> str:
    return mix(color, "#5a2f6e", k)


@dataclass(frozen=True)
class Skin:
    """Colours of one character."""

    fill: str
    shade: str
    limb: str
    foot: str
    accent: str
    light: str
    hot: str  # the coat when its wearer boils over
    hot_shade: str
    blends: bool = True  # whether halfway to hot is still a clean colour
