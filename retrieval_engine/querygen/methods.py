"""What is put beside the trained generator: the lists that each method writes for the judged stickers."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from ..text import normalise
from .data import Example

EMPTY: Final = "nothing"
"""Documents without a word: exactly chance."""
CONTEXT: Final = "context"
"""What was said before the sticker in conversations; of one that nobody has sent, nothing."""
CAPTION: Final = "caption"
"""What a captioning model says of the picture."""
FREQUENCY: Final = "frequency"
"""Training queries drawn by how often people typed them, whatever the picture."""
SHUFFLED: Final = "shuffled"
"""What the trained model wrote for another sticker: what it knows of queries without looking."""
UNTRAINED: Final = "untrained"
TRAINED: Final = "trained"
LIVE: Final = "live"
PEOPLE: Final = "people"
"""The other queries that people typed for the sticker: the ceiling."""
GAIN: Final = "gain"
"""The paired difference of the trained model to the live one."""

Lists = Mapping[str, Sequence[str]]
"""By sticker."""


def without_a_model(judged: Sequence[Example], learned: Sequence[Example], n: int) -> dict[str, Lists]:
    """The methods that need none, each with `n` queries a sticker at most."""
    found: dict[str, Lists] = {EMPTY: {example.sticker.id: [] for example in judged}}
    if contexts := _contexts(judged, n):
        found[CONTEXT] = contexts
    return found | {FREQUENCY: _by_frequency(judged, learned, n)}


def _contexts(judged: Sequence[Example], n: int) -> Lists:
    said = {example.sticker.id: example.sticker.contexts.get(example.language, ())[:n] for example in judged}
    return said if any(said.values()) else {}


def _by_frequency(judged: Sequence[Example], learned: Sequence[Example], n: int) -> Lists:
    typed = [query for example in learned for query in example.queries]
    return {example.sticker.id: _drawn(typed, example.sticker.id, n) for example in judged}


def _drawn(typed: Sequence[str], sticker: str, n: int) -> list[str]:
    seed = int.from_bytes(hashlib.sha256(sticker.encode()).digest()[:8], "big")
    order = np.random.default_rng(seed).permutation(len(typed))
    return list(dict.fromkeys(typed[place] for place in order[: 4 * n]))[:n]


def shuffled(written: Lists) -> Lists:
    """Every sticker with the list of the next one."""
    names = list(written)
    return dict(zip(names, (written[name] for name in [*names[1:], *names[:1]]), strict=True))


def halves(judged: Sequence[Example]) -> tuple[Lists, Lists]:
    """People against people: every other query of a sticker, in alphabetical order, and the rest."""
    ordered = {example.sticker.id: sorted(example.queries, key=normalise) for example in judged}
    return {name: own[::2] for name, own in ordered.items()}, {name: own[1::2] for name, own in ordered.items()}
