"""What a model sees of a sticker: one picture, or the first, middle and last frame of a moving one, on white ground."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

Source = Path | bytes
WHITE: Final = (255, 255, 255, 255)


class FrameError(ValueError):
    """A picture that cannot be read; the message says why."""


def key_frames(source: Source) -> list[Image.Image]:
    """The first, middle and last frame of a PNG, APNG, JPEG, WebP or GIF, or its only one, square and on white.

    Pictures that are not square are padded, never cropped. Raises `FrameError`. (StickerCLIP, Sticker820K section 4.)
    """
    try:
        with Image.open(BytesIO(source) if isinstance(source, bytes) else source) as image:
            n = getattr(image, "n_frames", 1)
            return [_frame(image, index) for index in sorted({0, n // 2, n - 1})]
    except (UnidentifiedImageError, OSError, EOFError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise FrameError(f"not a readable picture: {error}") from error


def _frame(image: Image.Image, index: int) -> Image.Image:
    if index:
        image.seek(index)
    frame = image.convert("RGBA")
    side = max(frame.size)
    ground = Image.new("RGBA", (side, side), WHITE)
    ground.alpha_composite(frame, ((side - frame.width) // 2, (side - frame.height) // 2))
    return ground.convert("RGB")


def pixels(
    frames: Sequence[Image.Image], size: int, mean: Sequence[float], std: Sequence[float]
) -> NDArray[np.float32]:
    """Frames as float32 [n, 3, size, size]: bicubic to `size`, to 0..1, then (x - mean) / std by channel."""
    resized = [np.asarray(frame.resize((size, size), Image.Resampling.BICUBIC)) for frame in frames]
    stacked = np.stack(resized).astype(np.float32) / 255
    scaled = (stacked - np.asarray(mean, dtype=np.float32)) / np.asarray(std, dtype=np.float32)
    return np.ascontiguousarray(scaled.transpose(0, 3, 1, 2), dtype=np.float32)
