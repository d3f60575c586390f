"""BM25 at the size of a large catalogue, beside other engines in the same run: python -m benchmarks lexical [N]

Texts of 25 Zipf-distributed words (50,000 words), queries of 1 to 4 of them, the best 20, one thread. Ours has a
sticker replaced before every tenth query; the others cannot. Times are those that the thread itself took, so that a
busy machine counts little. rank_bm25, bm25s (numba) and tantivy (other scores) follow; `--alone` leaves them out.
With numba installed the inner loops are compiled; `STICKTIONARY_BENCH_PLAIN=1` leaves it aside.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("NUMBA_NUM_THREADS", "1")

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np

from retrieval_engine.lexical import Counted, LexicalIndex, scanning, scoring

VOCABULARY, LENGTH, N_QUERIES, K = 50_000, 25, 400, 20
Documents = list[list[str]]


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
    """What this thread alone took."""
    started = time.thread_time()
    act(*given, **named)
    return 1_000 * (time.thread_time() - started)


def line(name: str, taken: list[float]) -> None:
    p50, p95, p99 = np.percentile(taken, [50, 95, 99])
    print(f"| {name} | {p50:.2f} | {p95:.2f} | {p99:.2f} |", flush=True)


def built(name: str, build: Callable[[], Any]) -> Any:
    held: list[Any] = []
    before = resident_mb()
    taken = ms(lambda: held.append(build()))
    print(f"\n{name}: built in {taken / 1_000:.1f} s, {resident_mb() - before:.0f} MB more resident\n")
    print("| ms | p50 | p95 | p99 |\n| --- | --- | --- | --- |")
    return held[0]


def ours(documents: Documents, words: Words, queries: Documents) -> LexicalIndex:
    n = len(documents)
    scanning.loops()
    how = "compiled loops" if scanning.loops().are_compiled else "NumPy alone"
    index: LexicalIndex = built(f"Ours, {how}", lambda: counted(documents))
    print_searches(index, words, queries)
    index.put(0, documents[0])
    line("one of two packs", [ms(index.search, query, pack=1) for query in queries[:100]])
    seen = [words.any_of(n) for _ in range(1_000)]
    line("1,000 seen", [ms(index.search, query, deny=seen) for query in queries[:100]])
    line("24 candidates", [ms(index.search, query, allow=seen[:24]) for query in queries[:100]])
    texts = [words.text() for _ in range(1_000)]
    line("add", [ms(index.put, n + place, text) for place, text in enumerate(texts)])
    line("remove", [ms(index.remove, n + place) for place in range(1_000)])
    print(f"\ncompacted in {ms(index.compact) / 1_000:.1f} s")
    return index


def counted(documents: Documents) -> LexicalIndex:
    """In two packs."""
    held = Counted()
    for id, tokens in enumerate(documents):
        held.add(id, tokens, pack=id % 2)
    return LexicalIndex.adopted(held)


def print_searches(index: LexicalIndex, words: Words, queries: Documents) -> None:
    halves = [(query[:-1], query[-1][: max(2, len(query[-1]) - 1)]) for query in queries]
    index.search(queries[0], unfinished="w1")
    for k in (K, 1_000):
        times, half_times = [], []
        for number, (query, (rest, half)) in enumerate(zip(queries, halves, strict=True)):
            if number % 10 == 0:
                index.put(words.any_of(len(index)), words.text(), pack=number % 2)
            times.append(ms(index.search, query, k))
            half_times.append(ms(index.search, rest, k, unfinished=half))
        line(f"search, top {k:,}", times)
        line(f"last word half typed, top {k:,}", half_times)


def snapshot(index: LexicalIndex) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "snapshot")
        written, opened = ms(index.save, path), ms(LexicalIndex.open, path)
        size = path.stat().st_size / 1e6
        print(f"snapshot of {size:.0f} MB, written in {written / 1_000:.1f} s, opened in {opened / 1_000:.2f} s")


def throughput(index: LexicalIndex, queries: Documents, n_threads: int) -> float:
    """Searches a second of several threads at once."""

    def search() -> None:
        for query in queries:
            index.search(query)

    threads = [Thread(target=search) for _ in range(n_threads)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return n_threads * len(queries) / (time.perf_counter() - started)


# --- others ---


def best_of(scores: Callable[[list[str]], Any], query: list[str]) -> Any:
    return np.argsort(scores(query))[::-1][:K]


def others(documents: Documents, queries: Documents) -> None:
    import bm25s
    from rank_bm25 import BM25Okapi

    okapi = built("rank_bm25", lambda: BM25Okapi(documents))
    line("search", [ms(best_of, okapi.get_scores, query) for query in queries[:20]])
    okapi = None

    def sparse() -> bm25s.BM25:
        index = bm25s.BM25(backend="numba")
        index.index(documents, show_progress=False)
        return index

    index = built("bm25s, numba", sparse)
    known = [known for query in queries if (known := [word for word in query if word in index.vocab_dict])]
    ask: dict[str, Any] = {"k": K, "show_progress": False, "n_threads": 0}
    index.retrieve([known[0]], **ask)
    line("search", [ms(index.retrieve, [query], **ask) for query in known])
    del index
    lucene_like(documents, queries)


def lucene_like(documents: Documents, queries: Documents) -> None:
    import tantivy

    builder = tantivy.SchemaBuilder()
    builder.add_text_field("text", tokenizer_name="whitespace")

    def build() -> tantivy.Index:
        index = tantivy.Index(builder.build())
        writer = index.writer(heap_size=512_000_000, num_threads=1)
        for tokens in documents:
            writer.add_document(tantivy.Document(text=" ".join(tokens)))
        writer.commit()
        writer.wait_merging_threads()
        index.reload()
        return index

    index = built("tantivy (its own threads are not in the time of building)", build)
    searcher = index.searcher()
    asked = [index.parse_query(" ".join(query), ["text"]) for query in queries]
    line("search", [ms(searcher.search, query, K) for query in asked])


def main() -> None:
    sizes = [int(given) for given in sys.argv[1:] if given.isdigit()]
    n = sizes[0] if sizes else 820_000
    if os.environ.get("STICKTIONARY_BENCH_PLAIN"):
        scanning.loops = scoring.loops = lambda: scanning.IN_NUMPY
    words = Words()
    documents = [words.text() for _ in range(n)]
    queries = [words.query() for _ in range(N_QUERIES)]
    print(f"{n:,} documents, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    index = ours(documents, words, queries)
    snapshot(index)
    rates = [f"{throughput(index, queries, n_threads):.0f} with {n_threads}" for n_threads in (1, 2)]
    print(f"searches a second by number of threads: {', '.join(rates)}")
    del index
    if "--alone" not in sys.argv:
        others(documents, queries)


if __name__ == "__main__":
    main()
