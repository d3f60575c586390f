"""What a set of queries looks like in figures, as the StickerQueries paper prints them: its table 3, by language.

>>> rows = [StickerQueries("a.png", ("So sad", "crying")), StickerQueries("b.png", ("crying",))]
>>> figures = describe(rows)
>>> figures.n_queries, figures.n_distinct, figures.per_sticker.mean, figures.top_queries[0]
(3, 2, 1.5, ('crying', 2))
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from statistics import fmean, median

from .data import StickerQueries
from .text import segment

TOP = 50  # words and queries that are listed


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


def spread(values: Sequence[int]) -> Spread:
    """The spread of some whole numbers; all zero for none."""
    if not values:
        return Spread(0.0, 0.0, 0, 0, ())
    counted = Counter(values)
    return Spread(fmean(values), float(median(values)), min(values), max(values), tuple(sorted(counted.items())))


def most_frequent(counts: Counter[str], n: int = TOP) -> tuple[tuple[str, int], ...]:
    """The n most frequent, equal ones in the order of their characters."""
    return tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:n])


def words_of(queries: Iterable[str]) -> Counter[str]:
    """How often each word occurs."""
    return Counter(word for query in queries for word in segment(query))


def describe(rows: Sequence[StickerQueries]) -> Figures:
    """The figures of one language; a sticker on two lines is one sticker."""
    held: dict[str, int] = {}
    for row in rows:
        held[row.sticker_id] = held.get(row.sticker_id, 0) + len(row.queries)
    queries = [query for row in rows for query in row.queries]
    distinct = Counter(query.lower() for query in queries)
    vocabulary = words_of(queries)
    endings = Counter(PurePosixPath(name).suffix.lstrip(".").lower() or "none" for name in held)
    return Figures(
        n_stickers=len(held),
        n_queries=len(queries),
        n_distinct=len(distinct),
        n_single=sum(n == 1 for n in held.values()),
        per_sticker=spread(list(held.values())),
        words=spread([len(query.split()) for query in queries]),
        segments=spread([len(segment(query)) for query in queries]),
        characters=spread([len(query) for query in queries]),
        n_words=vocabulary.total(),
        n_vocabulary=len(vocabulary),
        top_words=most_frequent(vocabulary),
        top_queries=most_frequent(distinct),
        files=most_frequent(endings),
    )


def overlap(first: Sequence[StickerQueries], second: Sequence[StickerQueries]) -> Overlap:
    """What two languages' queries have in common."""
    words, other_words = (words_of(query for row in rows for query in row.queries) for rows in (first, second))
    queries, other_queries = ({query.lower() for row in rows for query in row.queries} for rows in (first, second))
    common = Counter({word: min(words[word], other_words[word]) for word in words.keys() & other_words.keys()})
    return Overlap(
        n_stickers=len({row.sticker_id for row in first} & {row.sticker_id for row in second}),
        n_words=len(common),
        words_share=_share(len(common), len(words.keys() | other_words.keys())),
        n_queries=len(queries & other_queries),
        queries_share=_share(len(queries & other_queries), len(queries | other_queries)),
        top_words=tuple(word for word, _n in most_frequent(common, 20)),
    )


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
