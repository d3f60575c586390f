"""A frozen release on its way to somebody: its files by their names in its checksums, or all of them as one zip."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sticktionary.domain.releases import folders
from sticktionary.domain.releases.sums import sums_in
from sticktionary.models import Release

LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the earliest time a zip can hold
PIECE = 2**20
PACKED = {".jsonl", ".csv", ".json", ".md", ".cff"}


def is_out(release: Release) -> bool:
    """Whether it may be had: frozen, not withdrawn, and there."""
    return release.withdrawn_at is None and folders.folder_of(release) is not None


def file_of(release: Release, name: str) -> Path | None:
    """The file of this name, if it is one of the release's. A name that is not in the checksums is nobody's path."""
    folder = folders.folder_of(release)
    if folder is None or not is_out(release):
        return None
    return folder / name if name == folders.SUMS or name in sums_in(folder) else None


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


def zipped(folder: Path) -> Iterator[bytes]:
    """The folder as a zip, in pieces as they are made: the same release gives the same bytes."""
    pipe = _Pipe()
    with zipfile.ZipFile(io.BufferedWriter(pipe), "w") as out:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(f"{folder.name}/{path.relative_to(folder).as_posix()}", LONG_AGO)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED if path.suffix in PACKED else zipfile.ZIP_STORED
            with path.open("rb") as content, out.open(entry, "w", force_zip64=True) as member:
                while piece := content.read(PIECE):
                    member.write(piece)
                    yield pipe.take()
    yield pipe.take()
