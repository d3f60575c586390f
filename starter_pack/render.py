"""Scene -> pixels: fit to the canvas, die-cut border, soft shadow."""

from __future__ import annotations

import io

import resvg_py
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from . import palette as P
from .scene import Item, Scene

SIZE = 512
MARGIN = 8.0
MAX_SCALE = 1.3
Fit = tuple[float, float, float]
Box = tuple[float, float, float, float]


def fit_box(box: Box) -> Fit:
    """Scale and offset that centre a design-space box on the canvas."""
    pad = MARGIN + P.OUTLINE + P.CUT
    w, h = max(1.0, box[2] - box[0]), max(1.0, box[3] - box[1])
    s = min(MAX_SCALE, (SIZE - 2 * pad) / w, (SIZE - 2 * pad) / h)
    return s, SIZE / 2 - s * (box[0] + box[2]) / 2, SIZE / 2 - s * (box[1] + box[3]) / 2


def union(boxes: list[Box]) -> Box:
    return min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes)


def to_svg(scene: Scene, fit: Fit, size: int, mask: bool = False) -> str:
    """SVG of the scene; with `mask`, only the white die-cut silhouette."""
    s, tx, ty = fit
    defs: list[str] = []
    body: list[str] = []
    for it in sorted(scene.items, key=lambda i: i.z):
        if mask and it.cut:
            w = it.width + (it.px + 2 * P.CUT) / s
            fill = "#fff" if it.fill else "none"
            body.append(f'<path d="{it.path.d()}" fill="{fill}" stroke="#fff" stroke-width="{w:.2f}"/>')
        elif not mask:
            body.append(_element(it, s, defs))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{size}" height="{size}" viewBox="0 0 {SIZE} {SIZE}">'
        f'<defs>{"".join(defs)}</defs><g transform="translate({tx:.3f} {ty:.3f}) scale({s:.5f})" '
        f'stroke-linecap="round" stroke-linejoin="round">{"".join(body)}</g></svg>'
    )


def _element(it: Item, s: float, defs: list[str]) -> str:
    attrs = [f'd="{it.path.d()}"', f'fill="{it.fill or "none"}"']
    if it.stroke:
        attrs.append(f'stroke="{it.stroke}" stroke-width="{it.width + it.px / s:.2f}"')
    if it.alpha < 1:
        attrs.append(f'opacity="{it.alpha:.3f}"')
    el = f"<path {' '.join(attrs)}/>"
    if it.clip:
        el = f'<g clip-path="url(#{_clip(it.clip.d(), defs)})">{el}</g>'
    return el


def _clip(d: str, defs: list[str]) -> str:
    name = f"c{len(defs)}"
    defs.append(f'<clipPath id="{name}"><path d="{d}"/></clipPath>')
    return name


def _raster(svg: str) -> Image.Image:
    return Image.open(io.BytesIO(resvg_py.svg_to_bytes(svg_string=svg, skip_system_fonts=True))).convert("RGBA")


def _die_cut(scene: Scene, fit: Fit) -> Image.Image:
    """Smooth white contour: blur the grown silhouette, then threshold with a 1 px ramp."""
    alpha = _raster(to_svg(scene, fit, SIZE, mask=True)).getchannel("A")
    sigma = 6.0
    ramp = sigma * 2.5
    table = [max(0, min(255, round((a - 118) * ramp + 128))) for a in range(256)]
    smooth = alpha.filter(ImageFilter.GaussianBlur(sigma)).point(table)
    return ImageChops.lighter(smooth, _holes(smooth))


def _holes(mask: Image.Image, n: int = 128) -> Image.Image:
    """Small enclosed gaps of the die-cut, to be filled (nobody cuts those out)."""
    small = mask.resize((n, n), Image.Resampling.BOX).point([0] * 128 + [255] * 128)
    ImageDraw.floodfill(small, (0, 0), 128)
    enclosed = small.point([255] + [0] * 255).filter(ImageFilter.MaxFilter(3))
    return enclosed.resize(mask.size, Image.Resampling.BICUBIC)


def rasterise(scene: Scene, fit: Fit | None = None) -> Image.Image:
    fit = fit or fit_box(scene.bounds())
    art = _raster(to_svg(scene, fit, SIZE))
    cut = _die_cut(scene, fit)
    faded = [a * P.SHADOW[3] // 255 for a in range(256)]
    out = Image.new("RGBA", (SIZE, SIZE), (*P.SHADOW[:3], 0))
    out.putalpha(ImageChops.offset(cut, 0, 3).filter(ImageFilter.GaussianBlur(3)).point(faded))
    white = Image.new("RGBA", (SIZE, SIZE), P.WHITE)
    white.putalpha(cut)
    out.alpha_composite(white)
    out.alpha_composite(art)
    return out
