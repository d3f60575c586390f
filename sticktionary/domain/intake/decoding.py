"""Pictures from outside, decoded within bounds: what a file is, its frames in the serving box, or why it is refused.

Bounds, for each of at most two files at a time: 32 MB of file, 16 megapixels a still (one at a time past four), 4 a
moving picture, 1,000 frames and 400 megapixels in all; of the frames at most 60 are kept, each within 512 x 512. So an
import stays under 600 MB; `benchmarks/imports.py` measures it on pictures as large as is allowed.
"""

from __future__ import annotations

import io
import threading
import warnings
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from django.utils.translation import gettext as _
from PIL import Image, ImageOps, UnidentifiedImageError

from sticktionary.domain.intake.sources import Unreadable

BOX = (512, 512)
MAX_PIXELS = 16 * 2**20
MAX_SIDE = 16_384
LARGE = 4 * 2**20  # pixels; larger pictures are decoded one at a time, and may not move
MAX_FRAMES = 1_000
MAX_PIXELS_IN_ALL = 400 * 2**20
KEPT_FRAMES = 60
SHORTEST_MS, USUAL_MS, LONGEST_MS = 20, 100, 60_000  # browsers show shorter frames for 100 ms, so do we

NAMES = {"png": "PNG", "jpeg": "JPEG", "gif": "GIF", "webp": "WebP", "webm": "WebM"}
EXTENSIONS = {"png": "png", "apng": "png", "jpg": "jpeg", "jpeg": "jpeg", "gif": "gif", "webp": "webp", "webm": "webm"}
OTHERS: tuple[tuple[bytes, str], ...] = (
    (b"<svg", "SVG"), (b"<!doctype html", "HTML"), (b"<html", "HTML"), (b"%PDF", "PDF"), (b"PK\x03\x04", "ZIP"),
    (b"BM", "BMP"), (b"II*\x00", "TIFF"), (b"MM\x00*", "TIFF"), (b"\x1f\x8b", "gzip (a TGS sticker?)"),
    (b"<?xml", "XML"), (b"{", "JSON"), (b"\x00\x00\x01\x00", "ICO"),
)  # fmt: skip

Image.MAX_IMAGE_PIXELS = MAX_PIXELS
warnings.simplefilter("error", Image.DecompressionBombWarning)
_one_large_at_a_time = threading.Lock()


@dataclass(slots=True)
class Decoded:
    """RGBA frames in the serving box with their times. Past 60 frames every second one is dropped, and so on."""

    kind: str
    source_size: tuple[int, int] = (0, 0)
    n_source_frames: int = 0
    frames: list[Image.Image] = field(default_factory=list)
    durations: list[int] = field(default_factory=list)
    _stride: int = 1

    def add(self, frame: Image.Image, duration_ms: int) -> None:
        self.n_source_frames += 1
        if (self.n_source_frames - 1) % self._stride:
            self.durations[-1] += duration_ms
            return
        if len(self.frames) == KEPT_FRAMES:
            self._drop_every_second()
            if (self.n_source_frames - 1) % self._stride:
                self.durations[-1] += duration_ms
                return
        self.frames.append(_fit(frame))
        self.durations.append(duration_ms)

    def _drop_every_second(self) -> None:
        self._stride *= 2
        self.durations = [sum(self.durations[place : place + 2]) for place in range(0, len(self.durations), 2)]
        self.frames = self.frames[::2]


def _fit(frame: Image.Image) -> Image.Image:
    """A copy in RGBA, no larger than the box."""
    if frame.mode not in {"RGB", "RGBA", "L", "LA", "CMYK", "YCbCr"}:
        frame = frame.convert("RGBA")
    fitted = frame.copy() if _fits(frame.size) else ImageOps.contain(frame, BOX, Image.Resampling.LANCZOS)
    return fitted if fitted.mode == "RGBA" else fitted.convert("RGBA")


def _fits(size: tuple[int, int]) -> bool:
    return size[0] <= BOX[0] and size[1] <= BOX[1]


def decode(name: str, content: bytes) -> Decoded:
    """The frames of a picture. Raises Unreadable with the reason for the people who sent it."""
    kind = _kind_of(name, content)
    frames = _film(content) if kind == "webm" else _stills(kind, content)
    decoded = Decoded(kind)
    n_pixels = 0
    for frame, duration_ms in frames:
        n_pixels += frame.width * frame.height
        if decoded.n_source_frames == MAX_FRAMES or n_pixels > MAX_PIXELS_IN_ALL:
            raise _too_long()
        decoded.source_size = decoded.source_size if decoded.n_source_frames else frame.size
        if frame.size != decoded.source_size:  # as browsers do, by the first one's canvas
            frame = frame.crop((0, 0, *decoded.source_size))
        decoded.add(frame, _usual(duration_ms))
    if not decoded.frames:
        raise Unreadable(_("It holds no picture that can be decoded."))
    return decoded


def _usual(duration_ms: float) -> int:
    return USUAL_MS if duration_ms < SHORTEST_MS else min(round(duration_ms), LONGEST_MS)


def _too_long() -> Unreadable:
    return Unreadable(_("It moves for too long: more than %(n)d frames, or too many large ones.") % {"n": MAX_FRAMES})


def _kind_of(name: str, content: bytes) -> str:
    """The format by its content; a name that says otherwise is refused, naming the true one."""
    if not content:
        raise Unreadable(_("The file is empty."))
    kind, extension = sniffed(content), PurePosixPath(name).suffix.lower().lstrip(".")
    true_name = NAMES.get(kind) or _other(content)
    if EXTENSIONS.get(extension) != kind or not kind:
        if extension in EXTENSIONS and true_name:
            raise Unreadable(_("It is named .%(ext)s but is %(format)s.") % {"ext": extension, "format": true_name})
        if extension in EXTENSIONS:
            raise Unreadable(_("It is named .%(ext)s but is no picture.") % {"ext": extension})
        wanted = "png, jpg, webp, gif, apng, webm"
        raise Unreadable(_("Not a format for stickers; these are: %(formats)s.") % {"formats": wanted})
    return kind


def sniffed(content: bytes) -> str:
    """The format by how it begins, "" for none of ours."""
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if content.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if content.startswith((b"GIF87a", b"GIF89a")):
        return "gif"
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "webp"
    return "webm" if content.startswith(b"\x1aE\xdf\xa3") and b"webm" in content[:64] else ""


def _other(content: bytes) -> str:
    head = content[:1_024].lstrip(b"\xef\xbb\xbf \t\r\n")
    if b"<svg" in head.lower():
        return "SVG"
    if content[4:8] == b"ftyp":
        return "MP4, HEIC or AVIF"
    if content.startswith(b"\x1aE\xdf\xa3"):
        return "Matroska"
    return next((name for magic, name in OTHERS if head.lower().startswith(magic.lower())), "")


Frame = tuple[Image.Image, float]  # picture, milliseconds


def _stills(kind: str, content: bytes) -> Iterator[Frame]:
    try:
        image = Image.open(io.BytesIO(content), formats=[NAMES[kind].upper()])
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_large() from error
    except (UnidentifiedImageError, OSError, EOFError, SyntaxError, ValueError) as error:
        raise Unreadable(_("It begins as %(format)s but holds no picture.") % {"format": NAMES[kind]}) from error
    with image:
        n_told = 1 if kind == "gif" else getattr(image, "n_frames", 1)  # a gif would have to be read through to tell
        _check_size(image.size, LARGE if n_told > 1 else MAX_PIXELS)
        if n_told > MAX_FRAMES:
            raise _too_long()
        with _one_large_at_a_time if image.width * image.height > LARGE else nullcontext():
            yield from _frames(image, kind)


def _frames(image: Image.Image, kind: str) -> Iterator[Frame]:
    for number in range(MAX_FRAMES + 1):
        try:
            image.seek(number)
        except EOFError:
            return
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise _too_large() from error
        except Exception as error:
            raise _damaged(error) from error
        if number == 1:
            _check_size(image.size, LARGE)
        try:
            image.load()
            upright = ImageOps.exif_transpose(image) if kind == "jpeg" else image
        except Exception as error:  # decoders have no common ground: OSError, SyntaxError, struct.error, ...
            raise _damaged(error) from error
        yield upright, float(image.info.get("duration", 0) or 0)
        if kind == "jpeg":
            return


def _damaged(error: Exception) -> Unreadable:
    return Unreadable(_("It is damaged: %(error)s.") % {"error": str(error) or type(error).__name__})


def _check_size(size: tuple[int, int], limit: int) -> None:
    if min(size) < 1:
        raise Unreadable(_("It is empty: %(w)d x %(h)d pixels.") % {"w": size[0], "h": size[1]})
    if size[0] * size[1] <= limit and max(size) <= MAX_SIDE:
        return
    values = {"w": size[0], "h": size[1], "n": limit // 2**20}
    if limit == LARGE:
        raise Unreadable(_("It is too large to move: %(w)d x %(h)d; the limit is %(n)d megapixels.") % values)
    raise Unreadable(_("It is too large: %(w)d x %(h)d pixels; the limit is %(n)d megapixels.") % values)


def _too_large() -> Unreadable:
    return Unreadable(_("It is too large: more than %(n)d megapixels.") % {"n": MAX_PIXELS // 2**20})


DECODERS = {"vp9": "libvpx-vp9", "vp8": "libvpx"}  # FFmpeg's own decoders leave the alpha plane out


def _film(content: bytes) -> Iterator[Frame]:
    import av

    try:
        with av.open(io.BytesIO(content), format="matroska") as film:
            yield from _film_frames(film)
    except (av.FFmpegError, ValueError, IndexError) as error:
        raise _damaged(error) from error


def _film_frames(film: Any) -> Iterator[Frame]:
    import av

    if not film.streams.video:
        raise Unreadable(_("It is a film without a picture."))
    stream = film.streams.video[0]
    codec = stream.codec_context.name.removeprefix("lib").removeprefix("vpx-") if stream.codec_context else "?"
    if codec not in DECODERS:
        raise Unreadable(_("It is WebM in %(codec)s; VP9 or VP8 is needed.") % {"codec": codec})
    _check_size((stream.codec_context.width, stream.codec_context.height), LARGE)
    decoder: Any = av.CodecContext.create(DECODERS[codec], "r")
    decoder.extradata = stream.codec_context.extradata
    usual_ms = 1_000 / float(stream.average_rate or 10)
    previous: Image.Image | None = None
    since: float | None = None
    for packet in film.demux(stream):
        for frame in decoder.decode(packet):
            _check_size((frame.width, frame.height), LARGE)
            at = float(frame.pts * stream.time_base) * 1_000 if frame.pts is not None else None
            if previous is not None:
                yield previous, at - since if at is not None and since is not None else usual_ms
            previous, since = Image.fromarray(_rgba(frame)), at
    if previous is not None:
        yield previous, usual_ms


def _rgba(frame: Any) -> Any:
    """Straight RGBA of a film's frame, scaled down to the box on the way."""
    scale = min(1.0, BOX[0] / frame.width, BOX[1] / frame.height)
    width, height = max(1, round(frame.width * scale)), max(1, round(frame.height * scale))
    return frame.reformat(width=width, height=height, format="rgba").to_ndarray()
