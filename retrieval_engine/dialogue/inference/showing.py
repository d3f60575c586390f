"""The stickers' side of a model, for any stickers with pictures: computed once when they come in, and kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from math import isqrt
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from ...dense import Vectors
from ...frames import FrameError
from ...stickerclip.pictures import resized
from ..bases.towers import Seen, by_sticker
from ..data.conversations import Sticker
from ..models.int_ra import IntRa
from .exporting import TwoSided
from .lines import ShownLine, StickerLine, encoded

AT_ONCE: Final = 64
"""Stickers that are decoded and looked at together."""


class Shown(NamedTuple):
    """Stickers as a model sees them: `vectors` [n, d], and `heat` [n, rows, columns] from 0 to 1 where it has any."""

    vectors: Vectors
    heat: NDArray[np.float32] | None


def show(model: TwoSided, looks: Seen, stickers: Sequence[Sticker]) -> Shown:
    """Of stickers whose frames went through the picture tower: what conversations' vectors are multiplied with."""
    with torch.inference_mode():
        vectors = model.show(looks, stickers).float().cpu().numpy()
        weights = model.heat(looks, stickers) if isinstance(model, IntRa) else None
    return Shown(vectors, None if weights is None else heat_maps(weights.float().cpu().numpy()))


def show_frames(model: TwoSided, stickers: Sequence[Sticker], frames: Sequence[NDArray[np.uint8]]) -> Shown:
    """Of stickers with their key frames, each [m, size, size, 3]."""
    of = torch.from_numpy(np.repeat(np.arange(len(frames)), [len(own) for own in frames]))
    with torch.inference_mode():
        seen = model.joint.see(torch.from_numpy(np.concatenate(frames)))
        looks = by_sticker(seen, of.to(model.joint.device), len(frames))
    return show(model, looks, stickers)


def show_lines(model: TwoSided, lines: Iterable[StickerLine]) -> Iterator[ShownLine]:
    """A line for each sticker, in order; with an error for one whose picture cannot be read."""
    model.eval()
    rest = iter(lines)
    with ThreadPoolExecutor() as pool:
        while some := list(islice(rest, AT_ONCE)):
            frames = list(pool.map(lambda line: _frames(line.path, model.joint.size), some))
            there = [at for at, own in enumerate(frames) if not isinstance(own, str)]
            seen = [own for own in frames if not isinstance(own, str)]
            shown = show_frames(model, [some[at].sticker for at in there], seen) if there else None
            rows = dict(zip(there, range(len(there)), strict=True))
            for at, line in enumerate(some):
                problem = frames[at]
                if isinstance(problem, str) or shown is None:
                    yield ShownLine(line.id, error=str(problem))
                else:
                    heat = () if shown.heat is None else _rounded(shown.heat[rows[at]])
                    yield ShownLine(line.id, encoded(shown.vectors[rows[at]]), heat)


def heat_maps(weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """[n, P] of attention over places to maps [n, rows, columns]: how far above its least each place is, as a share of
    the greatest. A map is 0 everywhere where all places are looked at alike. A place before the others that stands for
    the whole picture is left out."""
    side = isqrt(weights.shape[1])
    if side * side != weights.shape[1]:
        side = isqrt(weights.shape[1] - 1)
        if side * side != weights.shape[1] - 1:
            raise ValueError(f"{weights.shape[1]} places are no square")
        weights = weights[:, 1:]
    least, most = weights.min(1, keepdims=True), weights.max(1, keepdims=True)
    shares: NDArray[np.float32] = (weights - least) / np.maximum(most, 1e-9)
    return shares.reshape(-1, side, side)


def _frames(path: str, size: int) -> NDArray[np.uint8] | str:
    try:
        return resized(Path(path), size)
    except FrameError as error:
        return str(error)


def _rounded(heat: NDArray[np.float32]) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(round(float(share), 3) for share in row) for row in heat)
