"""A sticker as one picture: a moving one as a strip of its key frames, in the order in which they are seen."""

from __future__ import annotations

from PIL import Image

from ..frames import WHITE, Source, key_frames

SIDE = 448
"""Pixels of the square that is kept of a sticker; processors scale it to what their model sees."""


def strip(source: Source, side: int = SIDE) -> Image.Image:
    """The key frames beside each other on a white square of `side` pixels. Raises `FrameError`.

    A square, because the processors of LLaVA cut to one: of a mere strip the model would see the middle frame alone.
    """
    frames = key_frames(source)
    width = side // len(frames)
    square = Image.new("RGB", (side, side), WHITE[:3])
    for place, frame in enumerate(frames):
        square.paste(frame.resize((width, width), Image.Resampling.BICUBIC), (place * width, (side - width) // 2))
    return square
