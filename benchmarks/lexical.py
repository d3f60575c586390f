"""BM25 at the size of a large catalogue: python -m benchmarks lexical [N]

Texts of 25 Zipf-distributed words (50,000 words), queries of 1 to 4, an update before every tenth query, one thread.
With numba installed the inner loops are compiled; `STICKTIONARY_BENCH_PLAIN=1` leaves it aside.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from retrieval_engine.lexical import LexicalIndex, scanning, scoring

VOCABULARY, LENGTH, N_QUERIES = 50_000, 25, 400


class Words:
    def __init__(self, seed: int = 0) -> None:
        self._rng = np.random.default_rng(seed)
        shares = 1 / np.arange(1, VOCABULARY + 1)
        self._upto = np.cumsum(shares / shares.sum())
        self._words = [f"w{number}" for number in range(VOCABULARY)]

    def text(self, n: int = LENGTH) -> list[str]:
        drawn = np.searchsorted(self._upto, self._rng.random(n))
        return [self._words[min(number, VOCABULARY - 1)] for number in drawn.tolist()]

    def query(self) -> list[str]:
        return self.text(int(self._rng.integers(1, 5)))

    def any_of(self, n: int) -> int:
        return int(self._rng.integers(n))


def resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4_096 / 1e6


def ms(act: Callable[..., object], *given: Any, **named: Any) -> float:
    started = time.perf_counter()
    act(*given, **named)
    return 1_000 * (time.perf_counter() - started)


def line(name: str, taken: list[float]) -> None:
    p50, p95, p99 = np.percentile(taken, [50, 95, 99])
    print(f"| {name} | {p50:.2f} | {p95:.2f} | {p99:.2f} |")


def main() -> None:
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 820_000
    if os.environ.get("STICKTIONARY_BENCH_PLAIN"):
        scanning.loops = scoring.loops = lambda: scanning.IN_NUMPY
    words, before = Words(), resident_mb()

    def documents() -> Iterator[tuple[int, list[str]]]:
        return ((id, words.text()) for id in range(n))

    drawing = ms(lambda: sum(1 for _ in documents()))
    held: list[LexicalIndex] = []
    building = ms(lambda: held.append(LexicalIndex.of(documents()))) - drawing
    (index,) = held
    print(f"\n{n:,} documents, {'compiled loops' if scanning.loops().are_compiled else 'NumPy alone'}")
    print(f"built in {building / 1_000:.1f} s, {resident_mb() - before:.0f} MB more resident\n")
    print("| ms | p50 | p95 | p99 |\n| --- | --- | --- | --- |")
    queries = [words.query() for _ in range(N_QUERIES)]
    index.search(queries[0])
    times = []
    for number, query in enumerate(queries):
        if number % 10 == 0:
            index.put(words.any_of(n), words.text())
        times.append(ms(index.search, query))
    line("search, top 20", times)
    line("search, top 10,000", [ms(index.search, query, 10_000) for query in queries])
    halves = [(query[:-1], query[-1][: max(2, len(query[-1]) - 1)]) for query in queries[:100]]
    line("last word half typed", [ms(index.search, rest, unfinished=half) for rest, half in halves])
    texts = [words.text() for _ in range(1_000)]
    line("add", [ms(index.put, n + place, text) for place, text in enumerate(texts)])
    line("remove", [ms(index.remove, n + place) for place in range(1_000)])
    print(f"\ncompacted in {ms(index.compact) / 1_000:.1f} s")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "snapshot")
        written = ms(index.save, path)
        opened = ms(LexicalIndex.open, path)
        size = path.stat().st_size / 1e6
        print(f"snapshot of {size:.0f} MB, written in {written / 1_000:.1f} s, opened in {opened / 1_000:.2f} s")


if __name__ == "__main__":
    main()
