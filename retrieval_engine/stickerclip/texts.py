"""What a model is shown as the text of a sticker: a query, or a query among all else that is known of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..text import normalise
from ..training.release import Query, Sticker
from .recipe import ClipSettings

JOINT: Final = "；"
"""Between fields, as in the paper's release."""


@dataclass(frozen=True, slots=True)
class Text:
    """A training text, what it says (its parts, normalised), and how far it is believed."""

    text: str
    says: frozenset[str]
    weight: float = 1.0


def known_of(sticker: Sticker) -> frozenset[str]:
    """All that may be said of a sticker, normalised: its queries and its fields in every language."""
    return frozenset(map(normalise, (*(query.text for query in sticker.queries), *sticker.fields.values())))


def draw(sticker: Sticker, settings: ClipSettings, rng: np.random.Generator) -> Text:
    """One training text of a sticker that has a query or a field. (Sticker820K, section 4: fields joined, in random
    order; ours leaves some of them out, and half of the time shows a query alone, as people search.)"""
    query = sticker.queries[rng.integers(len(sticker.queries))] if sticker.queries else None
    fields = _fields(sticker, query)
    joined = fields and (query is None or rng.random() < settings.from_fields)
    parts = (
        _kept([*([query.text] if query else []), *fields], settings, rng) if joined else [query.text if query else ""]
    )
    weight = query.weight if query and settings.proof_weights and query.text in parts else 1.0
    text = drop_words(JOINT.join(parts), settings.drop_word, rng)
    return Text(text, frozenset(map(normalise, parts)), weight)


def _fields(sticker: Sticker, query: Query | None) -> list[str]:
    told = sticker.told(query.language) if query else dict(sticker.fields)
    return list(told.values())


def _kept(parts: Sequence[str], settings: ClipSettings, rng: np.random.Generator) -> list[str]:
    """Some of `parts` in random order, one at least."""
    kept = [part for part in parts if rng.random() < settings.keep_field] or [parts[int(rng.integers(len(parts)))]]
    return [kept[i] for i in rng.permutation(len(kept))]


def drop_words(text: str, probability: float, rng: np.random.Generator) -> str:
    """`text` with each word (each character, without spaces) left out with `probability`; never all of them."""
    parts, joint = (text.split(), " ") if " " in text else (list(text), "")
    kept = [part for part in parts if rng.random() >= probability]
    return joint.join(kept) if kept else text


def fits(known: Sequence[Collection[str]], texts: Sequence[Text]) -> NDArray[np.bool_]:
    """bool [len(known), len(texts)]: of which stickers, by what is `known` of them, all that a text says is true."""
    holders = defaultdict[str, set[int]](set)
    for place, parts in enumerate(known):
        for part in parts:
            holders[part].add(place)
    found = np.zeros((len(known), len(texts)), dtype=bool)
    for column, text in enumerate(texts):
        found[list(set.intersection(*(holders[part] for part in text.says))), column] = True
    return found
