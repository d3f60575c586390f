"""What a set of queries looks like in figures, as the StickerQueries paper prints them: its table 3, by language.

>>> rows = [StickerQueries("a.png", ("So sad", "crying")), StickerQueries("b.png", ("crying",))]
>>> figures = describe(rows)
>>> figures.n_queries, figures.n_distinct, figures.per_sticker.mean, figures.top_queries[0]
(3, 2, 1.5, ('crying', 2))
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from itertools import chain
from pathlib import PurePosixPath

from .data import StickerQueries
from .text import segment

TOP = 100  # words and queries that are listed


@dataclass(frozen=True, slots=True)
class Spread:
    """A whole-numbered quantity: its middle, its ends, and how often each value occurs."""

    mean: float
    median: float
    least: int
    most: int
    histogram: tuple[tuple[int, int], ...]  # (value, times), by value


@dataclass(frozen=True, slots=True)
class Figures:
    """One language's queries. Distinct queries and the most frequent ones are told apart in lower case."""

    n_stickers: int
    n_queries: int
    n_distinct: int
    n_single: int  # stickers with one query
    per_sticker: Spread  # queries
    words: Spread  # of a query, as they stand between spaces: the paper's way, one for most of Chinese
    segments: Spread  # of a query: words as `segment` finds them, in Chinese too
    characters: Spread  # of a query, with its spaces
    n_words: int  # of all queries, as `segment` finds them
    n_vocabulary: int  # different ones
    top_words: tuple[tuple[str, int], ...]
    top_queries: tuple[tuple[str, int], ...]
    files: tuple[tuple[str, int], ...]  # kinds of sticker files, by their ending


@dataclass(frozen=True, slots=True)
class Overlap:
    """What two languages have in common; `share` is Jaccard's, |A and B| / |A or B|."""

    n_stickers: int  # labelled in both
    n_words: int
    words_share: float
    n_queries: int
    queries_share: float
    top_words: tuple[str, ...]  # the most frequent of the common ones


class Gathered:
    """One language's queries, counted as they are read: what is held grows with what is different among them."""

    def __init__(self) -> None:
        self.by_sticker: Counter[str] = Counter()
        self.queries: Counter[str] = Counter()  # in lower case
        self.vocabulary: Counter[str] = Counter()
        self._words: Counter[int] = Counter()
        self._segments: Counter[int] = Counter()
        self._characters: Counter[int] = Counter()

    def add(self, row: StickerQueries) -> None:
        found = list(map(segment, row.queries))
        self.by_sticker[row.sticker_id] += len(row.queries)
        self.queries.update(map(str.lower, row.queries))
        self.vocabulary.update(chain.from_iterable(found))
        self._words.update(map(len, map(str.split, row.queries)))
        self._segments.update(map(len, found))
        self._characters.update(map(len, row.queries))

    def hear(self, rows: Iterable[StickerQueries]) -> Iterator[StickerQueries]:
        """The same rows, counted as they pass."""
        for row in rows:
            self.add(row)
            yield row

    def figures(self) -> Figures:
        endings = Counter(PurePosixPath(name).suffix.lstrip(".").lower() or "none" for name in self.by_sticker)
        return Figures(
            n_stickers=len(self.by_sticker),
            n_queries=self.queries.total(),
            n_distinct=len(self.queries),
            n_single=sum(n == 1 for n in self.by_sticker.values()),
            per_sticker=spread(Counter(self.by_sticker.values())),
            words=spread(self._words),
            segments=spread(self._segments),
            characters=spread(self._characters),
            n_words=self.vocabulary.total(),
            n_vocabulary=len(self.vocabulary),
            top_words=most_frequent(self.vocabulary),
            top_queries=most_frequent(self.queries),
            files=most_frequent(endings),
        )


def gather(rows: Iterable[StickerQueries]) -> Gathered:
    """A sticker on two lines is one sticker."""
    gathered = Gathered()
    for row in rows:
        gathered.add(row)
    return gathered


def describe(rows: Iterable[StickerQueries]) -> Figures:
    """The figures of one language."""
    return gather(rows).figures()


def spread(counted: Counter[int]) -> Spread:
    """The spread of whole numbers, given how often each occurs; all zero for none."""
    if not counted:
        return Spread(0.0, 0.0, 0, 0, ())
    ordered, n = sorted(counted.items()), counted.total()
    middle = [_at(ordered, place) for place in ((n - 1) // 2, n // 2)]
    mean = sum(value * times for value, times in ordered) / n
    return Spread(mean, sum(middle) / 2, ordered[0][0], ordered[-1][0], tuple(ordered))


def _at(ordered: Sequence[tuple[int, int]], place: int) -> int:
    """The value at that place of all of them in order."""
    for value, times in ordered:
        if place < times:
            return value
        place -= times
    raise IndexError(place)


def most_frequent(counts: Counter[str], n: int = TOP) -> tuple[tuple[str, int], ...]:
    """The n most frequent, equal ones in the order of their characters."""
    return tuple(nsmallest(n, counts.items(), key=lambda item: (-item[1], item[0])))


def overlap(first: Gathered, second: Gathered) -> Overlap:
    """What two languages' queries have in common."""
    words, other_words = first.vocabulary, second.vocabulary
    common = Counter({word: min(words[word], other_words[word]) for word in words.keys() & other_words.keys()})
    n_queries = len(first.queries.keys() & second.queries.keys())
    return Overlap(
        n_stickers=len(first.by_sticker.keys() & second.by_sticker.keys()),
        n_words=len(common),
        words_share=_share(len(common), len(words) + len(other_words) - len(common)),
        n_queries=n_queries,
        queries_share=_share(n_queries, len(first.queries) + len(second.queries) - n_queries),
        top_words=tuple(word for word, _n in most_frequent(common, 20)),
    )


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
