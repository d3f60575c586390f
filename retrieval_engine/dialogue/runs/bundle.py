"""A published model of conversations: a folder with its weights, what makes its towers anew, and a manifest.

dialogue.json         the manifest; its `version` is a hash of what an answer hangs on
weights.safetensors   all weights that an answer takes; what only training needed is left out
towers/, encoder/, language/   configurations and tokenizers of what the model stands on, without weights
stickers.jsonl        the release's stickers as the model knew them, without their pictures
conversation.onnx     the conversation's side for serving without torch, and what feeds it, where there is one
metrics.json          what was measured of it (`training.figures.Report`), without examples

Nothing here needs torch, and nothing in a bundle is ever unpickled.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from ...bundle import BundleError
from ...paper_tables.table import lines_of
from ..data.conversations import Sticker

MANIFEST: Final = "dialogue.json"
WEIGHTS: Final = "weights.safetensors"
TOWERS, ENCODER, LANGUAGE = "towers", "encoder", "language"
STICKERS: Final = "stickers.jsonl"
METRICS: Final = "metrics.json"
CONVERSATION: Final = "conversation.onnx"
FORMAT: Final = 1
KNOWN: Final = frozenset({".safetensors", ".json", ".jsonl", ".onnx", ".data", ".jinja", ".txt", ".model", ".md"})
"""Kinds of files that a bundle may hold."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """All of a model but its weights. `files` maps paths to SHA-256; `lineage` says where it comes from, `providers`
    who told it what was not in the release, one `Provided.told` each; `intents` are in the order of its labels."""

    name: str
    recipe: str
    base: str
    settings: dict[str, Any]
    intents: list[str]
    languages: list[str]
    providers: list[dict[str, Any]]
    lineage: dict[str, Any]
    files: dict[str, str]
    licence: str = "unknown"

    @property
    def version(self) -> str:
        """16 hexadecimal digits of a hash over weights, recipe, settings and intents: same version, same answers."""
        shaping = {name: digest for name, digest in self.files.items() if _shapes_answers(name)}
        content = {"files": shaping, "recipe": self.recipe, "settings": self.settings, "intents": self.intents}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]

    def write(self, folder: Path) -> None:
        """Write `dialogue.json` into `folder`."""
        content = {"format": FORMAT, "version": self.version, **asdict(self)}
        (folder / MANIFEST).write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _shapes_answers(name: str) -> bool:
    """Weights, and shapes in folders below; graphs are made from these, and not the same to the bit each time."""
    return name == WEIGHTS or "/" in name


def file_hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of all files below `folder` but the manifest, by path."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / MANIFEST)
    return {path.relative_to(folder).as_posix(): _sha256(path) for path in files}


def read_manifest(folder: Path, *, verify: bool = True) -> Manifest:
    """The manifest of a model; with `verify` all its files are hashed and compared. Raises `BundleError`."""
    manifest, version = _read(folder)
    strange = [name for name in manifest.files if Path(name).suffix not in KNOWN or ".." in Path(name).parts]
    if strange:
        raise BundleError(f"{folder}: {', '.join(strange)} does not belong into a model of conversations")
    missing = [name for name in manifest.files if not (folder / name).is_file()]
    if missing or WEIGHTS not in manifest.files:
        raise BundleError(f"{folder}: incomplete, without {', '.join(missing) or WEIGHTS}")
    if manifest.version != version:
        raise BundleError(f"{folder}: {MANIFEST} was changed after it was published")
    if verify and (found := file_hashes(folder)) != manifest.files:
        changed = sorted({name for name, _ in found.items() ^ manifest.files.items()})
        raise BundleError(f"{folder}: {', '.join(changed)} was changed after it was published")
    return manifest


def _read(folder: Path) -> tuple[Manifest, str]:
    try:
        content = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if content.pop("format") != FORMAT:
            raise BundleError(f"{folder}: a model of conversations of another format than {FORMAT}")
        version = content.pop("version")
        return Manifest(**content), version
    except FileNotFoundError as error:
        raise BundleError(f"{folder}: no {MANIFEST}, so no model of conversations") from error
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        if isinstance(error, BundleError):
            raise
        raise BundleError(f"{folder / MANIFEST}: not a manifest of a model of conversations ({error})") from error


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_stickers(stickers: Iterable[Sticker], path: Path) -> None:
    """As JSON lines."""
    path.write_bytes(b"".join(msgspec.json.encode(sticker) + b"\n" for sticker in stickers))


def read_stickers(folder: Path) -> list[Sticker]:
    """The stickers that the model in `folder` was trained beside. Raises `DataError`."""
    return list(lines_of(folder / STICKERS, Sticker))
