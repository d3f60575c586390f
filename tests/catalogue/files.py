"""Pictures and archives made on the spot: every format there is, and the files that mean us harm."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from functools import cache
from pathlib import Path

import av
import numpy as np
from PIL import Image, ImageDraw

HOSTILE = {
    "truncated.png": "It is damaged",
    "huge.png": "It is too large",
    "bomb.png": "It is too large",
    "page.gif": "It is named .gif but is HTML.",
    "../slip.png": "Its path leads out of the archive.",
    "empty.png": "The file is empty.",
    "no_frame.gif": "It begins as GIF but holds no picture.",
    "wrong.jpg": "It is named .jpg but is PNG.",
    "endless.gif": "It moves for too long",
    "drawing.svg": "Not a format for stickers",
}
GOOD = ("still.png", "photo.jpg", "still.webp", "moving.gif", "moving.png", "film.webm")


def drawing(seed: int, size: int = 96, background: tuple[int, int, int, int] = (0, 0, 0, 0)) -> Image.Image:
    """A picture of its own for each seed."""
    random = np.random.default_rng(seed)
    picture = Image.new("RGBA", (size, size), background)
    pen = ImageDraw.Draw(picture)
    for _ in range(6):
        x, y = random.integers(0, size - 30, 2)
        w, h = random.integers(10, 30, 2)
        pen.ellipse((x, y, x + w, y + h), fill=(*(int(c) for c in random.integers(0, 255, 3)), 255))
    return picture


def encoded(picture: Image.Image, format: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, format, **options)
    return out.getvalue()


def png(seed: int, size: int = 96) -> bytes:
    return encoded(drawing(seed, size), "PNG")


def moving(format: str, seed: int = 1, n: int = 5, size: int = 96, duration: int = 80) -> bytes:
    frames = [drawing(seed * 1_000 + number, size, (255, 255, 255, 255)) for number in range(n)]
    return encoded(frames[0], format, save_all=True, append_images=frames[1:], duration=duration, loop=0)


def webm(n: int = 8, size: int = 96, codec: str = "libvpx-vp9", format: str = "webm") -> bytes:
    """A red square that moves over nothing at all."""
    out = io.BytesIO()
    with av.open(out, "w", format=format) as film:
        stream = film.add_stream(codec, rate=10)
        stream.width = stream.height = size
        stream.pix_fmt = "yuva420p"
        stream.options = {"auto-alt-ref": "0"}
        for number in range(n):
            pixels = np.zeros((size, size, 4), np.uint8)
            pixels[20:60, 2 * number : 2 * number + 40] = (255, 0, 0, 255)
            frame = av.VideoFrame.from_ndarray(pixels, format="rgba").reformat(format="yuva420p")
            film.mux(stream.encode(frame))
        film.mux(stream.encode(None))
    return out.getvalue()


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_of_zeros(side: int) -> bytes:
    """A valid PNG whose pixels are all nothing: some hundred bytes for each megapixel."""
    packer = zlib.compressobj(9)
    row = bytes(1 + side // 8)
    data = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def endless_gif(n: int = 2_000, size: int = 64) -> bytes:
    frames = [Image.new("P", (size, size), number % 251) for number in range(n)]
    for frame in frames:
        frame.putpalette([value for colour in range(256) for value in (colour, 255 - colour, colour // 2)])
    return encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=20, optimize=False)


def good() -> dict[str, bytes]:
    return {
        "still.png": png(1),
        "photo.jpg": encoded(drawing(2, background=(250, 240, 230, 255)).convert("RGB"), "JPEG"),
        "still.webp": encoded(drawing(3), "WEBP"),
        "moving.gif": moving("GIF", 4),
        "moving.png": moving("PNG", 5),
        "film.webm": webm(),
    }


@cache
def hostile() -> dict[str, bytes]:
    return {
        "truncated.png": png(20)[:400],
        "huge.png": png_of_zeros(50_000),
        "bomb.png": png_of_zeros(15_000),
        "page.gif": b"<!doctype html><script>alert(1)</script>",
        "../slip.png": png(21),
        "empty.png": b"",
        "no_frame.gif": b"GIF89a\x01\x00\x01\x00\x00\x00\x00;",
        "wrong.jpg": png(22),
        "endless.gif": endless_gif(),
        "drawing.svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    }


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def folder(path: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)
    return path
