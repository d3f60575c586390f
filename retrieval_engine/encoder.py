"""CLIP models in torch: loaded through open_clip by name or path, embedding stickers and queries, ready to be exported.

Imported where models are trained, installed and published; the process that serves uses `serving` instead.
"""

from __future__ import annotations

import json
import logging
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import open_clip
import torch
from tokenizers import Tokenizer

from .bundle import CONFIG, MANIFEST, TOKENIZER, WEIGHTS, BundleError, Cleaning, ImageSpec, TextSpec, read_manifest
from .dense import Vectors
from .frames import Source, key_frames, pixels
from .serving import CLEANINGS
from .tokenizing import from_hugging_face, from_simple
from .towers import TextTower, any_length, text_part

BATCH: Final = 32
SIMPLE_CONTEXT: Final = 77

_CLEANINGS: Final[dict[Any, Cleaning]] = {
    open_clip.tokenizer._clean_lower: "lower",
    open_clip.tokenizer._clean_whitespace: "whitespace",
    open_clip.tokenizer._clean_canonicalize: "canonicalize",
}


class ModelUnavailable(RuntimeError):
    """A model that cannot be had: an unknown name, no such file, or a hub out of reach. The message says which."""


@dataclass
class Clip:
    """An open_clip model with all it takes to feed it and to make it again.

    `tokenise` gives ids int64 [n, context_length], padded; `config` is open_clip's configuration of the model;
    `dropped_id` a token that counts as padding.
    """

    name: str
    model: torch.nn.Module
    tokenise: Callable[[list[str]], torch.Tensor]
    tokenizer: Tokenizer
    image: ImageSpec
    text: TextSpec
    config: dict[str, Any]
    licence: str = "unknown"
    provenance: dict[str, Any] = field(default_factory=dict)
    dropped_id: int | None = None

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.model.parameters()).device

    def text_tower(self) -> TextTower:
        """The text tower alone."""
        return TextTower(self.model, self.dropped_id)

    def ids(self, texts: Sequence[str]) -> torch.Tensor:
        """What the text tower takes for `texts`: int64 [n, longest], or [n, context] where padding is seen."""
        ids = self.tokenise(list(texts))
        used = int((ids != self.text.pad_id).any(0).nonzero().max()) + 1
        return (ids[:, :used] if self.text.any_length else ids).to(self.device)

    @torch.inference_mode()
    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors [len(texts), d] of queries."""
        self.model.eval()
        tower = self.text_tower()
        vectors = [tower(self.ids(texts[i : i + BATCH])) for i in range(0, len(texts), BATCH)]
        return _array(torch.nn.functional.normalize(torch.cat(vectors), dim=-1))

    @torch.inference_mode()
    def encode_stickers(self, stickers: Sequence[Source]) -> Vectors:
        """Unit vectors [len(stickers), d]: key frames averaged after projection, before normalisation (StickerCLIP)."""
        self.model.eval()
        return _array(torch.cat([self._encode_sticker(sticker) for sticker in stickers]))

    def _encode_sticker(self, sticker: Source) -> torch.Tensor:
        frames = pixels(key_frames(sticker), self.image.size, self.image.mean, self.image.std)
        vectors: torch.Tensor = self.model.encode_image(torch.from_numpy(frames).to(self.device))  # type: ignore[operator]
        return torch.nn.functional.normalize(vectors.mean(dim=0, keepdim=True), dim=-1)


def _array(vectors: torch.Tensor) -> Vectors:
    return vectors.float().cpu().numpy()


def load(spec: str, *, cache: Path | None = None, name: str | None = None) -> Clip:
    """Load open_clip weights.

    `spec` is "NAME:PRETRAINED" ("xlm-roberta-base-ViT-B-32:laion5b_s13b_b90k"; PRETRAINED may be the path of a file of
    weights), "hf-hub:ORGANISATION/REPOSITORY", "local-dir:FOLDER" (or just FOLDER) with an `open_clip_config.json`, or
    the folder of a bundle. Raises `ModelUnavailable`.
    """
    if (Path(spec) / MANIFEST).is_file():
        return _from_bundle(Path(spec))
    architecture, pretrained = _parse(spec)
    try:
        model = open_clip.create_model(
            architecture, pretrained=pretrained, require_pretrained=True, cache_dir=str(cache) if cache else None
        )
        tokenise = open_clip.get_tokenizer(architecture, cache_dir=str(cache) if cache else None)
        config = open_clip.get_model_config(architecture)
    except Exception as error:  # hub, file and configuration errors come in a dozen kinds
        raise ModelUnavailable(f"{spec}: {_first_line(error)}") from error
    provenance = {"open_clip": open_clip.__version__, "model": spec}
    return wrap(model, tokenise, config, name=name or spec, provenance=provenance)


def _parse(spec: str) -> tuple[str, str | None]:
    if Path(spec).is_dir():
        return f"local-dir:{Path(spec).absolute()}", None
    if spec.startswith(("hf-hub:", "local-dir:")):
        return spec, None
    architecture, _, pretrained = spec.partition(":")
    if not pretrained:
        raise ModelUnavailable(f"{spec}: say which weights, as NAME:PRETRAINED")
    known = open_clip.list_pretrained_tags_by_model(architecture)
    if architecture not in open_clip.list_models():
        raise ModelUnavailable(f"{spec}: open_clip knows no model {architecture}")
    if pretrained not in known and not Path(pretrained).is_file():
        raise ModelUnavailable(f"{spec}: no such weights; known for {architecture}: {', '.join(known) or 'none'}")
    return architecture, pretrained


def _first_line(error: Exception) -> str:
    logging.getLogger(__name__).debug("model not loaded", exc_info=error)
    return str(error).strip().partition("\n")[0] or type(error).__name__


def wrap(
    model: torch.nn.Module, tokenise: Any, config: Mapping[str, Any], *, name: str, provenance: dict[str, Any]
) -> Clip:
    """A `Clip` from an open_clip model, the tokenizer open_clip made for it, and the model's configuration."""
    fed = open_clip.get_model_preprocess_cfg(model)
    sides = fed["size"]
    image = ImageSpec(sides if isinstance(sides, int) else sides[0], tuple(fed["mean"]), tuple(fed["std"]))
    cleaning = _CLEANINGS.get(tokenise.clean_fn)
    if cleaning is None or getattr(tokenise, "tokenizer_mode", None):
        raise ModelUnavailable(f"{name}: tokenises in a way that cannot be published")
    simple = isinstance(tokenise, open_clip.SimpleTokenizer)
    tokenizer = from_simple(tokenise) if simple else from_hugging_face(tokenise.tokenizer)
    pad_id = 0 if simple else int(tokenise.tokenizer.pad_token_id)
    text = TextSpec(int(tokenise.context_length or SIMPLE_CONTEXT), pad_id, any_length(model), cleaning)
    dropped_id = int(tokenise.tokenizer.sep_token_id) if getattr(tokenise, "strip_sep_token", False) else None
    return Clip(
        name, model.eval(), tokenise, tokenizer, image, text, dict(config), provenance=provenance, dropped_id=dropped_id
    )


def padded_tokeniser(tokenizer: Tokenizer, spec: TextSpec) -> Callable[[list[str]], torch.Tensor]:
    """texts -> ids int64 [n, context_length], as `spec` says; `tokenizer` cuts to the context by itself."""
    clean = CLEANINGS[spec.cleaning]

    def tokenise(texts: list[str]) -> torch.Tensor:
        encoded = [encoding.ids for encoding in tokenizer.encode_batch([clean(text) for text in texts])]
        return torch.tensor([ids + [spec.pad_id] * (spec.context_length - len(ids)) for ids in encoded])

    return tokenise


def _from_bundle(folder: Path) -> Clip:
    """The model of a bundle that was published with its weights."""
    try:
        manifest = read_manifest(folder)
    except BundleError as error:
        raise ModelUnavailable(str(error)) from error
    if not manifest.can_be_trained_on:
        raise ModelUnavailable(f"{folder}: published without its weights; it can be searched with, not trained on")
    config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
    tokenizer.no_padding()
    tokenizer.enable_truncation(manifest.text.context_length)
    with _open_clip_folder(folder, config) as place:
        model = open_clip.create_model(f"local-dir:{place}", require_pretrained=True).eval()
    return Clip(
        manifest.name, model, padded_tokeniser(tokenizer, manifest.text), tokenizer, manifest.image, manifest.text,
        config["model_cfg"], manifest.licence, manifest.provenance, config.get("dropped_id"),
    )  # fmt: skip


def open_clip_config(clip: Clip) -> dict[str, Any]:
    """What `open_clip_config.json` says of a model, so that it can be made anew from it alone."""
    image = {"size": clip.image.size, "mean": clip.image.mean, "std": clip.image.std}
    config: dict[str, Any] = {
        "model_cfg": clip.config,
        "preprocess_cfg": image | {"interpolation": "bicubic", "resize_mode": "longest"},
    }
    tower = text_part(clip.model)
    if isinstance(tower, open_clip.hf_model.HFTextEncoder):
        config["text_config"] = tower.config.to_dict()
        names = {"hf_model_name": "text", "hf_tokenizer_name": "text"}  # what it was read from means nothing elsewhere
        config["model_cfg"] = clip.config | {"text_cfg": clip.config["text_cfg"] | names}
    if clip.dropped_id is not None:
        config["dropped_id"] = clip.dropped_id
    return config


def untrained(folder: Path, tokenizer: Tokenizer, image: ImageSpec, text: TextSpec) -> Clip:
    """A model with random weights by the `open_clip_config.json` in `folder`."""
    config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    with _open_clip_folder(folder, config) as place:
        model = open_clip.create_model(f"local-dir:{place}", load_weights=False).eval()
    return Clip(
        str(folder), model, padded_tokeniser(tokenizer, text), tokenizer, image, text, config["model_cfg"],
        dropped_id=config.get("dropped_id"),
    )  # fmt: skip


@contextmanager
def _open_clip_folder(folder: Path, config: dict[str, Any]) -> Iterator[Path]:
    """The bundle's folder; where the text tower is of Hugging Face, one beside in which open_clip finds its shape."""
    if "text_config" not in config:
        yield folder
        return
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        (place / "text").mkdir()
        (place / "text" / "config.json").write_text(json.dumps(config["text_config"]), encoding="utf-8")
        model = config["model_cfg"]
        text = model["text_cfg"] | {"hf_model_name": str(place / "text"), "hf_model_pretrained": False}
        told = config | {"model_cfg": model | {"text_cfg": text}}
        (place / CONFIG).write_text(json.dumps(told), encoding="utf-8")
        (place / WEIGHTS).symlink_to((folder / WEIGHTS).absolute())
        yield place
