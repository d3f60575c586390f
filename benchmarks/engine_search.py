"""Time of one search, p50 and p95, against rank_bm25 in the same run: python -m benchmarks.engine_search [N ...]

Texts are Zipf-distributed words (50,000 words, 25 a sticker, queries of 1 to 4), vectors are clustered, and the text
encoder is a table, so that what is measured is search alone. One thread.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import sys
import time
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from rank_bm25 import BM25Okapi

from retrieval_engine.dense import Vectors, unit
from retrieval_engine.searcher import Searcher

VOCABULARY, LENGTH, DIM, N_QUERIES = 50_000, 25, 512, 200
SIZES = (2_000, 10_000)


class Table:
    """A text encoder that has every vector at hand."""

    version = "table"

    def __init__(self, queries: Sequence[str], vectors: Vectors) -> None:
        self._vectors = dict(zip(queries, vectors, strict=True))

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Looked up."""
        return np.stack([self._vectors[text] for text in texts])


def words(rng: np.random.Generator, n: int, low: int, high: int) -> list[list[str]]:
    """`n` texts of `low` to `high` words."""
    shares = 1 / np.arange(1, VOCABULARY + 1)
    lengths = rng.integers(low, high + 1, n)
    drawn = rng.choice(VOCABULARY, int(lengths.sum()), p=shares / shares.sum())
    return [[f"w{word}" for word in part] for part in np.split(drawn, np.cumsum(lengths)[:-1])]


def clustered(rng: np.random.Generator, n: int, centres: NDArray[np.floating]) -> Vectors:
    """`n` unit vectors around some of `centres`."""
    return unit(centres[rng.integers(len(centres), size=n)] + 0.7 * rng.standard_normal((n, DIM)))


def times(queries: Sequence[str], search: Callable[[str], object]) -> tuple[float, float]:
    """p50 and p95 in milliseconds."""
    taken = []
    for query in queries:
        started = time.perf_counter()
        search(query)
        taken.append(1000 * (time.perf_counter() - started))
    return float(np.percentile(taken, 50)), float(np.percentile(taken, 95))


def measure(n: int) -> None:
    """Print a table for a catalogue of `n` stickers."""
    rng = np.random.default_rng(0)
    documents, queries = words(rng, n, LENGTH, LENGTH), [" ".join(q) for q in words(rng, N_QUERIES, 1, 4)]
    centres = rng.standard_normal((200, DIM))
    pictures = clustered(rng, n, centres)
    searcher = Searcher(Table(queries, clustered(rng, N_QUERIES, centres)))
    started = time.perf_counter()
    for id, (tokens, vector) in enumerate(zip(documents, pictures, strict=True)):
        searcher.put(id, " ".join(tokens), vector)
    build = time.perf_counter() - started
    oracle = BM25Okapi(documents)
    rows = {
        "rank_bm25": times(queries, lambda query: np.argsort(oracle.get_scores(query.split()))[::-1][:24]),
        "lexical": times(queries, lambda query: searcher.search(query, mode="lexical")),
        "lexical, last word half typed": times(
            queries, lambda q: searcher.search(q[:-1], mode="lexical", partial=True)
        ),
        "dense": times(queries, lambda query: searcher.search(query, mode="dense")),
        "hybrid": times(queries, lambda query: searcher.search(query)),
        "put one sticker": times(queries, lambda query: searcher.put(n, query, pictures[0])),
    }
    print(f"\n{n:,} stickers, built in {build:.1f} s\n\n| | p50 ms | p95 ms |\n| --- | --- | --- |")
    for name, (p50, p95) in rows.items():
        print(f"| {name} | {p50:.2f} | {p95:.2f} |")


def main(argv: Sequence[str] = ()) -> None:
    """Measure the sizes given, or 2,000 and 10,000."""
    for n in [int(part) for part in argv] or SIZES:
        measure(n)


if __name__ == "__main__":
    main(sys.argv[1:])
