"""The white edge and soft shadow of a cut-out sticker, so that every one stands out on day and night pages alike."""

from __future__ import annotations

from math import erfc, sqrt

import numpy as np
from PIL import Image, ImageChops, ImageFilter, ImageOps

EDGE = 0.022  # of the longer side
REACH = 1.3  # the blur's standard deviations at which its edge is cut
SHADOW = (36, 16, 31)  # the ink of the page
SHADOW_ALPHA = 64
CLEAR = 16  # alpha below which there is nothing to see
WHITE_ALREADY = 0.7  # share of its rim
LEAST_CLEAR = 0.02  # share of a picture that must be clear for it to be a cut-out at all


def needs_edge(picture: Image.Image) -> bool:
    """Whether the picture is a cut-out without a white edge of its own; looked at small, to be quick."""
    picture = picture.resize((160, 160), Image.Resampling.NEAREST)
    alpha = picture.getchannel("A")
    clear = np.asarray(alpha) < CLEAR
    if clear.mean() < LEAST_CLEAR or clear.all():
        return False
    near_clear = np.zeros_like(clear)
    near_clear[2:] |= clear[:-2]
    near_clear[:-2] |= clear[2:]
    near_clear[:, 2:] |= clear[:, :-2]
    near_clear[:, :-2] |= clear[:, 2:]
    rim = (np.asarray(alpha) > 200) & near_clear
    colours = np.asarray(picture.convert("RGB"))[rim]
    return not len(colours) or (colours.min(axis=1) > 235).mean() < WHITE_ALREADY


def with_edge(picture: Image.Image, box: tuple[int, int]) -> Image.Image:
    """The picture in RGBA on its edge and shadow, no larger than the box."""
    edge = max(2.0, EDGE * max(picture.size))
    margin = round(edge * 1.5) + 1
    room = (box[0] - 2 * margin, box[1] - 2 * margin)
    if picture.width > room[0] or picture.height > room[1]:
        picture = ImageOps.contain(picture, room, Image.Resampling.LANCZOS)
    spread = Image.new("RGBA", (picture.width + 2 * margin, picture.height + 2 * margin))
    spread.paste(picture, (margin, margin))
    cut = _grown(spread.getchannel("A"), edge)
    result = Image.new("RGBA", spread.size, (*SHADOW, 0))
    drop = ImageChops.offset(cut, 0, max(1, round(edge / 4))).filter(ImageFilter.GaussianBlur(edge / 4))
    result.putalpha(drop.point([value * SHADOW_ALPHA // 255 for value in range(256)]))
    white = Image.new("RGBA", spread.size, (255, 255, 255, 0))
    white.putalpha(cut)
    result.alpha_composite(white)
    result.alpha_composite(spread)
    return result


def _grown(alpha: Image.Image, by: float) -> Image.Image:
    """The silhouette grown by so many pixels: blurred, then cut where a straight edge's blur has come that far."""
    solid = alpha.point([0 if value < CLEAR else 255 for value in range(256)])
    blurred = solid.filter(ImageFilter.GaussianBlur(by / REACH))
    middle = 255 * erfc(REACH / sqrt(2)) / 2
    ramp = [min(255, max(0, round(128 + (value - middle) * 255 / middle))) for value in range(256)]
    return blurred.point(ramp)
