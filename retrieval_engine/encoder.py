"""CLIP models in torch: loaded through open_clip by name or path, embedding stickers and queries, ready to be exported.

Imported where models are trained, installed and published; the process that serves uses `serving` instead.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import open_clip
import torch
from tokenizers import Tokenizer

from .bundle import Cleaning, ImageSpec, TextSpec
from .dense import Vectors
from .frames import Source, key_frames, pixels
from .tokenizing import from_hugging_face, from_simple
from .towers import TextTower, any_length

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
    """An open_clip model with all it takes to feed it. `tokenise` gives ids int64 [n, context_length], padded."""

    name: str
    model: torch.nn.Module
    tokenise: Callable[[list[str]], torch.Tensor]
    tokenizer: Tokenizer
    image: ImageSpec
    text: TextSpec
    licence: str = "unknown"
    provenance: dict[str, Any] = field(default_factory=dict)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.model.parameters()).device

    def text_tower(self) -> TextTower:
        """The text tower alone. Some tokenizers replace their separator by 0 after the fact: it does that too."""
        drops = getattr(self.tokenise, "strip_sep_token", False)
        return TextTower(self.model, int(self.tokenise.tokenizer.sep_token_id) if drops else None)  # type: ignore[attr-defined]

    def ids(self, texts: Sequence[str]) -> torch.Tensor:
        """What the text tower takes for `texts`: int64 [n, longest], or [n, context] where padding is seen."""
        ids = self.tokenise(list(texts)).to(self.device)
        used = int((ids != self.text.pad_id).any(0).nonzero().max()) + 1
        return ids[:, :used] if self.text.any_length else ids

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
    weights), "hf-hub:ORGANISATION/REPOSITORY", or "local-dir:FOLDER" (or just FOLDER) with an `open_clip_config.json`.
    Raises `ModelUnavailable`.
    """
    architecture, pretrained = _parse(spec)
    try:
        model = open_clip.create_model(
            architecture, pretrained=pretrained, require_pretrained=True, cache_dir=str(cache) if cache else None
        )
        tokenise = open_clip.get_tokenizer(architecture, cache_dir=str(cache) if cache else None)
    except Exception as error:  # hub, file and configuration errors come in a dozen kinds
        raise ModelUnavailable(f"{spec}: {_first_line(error)}") from error
    return wrap(model, tokenise, name=name or spec, provenance={"open_clip": open_clip.__version__, "model": spec})


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


def wrap(model: torch.nn.Module, tokenise: Any, *, name: str, provenance: dict[str, Any]) -> Clip:
    """A `Clip` from an open_clip model and the tokenizer open_clip made for it."""
    config = open_clip.get_model_preprocess_cfg(model)
    sides = config["size"]
    image = ImageSpec(sides if isinstance(sides, int) else sides[0], tuple(config["mean"]), tuple(config["std"]))
    cleaning = _CLEANINGS.get(tokenise.clean_fn)
    if cleaning is None or getattr(tokenise, "tokenizer_mode", None):
        raise ModelUnavailable(f"{name}: tokenises in a way that cannot be published")
    simple = isinstance(tokenise, open_clip.SimpleTokenizer)
    tokenizer = from_simple(tokenise) if simple else from_hugging_face(tokenise.tokenizer)
    pad_id = 0 if simple else int(tokenise.tokenizer.pad_token_id)
    text = TextSpec(int(tokenise.context_length or SIMPLE_CONTEXT), pad_id, any_length(model), cleaning)
    return Clip(name, model.eval(), tokenise, tokenizer, image, text, provenance=provenance)
