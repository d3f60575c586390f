"""A published query generator: a folder with its weights, or those of an adapter, and a manifest with checksums.

generator.json   the manifest; its `version` is a hash of everything else
metrics.json     what was measured of it (`training.figures.Report`)
adapter/         LoRA weights in safetensors, for a base model that lies elsewhere
model/           or all weights in safetensors; in both cases with configuration, tokenizer and processor

Nothing here needs torch, and nothing in a bundle is ever unpickled.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from ..bundle import BundleError

MANIFEST: Final = "generator.json"
ADAPTER: Final = "adapter"
MODEL: Final = "model"
METRICS: Final = "metrics.json"
FORMAT: Final = 1
KNOWN: Final = frozenset({".safetensors", ".json", ".jinja", ".txt", ".model", ".md"})
"""Kinds of files that a bundle may hold."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """All of a generator but its weights. `files` maps paths to SHA-256; `lineage` says where it comes from."""

    name: str
    base: str
    """What it was made from; an adapter needs it, under this name, with this `base_fingerprint`."""
    base_fingerprint: str
    is_adapter: bool
    prompts: dict[str, str]
    """The question by language."""
    lineage: dict[str, Any]
    files: dict[str, str]

    @property
    def languages(self) -> list[str]:
        """The languages it writes in."""
        return sorted(self.prompts)

    @property
    def version(self) -> str:
        """16 hexadecimal digits of a hash over weights, base and prompts: same version, same queries."""
        files = {name: digest for name, digest in self.files.items() if name != METRICS}
        content = {"files": files, "base": self.base_fingerprint, "prompts": self.prompts}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]

    def write(self, folder: Path) -> None:
        """Write `generator.json` into `folder`."""
        content = {"format": FORMAT, "version": self.version, **asdict(self)}
        (folder / MANIFEST).write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def file_hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of all files below `folder` but the manifest, by path."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST)
    return {path.relative_to(folder).as_posix(): _sha256(path) for path in files}


def read_manifest(folder: Path, *, verify: bool = True) -> Manifest:
    """The manifest of a generator; with `verify` all its files are hashed and compared. Raises `BundleError`."""
    manifest, version = _read(folder)
    strange = [name for name in manifest.files if Path(name).suffix not in KNOWN or ".." in Path(name).parts]
    missing = [name for name in manifest.files if not (folder / name).is_file()]
    weights = f"{ADAPTER if manifest.is_adapter else MODEL}/"
    if missing or not any(name.startswith(weights) and name.endswith(".safetensors") for name in manifest.files):
        raise BundleError(f"{folder}: incomplete, without {', '.join(missing) or 'weights'}")
    if strange:
        raise BundleError(f"{folder}: {', '.join(strange)} does not belong into a generator")
    if manifest.version != version:
        raise BundleError(f"{folder}: {MANIFEST} was changed after it was published")
    if verify and (found := file_hashes(folder)) != manifest.files:
        changed = sorted(name for name, _ in found.items() ^ manifest.files.items())
        raise BundleError(f"{folder}: {', '.join(dict.fromkeys(changed))} was changed after it was published")
    return manifest


def _read(folder: Path) -> tuple[Manifest, str]:
    try:
        content = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if content.pop("format") != FORMAT:
            raise BundleError(f"{folder}: a generator of another format than {FORMAT}")
        version = content.pop("version")
        return Manifest(**content), version
    except FileNotFoundError as error:
        raise BundleError(f"{folder}: no {MANIFEST}, so no query generator") from error
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        if isinstance(error, BundleError):
            raise
        raise BundleError(f"{folder / MANIFEST}: not a generator's manifest ({error})") from error


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
