"""How like people's queries generated ones are: StickerQueries, section 6.1 and table 5, defined.

`joined`: both lists as one text, each ordered by how often people type its queries, so that the order in which a model
writes does not count. BLEU (0 to 100), ROUGE-L and with weights embeddings are those of `text_agreement`; ROUGE-2 is F1
of the pairs of neighbouring tokens. Chinese by characters and by words.
`set`: precision, recall and F1 of queries that read alike after normalisation; `soft` counts one as said where an
embedding's cosine with one of the other side is at least `NEAR`.

Beside each figure stands its chance: the same list against the queries of another sticker.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from ..data import SEPARATOR
from ..embedding import Cosine
from ..text import Tokenizer, normalise, segment
from ..text_agreement import TOKENS, Bleu, Measure, RougeL

NEAR: Final = 0.8
"""Cosine from which two queries count as saying the same."""
N_GENERIC: Final = 20
"""The most frequent training queries: what can be written without looking."""
Lists = Sequence[Sequence[str]]
Score = Callable[[Sequence[str], Sequence[str]], float]


class Rouge2:
    """F1 of the pairs of neighbouring tokens, 0 to 1; 0 for a text of fewer than two."""

    def __init__(self, tokens: str = "words", tokenizer: Tokenizer = segment) -> None:
        self.name, self._tokenizer = f"ROUGE-2 ({tokens})", tokenizer

    def prepare(self, texts: Sequence[str]) -> None:
        pass

    def __call__(self, first: str, second: str) -> float:
        one, other = (Counter(pairwise(self._tokenizer(text))) for text in (first, second))
        n_pairs = one.total() + other.total()
        return 2 * (one & other).total() / n_pairs if n_pairs else 0.0


@dataclass(frozen=True, slots=True)
class Likeness:
    """One measure: its value for each sticker, and for each by chance."""

    name: str
    values: list[float]
    chance: list[float]


def likenesses(
    written: Lists, typed: Lists, frequency: Mapping[str, int], language: str, measures: Iterable[Measure] = ()
) -> list[Likeness]:
    """Every measure of the lists that were `written` against those that people `typed`, sticker by sticker.

    `frequency` is how often people typed a query, normalised, in the training data; `measures` need weights.
    """
    measures = list(measures)
    scores: dict[str, Score] = {measure.name: _joined(measure, frequency) for measure in _of_words(language)}
    for measure in measures:
        prepared(measure, [*written, *typed], frequency)
        scores[measure.name] = _joined(measure, frequency)
    scores |= {"set precision": precision, "set recall": recall, "set F1": f1}
    if (cosine := next((measure for measure in measures if isinstance(measure, Cosine)), None)) is not None:
        scores["soft F1"] = lambda ours, theirs: _soft_f1(cosine, ours, theirs)
    others = [typed[(place + 1) % len(typed)] for place in range(len(typed))]
    return [
        Likeness(name, _each(score, written, typed), _each(score, written, others)) for name, score in scores.items()
    ]


def _of_words(language: str) -> list[Measure]:
    tokens = TOKENS.get(language, TOKENS["en"]).items()
    return [kind(*named) for kind in (Bleu, Rouge2, RougeL) for named in tokens]


def prepared(measure: Measure, lists: Iterable[Sequence[str]], frequency: Mapping[str, int]) -> None:
    """Let a measure with weights see all texts at once."""
    lists = list(lists)
    measure.prepare([*(in_order(queries, frequency) for queries in lists), *(q for queries in lists for q in queries)])


def _each(score: Score, written: Lists, typed: Lists) -> list[float]:
    return [score(ours, theirs) for ours, theirs in zip(written, typed, strict=True)]


def _joined(measure: Measure, frequency: Mapping[str, int]) -> Score:
    def score(ours: Sequence[str], theirs: Sequence[str]) -> float:
        if not ours or not theirs:
            return 0.0
        return measure(in_order(ours, frequency), in_order(theirs, frequency))

    return score


def in_order(queries: Sequence[str], frequency: Mapping[str, int]) -> str:
    """One text, the queries that people type most first."""
    return SEPARATOR.join(sorted(queries, key=lambda query: (-frequency.get(normalise(query), 0), query)))


# --- sets ---


def precision(ours: Sequence[str], theirs: Sequence[str]) -> float:
    """The share of ours that is among theirs; 0 without any."""
    own, other = set(map(normalise, ours)), set(map(normalise, theirs))
    return len(own & other) / len(own) if own else 0.0


def recall(ours: Sequence[str], theirs: Sequence[str]) -> float:
    """The share of theirs that is among ours."""
    return precision(theirs, ours)


def f1(ours: Sequence[str], theirs: Sequence[str]) -> float:
    """The harmonic mean of both."""
    return _harmonic(precision(ours, theirs), recall(ours, theirs))


def _harmonic(one: float, other: float) -> float:
    return 2 * one * other / (one + other) if one + other else 0.0


def _soft_f1(cosine: Cosine, ours: Sequence[str], theirs: Sequence[str]) -> float:
    if not ours or not theirs:
        return 0.0
    near = np.array([[cosine(one, other) >= NEAR for other in theirs] for one in ours])
    return _harmonic(float(near.any(axis=1).mean()), float(near.any(axis=0).mean()))


# --- the lists by themselves ---


def habits(written: Lists, frequency: Counter[str], printed: Sequence[str]) -> dict[str, float]:
    """What the lists are like, whatever people typed: distinct words and pairs of words, length, and how many of the
    queries are among the most frequent of all, or the text that is `printed` on their sticker."""
    queries = [query for own in written for query in own]
    words = [segment(query) for query in queries]
    generic = {query for query, _ in frequency.most_common(N_GENERIC)}
    copied = [normalise(query) == normalise(text) for own, text in zip(written, printed, strict=True) for query in own]
    return {
        "distinct 1": _distinct([(word,) for said in words for word in said]),
        "distinct 2": _distinct([pair for said in words for pair in pairwise(said)]),
        "list length": float(np.mean([len(own) for own in written])),
        "generic": float(np.mean([normalise(query) in generic for query in queries])) if queries else 0.0,
        "copied print": float(np.mean(copied)) if copied else 0.0,
    }


def _distinct(grams: Sequence[tuple[str, ...]]) -> float:
    return len(set(grams)) / len(grams) if grams else 0.0
