"""Folders as zips whose bytes depend on nothing but what is in the folder: names in order, no times, no owners."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the earliest time a zip can hold
PIECE = 2**20
PACKED = {".jsonl", ".csv", ".json", ".md", ".cff"}  # the others are small already


class _Pipe(io.RawIOBase):
    """What a zip is written into and read from at the same time."""

    def __init__(self) -> None:
        self._held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._held += data
        return len(data)

    def take(self) -> bytes:
        held, self._held = bytes(self._held), bytearray()
        return held


def zipped(folder: Path, within: str = "") -> Iterator[bytes]:
    """The files of the folder as a zip, in pieces as they are made; `within` a folder of that name, if any."""
    pipe = _Pipe()
    with zipfile.ZipFile(io.BufferedWriter(pipe), "w") as out:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo((Path(within) / path.relative_to(folder)).as_posix(), LONG_AGO)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED if path.suffix in PACKED else zipfile.ZIP_STORED
            with path.open("rb") as content, out.open(entry, "w", force_zip64=True) as member:
                while piece := content.read(PIECE):
                    member.write(piece)
                    yield pipe.take()
    yield pipe.take()


def write_zip(folder: Path, archive: Path, told: Callable[[], None] = lambda: None) -> None:
    """The same as a file; `told` is called again and again meanwhile, as the sign of life."""
    with archive.open("wb") as out:
        for piece in zipped(folder):
            out.write(piece)
            told()
