"""A frozen release on its way to somebody: its files by their names in its checksums, or all of them as one zip."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sticktionary.domain import zipping
from sticktionary.domain.releases import folders
from sticktionary.domain.releases.sums import sums_in
from sticktionary.models import Release


def is_out(release: Release) -> bool:
    """Whether it may be had: frozen, not withdrawn, and there."""
    return release.withdrawn_at is None and folders.folder_of(release) is not None


def file_of(release: Release, name: str) -> Path | None:
    """The file of this name, if it is one of the release's. A name that is not in the checksums is nobody's path."""
    folder = folders.folder_of(release)
    if folder is None or not is_out(release):
        return None
    return folder / name if name == folders.SUMS or name in sums_in(folder) else None


def zipped(folder: Path) -> Iterator[bytes]:
    """The folder as a zip, in pieces as they are made: the same release gives the same bytes."""
    return zipping.zipped(folder, within=folder.name)
