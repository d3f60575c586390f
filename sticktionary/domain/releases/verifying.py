"""Making a release again from the facts, and comparing it with its folder, byte by byte."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from django.utils.translation import gettext as _

from sticktionary.domain.errors import Refused
from sticktionary.domain.releases import folders, freezing
from sticktionary.domain.releases.files import sha256_of
from sticktionary.models import Release


@dataclass(frozen=True)
class Difference:
    path: str
    what: Literal["missing", "new", "changed", "spoiled"]  # spoiled: the folder itself is not what it was


def verify(*, number: int, into: Path) -> list[Difference]:
    """Make the release again in a folder that is not there yet; what is different, also in its own folder."""
    release = Release.objects.filter(number=number).first()
    if release is None:
        raise Refused("no_such_release", _("There is no release %(number)s.") % {"number": number})
    into.mkdir(parents=True)
    data = freezing.write_data(into, release, lambda n: None)
    freezing.write_around(into, release, number, data)
    return [*spoiled(release), *_compare(sums_of(release), sums_in(into))]


def spoiled(release: Release) -> list[Difference]:
    """Files in the folder of a release that are not what its checksums say."""
    folder = folders.folder_of(release)
    if folder is None:
        return []
    listed = sums_in(folder)
    return [
        Difference(path, "missing" if not (folder / path).is_file() else "spoiled")
        for path, digest in listed.items()
        if not (folder / path).is_file() or sha256_of(folder / path) != digest
    ]


def sums_of(release: Release) -> dict[str, str]:
    """What was written down when it was frozen, here or where its row comes from."""
    folder = folders.folder_of(release)
    if folder is not None:
        return sums_in(folder)
    files = {file["path"]: file["sha256"] for file in release.manifest.get("files", [])}
    return files | {"manifest.json": release.manifest_sha256}


def sums_in(folder: Path) -> dict[str, str]:
    lines = (folder / folders.SUMS).read_text(encoding="utf-8").splitlines()
    return {path: digest for digest, _space, path in (line.partition("  ") for line in lines)}


def _compare(before: dict[str, str], after: dict[str, str]) -> list[Difference]:
    return [
        Difference(path, "missing" if path not in after else "new" if path not in before else "changed")
        for path in sorted(before | after)
        if before.get(path) != after.get(path)
    ]
