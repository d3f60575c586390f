"""Snapshots of what search holds, on disk: written by the worker, mapped by every process that starts.

    SEARCH_DIR / words, vectors-<of a model> / <number of the log's line up to which it is true> / about.json, ...

A folder appears whole or not at all, and is compared with its checksums before it is used. One that is damaged, that
other code has written, or after which the log does not go on is passed over: the catalogue is in the database.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import shutil
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

from django.conf import settings

import retrieval_engine
from sticktionary.domain.intake import pictures
from sticktionary.domain.search.changelog import Place

KEPT: Final = 2
ABOUT: Final = "about.json"
PART: Final = 2**24  # bytes
WORDS: Final = "words"
PACKAGES: Final = ("rjieba", "opencc", "numpy")
T = TypeVar("T")

log = logging.getLogger(__name__)


class Snapshot(NamedTuple):
    folder: Path
    of: str
    place: Place


def of_model(name: str) -> str:
    """What snapshots of a model's vectors are called; its name may hold anything."""
    return f"vectors-{hashlib.sha256(name.encode()).hexdigest()[:16]}"


# --- reading ---


def opened(of: str, open: Callable[[Path], T]) -> tuple[T, Place] | None:
    """The newest snapshot that can be used, as `open` takes it up, and the place in the log from which to read on."""
    for folder in reversed(_folders(of)):
        try:
            snapshot = _about(folder, of)
            if not snapshot.place.is_held():
                log.info("The log does not go on after snapshot %s; the database is read instead", folder)
                continue
            _compare(folder)
            return open(folder), snapshot.place
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning(
                "Snapshot %s cannot be used (%s); what is older, or the database, is read instead", folder, error
            )
    return None


def place_of_newest(of: str) -> Place | None:
    """Up to where the newest one is true; its files are not compared."""
    for folder in reversed(_folders(of)):
        try:
            return _about(folder, of).place
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return None


def needed_from() -> int | None:
    """The line after which the oldest snapshot reads on."""
    root = Path(settings.SEARCH_DIR)
    folders = [folder for kind in root.iterdir() if kind.is_dir() for folder in _folders(kind.name)]
    return min((int(folder.name) for folder in folders), default=None)


def _folders(of: str) -> list[Path]:
    """The oldest first."""
    root = Path(settings.SEARCH_DIR) / of
    return sorted(path for path in root.glob("*") if path.name.isdigit()) if root.is_dir() else []


def _about(folder: Path, of: str) -> Snapshot:
    about = json.loads((folder / ABOUT).read_bytes())
    if about["of"] != of or about["code"] != code():
        raise ValueError("it was made by other code")
    return Snapshot(folder, of, Place.of_json(about["place"]))


def _compare(folder: Path) -> None:
    held: dict[str, int] = json.loads((folder / ABOUT).read_bytes())["files"]
    for name, checksum in held.items():
        if _checksum(folder / name) != checksum:
            raise ValueError(f"{name} is damaged")


def _checksum(path: Path) -> int:
    """Against damage; whoever may write here may write into the database, too."""
    total = 0
    with path.open("rb") as file:
        while part := file.read(PART):
            total = zlib.crc32(part, total)
    return total


@cache
def code() -> str:
    """Names what decides what stands in a snapshot, and how: another tokenizer would not find what this one filed."""
    ours = Path(__file__).parent
    engine = Path(retrieval_engine.__file__).parent
    sources = [*engine.rglob("*.py"), *ours.glob("*.py"), Path(pictures.__file__)]
    digest = hashlib.sha256("".join(f"{package} {version(package)} " for package in PACKAGES).encode())
    for path in sorted(sources):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


# --- writing ---


def write(of: str, place: Place, save: Callable[[Path], None]) -> Path:
    """Have `save` fill a folder beside its place, and move it there in one step. The last two are kept."""
    root = Path(settings.SEARCH_DIR) / of
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root, prefix=".") as workshop:
        made = Path(workshop) / "snapshot"
        made.mkdir()
        save(made)
        files = {str(path.relative_to(made)): _checksum(path) for path in sorted(made.rglob("*")) if path.is_file()}
        about = {"of": of, "code": code(), "place": place.as_json(), "files": files}
        (made / ABOUT).write_text(json.dumps(about), encoding="utf-8")
        _put(made, root / f"{place.last:012}")
    for old in _folders(of)[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)
    return root / f"{place.last:012}"


def _put(made: Path, folder: Path) -> None:
    for path in made.rglob("*"):
        _flush(path)
    if folder.exists():  # of this line already: damaged, or by other code
        os.replace(folder, made.with_name("before"))
    os.replace(made, folder)
    _flush(folder.parent)


def _flush(path: Path) -> None:
    """What a name stands for is on the disk before the name is."""
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def forget(*kept: str) -> None:
    """Delete snapshots of anything else, and what writers that were killed have left. The caller writes alone."""
    for kind in Path(settings.SEARCH_DIR).iterdir():
        if kind.is_dir() and kind.name not in kept:
            shutil.rmtree(kind, ignore_errors=True)
        for left in kind.glob(".*") if kind.is_dir() else ():
            shutil.rmtree(left, ignore_errors=True)


@contextmanager
def alone(*, wait: bool = False) -> Iterator[bool]:
    """Whether nobody else of this machine writes; the lock ends with the process that holds it, however it ends."""
    with (Path(settings.SEARCH_DIR) / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
            return
        yield True
