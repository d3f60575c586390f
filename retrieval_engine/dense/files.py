"""Snapshots of a dense index: a folder of plain arrays under a manifest that names them.

    dense.json            what follows, with sizes and checksums
    vectors-<...>.bin     [n, d] float16 or float32, row by row; mapped, not read
    ids-<...>.bin         [n] int64
    codes-<...>.bin       faiss' own; only with a large catalogue

Files are written once under names of their own. The manifest is put in their place by one rename, last.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import uuid4
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from .codes import Codes
from .rows import CHUNK, Rows, Stored, Vectors

MANIFEST: Final = "dense.json"
FORMAT: Final = 2


class Snapshot(NamedTuple):
    """What a folder holds."""

    ids: NDArray[np.int64]
    vectors: Stored
    codes: Codes | None


def save(folder: Path, rows: Rows, codes: Codes | None) -> None:
    """Write what `rows` holds into `folder`, as finely as it is held."""
    folder.mkdir(parents=True, exist_ok=True)
    held = np.flatnonzero(rows.live())
    if codes is not None and not codes.n == len(held) == rows.n:
        codes = codes.of_others(_blocks(rows, held))
    kind = rows.kind.newbyteorder("<")
    with _alone_in(folder):
        files = {
            "vectors": _write(folder, "vectors", (block.astype(kind).tobytes() for block in _blocks(rows, held))),
            "ids": _write(folder, "ids", [rows.ids[held].astype("<i8").tobytes()]),
        }
        if codes is not None:
            files["codes"] = _write(folder, "codes", [codes.to_bytes()])
        about = {"format": FORMAT, "n": len(held), "dim": rows.dim or 0, "kind": kind.str, "files": files}
        about["n_trained_on"] = codes.n_trained_on if codes else 0
        unfinished = folder / f".{MANIFEST}.part"
        _flushed(unfinished, [json.dumps(about).encode()])
        unfinished.replace(folder / MANIFEST)
        _forget_all_but(folder, {file["name"] for file in files.values()})


def open(folder: Path, *, verify: bool) -> Snapshot:
    """What `save` wrote. ValueError for anything else. Checksums of ids and codes are compared, with `verify` also that
    of the vectors, which are not read otherwise."""
    about = _manifest(folder)
    while True:
        try:
            return _read(folder, about, verify=verify)
        except FileNotFoundError as error:
            newer = _manifest(folder)  # a later snapshot may have taken the place of this one between two files
            if newer == about:
                raise _no_snapshot(folder, error) from error
            about = newer
        except (OSError, KeyError, TypeError, ValueError, OverflowError) as error:
            raise _no_snapshot(folder, error) from error


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        about = json.loads((folder / MANIFEST).read_bytes())
        if about["format"] != FORMAT:
            raise ValueError(f"a snapshot of format {about['format']}")
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise _no_snapshot(folder, error) from error
    return dict(about)


def _no_snapshot(folder: Path, error: Exception) -> ValueError:
    return ValueError(f"{folder}: not a snapshot of a dense index: {error!r}")


def _read(folder: Path, about: dict[str, Any], *, verify: bool) -> Snapshot:
    n, dim, kind, files = about["n"], about["dim"], np.dtype(about["kind"]), about["files"]
    if kind not in (np.float16, np.float32):
        raise ValueError(f"vectors of {kind}")
    path = folder / files["vectors"]["name"]
    if files["vectors"]["size"] != path.stat().st_size or path.stat().st_size != n * dim * kind.itemsize:
        raise ValueError(f"{path.name} has {path.stat().st_size} bytes")
    vectors = np.memmap(path, dtype=kind, mode="r", shape=(n, dim)) if n else np.empty((0, dim), dtype=kind)
    if verify and crc32(vectors.data if n else b"") != files["vectors"]["crc32"]:
        raise ValueError(f"{path.name} is damaged")
    ids = np.frombuffer(_checked(folder, files["ids"]), dtype="<i8")
    codes = Codes.of_bytes(_checked(folder, files["codes"]), about["n_trained_on"]) if "codes" in files else None
    if len(ids) != n or (codes is not None and codes.n != n):
        raise ValueError("its files are not of one snapshot")
    return Snapshot(ids, np.asarray(vectors), codes)


def _checked(folder: Path, file: dict[str, Any]) -> bytes:
    held: bytes = (folder / file["name"]).read_bytes()
    if len(held) != file["size"] or crc32(held) != file["crc32"]:
        raise ValueError(f"{file['name']} is damaged")
    return held


# --- writing ---


def _blocks(rows: Rows, held: NDArray[np.int64]) -> Iterator[Vectors]:
    return (rows.vectors(held[low : low + CHUNK]) for low in range(0, len(held), CHUNK))


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """One process at a time writes into a folder; who reads does not wait."""
    with (folder / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _write(folder: Path, name: str, blocks: Iterable[bytes]) -> dict[str, Any]:
    path = folder / f"{name}-{uuid4().hex[:12]}.bin"
    return {"name": path.name, **_flushed(path, blocks)}


def _flushed(path: Path, blocks: Iterable[bytes]) -> dict[str, int]:
    """Write `blocks` so that they outlive a power cut; their size and checksum."""
    size = checksum = 0
    with path.open("wb") as file:
        for block in blocks:
            file.write(block)
            size, checksum = size + len(block), crc32(block, checksum)
        file.flush()
        os.fsync(file.fileno())
    return {"size": size, "crc32": checksum}


def _forget_all_but(folder: Path, names: set[str]) -> None:
    """Take out the files of older snapshots, and of those that were never finished. Processes that have mapped one keep
    it until they end."""
    for path in folder.glob("*-*.bin"):
        if path.name not in names:
            path.unlink()
