"""Stickers as files: re-encoded for serving, kept as they came for exports, hashed by looks; their address and alt."""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _
from numpy.typing import NDArray
from PIL import Image

from sticktionary.domain.errors import Refused
from sticktionary.domain.intake.decoding import BOX, KEPT_FRAMES, Decoded, decode, sniffed
from sticktionary.domain.intake.diecut import needs_edge, with_edge
from sticktionary.domain.intake.metadata import without_metadata
from sticktionary.domain.intake.sources import Unreadable
from sticktionary.domain.play.snapshot import Picture
from sticktionary.models import Sticker

SERVED_AS_IS = 512 * 2**10  # bytes; a webp in the box that is no larger needs no work
FEW_COLOURS = 512
PLAIN = 4.0  # standard deviation of grey values below which a picture has no looks to compare
SPOKEN = ("facial_expression", "gesture", "posture", "drawn", "emotion")  # labels, the most telling first
N_SPOKEN = 8
Thumb = NDArray[np.int16]  # [16, 16, 3], on white


@dataclass(frozen=True, slots=True)
class Prepared:
    """A decoded picture as it will stand in the catalogue."""

    sha256: str
    original: str
    image: str
    poster: str
    width: int
    height: int
    n_frames: int
    duration_ms: int
    perceptual_hash: str
    thumb: Thumb

    def columns(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__ if name != "thumb"}


def sha256_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def prepare(name: str, content: bytes, *, store: bool) -> Prepared:
    """Decode, re-encode and (unless it is a dry run) store a picture. Raises Unreadable with the reason."""
    decoded = decode(name, content)
    says_nothing_more = _bare(decoded.kind, content) == content
    keep = _store if store else _name_of
    cover = _cover(decoded.frames)
    lacks_edge = needs_edge(cover)
    as_it_is = says_nothing_more and not lacks_edge and _can_be_served(decoded, content)
    if lacks_edge:
        decoded.frames = [with_edge(frame, BOX) for frame in decoded.frames]
    shown = _cover(decoded.frames)
    image = keep(content if as_it_is else _webp(decoded))
    return Prepared(
        sha256=sha256_of(content),
        original=image if as_it_is else keep(content, _extension(decoded.kind), "originals/"),
        image=image,
        poster=keep(_still(shown)) if len(decoded.frames) > 1 else image,
        width=shown.width,
        height=shown.height,
        n_frames=len(decoded.frames),
        duration_ms=sum(decoded.durations) if len(decoded.frames) > 1 else 0,
        perceptual_hash=looks_of(cover),
        thumb=thumb_of(cover),
    )


def _extension(kind: str) -> str:
    return "jpg" if kind == "jpeg" else kind


def _can_be_served(decoded: Decoded, content: bytes) -> bool:
    in_box = decoded.source_size[0] <= BOX[0] and decoded.source_size[1] <= BOX[1]
    is_short = len(content) <= SERVED_AS_IS and decoded.n_source_frames <= KEPT_FRAMES
    return decoded.kind == "webp" and in_box and is_short


def _bare(kind: str, content: bytes) -> bytes:
    """Where a photograph was taken is nobody's business."""
    try:
        return without_metadata(kind, content)
    except ValueError as error:
        raise Unreadable(_("It is damaged: %(error)s.") % {"error": error}) from error


def _cover(frames: list[Image.Image]) -> Image.Image:
    """The first frame with something on it; many animations begin with nothing."""
    return next((frame for frame in frames if frame.getchannel("A").getbbox()), frames[0])


def _still(frame: Image.Image) -> bytes:
    """Art in few colours is smaller and sharper lossless, and sooner done; everything else is not."""
    out = io.BytesIO()
    if frame.getcolors(FEW_COLOURS):
        frame.save(out, "WEBP", lossless=True, quality=20, method=1)
    else:
        frame.save(out, "WEBP", quality=88, method=3)
    return out.getvalue()


def _webp(decoded: Decoded) -> bytes:
    first, *rest = decoded.frames
    if not rest:
        return _still(first)
    out = io.BytesIO()
    first.save(out, "WEBP", save_all=True, append_images=rest, duration=decoded.durations, loop=0, quality=80, method=3)
    return out.getvalue()


# --- files, named by what is in them ---


def _name_of(content: bytes, extension: str = "webp", folder: str = "") -> str:
    digest = sha256_of(content)
    return f"{folder}{digest[:2]}/{digest}.{extension}"


def _store(content: bytes, extension: str = "webp", folder: str = "") -> str:
    """Write the file under its name, whole or not at all."""
    name = _name_of(content, extension, folder)
    path = path_of(name)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content)
    return name


def write_whole(path: Path, content: bytes) -> None:
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as file:
        file.write(content)
    os.chmod(file.name, 0o644)
    os.replace(file.name, path)


def path_of(name: str) -> Path:
    return Path(settings.MEDIA_ROOT) / name


def to_hand_out(sticker: Sticker) -> bytes:
    """The picture as it came, without what its file says beside it. Raises Refused for one that is gone or is another
    by now, which stops what is made rather than spoiling it."""
    try:
        content = path_of(sticker.original or sticker.image).read_bytes()
    except FileNotFoundError as error:
        raise Refused("file_gone", _("The file of sticker %(name)s is gone.") % {"name": sticker.name}) from error
    if sticker.original and sha256_of(content) != sticker.sha256:
        raise Refused("file_spoiled", _("The file of sticker %(name)s is damaged.") % {"name": sticker.name})
    try:
        return _bare(sniffed(content), content)
    except Unreadable as error:
        raise Refused("file_spoiled", _("The file of sticker %(name)s is damaged.") % {"name": sticker.name}) from error


# --- looks ---


def _on(colour: str, picture: Image.Image) -> Image.Image:
    """Small enough to be quick and large enough for a perceptual hash, which looks at 32 x 32."""
    small = picture.resize((64, 64), Image.Resampling.BOX)
    ground = Image.new("RGBA", small.size, colour)
    ground.alpha_composite(small)
    return ground.convert("RGB")


def looks_of(picture: Image.Image) -> str:
    """64 bits in hex that are alike for pictures that look alike; none for one so plain that it resembles everything.

    Seen on white, or on black where white shows nothing, as with white lettering.
    """
    import imagehash  # and SciPy with it, which the web process does without

    for colour in ("white", "black"):
        seen = _on(colour, picture)
        if np.asarray(seen.convert("L")).std() >= PLAIN:
            return str(imagehash.phash(seen))
    return ""


def thumb_of(picture: Image.Image) -> Thumb:
    return np.asarray(_on("white", picture).resize((16, 16), Image.Resampling.BOX), dtype=np.int16)


# --- addresses and words ---


def url_of(path: str) -> str:
    return f"{settings.MEDIA_URL}{path}"


def picture_of(sticker: Sticker) -> Picture:
    return Picture(url_of(sticker.image), url_of(sticker.poster), alt_of(sticker), sticker.moves)


def alt_of(sticker: Sticker) -> str:
    """What can be seen, for those who listen: as it came in the reader's language, or the labels and printed words."""
    language = (get_language() or "en")[:2]
    return told(sticker.labels, sticker.printed_text, language) or _("a sticker without a description")


def alts_without_description() -> dict[str, str]:
    """By the reader's language, what stands where nothing can be told."""
    alts = {}
    for edition, _name in settings.LANGUAGES:
        with override(edition):
            alts[edition[:2]] = _("a sticker without a description")
    return alts


def told(labels: dict[str, Any], printed_text: str, language: str) -> str:
    """The same for one language; empty where nothing is known."""
    alt = labels.get("alt")
    if isinstance(alt, dict) and (whole := str(alt.get(language, ""))):
        return whole
    seen = dict.fromkeys(word for label in SPOKEN for word in _words(labels.get(label)))
    printed = [f"“{printed_text}”"] if printed_text else []
    return ", ".join([*printed, *list(seen)[:N_SPOKEN]])


def _words(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        return [value] if value else []
    return [str(item) for item in value if item] if isinstance(value, list) else []
