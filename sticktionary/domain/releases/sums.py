"""The checksums of a release, read back: what it held when it was frozen, and what of it is not so any more."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sticktionary.domain.releases import folders
from sticktionary.domain.releases.files import sha256_of
from sticktionary.models import Release


@dataclass(frozen=True)
class Difference:
    path: str
    what: Literal["missing", "new", "changed", "spoiled"]  # spoiled: the folder itself is not what it was


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


def compare(before: dict[str, str], after: dict[str, str]) -> list[Difference]:
    return [
        Difference(path, "missing" if path not in after else "new" if path not in before else "changed")
        for path in sorted(before | after)
        if before.get(path) != after.get(path)
    ]
