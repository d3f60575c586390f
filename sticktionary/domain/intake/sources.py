"""What an import reads from: a folder or a zip, as a list of safely named files, and what of it is not touched and why.

Nothing is ever unpacked to disk and no name from outside becomes a path here; a file is read up to a limit, whatever an
archive claims its size to be.
"""

from __future__ import annotations

import os
import stat
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from django.utils.translation import gettext as _

from sticktionary.domain.errors import Refused

MAX_FILES = 100_000
MAX_FILE_BYTES = 32 * 2**20
MAX_RATIO = 200  # of unpacked to packed bytes, for files past the next line
RATIO_MATTERS_FROM = 2**20
ARCHIVES = {".zip", ".wasticker", ".rar", ".7z", ".tar", ".gz", ".tgz"}
BESIDE_THE_POINT = {"thumbs.db", "desktop.ini", "title.txt", "author.txt", "tray.png"}
DOCUMENTS = ("readme", "license", "licence", "notice", "copying", "authors", "sha256sums")


class Unreadable(Exception):
    """A file of the source that is not taken; the text says why."""


@dataclass(frozen=True, slots=True)
class File:
    name: str  # path within the source, with slashes
    size: int
    open: Callable[[], IO[bytes]]

    def read(self, limit: int = MAX_FILE_BYTES) -> bytes:
        """All its bytes; never more than `limit` of them are held. Raises Unreadable."""
        if self.size > limit:
            raise Unreadable(_too_big(limit))
        try:
            with self.open() as stream:
                content = stream.read(limit + 1)
        except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, ValueError) as error:
            raise Unreadable(_("It cannot be read: %(error)s.") % {"error": error}) from error
        except Exception as error:  # zlib.error and its like have no common ground
            raise Unreadable(_("The archive is damaged here: %(error)s.") % {"error": error}) from error
        if len(content) > limit:
            raise Unreadable(_too_big(limit))
        return content


def _too_big(limit: int) -> str:
    return _("It is larger than %(mb)d MB.") % {"mb": limit // 2**20}


@dataclass(frozen=True, slots=True)
class Source:
    files: list[File]  # in the order of their names
    refused: list[tuple[str, str]]  # name, reason


@contextmanager
def opened(path: Path) -> Iterator[Source]:
    """The files of a folder or zip, for as long as the context lasts. Raises Refused for anything else."""
    if path.is_dir():
        yield _sorted(_in_folder(path))
        return
    if not path.is_file():
        raise Refused("no_such_path", _("There is no folder or zip at %(path)s.") % {"path": path})
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise Refused("not_a_zip", _("%(name)s is not a zip that can be read.") % {"name": path.name}) from error
    with archive:
        if len(archive.infolist()) > MAX_FILES:
            raise Refused("too_many", _("The archive holds more than %(n)d files.") % {"n": MAX_FILES})
        yield _sorted(_in_zip(archive))


Found = tuple[str, File | None, str]  # name; the file, or none and the reason


def _sorted(found: Iterator[Found]) -> Source:
    """Each name once: of two files of one name the first is taken."""
    files: dict[str, File] = {}
    refused: list[tuple[str, str]] = []
    for name, file, reason in found:
        if _is_beside_the_point(name):
            continue
        if file is not None and name in files:
            file, reason = None, _("The archive holds this name twice; the first one was taken.")
        if file is None:
            refused.append((name, reason))
        else:
            files[name] = file
    return Source([files[name] for name in sorted(files)], sorted(refused))


def _is_beside_the_point(name: str) -> bool:
    """What file managers, archivers and packs of messengers leave beside the pictures."""
    path = PurePosixPath(name)
    base = path.name.lower()
    is_hidden = base.startswith(".") and base not in {".", ".."}
    is_document = base.startswith(DOCUMENTS) and path.suffix.lower() in {"", ".md", ".txt", ".rst"}
    return "__MACOSX" in path.parts or is_hidden or base in BESIDE_THE_POINT or is_document


def _in_folder(root: Path) -> Iterator[Found]:
    for folder, subfolders, names in os.walk(root):
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        for file_name in names:
            path = Path(folder, file_name)
            name = os.fsencode(path.relative_to(root).as_posix()).decode("utf-8", "replace")
            yield _found_on_disk(name, path)


def _found_on_disk(name: str, path: Path) -> Found:
    details = path.lstat()
    if stat.S_ISLNK(details.st_mode):
        return name, None, _("It is a link, not a file.")
    if not stat.S_ISREG(details.st_mode):
        return name, None, _("It is not a regular file.")
    if path.suffix.lower() in ARCHIVES:
        return name, None, _("It is an archive within the import; import it by itself.")
    return name, File(name, details.st_size, lambda: path.open("rb")), ""


def _in_zip(archive: zipfile.ZipFile) -> Iterator[Found]:
    for member in archive.infolist():
        if member.is_dir():
            continue
        name = _name_of(member)
        reason = _reason_against(member, name)
        opener = _opener(archive, member)
        yield name, None if reason else File(name, member.file_size, opener), reason


def _opener(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Callable[[], IO[bytes]]:
    return lambda: archive.open(member)


def _name_of(member: zipfile.ZipInfo) -> str:
    """zipfile takes a name that is not marked as UTF-8 for cp437; most of them are UTF-8 or GB 18030 all the same."""
    name = member.filename
    for encoding in () if member.flag_bits & 0x800 else ("utf-8", "gb18030"):
        try:
            name = name.encode("cp437", "replace").decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    return name.replace("\\", "/").removeprefix("./")


def _reason_against(member: zipfile.ZipInfo, name: str) -> str:
    parts = name.split("/")
    if name.startswith("/") or ".." in parts or ":" in parts[0] or "\x00" in member.orig_filename:
        return _("Its path leads out of the archive.")
    if stat.S_ISLNK(member.external_attr >> 16):
        return _("It is a link, not a file.")
    if member.flag_bits & 0x1:
        return _("It is encrypted.")
    if PurePosixPath(name).suffix.lower() in ARCHIVES:
        return _("It is an archive within the import; import it by itself.")
    if member.file_size > max(RATIO_MATTERS_FROM, MAX_RATIO * max(member.compress_size, 1)):
        return _("It unpacks to more than %(n)d times its size.") % {"n": MAX_RATIO}
    return ""
