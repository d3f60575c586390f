"""Search on a Qdrant cluster beside search in memory: python -m benchmarks qdrant [N] [ef=256&quantisation=int8]

The same stickers (25 Zipf-distributed words, 512-d vectors), the same queries and the same questions. What answers is
the engine of the Qdrant server as a library, if it is there (`pip install qdrant-edge-py`): one shard on this machine,
without network and cluster; a request over a network adds its round trip, two of them a query. Without it, the local
mode of the client: that compares every sticker in Python and says nothing about a server but that the answers agree.
The layout is said as in a cluster's address (retrieval_engine/qdrant/layout).

Last, what a million stickers take: what was measured here, in proportion, and what the formats say.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.hybrid import DIM, Looks, Table
from benchmarks.lexical import Words
from retrieval_engine.qdrant import Entry, QdrantSearcher, connect
from retrieval_engine.qdrant.layout import layout_of
from retrieval_engine.searcher import Searcher

AT_ONCE, N_QUERIES, K, N_LOCAL, N_EDGE = 500, 200, 24, 2_000, 20_000
QUESTIONS: dict[str, dict[str, Any]] = {
    "words": {"mode": "lexical"},
    "words, the last half-typed": {"mode": "lexical", "partial": True},
    "looks": {"mode": "dense"},
    "both": {},
    "both, the last half-typed": {"partial": True},
    "both, of one pack": {"pack": 1},
}


def entries(n: int, words: Words, looks: Looks) -> Iterator[list[Entry]]:
    for first in range(0, n, AT_ONCE):
        vectors = looks.pictures(min(AT_ONCE, n - first))
        yield [Entry(id, " ".join(words.text()), vector, "", id % 50) for id, vector in enumerate(vectors, first)]


def edge(folder: Path) -> Any:
    """The server's engine, or None."""
    try:
        from benchmarks._edge import EdgeClient
    except ImportError:
        return None
    return EdgeClient(folder)


def times(ask: Callable[[str], object], queries: list[str]) -> str:
    taken = []
    for query in queries:
        started = time.process_time()  # of all threads, whatever else the machine does
        ask(query)
        taken.append(1_000 * (time.process_time() - started))
    p50, p95 = np.percentile(taken, [50, 95])
    return f"{p50:8.2f} {p95:8.2f}"


def report(name: str, cluster: QdrantSearcher, memory: Searcher, queries: list[str]) -> None:
    print(f"\n{'processor ms a query':34} {name + ' p50':>14} {'p95':>8} {'in memory p50':>14} {'p95':>8}")
    for question, options in QUESTIONS.items():
        ours, theirs = (times(partial(each.search, k=K, **options), queries) for each in (cluster, memory))
        print(f"{question:34} {ours:>23} {theirs:>23}")
    ours, theirs = (times(partial(each.rank_of, id=1), queries) for each in (cluster, memory))
    print(f"{'the place of one among all':34} {ours:>23} {theirs:>23}")


def agreement(cluster: QdrantSearcher, memory: Searcher, queries: list[str]) -> None:
    """Both orders of the best, by words; equals count as in order."""
    worst, n_same = 0.0, 0
    found_of_exact: list[float] = []
    for query in queries:
        ours, theirs = (each.search(query, K, mode="lexical") for each in (cluster, memory))
        n_same += [hit.id for hit in ours] == [hit.id for hit in theirs]
        scores = {hit.id: hit.score for hit in theirs}
        worst = max([worst, *(abs(hit.score / scores[hit.id] - 1) for hit in ours if hit.id in scores)])
        near, exact = ({hit.id for hit in each.search(query, K, mode="dense")} for each in (cluster, memory))
        found_of_exact.append(len(near & exact) / K)
    print(
        f"\nby words: the same {K} in the same order for {n_same} of {len(queries)} queries, scores within {worst:.1e}"
    )
    print(f"by looks: {np.mean(found_of_exact):.4f} of memory's first {K} among the cluster's")


def sizes(folder: Path, n: int) -> None:
    """Bytes on disk by what they are for."""
    parts: dict[str, int] = {}
    for file in folder.rglob("*"):
        if file.is_file():
            part = next((each for each in file.parts if each.startswith(("vector_", "payload", "wal"))), "else")
            parts[part] = parts.get(part, 0) + file.stat().st_blocks * 512
    for part, size in sorted(parts.items(), key=lambda each: -each[1]):
        print(f"{folder.name:16} {part:24} {size / 1e6:10.1f} MB {size / n:10.0f} bytes a sticker")


def arithmetic() -> None:
    """Of a million stickers of 512 numbers and 25 words."""
    held = 25 + 25 * 3  # words and beginnings of a sticker that are not those of another word of it
    rows = {
        "vectors, float32": DIM * 4,
        "vectors, int8, in memory": DIM,
        "graph, m = 16 (2 m links of 4 bytes)": 2 * 16 * 4 * 1.1,
        "words in the index (12 bytes each), in memory": held * 12,
        "words as written (8 bytes each)": held * 8,
    }
    print("\nwhat the formats say, bytes a sticker = MB a million")
    for name, size in rows.items():
        print(f"{name:40} {size:8.0f}")


def main() -> None:
    warnings.filterwarnings("ignore")
    given = [word for word in sys.argv[1:] if not word.startswith("-")]
    layout = layout_of(next((word for word in given if "=" in word), ""))
    with tempfile.TemporaryDirectory() as folder:
        engine = edge(Path(folder))
        client, name = (engine.as_client(), "server engine") if engine else (connect("local:")[0], "local mode")
        n = next((int(word) for word in given if word.isdigit()), N_EDGE if engine else N_LOCAL)
        words, looks = Words(), Looks()
        queries = [" ".join(words.text(1 + number % 4)) for number in range(N_QUERIES)]
        table = Table(dict(zip(queries, looks.texts(N_QUERIES), strict=True)))
        cluster = QdrantSearcher.create(client, "stickers", table, dim=DIM, layout=layout)
        memory, written = Searcher(table), 0.0
        for some in entries(n, words, looks):
            started = time.process_time()
            cluster.put_many(some)
            written += time.process_time() - started
            for entry in some:
                memory.put(entry.id, entry.text, entry.vectors, pack=entry.pack)
        print(f"{n:,} stickers, {name}, {layout}: {n / written:,.0f} written a second of processor")
        if engine:
            started = time.process_time()
            engine.optimise("stickers")
            engine.optimise("stickers-words")
            print(f"indexes built in {time.process_time() - started:.1f} s")
        agreement(cluster, memory, queries)
        report(name, cluster, memory, queries)
        fresh = Entry(n, "a fresh word", looks.pictures(1)[0])
        print(f"{'one put in':34} {times(lambda text: cluster.put_many([fresh._replace(text=text)]), queries):>23}")
        if engine:
            print()
            for each in ("stickers", "stickers-words"):
                sizes(engine.path(each), n)
    arithmetic()


if __name__ == "__main__":
    main()
