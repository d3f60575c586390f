"""Measures of agreement that need weights: the cosine of embeddings, and BERTScore.

BERTScore matches the tokens of one layer, which is part of its name, greedily and without weighting by rarity (Zhang
2020). `transformer` opens the weights that it needs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .dense import Vectors

BATCH = 64


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


class Layered(Protocol):
    """A model whose tokens can be seen after each layer."""

    @property
    def name(self) -> str: ...
    @property
    def n_layers(self) -> int: ...
    def tokens(self, texts: Sequence[str], layer: int) -> list[NDArray[np.float32]]: ...


class BertScore:
    """F1 of greedily matched tokens: P = mean over the first's of their nearest in the second, R the other way."""

    def __init__(self, model: Layered, layer: int | None = None) -> None:
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


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    units: NDArray[np.float32] = np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)
    return units
