"""The last two files of a release: what it is in numbers, and a checksum for every other file."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

from retrieval_engine import taxonomy
from sticktionary.domain.releases.about import About, File
from sticktionary.domain.releases.files import write_bytes, write_json
from sticktionary.domain.releases.folders import SUMS

NAME = "manifest.json"
TOOLS = ("pyarrow", "msgspec", "Django")  # whose versions shape the bytes
PICTURES = "stickers/"


def write(folder: Path, about: About, files: Sequence[File]) -> dict[str, Any]:
    """Write both; what the manifest says, without the single pictures, which stand in the checksums."""
    facts = _facts(about)
    told = facts | {"files": [_line(file) for file in files]}
    last = write_json(folder, NAME, told)
    sums = "".join(f"{file.sha256}  {file.path}\n" for file in sorted([*files, last], key=lambda file: file.path))
    write_bytes(folder, SUMS, sums.encode())
    pictures = [file for file in files if file.path.startswith(PICTURES)]
    facts["files"] = [_line(file) for file in files if file not in pictures]
    facts["pictures"] = {"n_files": len(pictures), "n_bytes": sum(file.n_bytes for file in pictures)}
    return facts | {"n_bytes": sum(file.n_bytes for file in [*files, last]) + len(sums)}


def _facts(about: About) -> dict[str, Any]:
    return {
        "v": 1,
        "number": about.number,
        "title": about.title,
        "watermark_at": about.watermark_at.isoformat(),
        "code_version": about.code_version,
        "rules": msgspec.to_builtins(about.rules),
        "counts": about.counts,
        "packs": msgspec.to_builtins(about.packs),
        "taxonomies": [taxonomy.load(name).reference for name in taxonomy.NAMES],
        "tools": {name: version(name) for name in TOOLS},
        "anonymisation": {name: about.pii[name] for name in ("rule", "n_found", "n_left_out", "n_masked")},
        "n_withdrawn": about.n_withdrawn,
        "previous": about.previous_number,
    }


def _line(file: File) -> dict[str, Any]:
    rows = {} if file.n_rows is None else {"n_rows": file.n_rows}
    return {"path": file.path, "n_bytes": file.n_bytes, "sha256": file.sha256} | rows
