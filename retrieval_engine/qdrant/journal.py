"""A batch of changes as it is written down before it is carried out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Self

import msgspec
import numpy as np
from qdrant_client import models

SPARSE: Final = "words"
DENSE: Final = "look"
Payloads = list[tuple[str, dict[str, Any]]]


class Point(msgspec.Struct):
    """A sticker: its weights by dimension, its vector as float32, its payload."""

    id: int
    numbers: list[int]
    weights: list[float]
    look: bytes | None
    payload: dict[str, Any]

    def as_model(self) -> models.PointStruct:
        vector: dict[str, Any] = {}
        if self.numbers:
            vector[SPARSE] = models.SparseVector(indices=self.numbers, values=self.weights)
        if self.look is not None:
            vector[DENSE] = np.frombuffer(self.look, dtype=np.float32).tolist()
        return models.PointStruct(id=self.id, vector=vector, payload=self.payload)


class Batch(msgspec.Struct):
    """Everything in it is absolute: it can be carried out twice."""

    points: list[Point]
    gone: list[int]
    words: Payloads  # points of the vocabulary
    forgotten: list[str]  # those that go
    state: Payloads

    def as_payload(self) -> dict[str, str]:
        """One string: a payload of a hundred thousand numbers takes a server longer than all the rest."""
        return {"batch": msgspec.json.encode(self).decode()}

    @classmethod
    def of_payload(cls, payload: Mapping[str, Any]) -> Self:
        return msgspec.json.decode(payload["batch"], type=cls)
