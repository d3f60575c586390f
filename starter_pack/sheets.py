"""Contact sheets: every character beside every other, to look at."""

from __future__ import annotations

from collections.abc import Sequence
from multiprocessing import Pool
from pathlib import Path

from PIL import Image

from .catalogue import STICKERS
from .characters import CAST

LIGHT, DARK = "#ffffff", "#1f2430"
GAP = 6
COLUMNS = 2 * len(CAST)


def write_sheets(folder: Path, cell: int, jobs: int) -> None:
    """pack_light.png and pack_dark.png: an expression per half row."""
    folder.mkdir(parents=True, exist_ok=True)
    with Pool(jobs) as pool:
        tiles = pool.map(_still, STICKERS, chunksize=4)
    for name, colour in (("light", LIGHT), ("dark", DARK)):
        sheet(tiles, COLUMNS, cell, colour).convert("RGB").save(folder / f"pack_{name}.png", optimize=True)


def sheet(tiles: Sequence[Image.Image], columns: int, cell: int, background: str) -> Image.Image:
    rows, step = -(-len(tiles) // columns), cell + GAP
    out = Image.new("RGBA", (columns * step + GAP, rows * step + GAP), background)
    for i, im in enumerate(tiles):
        small = im.resize((cell, cell), Image.Resampling.LANCZOS)
        out.alpha_composite(small, (GAP + (i % columns) * step, GAP + (i // columns) * step))
    return out


def _still(sticker_id: str) -> Image.Image:
    sticker = STICKERS[sticker_id]
    return sticker.draw(sticker.expression.still)
