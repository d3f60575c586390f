"""Measures of agreement that need weights: the cosine of embeddings, and BERTScore.

Weights are a folder on this machine: a bundle of ours (cosine alone; no torch), or a model of transformers. There a
text's embedding is the mean of the last layer over its tokens, the special ones left out; BERTScore matches the tokens
of one layer, which is part of its name, greedily and without weighting by rarity (Zhang 2020).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .bundle import MANIFEST
from .dense import Vectors
from .serving import Bundle
from .text_agreement import Measure

BATCH = 64
MAX_TOKENS = 128


class Encoder(Protocol):
    def encode(self, texts: Sequence[str]) -> Vectors: ...


class Cosine:
    """The cosine of two texts' embeddings."""

    def __init__(self, encoder: Encoder, model: str) -> None:
        self.name = f"cosine ({model})"
        self._encoder = encoder
        self._vectors: dict[str, NDArray[np.float32]] = {}

    def prepare(self, texts: Sequence[str]) -> None:
        new = [text for text in dict.fromkeys(texts) if text not in self._vectors]
        for start in range(0, len(new), BATCH):
            batch = new[start : start + BATCH]
            self._vectors.update(zip(batch, _unit(self._encoder.encode(batch)), strict=True))

    def __call__(self, first: str, second: str) -> float:
        return float(self._vectors[first] @ self._vectors[second])


class BertScore:
    """F1 of greedily matched tokens: P = mean over the first's of their nearest in the second, R the other way."""

    def __init__(self, model: Transformer, layer: int | None = None) -> None:
        self.layer = model.n_layers if layer is None else layer
        if not 0 < self.layer <= model.n_layers:
            raise ValueError(f"the model has layers 1 to {model.n_layers}, not {layer}")
        self.name = f"BERTScore F ({model.name}, layer {self.layer})"
        self._model = model
        self._tokens: dict[str, NDArray[np.float32]] = {}

    def prepare(self, texts: Sequence[str]) -> None:
        new = [text for text in dict.fromkeys(texts) if text not in self._tokens]
        self._tokens.update(zip(new, map(_unit, self._model.tokens(new, self.layer)), strict=True))

    def __call__(self, first: str, second: str) -> float:
        return self.parts(first, second)[2]

    def parts(self, first: str, second: str) -> tuple[float, float, float]:
        """(precision, recall, F1) of the first text for the second; all 0 when one of them has no token."""
        cosines = self._tokens[first] @ self._tokens[second].T
        if not cosines.size:
            return 0.0, 0.0, 0.0
        precision, recall = float(cosines.max(axis=1).mean()), float(cosines.max(axis=0).mean())
        total = precision + recall
        return precision, recall, 2 * precision * recall / total if total else 0.0


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


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)


def measures_with(folder: Path, layer: int | None = None) -> list[Measure]:
    """What can be measured with the weights in a folder. ValueError, BundleError when there are none."""
    if (folder / MANIFEST).is_file():
        bundle = Bundle.open(folder)
        return [Cosine(bundle, bundle.name)]
    model = Transformer(folder)
    return [Cosine(model, model.name), BertScore(model, layer)]
