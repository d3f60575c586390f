"""How well generated queries let people's own queries find a sticker: the protocol `sq-bm25-v1`.

Every sticker of a gallery is a document, its text what a method wrote for it; what people typed for the sticker is
searched with the BM25 of record (`lexical`). StickerQueries, section 6.2 and table 6, with what the paper leaves open
settled: ties count by their expected value, so that documents without a word give exactly chance.

Galleries:  `test`    the judged test stickers alone, as in the paper
            `all`     beside them every other sticker with what people typed for it: how it will be in search
Queries:    `single`  each by itself; a sticker is the mean of its queries (headline)
            `joined`  all of a sticker as one (the paper)
Relevance:  `exact`   the sticker alone
            `lenient` every sticker for which somebody typed the same

>>> gallery = Gallery({"a": ["so tired"], "b": ["happy"], "c": []})
>>> gallery.place("tired", {"a"})
Found(better=0, tied=1, relevant=1)
>>> gallery.place("angry", {"c"})
Found(better=0, tied=3, relevant=1)
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from ..lexical import LexicalIndex
from ..text import tokenise

PROTOCOL: Final = "sq-bm25-v1"
CUTOFFS: Final = (1, 5, 10, 20, 50)
METRICS: Final = (*(f"recall_at_{k}" for k in CUTOFFS), "mrr")
Table = NDArray[np.float64]
Relevance = Literal["exact", "lenient"]
Documents = Mapping[str, Sequence[str]]
"""What a method wrote, or people typed, by sticker."""


@dataclass(frozen=True, slots=True)
class Found:
    """Where the relevant stickers stand: `better` others before the first score that one of them has, `tied` stickers
    at that score, `relevant` of these relevant."""

    better: int
    tied: int
    relevant: int


class Gallery:
    """Documents by sticker, searched with BM25. A query's terms beyond 64 distinct ones are left out."""

    def __init__(self, documents: Documents) -> None:
        self._numbers = {sticker: number for number, sticker in enumerate(documents)}
        self._index = LexicalIndex.of((number, _tokens(documents[name])) for name, number in self._numbers.items())

    def __len__(self) -> int:
        return len(self._numbers)

    def replace(self, sticker: str, document: Sequence[str]) -> None:
        """Give a sticker of the gallery another document."""
        self._index.put(self._numbers[sticker], _tokens(document))

    def blind(self, relevant: Collection[str]) -> Found:
        """Where the relevant stickers stand when nothing is known: all are tied."""
        return Found(0, len(self), len(self._wanted(relevant)))

    def place(self, query: str, relevant: Collection[str]) -> Found:
        """Where the best of the relevant stickers stands. What is not found is tied behind everything else."""
        wanted, ranking = self._wanted(relevant), self._index.search(tokenise(query), None)
        at = np.flatnonzero(np.isin(ranking.ids, list(wanted)))
        if not len(at):
            return Found(len(ranking.ids), len(self) - len(ranking.ids), len(wanted))
        tied = ranking.scores == ranking.scores[at[0]]
        return Found(int(np.argmax(tied)), int(tied.sum()), int(tied[at].sum()))

    def _wanted(self, relevant: Collection[str]) -> set[int]:
        return {self._numbers[sticker] for sticker in relevant if sticker in self._numbers}


def _tokens(document: Sequence[str]) -> list[str]:
    return tokenise(" ".join(document))


@lru_cache(4_096)
def expected(found: Found) -> tuple[float, ...]:
    """`METRICS` of one query under random tie breaking.

    With m relevant stickers among t tied ones, the first of them stands beyond place i of the tie with the probability
    prod over j < i of (t - m - j) / (t - j); R@k is 1 less that for i = k - better, and the reciprocal rank the mean
    over the places. With m = 1 this is `metrics.expected_hit` and `expected_reciprocal_rank`.
    """
    steps = np.arange(found.tied - found.relevant + 1)
    beyond = np.concatenate([[1.0], np.cumprod((found.tied - found.relevant - steps) / (found.tied - steps))])
    hits = (1 - beyond[min(max(k - found.better, 0), len(beyond) - 1)] for k in CUTOFFS)
    reciprocal = ((beyond[:-1] - beyond[1:]) / (found.better + 1 + steps)).sum()
    return *map(float, hits), float(reciprocal)


@dataclass(frozen=True, slots=True)
class Asked:
    """A query that must find its sticker, or one of the `relevant` ones."""

    text: str
    sticker: str
    relevant: frozenset[str]


@dataclass(frozen=True, slots=True)
class Values:
    """`METRICS` of every sticker [stickers, metrics], the mean over its queries, and the same by chance."""

    by_sticker: Table
    chance: Table
    tied: float
    """Share of the queries whose sticker shares its score with another."""


def measure(gallery: Gallery, asked: Iterable[Asked]) -> Values:
    """Search each query in the gallery."""
    return _values(gallery, [(query, gallery.place(query.text, query.relevant)) for query in asked])


def held_out(typed: Documents, others: Documents, asked: Iterable[Asked]) -> Values:
    """People as a method: all stickers stand with what people typed, and each query is searched while it is taken out
    of its own sticker's document."""
    gallery, found = Gallery({**others, **typed}), []
    for query in asked:
        own = typed[query.sticker]
        gallery.replace(query.sticker, [text for text in own if text != query.text])
        found.append((query, gallery.place(query.text, query.relevant)))
        gallery.replace(query.sticker, own)
    return _values(gallery, found)


def _values(gallery: Gallery, found: Sequence[tuple[Asked, Found]]) -> Values:
    measured, chance = dict[str, list[tuple[float, ...]]](), dict[str, list[tuple[float, ...]]]()
    for query, place in found:
        measured.setdefault(query.sticker, []).append(expected(place))
        chance.setdefault(query.sticker, []).append(expected(gallery.blind(query.relevant)))
    tied = float(np.mean([place.tied > place.relevant for _, place in found]))
    return Values(_means(measured), _means(chance), tied)


def _means(rows: Mapping[str, list[tuple[float, ...]]]) -> Table:
    return np.array([np.mean(own, axis=0) for own in rows.values()])
