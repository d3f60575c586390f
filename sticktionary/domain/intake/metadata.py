"""What a picture's file says beside the picture, taken out: where and when it was taken, by whom, with what, comments.

Done to the container alone: no pixel is decoded or encoded anew, so frames, times, transparency and colours stay to the
last bit. Only parts that a picture needs are kept; what nobody has heard of yet goes, too. A photograph keeps which way
up it is.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator
from typing import Final

from PIL import Image

Pieces = Iterator[bytes]


def without_metadata(kind: str, content: bytes) -> bytes:
    """The same picture without what was said beside it; the same bytes where nothing was. `kind` is the format by the
    content, as `decoding.sniffed` names it. `ValueError` for a file that is not put together as its format asks."""
    try:
        return b"".join(_BARE[kind](content))
    except (KeyError, IndexError, struct.error) as error:
        raise ValueError(f"not put together as {kind or 'a picture'}") from error


# --- PNG and APNG: chunks of length, kind, data, checksum ---

_PNG_HEAD: Final = 8
_OF_PNG: Final = {
    *(b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"),
    *(b"acTL", b"fcTL", b"fdAT"),  # what makes it move
    *(b"cHRM", b"gAMA", b"iCCP", b"sRGB", b"cICP", b"mDCV", b"cLLI", b"sBIT"),  # what its colours mean
    *(b"bKGD", b"hIST", b"pHYs"),
}


def _png(content: bytes) -> Pieces:
    yield content[:_PNG_HEAD]
    place, kind = _PNG_HEAD, b""
    while kind != b"IEND" and place < len(content):
        size, kind = struct.unpack_from(">I4s", content, place)
        if kind in _OF_PNG:
            yield content[place : place + size + 12]
        place += size + 12


# --- JPEG: segments after markers, and between them what was drawn ---

_START_OF_SCAN, _END = 0xDA, 0xD9
_OF_JPEG: Final = {*range(0xC0, 0xD0), _START_OF_SCAN, 0xDB, 0xDC, 0xDD, 0xDE, 0xDF}
_NEXT_MARKER: Final = re.compile(rb"\xff[^\x00\x01\xff\xd0-\xd7]")
_ORIENTATION: Final = 0x0112
_TURNED: Final = range(2, 9)  # 1 is upright


def _jpeg(content: bytes) -> Pieces:
    yield content[:2]
    place = 2
    while found := _NEXT_MARKER.search(content, place):
        start, marker = found.start(), content[found.start() + 1]
        if marker == _END:
            yield content[start : start + 2]
            return
        place = start + 2 + struct.unpack_from(">H", content, start + 2)[0]
        yield _segment(marker, content[start:place])
        if marker == _START_OF_SCAN:
            after = _NEXT_MARKER.search(content, place)
            yield content[place : after.start() if after else len(content)]


def _segment(marker: int, segment: bytes) -> bytes:
    """The segment, as much of it as is needed."""
    says = segment[4:]
    if marker in _OF_JPEG:
        return segment
    if marker == 0xE0 and says.startswith(b"JFIF\0"):
        return b"\xff\xe0\x00\x10" + says[:12] + b"\0\0"  # without its small picture, which may show more
    if marker == 0xE1 and says.startswith(b"Exif\0\0"):
        return _way_up(says)
    if (marker == 0xE2 and says.startswith(b"ICC_PROFILE\0")) or (marker == 0xEE and says.startswith(b"Adobe")):
        return segment
    return b""


def _way_up(exif: bytes) -> bytes:
    """An Exif segment that says nothing but how the picture is turned, or none where it is not."""
    told = Image.Exif()
    try:
        told.load(exif)
        turned = told.get(_ORIENTATION)
    except Exception:  # what cannot be read turns nothing
        return b""
    if turned not in _TURNED:
        return b""
    says = b"Exif\0\0MM\0*" + struct.pack(">IHHHIHHI", 8, 1, _ORIENTATION, 3, 1, turned, 0, 0)
    return b"\xff\xe1" + struct.pack(">H", len(says) + 2) + says


# --- GIF: blocks, each a row of pieces that say how long they are ---

_GIF_HEAD: Final = 13
_IMAGE, _EXTENSION, _TRAILER = 0x2C, 0x21, 0x3B
_CONTROL, _APPLICATION = 0xF9, 0xFF
_LOOPS: Final = {b"NETSCAPE2.0", b"ANIMEXTS1.0"}


def _gif(content: bytes) -> Pieces:
    place = _GIF_HEAD + _colours(content[10])
    yield content[:place]
    control = b""  # times and transparency of the image after it
    while place < len(content):
        start, what = place, content[place]
        if what == _TRAILER:
            yield content[start : start + 1]
            return
        if what == _IMAGE:
            place = _end_of_block(content, start + 11 + _colours(content[start + 9]))
            yield control + content[start:place]
            control = b""
        elif what == _EXTENSION:
            place = _end_of_block(content, start + 2)
            control = content[start:place] if content[start + 1] == _CONTROL else control
            yield _how_often(content[start:place])
        else:
            place += 1  # as those who show it do


def _colours(packed: int) -> int:
    """The size of the table that these bits announce."""
    return 3 * 2 ** ((packed & 7) + 1) if packed & 0x80 else 0


def _end_of_block(content: bytes, place: int) -> int:
    while place < len(content) and content[place]:
        place += content[place] + 1
    return place + 1


def _how_often(extension: bytes) -> bytes:
    """The extension, where it says how often the picture goes round."""
    is_loop = extension[1] == _APPLICATION and extension[3:14] in _LOOPS and extension[14:16] == b"\x03\x01"
    return extension[:18] + b"\0" if is_loop else b""


# --- WebP: RIFF chunks ---

_OF_WEBP: Final = {b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"}
_SAYS_EXIF_OR_XMP: Final = 0x0C


def _webp(content: bytes) -> Pieces:
    end = 8 + struct.unpack_from("<I", content, 4)[0]
    chunks = b"".join(_chunks(content[:end], 12))
    yield b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WEBP" + chunks


def _chunks(content: bytes, place: int) -> Pieces:
    while place + 8 <= len(content):
        kind, size = struct.unpack_from("<4sI", content, place)
        data = content[place + 8 : place + 8 + size]
        place += 8 + size + size % 2
        if kind == b"VP8X":
            data = bytes([data[0] & ~_SAYS_EXIF_OR_XMP]) + data[1:]
        elif kind == b"ANMF":
            data = data[:16] + b"".join(_chunks(data, 16))
        if kind in _OF_WEBP:
            yield kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


# --- WebM: EBML elements. What goes is made void where it stands, since others name their neighbours by place. ---

_SEGMENT, _CLUSTER, _INFO, _TRACKS, _TRACK = 0x18538067, 0x1F43B675, 0x1549A966, 0x1654AE6B, 0xAE
_HEAD, _SEEK, _CUES = 0x1A45DFA3, 0x114D9B74, 0x1C53BB6B
_MADE_WITH: Final = {0x4D80, 0x5741}  # have to be there, need to say nothing
_OF_CLUSTER: Final = {0xE7, 0xA7, 0xAB, 0xA3, 0xA0}
_WITHIN: Final = {
    0: {_HEAD, _SEGMENT},
    _SEGMENT: {_SEEK, _CUES, _CLUSTER, _INFO, _TRACKS, *_OF_CLUSTER},  # a live film's clusters have no end of their own
    _CLUSTER: _OF_CLUSTER,
    _INFO: {0x2AD7B1, 0x4489, *_MADE_WITH},  # scale of time, duration
    _TRACKS: {_TRACK},
    _TRACK: {
        *(0xD7, 0x73C5, 0x83, 0xB9, 0x88, 0x55AA, 0x9C, 0x22B59C),  # number, kind, flags, language
        *(0x6DE7, 0x6DF8, 0x23E383, 0x23314F, 0x55EE, 0x41E4),  # times, and what lies beside a frame: its alpha
        *(0x86, 0x63A2, 0x56AA, 0x56BB, 0xE0, 0xE1, 0x6D80),  # codec, video, audio
    },
}


def _webm(content: bytes) -> Pieces:
    film = bytearray(content)
    _blank(film, 0, len(film), 0)
    yield bytes(film)


def _blank(film: bytearray, place: int, end: int, parent: int) -> None:
    while place < end:
        kind, data, stop = _element(film, place, end)
        if kind not in _WITHIN[parent]:
            _make_void(film, place, stop)
        elif kind in _MADE_WITH:
            film[data:stop] = bytes(stop - data)
        elif kind in _WITHIN:
            _blank(film, data, stop, kind)
        place = stop


def _element(film: bytearray, place: int, end: int) -> tuple[int, int, int]:
    """What it is, where its data begins, and where it ends. One of unknown size ends with what it stands in; but for
    a cluster, whose parts are then taken for its neighbours."""
    width = _width(film[place])
    kind = int.from_bytes(film[place : place + width])
    at = place + width
    width = _width(film[at])
    size = int.from_bytes(film[at : at + width]) & (1 << 7 * width) - 1
    data = at + width
    if size == (1 << 7 * width) - 1:
        return kind, data, data if kind == _CLUSTER else end
    return kind, data, min(data + size, end)


def _width(first: int) -> int:
    """Of a number that says in its first byte how long it is."""
    if not first:
        raise IndexError("longer than eight bytes")
    return 9 - first.bit_length()


def _make_void(film: bytearray, place: int, end: int) -> None:
    """An element of the same length that says nothing."""
    length = end - place
    if length < 9:
        film[place:end] = bytes([0xEC, 0x80 | length - 2]) + bytes(length - 2)
    else:
        film[place:end] = b"\xec\x01" + (length - 9).to_bytes(7) + bytes(length - 9)


_BARE: Final[dict[str, Callable[[bytes], Pieces]]] = {
    "png": _png,
    "jpeg": _jpeg,
    "gif": _gif,
    "webp": _webp,
    "webm": _webm,
}
