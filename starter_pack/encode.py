"""Pixels -> WebP.  Flat art with a small shared palette is both sharper and smaller lossless than lossy."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

STILL_COLOURS, MOVING_COLOURS = 48, 30
ROUNDS = 5
SEE_THROUGH = 2.0  # how much worse a wrong transparency is than a wrong colour
FLAT = 0.0006  # a colour that covers more of the picture than this is a fill, not an edge
Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
Indices = np.ndarray[tuple[int, ...], np.dtype[np.intp]]


def webp(frames: Sequence[Image.Image], durations: Sequence[int]) -> bytes:
    """One file, moving when there are several frames (durations in ms each, endless loop)."""
    flat, out = _reduce(frames, MOVING_COLOURS if len(frames) > 1 else STILL_COLOURS), io.BytesIO()
    if len(flat) == 1:
        flat[0].save(out, "WEBP", lossless=True, quality=100, method=4)
    else:
        flat[0].save(
            out,
            "WEBP",
            save_all=True,
            append_images=flat[1:],
            duration=list(durations),
            loop=0,
            lossless=True,
            quality=100,
            method=4,
            minimize_size=True,
        )
    return out.getvalue()


def _reduce(frames: Sequence[Image.Image], colours: int) -> list[Image.Image]:
    """All frames in one palette, found by weighted k-means on premultiplied colour."""
    stack = np.stack([np.asarray(f.convert("RGBA")) for f in frames])
    packed = np.ascontiguousarray(stack).view(np.uint32)[..., 0]
    packed = np.where(stack[..., 3] < 8, np.uint32(0), packed)
    keys, inverse, counts = np.unique(packed, return_inverse=True, return_counts=True)
    rgba = keys.view(np.uint8).reshape(-1, 4).astype(np.float64)
    points = np.concatenate([rgba[:, :3] * rgba[:, 3:] / 255, rgba[:, 3:] * SEE_THROUGH], axis=1)
    nearest, centres = _cluster(points, counts.astype(np.float64), min(colours, len(keys)))
    alpha = centres[:, 3:] / SEE_THROUGH
    palette = np.rint(np.clip(np.concatenate([centres[:, :3] * 255 / np.maximum(alpha, 1e-9), alpha], axis=1), 0, 255))
    indices = nearest[inverse].reshape(packed.shape)
    return [Image.fromarray(palette.astype(np.uint8)[i]) for i in indices]


def _cluster(points: Array, weights: Array, n: int) -> tuple[Indices, Array]:
    """Nearest centre of every point, and the centres.  Nothing and the flat fills keep exactly their colour."""
    order = np.argsort(-weights, kind="stable")
    chosen = _spread(points[order], n, int((weights > FLAT * weights.sum()).sum()))
    centres = points[order][chosen]
    pinned = np.array([i for i, rank in enumerate(chosen) if weights[order[rank]] > FLAT * weights.sum()])
    pull = np.sqrt(weights)
    nearest: Indices = np.zeros(len(points), dtype=np.intp)
    for _ in range(ROUNDS):
        nearest = _nearest(points, centres)
        total = np.bincount(nearest, pull, n)
        sums = np.stack([np.bincount(nearest, pull * points[:, c], n) for c in range(4)], axis=1)
        moved = np.where(total[:, None] > 0, sums / np.maximum(total, 1e-9)[:, None], centres)
        moved[pinned] = centres[pinned]
        centres = moved
    return nearest, centres


def _spread(ordered: Array, n: int, fills: int) -> list[int]:
    """n of the points, commonest first: the fills however alike, then edge colours not too near to those chosen."""
    chosen, far = [0], ((ordered - ordered[0]) ** 2).sum(axis=1)
    edges = range(fills, min(len(ordered), 4000))
    for limit, among in ((20.0, range(fills)), (900.0, edges), (300.0, edges), (60.0, edges), (0.0, edges)):
        for i in among:
            if len(chosen) == n:
                return chosen
            if far[i] > limit:
                chosen.append(i)
                far = np.minimum(far, ((ordered - ordered[i]) ** 2).sum(axis=1))
    return chosen


def _nearest(points: Array, centres: Array) -> Indices:
    best, nearest = np.full(len(points), np.inf), np.zeros(len(points), dtype=np.intp)
    for i, centre in enumerate(centres):
        distance = ((points - centre) ** 2).sum(axis=1)
        closer = distance < best
        best[closer], nearest[closer] = distance[closer], i
    return nearest
