"""One thread writes while others search: every answer is one that was right at some moment."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

import numpy as np
import pytest

from retrieval_engine.dense import DenseIndex, Vectors, unit
from retrieval_engine.dense import index as dense_index

N, DIM = 900, 32
ALWAYS = range(100)  # never touched
COMES_AND_GOES = range(100, 300)
CHANGES = range(300, N)  # one of two vectors, always


@pytest.fixture(scope="module")
def pictures() -> Vectors:
    return unit(np.random.default_rng(11).standard_normal((2 * N, DIM)))


def searched(index: DenseIndex, pictures: Vectors, done: Event, problems: list[str], n_searches: list[int]) -> None:
    rng = np.random.default_rng(n_searches[0])
    while not done.is_set():
        query = unit(rng.standard_normal(DIM))
        exact = pictures @ query
        for k, filters in ((20, {}), (None, {}), (20, {"allow": list(CHANGES)}), (10, {"deny": range(0, N, 2)})):
            ids, cosines = index.search(query, k, **filters)
            either = np.minimum(np.abs(cosines - exact[ids]), np.abs(cosines - exact[ids + N]))
            held = set(ids.tolist())
            if len(held) != len(ids):
                problems.append("one sticker twice")
            if either.max(initial=0) > 1e-3:
                problems.append("a cosine of no vector that ever was")
            if k is None and not held >= {*ALWAYS, *CHANGES}:
                problems.append("a sticker that was always there is missing")
            if k is not None and len(ids) != k:
                problems.append(f"{len(ids)} of {k}")
            if "deny" in filters and any(id % 2 == 0 for id in held):
                problems.append("denied and found")
            if "allow" in filters and not held <= set(CHANGES):
                problems.append("found and not allowed")
        vector = index.vector(500)
        if vector is None or min(np.abs(vector - pictures[at]).max() for at in (500, 500 + N)) > 1e-3:
            problems.append("a vector that never was")
        n_searches[0] += 1


def written(index: DenseIndex, pictures: Vectors, folder: Path) -> None:
    rng = np.random.default_rng(3)
    for turn in range(150):
        for id in rng.choice(CHANGES, 10):
            index.put(int(id), pictures[id + N * int(rng.integers(2))])
        some = rng.choice(COMES_AND_GOES, 30, replace=False)
        index.put_many(some, pictures[some])
        for id in some[:20]:
            index.remove(int(id))
        if turn % 50 == 25:
            index.rebuild()
            index.save(folder)
    index.wait()


@pytest.mark.parametrize("exact_up_to", [100, 10_000])
def test_searches_beside_changes_are_right(
    pictures: Vectors, exact_up_to: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dense_index, "FRESH_MOST", 200)
    monkeypatch.setattr("retrieval_engine.dense.rows.LEAST_WASTE", 300)
    index = DenseIndex.of([(np.arange(N), pictures[:N])], exact_up_to=exact_up_to)
    done, problems, counts = Event(), list[str](), [[0], [0], [0]]
    readers = [Thread(target=searched, args=(index, pictures, done, problems, count)) for count in counts]
    for reader in readers:
        reader.start()
    try:
        written(index, pictures, tmp_path)
        wait_for(lambda: all(count[0] > 2 for count in counts), readers)
    finally:
        done.set()
        for reader in readers:
            reader.join()
    assert problems == []
    assert len(DenseIndex.open(tmp_path, exact_up_to=exact_up_to)) > N - len(COMES_AND_GOES)


def wait_for(what: Callable[[], bool], threads: list[Thread]) -> None:
    """Until it is so, or a thread has died of an error."""
    while not what() and all(thread.is_alive() for thread in threads):
        threads[0].join(0.01)
    assert what()
