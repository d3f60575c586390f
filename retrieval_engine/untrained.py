"""An open_clip model made from a configuration: random weights, and a tokenizer learned from the texts at hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import open_clip
import torch

from .bundle import ImageSpec, TextSpec
from .encoder import Clip, padded_tokeniser
from .text import normalise
from .tokenizing import train_bpe

MEAN, STD = (0.9, 0.88, 0.86), (0.22, 0.22, 0.24)
"""Of the channels of stickers on white ground."""
TINY: Final[dict[str, Any]] = {
    "embed_dim": 64,
    "vision_cfg": {"layers": 2, "width": 64, "head_width": 16, "patch_size": 8, "image_size": 64},
    "text_cfg": {"context_length": 24, "vocab_size": 2_000, "width": 64, "heads": 4, "layers": 1},
}


def small_clip(name: str, architecture: Mapping[str, Any], texts: Iterable[str], *, seed: int = 0) -> Clip:
    """An untrained open_clip model (`architecture` is an open_clip model configuration without a pretrained text tower)
    with a byte-level BPE of its own, learned from `texts`; its vocabulary is `vocab_size` tokens at most."""
    text_config = architecture["text_cfg"]
    context = int(text_config.get("context_length", 77))
    tokenizer = train_bpe(map(normalise, texts), text_config["vocab_size"])
    tokenizer.enable_truncation(context)
    config = {**architecture, "text_cfg": text_config | {"vocab_size": tokenizer.get_vocab_size()}}
    torch.manual_seed(seed)
    model = open_clip.CLIP(**config)
    text = TextSpec(context, 0, True, "normalise")
    image = ImageSpec(architecture["vision_cfg"]["image_size"], MEAN, STD)
    provenance = {"open_clip": open_clip.__version__, "architecture": dict(architecture)}
    return Clip(name, model, padded_tokeniser(tokenizer, text), tokenizer, image, text, config, "CC0-1.0", provenance)
