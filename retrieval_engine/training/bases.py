"""Whether a run can start from a folder or a file; told without torch, before anything begins."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from ..bundle import MANIFEST, BundleError, read_manifest
from .recipes import Kind

TINY: Final = "tiny"
"""The base that is made here from a configuration."""
SIGNS: Final[Mapping[Kind, tuple[str, ...]]] = {
    "retrieval": (MANIFEST, "open_clip_config.json"),
    "generator": ("generator.json", "config.json"),
    "dialogue": ("dialogue.json", MANIFEST, "config.json"),
}
"""A folder that holds a model of the kind has one of these."""


def problem_with(kind: Kind, path: Path, *, to_train: bool = True) -> str:
    """Why there is nothing at `path` to start from, or to measure; empty when there is."""
    if kind == "retrieval" and path.suffix == ".json":
        return "" if path.is_file() else f"There is no configuration {path}."
    if not path.is_dir():
        return f"There is no folder {path}."
    if not any((path / sign).is_file() for sign in SIGNS[kind]):
        return f"{path} holds no {kind} model: neither {' nor '.join(SIGNS[kind])} is there."
    return _problem_with_bundle(path) if to_train and (path / MANIFEST).is_file() else ""


def _problem_with_bundle(path: Path) -> str:
    try:
        manifest = read_manifest(path)
    except BundleError as error:
        return f"{error}."
    if manifest.can_be_trained_on:
        return ""
    return f"{manifest.name} can search but not learn: its bundle holds no weights. Start from what it was made of."
