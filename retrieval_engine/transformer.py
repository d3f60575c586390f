"""Weights in a folder on this machine: a bundle of ours, which gives embeddings alone, or a model of transformers.

Of the latter a text's embedding is the mean of the last layer over its tokens, the special ones left out. Nothing is
fetched; torch is imported only here.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .bundle import MANIFEST
from .dense import Vectors
from .embedding import BATCH, BertScore, Cosine
from .serving import Bundle
from .text_agreement import Measure

MAX_TOKENS = 128


class Transformer:
    """A text model of transformers from a folder; nothing is fetched."""

    def __init__(self, folder: Path) -> None:
        from transformers import AutoModel, AutoTokenizer

        if not (folder / "config.json").is_file():
            raise ValueError(f"{folder}: neither a bundle nor a model of transformers")
        self.name = folder.name
        self._tokenizer: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        self._model: Any = AutoModel.from_pretrained(folder, local_files_only=True).eval()
        self.n_layers = int(self._model.config.num_hidden_layers)

    def tokens(self, texts: Sequence[str], layer: int) -> list[NDArray[np.float32]]:
        """[tokens, d] of each text after that layer; special tokens are not among them."""
        found: list[NDArray[np.float32]] = []
        for start in range(0, len(texts), BATCH):
            found += self._tokens(list(texts[start : start + BATCH]), layer)
        return found

    def _tokens(self, texts: list[str], layer: int) -> list[NDArray[np.float32]]:
        import torch

        fed = self._tokenizer(
            texts,
            padding=True,
            truncation=True,
            max_length=MAX_TOKENS,
            return_special_tokens_mask=True,
            return_tensors="pt",
        )
        special = fed.pop("special_tokens_mask").bool()
        with torch.inference_mode():
            states = self._model(**fed, output_hidden_states=True).hidden_states[layer]
        kept = fed["attention_mask"].bool() & ~special
        return [state[mask].float().numpy() for state, mask in zip(states, kept, strict=True)]

    def encode(self, texts: Sequence[str]) -> Vectors:
        """[n, d]: the mean of the last layer over the text's tokens; zero for a text without any."""
        held = self.tokens(texts, self.n_layers)
        means: Vectors = np.stack([rows.mean(axis=0) if len(rows) else rows.sum(axis=0) for rows in held])
        return means


def measures_with(folder: Path, layer: int | None = None) -> list[Measure]:
    """What can be measured with the weights in a folder. ValueError, BundleError when there are none."""
    if (folder / MANIFEST).is_file():
        bundle = Bundle.open(folder)
        return [Cosine(bundle, bundle.name)]
    model = Transformer(folder)
    return [Cosine(model, model.name), BertScore(model, layer)]
