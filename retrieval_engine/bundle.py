"""A published model: a folder with both towers as ONNX, the tokenizer, and a manifest that says how to feed them.

bundle.json      what follows below; its `version` is a hash of what search runs on
text.onnx        ids int64 [n, length] -> vectors float32 [n, d], not yet of length 1
text.int8.onnx   the same with 8 bit weights, where the tower is large and its vectors are close enough
image.onnx       pixels float32 [n, 3, size, size] -> vectors float32 [n, d], not yet of length 1
tokenizer.json   of the `tokenizers` library, special tokens and truncation included
open_clip_model.safetensors, open_clip_config.json   the same weights to train on from; the folder is an open_clip model
metrics.json     what was measured of it (`training.figures.Report`)

The last three came with format 2, the 8 bit tower with format 3; bundles of earlier formats are opened as they are.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, get_args

MANIFEST: Final = "bundle.json"
TEXT: Final = "text.onnx"
TEXT_INT8: Final = "text.int8.onnx"
IMAGE: Final = "image.onnx"
TOKENIZER: Final = "tokenizer.json"
WEIGHTS: Final = "open_clip_model.safetensors"
CONFIG: Final = "open_clip_config.json"
METRICS: Final = "metrics.json"
FORMAT: Final = 3
FORMATS: Final = (1, 2, FORMAT)

LEAST_COSINE_INT8: Final = 0.998
"""Of vectors of the 8 bit text tower, with those of open_clip when it is published."""
TOUCHSTONE: Final = "when the weekend is finally here, nooooo 周末终于来了! 😭 2024"
"""What the 8 bit tower is tried on where it is opened: processors multiply whole numbers in different ways."""

Cleaning = Literal["none", "lower", "whitespace", "canonicalize", "normalise"]
Precision = Literal["float32", "int8"]


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
class Closeness:
    """How close a published text tower comes to open_clip's own over `n_texts` queries: cosines of its vectors with
    open_clip's, and the share of the 20 nearest of the `gallery` that both find, on average (`top_20`)."""

    n_texts: int
    least_cosine: float
    mean_cosine: float
    top_20: float
    gallery: str

    def __str__(self) -> str:
        return (
            f"cosine with open_clip {self.least_cosine:.4f} at least, {self.mean_cosine:.4f} on average over "
            f"{self.n_texts:,} queries; {self.top_20:.1%} of the 20 nearest among {self.gallery} the same"
        )


@dataclass(frozen=True, slots=True)
class Manifest:
    """All of a bundle but its weights. `files` maps names to SHA-256; `provenance` says where they come from, `lineage`
    which run of which recipe made them from which release. `precision` is that of the text tower queries are encoded
    with, `closeness` what was measured of the towers by precision, the one that did not pass included, and `touchstone`
    the float32 tower's vector of `TOUCHSTONE`."""

    name: str
    dim: int
    image: ImageSpec
    text: TextSpec
    licence: str
    provenance: dict[str, Any]
    files: dict[str, str]
    lineage: dict[str, Any] = field(default_factory=dict)
    precision: Precision = "float32"
    closeness: dict[str, Closeness] = field(default_factory=dict)
    touchstone: tuple[float, ...] = ()

    @property
    def told(self) -> str:
        """Which text tower is used and what was measured of it and the other, in lines for people."""
        lines = [f"queries are encoded by the {self.precision} text tower"]
        return "\n".join([*lines, *(f"  {name}: {measured}" for name, measured in self.closeness.items())])

    @property
    def can_be_trained_on(self) -> bool:
        """Whether the weights are there, not only the graphs to search with."""
        return {WEIGHTS, CONFIG} <= self.files.keys()

    @property
    def version(self) -> str:
        """16 hexadecimal digits of a hash over what makes vectors and how to feed it: same version, same space.

        The 8 bit text tower is not in it: its vectors are those of the float32 one but for rounding, and are compared
        with the same pictures' vectors, which need not be made anew.
        """
        files = {name: digest for name, digest in self.files.items() if _makes_vectors(name)}
        content = {"files": files, "image": asdict(self.image), "text": asdict(self.text), "dim": self.dim}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]

    def write(self, folder: Path) -> None:
        """Write `bundle.json` into `folder`."""
        content = {"format": FORMAT, "version": self.version, **asdict(self)}
        (folder / MANIFEST).write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def text_tower(precision: Precision) -> str:
    """The file of the text tower of this precision."""
    return TEXT_INT8 if precision == "int8" else TEXT


def file_hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of all that belongs to the bundle in `folder`, by file name."""
    files = sorted(path for path in folder.iterdir() if _makes_vectors(path.name) or path.name in BESIDE)
    return {path.name: _sha256(path) for path in files}


BESIDE: Final = (TEXT_INT8, WEIGHTS, CONFIG, METRICS)


def _makes_vectors(name: str) -> bool:
    """Whether the space hangs on the file."""
    return name != TEXT_INT8 and (name.endswith((".onnx", ".data")) or name == TOKENIZER)


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
        closeness = {name: Closeness(**measured) for name, measured in content.pop("closeness", {}).items()}
        touchstone = tuple(map(float, content.pop("touchstone", ())))
        manifest = Manifest(image=image, text=text, closeness=closeness, touchstone=touchstone, **content)
    except FileNotFoundError as error:
        raise BundleError(f"{folder}: no {MANIFEST}, so no model bundle") from error
    except (KeyError, TypeError, AttributeError, json.JSONDecodeError, UnicodeDecodeError) as error:
        raise BundleError(f"{folder / MANIFEST}: not a bundle's manifest ({error})") from error
    if manifest.precision not in get_args(Precision):
        raise BundleError(f"{folder / MANIFEST}: no precision {manifest.precision!r}")
    needed = {TEXT, IMAGE, TOKENIZER, text_tower(manifest.precision)}
    missing = [name for name in {**manifest.files, **dict.fromkeys(sorted(needed))} if not (folder / name).is_file()]
    if missing or not needed <= manifest.files.keys():
        raise BundleError(
            f"{folder}: incomplete, without {', '.join(missing or sorted(needed - manifest.files.keys()))}"
        )
    changed = [name for name, digest in manifest.files.items() if verify and _sha256(folder / name) != digest]
    if changed or manifest.version != version:
        raise BundleError(f"{folder}: {', '.join(changed) or MANIFEST} was changed after it was published")
    return manifest


def _tuples(spec: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in spec.items()}
