"""Cosine search at the size of a large catalogue: python -m benchmarks.dense [N [N_REAL]]

10,000, 50,000 and N (820,000) vectors of 512 numbers drawn at random, then N_REAL (60,000) of the starter CLIP, as
`_embeddings` says; with `STICKTIONARY_BENCH_EMBEDDINGS=FILE.npy` these are read from there, or written there if there
is no such file. numpy and faiss' exact index are timed in the same run and say what should be found. One thread.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from retrieval_engine.dense import DenseIndex, Vectors
from retrieval_engine.serving import Bundle

from . import _embeddings as embeddings
from .lexical import line, ms, resident_mb

N_QUERIES, N_COMPARED = 300, 100
FILE = "STICKTIONARY_BENCH_EMBEDDINGS"
OPENED = """
import sys
from pathlib import Path
import numpy as np
from benchmarks import dense
dense.report_opened(Path(sys.argv[1]), np.load(sys.argv[2]))
"""


class Watched:
    """An iterator that says how much processor time its chunks took."""

    def __init__(self, chunks: embeddings.Chunks) -> None:
        self._chunks, self.seconds = chunks, 0.0

    def __iter__(self) -> Iterator[tuple[Any, Vectors]]:
        while True:
            started = time.process_time()
            chunk = next(self._chunks, None)
            self.seconds += time.process_time() - started
            if chunk is None:
                return
            yield chunk


class Exact:
    """faiss' exact index over all vectors, and the same vectors for numpy."""

    def __init__(self, chunks: embeddings.Chunks, dim: int) -> None:
        self.index = faiss.IndexFlatIP(dim)
        for _, vectors in chunks:
            self.index.add(vectors)
        self.vectors = faiss.rev_swig_ptr(self.index.get_xb(), self.index.ntotal * dim).reshape(-1, dim)

    def search(self, query: Vectors, k: int) -> Any:
        return self.index.search(query[np.newaxis], k)[1][0]

    def numpy_search(self, query: Vectors, k: int) -> Any:
        cosines = self.vectors @ query
        best = np.argpartition(-cosines, k)[:k]
        return best[np.argsort(-cosines[best])]


def recalls(index: DenseIndex, exact: Exact, queries: dict[str, Vectors]) -> None:
    print("\n| recall at | " + " | ".join(queries) + " |\n| --- |" + " --- |" * len(queries))
    best = {name: [exact.search(query, 1_000) for query in held[:N_COMPARED]] for name, held in queries.items()}
    for k in (1, 20, 100, 1_000):
        n_right = {
            name: sum(
                len(np.intersect1d(index.search(query, k).ids, right[:k]))
                for query, right in zip(held, best[name], strict=False)
            )
            for name, held in queries.items()
        }
        print(f"| {k:,} | " + " | ".join(f"{n_right[name] / k / len(best[name]):.4f}" for name in queries) + " |")


def timings(index: DenseIndex, exact: Exact, queries: Vectors) -> None:
    n, fresh = len(index), iter(range(10**7, 10**8))
    rng = np.random.default_rng(5)
    print("\n| ms | p50 | p95 | p99 |\n| --- | --- | --- | --- |")
    for name, search in (("numpy, exact", exact.numpy_search), ("faiss Flat, exact", exact.search)):
        line(name, [ms(search, query, 20) for query in queries[:20]])
    index.search(queries[0])
    times = []
    for number, query in enumerate(queries):
        if number % 10 == 0:
            index.put(next(fresh), queries[number])
        times.append(ms(index.search, query))
    line("top 20, an add before every tenth", times)
    line("top 1,000", [ms(index.search, query, 1_000) for query in queries])
    filters: dict[str, dict[str, Any]] = {
        "1,000 allowed": {"allow": rng.permutation(n)[:1_000]},
        "a tenth allowed": {"allow": rng.permutation(n)[: n // 10]},
        "half allowed": {"allow": rng.permutation(n)[: n // 2]},
        "5,000 denied": {"deny": rng.permutation(n)[:5_000]},
        "5,000 denied, a set": {"deny": set(rng.permutation(n)[:5_000].tolist())},
    }
    for name, given in filters.items():
        line(name, [ms(index.search, query, **given) for query in queries[:100]])
    line("add", [ms(index.put, next(fresh), query) for query in queries])
    line("replace", [ms(index.put, id, query) for id, query in enumerate(queries)])
    line("remove", [ms(index.remove, id) for id in range(len(queries))])
    print(f"\na whole ranking: {ms(index.search, queries[0], None):.0f} ms")


def snapshot(index: DenseIndex, queries: Vectors) -> None:
    with tempfile.TemporaryDirectory() as folder:
        saved = ms(index.save, Path(folder, "dense")) / 1_000
        np.save(Path(folder, "queries.npy"), queries)
        print(f"written in {saved:.1f} s")
        given = [str(Path(folder, "dense")), str(Path(folder, "queries.npy"))]
        subprocess.run([sys.executable, "-c", OPENED, *given], check=True)


def report_opened(folder: Path, queries: Vectors) -> None:
    """In a process of its own: what a snapshot costs that is mapped."""
    faiss.omp_set_num_threads(1)  # loaded, as in any process that searches
    before, held = status_mb(), list[DenseIndex]()
    opened = ms(lambda: held.append(DenseIndex.open(folder)))
    times = [ms(held[0].search, query) for query in queries]
    own, mapped = (status_mb()[kind] - before[kind] for kind in ("RssAnon", "RssFile"))
    print(f"opened in {opened:.0f} ms; {len(queries)} searches later {own:.0f} MB of its own, {mapped:.0f} MB mapped\n")
    print("| ms | p50 | p95 | p99 |\n| --- | --- | --- | --- |")
    line("top 20, mapped", times)
    line("top 1,000, mapped", [ms(held[0].search, query, 1_000) for query in queries])


def status_mb() -> dict[str, float]:
    """Resident memory by kind; what is a file's is shared, and given back at need."""
    rows = [part.split() for part in Path("/proc/self/status").read_text().splitlines()]
    return {row[0].rstrip(":"): int(row[1]) / 1_000 for row in rows if row[0].startswith("Rss")}


def measure(name: str, chunks: Callable[[], embeddings.Chunks], dim: int, queries: dict[str, Vectors]) -> None:
    """Print all there is to say about one set of vectors."""
    before, watched = resident_mb(), Watched(chunks())
    started = time.process_time()
    index = DenseIndex.of(watched)
    built = time.process_time() - started - watched.seconds
    print(f"\n## {len(index):,} vectors of {dim}, {name}")
    print(f"\nbuilt in {built:.1f} s of processor time, {resident_mb() - before:.0f} MB")
    exact = Exact(chunks(), dim)
    recalls(index, exact, queries)
    timings(index, exact, queries["text"])
    del exact
    snapshot(index, queries["text"])


def main() -> None:
    """Measure."""
    n, n_real = (int(given) for given in [*sys.argv[1:], *("820000", "60000")[len(sys.argv) - 1 :]])
    faiss.omp_set_num_threads(1)
    drawn = embeddings.Drawn()
    for size in sorted({min(n, size) for size in (10_000, 50_000, n)}):
        measure("drawn at random", lambda size=size: drawn.pictures(size), 512, drawn.queries(N_QUERIES))  # type: ignore[misc]
    if n_real:
        bundle = Bundle.open(embeddings.STARTER / "clip")
        with tempfile.TemporaryDirectory() as folder:
            file = Path(os.environ.get(FILE) or Path(folder, "real.npy"))
            if not file.exists():
                np.save(file, np.concatenate([vectors for _, vectors in embeddings.real(bundle, n_real + N_QUERIES)]))
            held = np.load(file, mmap_mode="r")
            queries = {"text": embeddings.queries(bundle, N_QUERIES), "image": np.array(held[-N_QUERIES:])}
            n_held = min(n_real, len(held) - N_QUERIES)
            measure("of the starter CLIP", lambda: embeddings.kept(file, n_held, bundle.dim), bundle.dim, queries)


if __name__ == "__main__":
    main()
