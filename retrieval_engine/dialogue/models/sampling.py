"""Wrong stickers to tell the right one from. None of them is the right one, or a near duplicate of it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from ...lexical import LexicalIndex
from ...text import tokenise
from ..data.conversations import Use
from ..data.gallery import Gallery, Places
from ..data.wording import document


class Negatives:
    """Draws places of stickers for the right one at place `gold`."""

    def __init__(self, gallery: Gallery) -> None:
        self._gallery = gallery
        self._packs = {pack: np.flatnonzero(gallery.packs == pack) for pack in np.unique(gallery.packs)}

    def in_pack(self, gold: int, n: int, rng: np.random.Generator) -> Places:
        """`n` of the same pack without repetition (SRS, PBR); fewer where the pack holds no more."""
        return self._some(self._packs[self._gallery.packs[gold]], gold, n, rng)

    def anywhere(self, gold: int, n: int, rng: np.random.Generator, among: Places | None = None) -> Places:
        """`n` of all stickers, or of those at places `among`. (MMBERT draws among those seen in training.)"""
        return self._some(np.arange(len(self._gallery)) if among is None else among, gold, n, rng)

    def of_other_intent(self, gold: int, n: int, rng: np.random.Generator) -> Places:
        """`n` that are mostly used for something else."""
        others = np.flatnonzero(self._gallery.intents != self._gallery.intents[gold])
        return self._some(others, gold, n, rng)

    def by_words(self, use: Use, n: int) -> Places:
        """The `n` that BM25 finds best by what was said last, the right one left out."""
        gold = self._gallery.conversations.place[use.gold]
        found: Places = self._words.search(tokenise(use.last_words), None).ids
        return self._apart(found, gold)[:n]

    @cached_property
    def _words(self) -> LexicalIndex:
        return LexicalIndex.of((place, tokenise(document(s))) for place, s in enumerate(self._gallery.stickers))

    def _some(self, among: Places, gold: int, n: int, rng: np.random.Generator) -> Places:
        drawn: Places = rng.permutation(self._apart(among, gold))
        return drawn[:n]

    def _apart(self, among: Places, gold: int) -> Places:
        kept: Places = among[self._gallery.groups[among] != self._gallery.groups[gold]]
        return kept


def batches_of(n: int, size: int, seed: int, step: int) -> Sequence[int]:
    """The examples of a step, of `n`: each once at most in a pass through them, whose order is drawn anew."""
    size = min(size, n)
    per_pass = n // size
    order = np.random.default_rng((seed, 1, step // per_pass)).permutation(n)
    start = (step % per_pass) * size
    chosen: list[int] = order[start : start + size].tolist()
    return chosen
