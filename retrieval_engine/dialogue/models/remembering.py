"""What IGSR remembers of a chat: summaries of its earlier sessions, and which of them bear on what is said now. Nothing
here needs torch: training and serving choose by the same rules. (MultiChat, section 4)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from math import log
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...text import tokenise
from ..data.conversations import Session, Use
from ..inference.replying import Remembered
from ..settings import IgsrSettings
from ..telling.knowing import as_lines
from ..telling.providers import Provided, Value

K1: Final = 1.5
B: Final = 0.75
N_KEPT: Final = 16_384
"""Summaries whose words and vectors are kept."""
VectorOf = Callable[[str], NDArray[np.float32]]


class MemoryBank:
    """Summaries of the sessions strictly before the current one in the same chat, and which of them bear on it.

    A summary that a person wrote is taken as it is; of a session without one it is made by the provider of summaries.
    `vector_of` gives a text's unit vector [d]; a summary's is kept as it was when first asked for. What is chosen for
    a use that has an id is chosen once.
    """

    def __init__(self, settings: IgsrSettings, summaries: Provided, vector_of: VectorOf, seed: int = 0) -> None:
        self.settings, self.summaries, self.seed = settings, summaries, seed
        self._chosen: dict[tuple[str, str], list[Remembered]] = {}
        self._words = lru_cache(N_KEPT)(lambda text: tuple(tokenise(text)))
        self._vector = lru_cache(N_KEPT)(vector_of)

    def __call__(self, use: Use, said: str) -> list[Remembered]:
        """The summaries that bear most on what was `said`, best first."""
        if not use.id:
            return self._choose(use, said)
        if (use.id, said) not in self._chosen:
            self._chosen[use.id, said] = self._choose(use, said)
        return self._chosen[use.id, said]

    def _choose(self, use: Use, said: str) -> list[Remembered]:
        if self.settings.memory == "none" or not use.earlier:
            return []
        summaries = ((place, self.summary(session, use.language)) for place, session in enumerate(use.earlier))
        held = [(place, value.text) for place, value in summaries if value.text]
        order = {"words": self._by_words, "vectors": self._by_vectors, "random": self._at_random}
        found = order[self.settings.memory](use, said, [text for _, text in held]) if held else []
        return [Remembered(*held[at], score=score) for at, score in found[: self.settings.n_memories]]

    def summary(self, session: Session, language: str) -> Value:
        """Of one session; empty where there is nothing to sum up."""
        lines = as_lines(session.turns)
        if not session.summary and not lines:
            return Value("", "stub", "")
        return self.summaries([lines], language, said=[session.summary or None])[0]

    def _by_words(self, use: Use, said: str, held: Sequence[str]) -> list[tuple[int, float]]:
        """What shares no word with what was said is not remembered."""
        scores = bm25(self._words(said), [self._words(text) for text in held])
        return [(at, scores[at]) for at in sorted(range(len(held)), key=lambda at: (-scores[at], at)) if scores[at]]

    def _by_vectors(self, use: Use, said: str, held: Sequence[str]) -> list[tuple[int, float]]:
        cosines = np.stack([self._vector(text) for text in held]) @ self._vector(said)
        return [(int(at), float(cosines[at])) for at in np.argsort(-cosines, kind="stable")]

    def _at_random(self, use: Use, said: str, held: Sequence[str]) -> list[tuple[int, float]]:
        number = int.from_bytes(use.id.encode()[-8:], "big")
        order: list[int] = np.random.default_rng((self.seed, number)).permutation(len(held)).tolist()
        return [(at, 0.0) for at in order]


def bm25(query: Sequence[str], documents: Sequence[Sequence[str]]) -> list[float]:
    """The scores of a few documents, 0 for one that shares no term with `query`.

    A term's weight is ln(1 + (N - n + .5) / (n + .5)), never negative: a chat has few sessions, and what half of them
    hold says something all the same. Nothing outside of these documents counts, so that what is remembered of a chat
    does not hang on what was asked before.
    """
    held_by = Counter(term for document in documents for term in set(document))
    mean = max(1.0, sum(map(len, documents)) / max(1, len(documents)))
    asked = {term: log(1 + (len(documents) - n + 0.5) / (n + 0.5)) for term in set(query) if (n := held_by[term])}
    scores = []
    for document in documents:
        counts, norm = Counter(document), K1 * (1 - B + B * len(document) / mean)
        terms = sorted(asked.keys() & counts.keys())  # in one order, for the same sum every time
        scores.append(sum(asked[term] * counts[term] * (K1 + 1) / (counts[term] + norm) for term in terms))
    return scores
