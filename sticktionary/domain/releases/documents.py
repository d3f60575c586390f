"""The documents of a release, written from what it says of itself."""

from __future__ import annotations

from pathlib import Path

from sticktionary.domain.releases.about import About


def write(folder: Path, about: About) -> None:
    """Write them beside the data files that are there already: the same `about` and files give the same bytes."""
    (folder / "README.md").write_text(f"# {about.rules.credit.title}\n", encoding="utf-8")
