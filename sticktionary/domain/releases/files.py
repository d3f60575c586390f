"""Files of a release: hashed while they are written, on the disk when they are closed, never written again."""

from __future__ import annotations

import os
from collections.abc import Iterable
from hashlib import file_digest, sha256
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

from sticktionary.domain.releases.about import File

READ_ONLY = 0o444
BUFFER = 2**20


class Output:
    """One new file below the folder; also a file as pyarrow takes one."""

    def __init__(self, folder: Path, path: str) -> None:
        self._where = folder / path
        self._where.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._where.open("xb", buffering=BUFFER)
        self._digest = sha256()
        self.path, self.n_bytes, self.n_rows = path, 0, 0

    def write(self, data: bytes | memoryview) -> int:
        self._file.write(data)
        self._digest.update(data)
        self.n_bytes += len(data)
        return len(data)

    def tell(self) -> int:
        return self.n_bytes

    def flush(self) -> None:
        self._file.flush()

    @property
    def closed(self) -> bool:
        return self._file.closed

    def close(self) -> None:
        if self._file.closed:
            return
        with self._file:
            self._file.flush()
            os.fsync(self._file.fileno())
        self._where.chmod(READ_ONLY)

    def __enter__(self) -> Output:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if error is None:
            self.close()
        else:
            drop(self._file)

    def entry(self, columns: dict[str, str] | None = None) -> File:
        return File(self.path, self.n_bytes, self._digest.hexdigest(), self.n_rows or None, columns or {})


def drop(file: Any) -> None:
    """Close what failed already; that the rest of its buffer finds no room either is no news."""
    try:
        file.close()
    except (OSError, ValueError):
        return


def write_bytes(folder: Path, path: str, content: bytes) -> File:
    with Output(folder, path) as out:
        out.write(content)
    return out.entry()


def write_json(folder: Path, path: str, content: Any) -> File:
    """Indented, keys in order: the same content gives the same bytes."""
    packed = msgspec.json.format(msgspec.json.encode(content, order="sorted"), indent=2)
    return write_bytes(folder, path, packed + b"\n")


def write_lines(folder: Path, path: str, rows: Iterable[Any], columns: dict[str, str] | None = None) -> File:
    """JSON lines; the order of keys is that of the rows."""
    encode = msgspec.json.Encoder().encode
    with Output(folder, path) as out:
        for row in rows:
            out.write(encode(row) + b"\n")
            out.n_rows += 1
    return out.entry(columns)


def entry_of(folder: Path, path: str) -> File:
    """The entry of a file that something else wrote; it is made as safe as the rest."""
    where = folder / path
    with where.open("rb") as file:
        os.fsync(file.fileno())
    where.chmod(READ_ONLY)
    return File(path, where.stat().st_size, sha256_of(where))


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def sync_folders(folder: Path) -> None:
    """Names, too, are on the disk only when their folders are."""
    for below in [folder, *(path for path in folder.rglob("*") if path.is_dir()), folder.parent]:
        handle = os.open(below, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
