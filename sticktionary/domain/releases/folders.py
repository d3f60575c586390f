"""Where releases lie: built beside their place, moved there in one step when whole, never touched again."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from sticktionary.domain.errors import Refused
from sticktionary.domain.releases.files import sync_folders
from sticktionary.models import Release

UNFINISHED = ".part"
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
SUMS = "SHA256SUMS"


def root() -> Path:
    return Path(settings.RELEASES_DIR)


def folder_of(release: Release) -> Path | None:
    """The folder of a frozen release, if it is still there."""
    path = root() / release.path
    return path if release.path and path.is_dir() else None


@contextmanager
def workshop(release: Release) -> Iterator[Path]:
    """A new folder for this attempt, gone afterwards unless it was moved to its place. A full disk is told in words."""
    folder = root() / f".release-{release.pk}-{release.n_attempts}-{os.getpid()}{UNFINISHED}"
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        yield folder
    except OSError as error:
        if error.errno in FULL:
            raise Refused("disk_full", _("There is no room left for the release on the disk.")) from error
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def put_in_place(folder: Path, number: int) -> Path:
    """Move a whole folder to its place. What lies there already is the same release, from a worker that was killed
    before it could say so, or nothing that we may touch."""
    place = root() / f"sticktionary-{number}"
    sync_folders(folder)
    if place.exists():
        if (place / SUMS).is_file() and (place / SUMS).read_bytes() == (folder / SUMS).read_bytes():
            return place
        message = _("There is a folder %(name)s already that is not known here. Move it away, then try again.")
        raise Refused("place_taken", message % {"name": place.name})
    os.rename(folder, place)
    sync_folders(place)
    return place


def sweep() -> int:
    """Delete what dead workers left behind; the number of folders."""
    running = Release.objects.filter(state=Release.State.RUNNING)
    alive = {f".release-{pk}-{n}-" for pk, n in running.values_list("pk", "n_attempts")}
    orphans = [
        path for path in root().glob(f".release-*{UNFINISHED}") if not any(path.name.startswith(one) for one in alive)
    ]
    for path in orphans:
        shutil.rmtree(path, ignore_errors=True)
    return len(orphans)
