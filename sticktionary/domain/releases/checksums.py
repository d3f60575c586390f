"""Whether a release's folder still is what was frozen."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path

from django.utils.translation import gettext as _

from sticktionary.domain.errors import Refused

SUMS = "SHA256SUMS"
_LINE = re.compile(r"([0-9a-f]{64}) [ *](.+)")


@dataclass(frozen=True)
class Kept:
    """A file that is as it was frozen."""

    path: str  # relative, with forward slashes
    n_bytes: int
    sha256: str


def checked(folder: Path, told: Callable[[], None] = lambda: None) -> list[Kept]:
    """Every file of the release, read again and compared. Raises Refused with the first that is not as it was."""
    try:
        sums = dict(_sums(folder))
    except FileNotFoundError as error:
        raise Refused("gone", _("The folder of this release is gone.")) from error
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    wrong = sorted((sums.keys() ^ there) - {SUMS})
    if wrong:
        raise Refused("spoiled", _("The folder is not as it was frozen: look at %(path)s.") % {"path": wrong[0]})
    return [*(_checked(folder, path, sha256, told) for path, sha256 in sums.items()), _kept(folder, SUMS)]


def _sums(folder: Path) -> Iterator[tuple[str, str]]:
    for line in (folder / SUMS).read_text(encoding="utf-8").splitlines():
        if match := _LINE.fullmatch(line):
            yield match.group(2), match.group(1)


def _checked(folder: Path, path: str, sha256: str, told: Callable[[], None]) -> Kept:
    kept = _kept(folder, path)
    told()
    if kept.sha256 != sha256:
        raise Refused("spoiled", _("The folder is not as it was frozen: look at %(path)s.") % {"path": path})
    return kept


def _kept(folder: Path, path: str) -> Kept:
    with (folder / path).open("rb") as file:
        return Kept(path, (folder / path).stat().st_size, file_digest(file, "sha256").hexdigest())
