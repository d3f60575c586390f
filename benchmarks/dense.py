"""Cosine search at the size of a large catalogue: python -m benchmarks.dense [N [N_REAL]]

N vectors of 512 numbers drawn at random (820,000), then N_REAL of the starter CLIP (60,000), as `_embeddings` says; with
`STICKTIONARY_BENCH_EMBEDDINGS=FILE.npy` these are read from there (and written there if there is no such file). numpy
and faiss' exact index are timed in the same run and tell what should have been found. One thread.
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

N_QUERIES = 300
FILE = "STICKTIONARY_BENCH_EMBEDDINGS"
OPENED = """
import sys
from pathlib import Path
import numpy as np
from benchmarks import dense
dense.report_opened(Path(sys.argv[1]), np.load(sys.argv[2]))
"""


class Watched:
    """An iterator that says how long it was waited for."""

    def __init__(self, chunks: embeddings.Chunks) -> None:
        self._chunks, self.seconds = chunks, 0.0

    def __iter__(self) -> Iterator[tuple[Any, Vectors]]:
        while True:
            started = time.perf_counter()
            chunk = next(self._chunks, None)
            self.seconds += time.perf_counter() - started
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
    for k in (1, 20, 100, 1_000):
        right = {
            name: np.mean(
                [len(np.intersect1d(index.search(query, k).ids, exact.search(query, k))) / k for query in held]
            )
            for name, held in queries.items()
        }
        print(f"| {k:,} | " + " | ".join(f"{share:.4f}" for share in right.values()) + " |")


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
    before, held = private_mb(), list[DenseIndex]()
    opened = ms(lambda: held.append(DenseIndex.open(folder)))
    times = [ms(held[0].search, query) for query in queries]
    print(f"opened in {opened:.0f} ms; {private_mb() - before:.0f} MB private after {len(queries)} searches, ", end="")
    print(
        f"{resident_mb() - private_mb():.0f} MB shared or given back at need; top 20 p95 {np.percentile(times, 95):.2f} ms"
    )


def private_mb() -> float:
    """Memory that is no file's."""
    (found,) = [part for part in Path("/proc/self/status").read_text().splitlines() if part.startswith("RssAnon")]
    return int(found.split()[1]) / 1_000


def measure(name: str, chunks: Callable[[], embeddings.Chunks], dim: int, queries: dict[str, Vectors]) -> None:
    """Print all there is to say about one set of vectors."""
    before, watched = resident_mb(), Watched(chunks())
    started = time.perf_counter()
    index = DenseIndex.of(watched)
    built = time.perf_counter() - started - watched.seconds
    print(f"\n## {len(index):,} vectors of {dim}, {name}: built in {built:.1f} s, {resident_mb() - before:.0f} MB")
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
    for size in (size for size in (10_000, 50_000, n) if size <= n):
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
