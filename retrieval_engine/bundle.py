"""A published model: a folder with both towers as ONNX, the tokenizer, and a manifest that says how to feed them.

bundle.json      what follows below; its `version` is a hash of what search runs on
text.onnx        ids int64 [n, length] -> vectors float32 [n, d], not yet of length 1
image.onnx       pixels float32 [n, 3, size, size] -> vectors float32 [n, d], not yet of length 1
tokenizer.json   of the `tokenizers` library, special tokens and truncation included
open_clip_model.safetensors, open_clip_config.json   the same weights to train on from; the folder is an open_clip model
metrics.json     what was measured of it (`training.figures.Report`)

The last three came with format 2; bundles of format 1 are opened as they are.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

MANIFEST: Final = "bundle.json"
TEXT: Final = "text.onnx"
IMAGE: Final = "image.onnx"
TOKENIZER: Final = "tokenizer.json"
WEIGHTS: Final = "open_clip_model.safetensors"
CONFIG: Final = "open_clip_config.json"
METRICS: Final = "metrics.json"
FORMAT: Final = 2
FORMATS: Final = (1, FORMAT)

Cleaning = Literal["none", "lower", "whitespace", "canonicalize", "normalise"]


class BundleError(ValueError):
    """A folder that is no bundle, is incomplete, or was changed after it was published."""


@dataclass(frozen=True, slots=True)
class ImageSpec:
    """Side of the square input in pixels, and the mean and standard deviation of each channel in 0..1."""

    size: int
    mean: tuple[float, ...]
    std: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class TextSpec:
    """Text is cleaned, tokenised, cut to `context_length` ids, and padded with `pad_id` unless `any_length`."""

    context_length: int
    pad_id: int
    any_length: bool
    cleaning: Cleaning


@dataclass(frozen=True, slots=True)
class Manifest:
    """All of a bundle but its weights. `files` maps names to SHA-256; `provenance` says where they come from, `lineage`
    which run of which recipe made them from which release."""

    name: str
    dim: int
    image: ImageSpec
    text: TextSpec
    licence: str
    provenance: dict[str, Any]
    files: dict[str, str]
    lineage: dict[str, Any] = field(default_factory=dict)

    @property
    def can_be_trained_on(self) -> bool:
        """Whether the weights are there, not only the graphs to search with."""
        return {WEIGHTS, CONFIG} <= self.files.keys()

    @property
    def version(self) -> str:
        """16 hexadecimal digits of a hash over what makes vectors and how to feed it: same version, same vectors."""
        files = {name: digest for name, digest in self.files.items() if _makes_vectors(name)}
        content = {"files": files, "image": asdict(self.image), "text": asdict(self.text), "dim": self.dim}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]

    def write(self, folder: Path) -> None:
        """Write `bundle.json` into `folder`."""
        content = {"format": FORMAT, "version": self.version, **asdict(self)}
        (folder / MANIFEST).write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def file_hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of all that belongs to the bundle in `folder`, by file name."""
    files = sorted(path for path in folder.iterdir() if _makes_vectors(path.name) or path.name in BESIDE)
    return {path.name: _sha256(path) for path in files}


BESIDE: Final = (WEIGHTS, CONFIG, METRICS)


def _makes_vectors(name: str) -> bool:
    return name.endswith((".onnx", ".data")) or name == TOKENIZER


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_manifest(folder: Path, *, verify: bool = True) -> Manifest:
    """The manifest of a bundle; with `verify` its files are hashed and compared. Raises `BundleError`."""
    try:
        content = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if content.pop("format") not in FORMATS:
            raise BundleError(f"{folder}: a bundle of another format than {' or '.join(map(str, FORMATS))}")
        version = content.pop("version")
        image, text = ImageSpec(**_tuples(content.pop("image"))), TextSpec(**content.pop("text"))
        manifest = Manifest(image=image, text=text, **content)
    except FileNotFoundError as error:
        raise BundleError(f"{folder}: no {MANIFEST}, so no model bundle") from error
    except (KeyError, TypeError, AttributeError, json.JSONDecodeError, UnicodeDecodeError) as error:
        raise BundleError(f"{folder / MANIFEST}: not a bundle's manifest ({error})") from error
    missing = [name for name in manifest.files if not (folder / name).is_file()]
    if missing or not {TEXT, IMAGE, TOKENIZER} <= manifest.files.keys():
        raise BundleError(f"{folder}: incomplete, without {', '.join(missing) or 'one of its three files'}")
    changed = [name for name, digest in manifest.files.items() if verify and _sha256(folder / name) != digest]
    if changed or manifest.version != version:
        raise BundleError(f"{folder}: {', '.join(changed) or MANIFEST} was changed after it was published")
    return manifest


def _tuples(spec: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in spec.items()}
