"""Hybrid search end to end at the size of a large catalogue: python -m benchmarks.hybrid [N]

Stickers of 25 Zipf-distributed words, half of them of each of two languages, and 512-d vectors in clusters; text
queries of 1 to 4 words whose vectors stand apart from those of pictures, as CLIP's do; a sticker is put before every
tenth query. `a table` is an encoder that costs nothing, `starter CLIP` encodes the query, too. Times are those of the
thread that searches and of the clock; searches a second are those of several threads at once.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from threading import Thread

import numpy as np

from benchmarks.lexical import Words, ms, resident_mb
from retrieval_engine.dense import DenseIndex, Vectors, unit
from retrieval_engine.searcher import Searcher
from retrieval_engine.serving import Bundle

DIM, N_CENTRES, AT_ONCE, N_QUERIES = 512, 2_000, 20_000, 400
STARTER = Path(__file__).parents[1] / "starter_pack" / "clip"


class Looks:
    """Vectors of pictures around common centres; those of texts nearby, all moved the same way."""

    def __init__(self) -> None:
        self._rng = np.random.default_rng(1)
        self._centres = self._rng.standard_normal((N_CENTRES, DIM), dtype=np.float32)
        self._gap = self._rng.standard_normal(DIM, dtype=np.float32)

    def pictures(self, n: int) -> Vectors:
        near = self._centres[self._rng.integers(N_CENTRES, size=n)]
        return unit(near + 0.7 * self._rng.standard_normal((n, DIM), dtype=np.float32))

    def texts(self, n: int) -> Vectors:
        return unit(self.pictures(n) * 22 + self._gap)


class Table:
    """A text encoder that has every vector at hand; `bundle` encodes as well, for the time it takes."""

    version = "table"

    def __init__(self, vectors: dict[str, Vectors], bundle: Bundle | None = None) -> None:
        self._vectors, self._bundle = vectors, bundle

    def encode(self, texts: Sequence[str]) -> Vectors:
        if self._bundle is not None:
            self._bundle.encode(texts)
        return np.stack([self._vectors[text] for text in texts])


def built(n: int, words: Words, looks: Looks) -> Searcher:
    def entries() -> Iterator[tuple[int, dict[str, str], str, int]]:
        for id in range(n):
            tokens = words.text()
            yield id, {"en": " ".join(tokens[:13]), "zh": " ".join(f"z{token}" for token in tokens[13:])}, "", id // 100

    def chunks() -> Iterator[tuple[range, Vectors]]:
        for start in range(0, n, AT_ONCE):
            ids = range(start, min(start + AT_ONCE, n))
            yield ids, looks.pictures(len(ids))

    before = resident_mb()
    held: list[Searcher] = []
    taken = ms(lambda: held.append(Searcher.of(entries())))
    print(f"words, in two languages and together: {taken / 1_000:.0f} s, {resident_mb() - before:.0f} MB", flush=True)
    before, images = resident_mb(), list[DenseIndex]()
    taken = ms(lambda: images.append(DenseIndex.of(chunks())))
    print(f"looks, drawing included: {taken / 1_000:.0f} s, {resident_mb() - before:.0f} MB", flush=True)
    return held[0].beside(None, images[0])


def searched(name: str, search: Callable[[str], object], queries: Sequence[str], put: Callable[[], object]) -> None:
    own, clock = [], []
    for number, query in enumerate(queries):
        if number % 10 == 0:
            put()
        started = time.perf_counter()
        own.append(ms(search, query))
        clock.append(1_000 * (time.perf_counter() - started))
    figures = [*np.percentile(own, [50, 95, 99]), *np.percentile(clock, [50, 95, 99])]
    print(f"| {name} | {' | '.join(f'{figure:.2f}' for figure in figures)} |", flush=True)


def a_second(search: Callable[[str], object], queries: Sequence[str], n_threads: int) -> float:
    threads = [Thread(target=lambda: [search(query) for query in queries]) for _ in range(n_threads)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return n_threads * len(queries) / (time.perf_counter() - started)


def measure(searcher: Searcher, n: int, words: Words, looks: Looks) -> None:
    queries = [" ".join(words.query()) for _ in range(N_QUERIES)]
    halves = [query[:-1] if len(query) > 2 else query for query in queries]
    vectors = dict(zip([*queries, *halves], looks.texts(2 * N_QUERIES), strict=True))
    numbers = iter(range(n, 10 * n))

    def put() -> None:
        id = next(numbers)
        searcher.put(id, {"en": " ".join(words.text())}, looks.pictures(1)[0], pack=id // 100)

    seen = [words.any_of(n) for _ in range(1_000)]
    print("| ms | p50 | p95 | p99 | p50, clock | p95 | p99 |\n| --- | --- | --- | --- | --- | --- | --- |")
    for name, encoder in [("a table", Table(vectors)), ("starter CLIP", Table(vectors, Bundle.open(STARTER)))]:
        asked = searcher.beside(encoder, searcher.images)
        asked.search(halves[0], partial=True)
        find = asked.search
        searched(f"{name}, whole queries", find, queries, put)
        searched(f"{name}, in English alone", partial(find, language="en"), queries, put)
        searched(f"{name}, one pack", partial(find, pack=77), queries, put)
        searched(f"{name}, 1,000 seen", partial(find, deny=seen), queries, put)
        typed = partial(asked.search_and_rank, id=5, partial=True)
        searched(f"{name}, last word half typed, with the place of one", typed, halves, put)
    asked = searcher.beside(Table(vectors), searcher.images)
    rates = [f"{a_second(asked.search, queries, n_threads):.0f} with {n_threads}" for n_threads in (1, 2)]
    print(f"\nsearches a second by number of threads: {', '.join(rates)}")


def snapshot(searcher: Searcher) -> None:
    with tempfile.TemporaryDirectory() as folder:
        written, opened = ms(searcher.save, Path(folder)), ms(Searcher.open, Path(folder))
        size = sum(path.stat().st_size for path in Path(folder).rglob("*")) / 1e6
        print(f"snapshot of {size:.0f} MB, written in {written / 1_000:.1f} s, opened in {opened / 1_000:.1f} s")


def main() -> None:
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 820_000
    words, looks = Words(), Looks()
    print(f"{n:,} stickers, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors\n")
    searcher = built(n, words, looks)
    measure(searcher, n, words, looks)
    searcher.images.wait()
    snapshot(searcher)


if __name__ == "__main__":
    main()
