"""Encoding for many at once: texts are gathered, each is encoded once, and none has to do with its neighbours."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval_engine.export import export
from retrieval_engine.gathering import Gathering
from retrieval_engine.probes import probe_queries
from retrieval_engine.serving import PADDING, Bundle, batches
from retrieval_engine.untrained import small_clip

TINY: dict[str, Any] = {
    "embed_dim": 32,
    "vision_cfg": {"layers": 1, "width": 32, "head_width": 16, "patch_size": 16, "image_size": 32},
    "text_cfg": {"context_length": 24, "vocab_size": 600, "width": 64, "heads": 4, "layers": 2},
}
QUERIES = probe_queries(200)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundles") / "tiny"
    export(small_clip("tiny", TINY, QUERIES, seed=3), folder, int8=True, queries=QUERIES)
    return folder


@given(st.lists(st.integers(1, 77), max_size=40))
def test_batches_hold_every_text_once_and_little_padding(lengths: list[int]) -> None:
    held = list(batches(lengths))
    assert sorted(place for batch in held for place in batch) == list(range(len(lengths)))
    for batch in held:
        longest = max(lengths[place] for place in batch)
        assert sum(longest - lengths[place] for place in batch) <= PADDING


@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_a_text_s_vector_has_nothing_to_do_with_its_neighbours(folder: Path, precision: Any) -> None:
    alone = Bundle.open(folder, precision=precision)
    together = Bundle.open(folder, precision=precision).encode(QUERIES)
    assert together == pytest.approx(np.concatenate([alone.encode([query]) for query in QUERIES]), abs=1e-5)


def test_many_threads_get_what_one_gets(folder: Path) -> None:
    expected = Bundle.open(folder).encode(QUERIES)
    bundle, begin = Bundle.open(folder), threading.Barrier(8)

    def ask(first: int) -> np.ndarray:
        begin.wait()
        return np.concatenate([bundle.encode([query]) for query in QUERIES[first:] + QUERIES[:first]])

    with ThreadPoolExecutor(8) as threads:
        for first, vectors in zip(range(0, 200, 25), threads.map(ask, range(0, 200, 25)), strict=True):
            assert vectors == pytest.approx(np.roll(expected, -first, axis=0), abs=1e-5)


class Tower:
    """Doubles numbers, one batch at a time, each when it is let go."""

    def __init__(self, most: int = 32) -> None:
        self.batches: list[list[int]] = []
        self.go, self.is_running = threading.Event(), threading.Event()
        self.gathering = Gathering(self.run, most)

    def run(self, keys: list[int]) -> list[int]:
        self.batches.append(keys)
        self.is_running.set()
        assert self.go.wait(30)
        if -1 in keys:
            raise ArithmeticError("no minus one")
        return [2 * key for key in keys]


def until(condition: Callable[[], bool]) -> None:
    while not condition():
        os.sched_yield()


def asked_in_order(tower: Tower, threads: ThreadPoolExecutor, *asked: list[int]) -> list[Future[list[int]]]:
    """Ask from a thread each, one after the other; the first finds the tower free, and keeps it."""
    futures = [threads.submit(tower.gathering.get, asked[0])]
    assert tower.is_running.wait(30)
    for keys in asked[1:]:
        futures.append(threads.submit(tower.gathering.get, keys))
        until(lambda last=keys[-1]: last in tower.gathering.waiting)  # type: ignore[misc]
    return futures


def test_what_comes_while_the_tower_is_busy_goes_through_it_together_and_once() -> None:
    tower = Tower()
    with ThreadPoolExecutor(4) as threads:
        futures = asked_in_order(tower, threads, [1], [2, 3], [3, 1, 4], [5])
        tower.go.set()
        assert [future.result(30) for future in futures] == [[2], [4, 6], [6, 2, 8], [10]]
    assert tower.batches == [[1], [2, 3, 4, 5]]


def test_the_oldest_come_first_where_not_all_go_together() -> None:
    tower = Tower(most=2)
    with ThreadPoolExecutor(4) as threads:
        futures = asked_in_order(tower, threads, [1], [2, 3, 4], [5])
        tower.go.set()
        assert [future.result(30) for future in futures] == [[2], [4, 6, 8], [10]]
    assert tower.batches == [[1], [2, 3], [4, 5]]


def test_what_fails_fails_for_those_who_were_in_it_and_for_nobody_after_them() -> None:
    tower = Tower(most=2)
    with ThreadPoolExecutor(4) as threads:
        futures = asked_in_order(tower, threads, [1], [-1], [2], [3])
        tower.go.set()
        assert (futures[0].result(30), futures[3].result(30)) == ([2], [6])
        for future in futures[1:3]:
            with pytest.raises(ArithmeticError, match="no minus one"):
                future.result(30)
        assert threads.submit(tower.gathering.get, [2, 7]).result(30) == [4, 14]
    assert tower.gathering.waiting == []


def test_a_text_that_no_encoding_can_hold_has_a_vector_too(folder: Path) -> None:
    assert np.isfinite(Bundle.open(folder).encode(["\ud83d", "so \udc00 tired"])).all()


def test_a_bundle_says_which_tower_it_encodes_with(folder: Path, tmp_path: Path) -> None:
    bundle = Bundle.open(folder)
    assert bundle.precision == bundle.manifest.precision == "int8"
    exact = Bundle.open(folder, precision="float32")
    assert (exact.precision, exact.version) == ("float32", bundle.version)
    assert 0.998 < (bundle.encode(QUERIES) * exact.encode(QUERIES)).sum(1).min() < 0.999999
    shutil.copytree(folder, tmp_path / "copy")
    assert Bundle.open(tmp_path / "copy").encode(QUERIES) == pytest.approx(bundle.encode(QUERIES), abs=1e-5)
