"""The BM25 baseline: what was said last is searched among the words that are known of stickers.

With a provider of queries it is the LLM-then-BM25 of MultiChat: a language model reads the conversation and writes what
one would search for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from ...lexical import LexicalIndex
from ...text import tokenise
from ..data.conversations import Use
from ..data.gallery import Gallery, Places
from ..data.wording import document


class LastUtteranceBm25:
    """BM25 of record over `wording.document`; `query` says what is searched for a use. Learns nothing."""

    def __init__(self, gallery: Gallery, query: Callable[[Use], str] = lambda use: use.last_words) -> None:
        self.gallery, self._query = gallery, query
        words = ((place, tokenise(document(sticker))) for place, sticker in enumerate(gallery.stickers))
        self._index = LexicalIndex.of(words)

    def scores(self, uses: Sequence[Use], candidates: Places) -> NDArray[np.float64]:
        """[n, m]; -inf where no word matches, so that these are tied behind everything else."""
        found = np.full((len(uses), len(self.gallery)), -np.inf)
        for row, use in zip(found, uses, strict=True):
            ranking = self._index.search(tokenise(self._query(use)), None)
            row[ranking.ids] = ranking.scores
        return np.take_along_axis(found, candidates, axis=1)
