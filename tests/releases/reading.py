"""A frozen release, read as a stranger would."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sticktionary.domain.releases import folders
from sticktionary.models import Release

PARTS = ("train", "validation", "test")


def folder(release: Release) -> Path:
    found = folders.folder_of(release)
    assert found is not None
    return found


def rows(release: Release, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder(release) / name).read_text(encoding="utf-8").splitlines()]


def queries(release: Release) -> dict[str, dict[str, Any]]:
    """By text."""
    return {row["query"]: row for part in PARTS for row in rows(release, f"queries/{part}.jsonl")}


def texts(release: Release) -> set[str]:
    return set(queries(release))


def contents(where: Path) -> dict[str, bytes]:
    return {path.relative_to(where).as_posix(): path.read_bytes() for path in where.rglob("*") if path.is_file()}
