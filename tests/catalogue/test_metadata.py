"""What files say beside their pictures goes, the pictures stay to the last bit."""

from __future__ import annotations

import io
import struct
import zlib
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from sticktionary.domain.errors import Refused
from sticktionary.domain.intake.decoding import decode, sniffed
from sticktionary.domain.intake.metadata import without_metadata
from sticktionary.domain.intake.pictures import path_of, to_hand_out
from sticktionary.models import Sticker
from tests.catalogue import files
from tests.catalogue.conftest import Importer

SECRET = b"SECRET-52.5163N"
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/">' + SECRET + b"</x:xmpmeta>"
PROFILE = b"the meaning of its colours".ljust(132, b".")


def exif(orientation: int = 1) -> bytes:
    held = Image.Exif()
    held[0x010E] = SECRET.decode()
    held[0x0112] = orientation
    held.get_ifd(0x8825)[1] = "N"  # GPS
    return held.tobytes()


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def talking_png(*, moves: bool) -> bytes:
    said = PngImagePlugin.PngInfo()
    said.add_text("Author", SECRET.decode())
    said.add_itxt("XML:com.adobe.xmp", XMP.decode())
    more = {"save_all": True, "append_images": [files.drawing(8)], "duration": 70, "loop": 3} if moves else {}
    content = files.encoded(files.drawing(7), "PNG", pnginfo=said, exif=exif(), icc_profile=PROFILE, **more)
    at = content.index(b"IDAT") - 4
    return content[:at] + chunk(b"tIME", SECRET) + chunk(b"prVt", SECRET) + content[at:] + SECRET


def talking_jpeg(orientation: int = 1, *, progressive: bool = False) -> bytes:
    picture = files.drawing(2, background=(250, 240, 230, 255)).convert("RGB")
    content = files.encoded(
        picture, "JPEG", exif=exif(orientation), comment=SECRET, icc_profile=PROFILE, progressive=progressive, xmp=XMP
    )
    photoshop = b"\xff\xed" + struct.pack(">H", len(SECRET) + 2) + SECRET
    return content[:2] + photoshop + content[2:] + b"\xff\xd8" + SECRET  # and a second picture after the end


def talking_gif() -> bytes:
    content = files.encoded(
        files.drawing(4), "GIF", save_all=True, append_images=[files.drawing(5)], duration=[80, 120], loop=3
    )
    at = content.index(b"\x21\xf9")
    said = b"\x21\xfe" + bytes([len(SECRET)]) + SECRET + b"\0"
    xmp = b"\x21\xff\x0bXMP DataXMP" + bytes([len(XMP)]) + XMP + b"\0"
    return content[:at] + said + xmp + content[at:] + SECRET


def talking_webp(*, moves: bool) -> bytes:
    more = {"save_all": True, "append_images": [files.drawing(8)], "duration": 70, "loop": 3} if moves else {}
    content = files.encoded(files.drawing(3), "WEBP", exif=exif(), xmp=XMP, icc_profile=PROFILE, lossless=True, **more)
    said = b"NOTE" + struct.pack("<I", len(SECRET)) + SECRET + b"\0" * (len(SECRET) % 2)
    return b"RIFF" + struct.pack("<I", len(content) + len(said) - 8) + content[8:] + said + SECRET


def talking_film(**options: str) -> bytes:
    out = io.BytesIO()
    with av.open(out, "w", format="webm", options=options) as film:
        film.metadata.update(title=SECRET.decode(), artist=SECRET.decode(), location=SECRET.decode())
        stream = film.add_stream("libvpx-vp9", rate=10)
        stream.width = stream.height = 96
        stream.pix_fmt = "yuva420p"
        stream.options = {"auto-alt-ref": "0"}
        stream.time_base = Fraction(1, 10)
        stream.metadata.update(title=SECRET.decode())
        for number in range(8):
            pixels = np.zeros((96, 96, 4), np.uint8)
            pixels[20:60, 2 * number : 2 * number + 40] = (255, 0, 0, 255)
            film.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgba").reformat(format="yuva420p")))
        film.mux(stream.encode(None))
    return out.getvalue()


TALKING = {
    "still.png": talking_png(moves=False),
    "moving.png": talking_png(moves=True),
    "photo.jpg": talking_jpeg(),
    "progressive.jpg": talking_jpeg(progressive=True),
    "moving.gif": talking_gif(),
    "still.webp": talking_webp(moves=False),
    "moving.webp": talking_webp(moves=True),
    "film.webm": talking_film(),
    "live.webm": talking_film(live="1"),  # clusters and segment of unknown size
}


def bare(content: bytes) -> bytes:
    return without_metadata(sniffed(content), content)


@pytest.mark.parametrize("name", TALKING)
def test_what_is_said_beside_the_picture_goes_and_the_picture_stays(name: str) -> None:
    before, after = TALKING[name], bare(TALKING[name])
    assert SECRET in before
    assert (SECRET in after, b"Exif" in after, b"xmpmeta" in after, b"Lavf" in after) == (False, False, False, False)
    one, other = decode(name, before), decode(name, after)
    assert (one.durations, one.n_source_frames) == (other.durations, other.n_source_frames)
    assert [frame.tobytes() for frame in one.frames] == [frame.tobytes() for frame in other.frames]
    assert bare(after) == after


@pytest.mark.parametrize("name", [name for name in TALKING if not name.endswith("webm")])
def test_colours_and_how_often_it_goes_round_stay(name: str) -> None:
    before, after = (Image.open(io.BytesIO(content)) for content in (TALKING[name], bare(TALKING[name])))
    for held in ("icc_profile", "loop", "transparency", "adobe", "jfif_density"):
        assert after.info.get(held) == before.info.get(held)


@pytest.mark.parametrize("name", files.GOOD[:-1])
def test_a_file_that_says_nothing_stays_as_it_is(name: str) -> None:
    assert bare(files.good()[name]) == files.good()[name]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photograph_stays_the_right_way_up(orientation: int) -> None:
    after = bare(talking_jpeg(orientation))
    told = dict(Image.open(io.BytesIO(after)).getexif())
    assert told == ({} if orientation == 1 else {0x0112: orientation})
    assert SECRET not in after


def test_the_small_picture_of_a_photograph_goes() -> None:
    content = files.good()["photo.jpg"]
    size = struct.unpack_from(">H", content, 4)[0]
    head = content[6 : 4 + size][:12] + b"\x01\x01" + SECRET[:3]
    held = content[:4] + struct.pack(">H", len(head) + 2) + head + content[4 + size :]
    assert SECRET[:3] in held
    assert bare(held) == content


@pytest.mark.parametrize("name", TALKING)
def test_a_file_that_is_cut_off_is_bare_or_told_of_and_never_worse(name: str) -> None:
    content = TALKING[name]
    for end in range(0, len(content), 97):
        try:
            after = without_metadata(sniffed(content), content[:end])
        except ValueError:
            continue
        assert SECRET not in after


# --- where it matters ---


@pytest.mark.parametrize("name", ["photo.jpg", "still.webp", "moving.gif"])
def test_an_import_keeps_the_file_and_hands_out_the_picture(imported: Importer, tmp_path: Path, name: str) -> None:
    imported(files.folder(tmp_path / "pack", {f"stickers/{name}": TALKING[name]}))
    sticker = Sticker.objects.get()
    assert path_of(sticker.original).read_bytes() == TALKING[name]
    assert to_hand_out(sticker) == bare(TALKING[name])
    assert SECRET not in path_of(sticker.image).read_bytes()
    path_of(sticker.original).write_bytes(TALKING[name] + b"!")
    with pytest.raises(Refused, match="is damaged"):
        to_hand_out(sticker)
