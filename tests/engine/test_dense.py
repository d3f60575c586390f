"""The oracle compares everything with everything: what is found, its order and its cosines are held against it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from retrieval_engine.dense import DenseIndex, Vectors, finding, unit
from retrieval_engine.dense import index as dense_index
from retrieval_engine.dense.codes import Codes
from retrieval_engine.dense.rows import in_float32

DIM = 16
N = 12_000
LARGE_FROM = 2_000


def clustered(n: int, seed: int, dim: int = 64) -> Vectors:
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(99).standard_normal((60, dim))
    return unit(centres[rng.integers(len(centres), size=n)] + 0.8 * rng.standard_normal((n, dim)))


@pytest.fixture(scope="module")
def pictures() -> Vectors:
    return clustered(N, 1)


@pytest.fixture(scope="module")
def queries() -> Vectors:
    """Texts lie beside the pictures, as they do with CLIP, not among them."""
    away = np.random.default_rng(7).standard_normal(64)
    return unit(clustered(100, 2) + 0.1 * away)


@pytest.fixture(scope="module")
def large(pictures: Vectors) -> DenseIndex:
    """Nearly everything has a code, and the last few hundred have none yet."""
    index = DenseIndex.of([(np.arange(11_500), pictures[:11_500])], exact_up_to=LARGE_FROM)
    index.put_many(np.arange(11_500, N), pictures[11_500:])
    return index


def oracle(index: DenseIndex, query: NDArray[np.floating], ids: list[int], k: int | None) -> list[tuple[int, float]]:
    if not ids:
        return []
    vectors = np.stack([vector for id in ids if (vector := index.vector(id)) is not None])
    pairs = zip(ids, np.vecdot(vectors, unit(query)).tolist(), strict=True)
    return sorted(pairs, key=lambda pair: (-pair[1], pair[0]))[:k]


def found(index: DenseIndex, query: NDArray[np.floating], k: int | None, **filters: object) -> list[tuple[int, float]]:
    ids, cosines = index.search(query, k, **filters)  # type: ignore[arg-type]  # filters of every kind
    return list(zip(ids.tolist(), cosines.tolist(), strict=True))


# --- large catalogues ---


def test_codes_find_the_nearest_and_cosines_are_those_of_the_vectors(
    large: DenseIndex, pictures: Vectors, queries: Vectors
) -> None:
    assert large._state.codes is not None
    held = np.stack([vector for id in range(N) if (vector := large.vector(id)) is not None])
    assert np.abs(held - pictures).max() < 2**-11
    n_found = 0
    for query in queries:
        cosines = np.vecdot(held, unit(query))
        ids, scores = large.search(query, 20)
        assert scores.tolist() == cosines[ids].tolist() == sorted(scores.tolist(), reverse=True)
        n_found += len(set(ids.tolist()) & set(np.argsort(-(pictures @ query))[:20].tolist()))
    assert n_found >= 0.995 * 20 * len(queries)


def test_whole_rankings_are_of_everything(large: DenseIndex, queries: Vectors) -> None:
    whole = found(large, queries[0], None)
    assert whole == oracle(large, queries[0], list(range(N)), None)
    assert found(large, queries[0], 10_001) == whole[:10_001]
    assert [len(found(large, queries[0], k)) for k in (0, 1, 5_000)] == [0, 1, 5_000]


def test_vectors_that_are_the_same_are_in_the_order_of_their_ids(pictures: Vectors, queries: Vectors) -> None:
    index = DenseIndex.of([(np.arange(3_000), pictures[:3_000])], exact_up_to=LARGE_FROM)
    best = int(index.search(queries[0], 1).ids[0])
    index.put_many([900_000, 5_000, 70_000], np.stack([pictures[best]] * 3))
    assert index.search(queries[0], 4).ids.tolist() == [best, 5_000, 70_000, 900_000]
    index.rebuild()
    assert index.search(queries[0], 4).ids.tolist() == [best, 5_000, 70_000, 900_000]


@pytest.mark.parametrize("n_allowed", [0, 7, 300, 5_000, 11_999])
def test_what_is_allowed_is_found_whatever_lies_nearer(large: DenseIndex, queries: Vectors, n_allowed: int) -> None:
    allowed = np.random.default_rng(n_allowed).permutation(N)[:n_allowed]
    for query in queries[:2]:
        expected = oracle(large, query, allowed.tolist(), 30)
        assert found(large, query, 30, allow=allowed) == expected
        assert found(large, query, 30, allow=[*allowed.tolist(), 10**9, -1]) == expected
        denied = [id for id, _ in expected[:3]]
        rest = [id for id in allowed.tolist() if id not in denied]
        assert found(large, query, 30, allow=frozenset(allowed.tolist()), deny=denied) == oracle(large, query, rest, 30)


@pytest.mark.parametrize("n_denied", [1, 3_000, 11_000, 11_990])
def test_what_is_denied_leaves_room_for_the_next(large: DenseIndex, queries: Vectors, n_denied: int) -> None:
    for query in queries[:3]:
        whole = found(large, query, None)
        nearest = [id for id, _ in whole[:n_denied]]
        assert found(large, query, 20, deny=np.array(nearest)) == whole[n_denied : n_denied + 20]


def test_vectors_that_are_gone_do_not_crowd_out_others(pictures: Vectors, queries: Vectors) -> None:
    index = DenseIndex.of([(np.arange(N), pictures)], exact_up_to=LARGE_FROM)
    whole = found(index, queries[0], None)
    for id, _ in whole[:5_000]:
        assert index.remove(id)
    assert found(index, queries[0], 20) == whole[5_000:5_020]
    assert len(index) == N - 5_000


def test_neighbours_of_many_leave_the_sticker_itself_out(large: DenseIndex) -> None:
    vector = large.vector(77)
    assert vector is not None
    ids, scores = large.neighbours(77, 5)
    assert list(zip(ids.tolist(), scores.tolist(), strict=True)) == found(large, vector, 5, deny=[77])


def test_one_cosine_is_that_of_the_ranking(large: DenseIndex, queries: Vectors) -> None:
    assert all(large.cosine(queries[0], id) == cosine for id, cosine in found(large, queries[0], 50))
    assert large.cosine(queries[0], N) is None


# --- any changes, any order ---

ANGLES = st.integers(0, 40)
CHANGES = st.lists(
    st.tuples(st.just("put"), st.integers(-3, 60), ANGLES)
    | st.tuples(st.just("many"), st.integers(0, 40), ANGLES)
    | st.tuples(st.just("remove"), st.integers(-3, 60), st.just(0))
    | st.tuples(st.sampled_from(["rebuild", "reopen"]), st.just(0), st.just(0)),
    max_size=25,
)


def at(angle: float) -> NDArray[np.float64]:
    return np.cos(angle * np.arange(1, DIM + 1))


@pytest.fixture
def _small_scale(monkeypatch: pytest.MonkeyPatch) -> None:
    """A large catalogue has more than 20 stickers, and every path is taken."""
    monkeypatch.setattr(finding, "FEW", 4)
    monkeypatch.setattr(dense_index, "FRESH_MOST", 4)
    monkeypatch.setattr(finding, "CANDIDATES", 400)
    monkeypatch.setattr(finding, "DEEPEST", 50)


def changed(index: DenseIndex, held: dict[int, NDArray[np.float64]], change: tuple[str, int, int]) -> DenseIndex:
    what, id, angle = change
    if what == "put":
        held[id] = at(angle)
        index.put(id, held[id])
    elif what == "many":
        ids = [id, id + 1, id + 2**40, *range(id, id + 15)]
        vectors = np.stack([at(angle + place) for place in range(len(ids))])
        held.update(zip(ids, vectors, strict=True))
        index.put_many(ids, vectors)
    elif what == "remove":
        assert index.remove(id) == (held.pop(id, None) is not None)
    elif what == "rebuild":
        index.rebuild()
    else:
        with TemporaryDirectory() as folder:
            index.save(Path(folder))
            return DenseIndex.open(Path(folder), exact_up_to=20, verify=True)
    return index


@pytest.mark.usefixtures("_small_scale")
@settings(max_examples=60)
@given(CHANGES, ANGLES, st.integers(1, 60) | st.none(), st.sets(st.integers(-3, 60)) | st.none())
def test_search_is_right_after_any_changes(
    changes: list[tuple[str, int, int]], asked: int, k: int | None, ids: set[int] | None
) -> None:
    index, held = DenseIndex(exact_up_to=20), dict[int, NDArray[np.float64]]()
    for change in changes:
        index = changed(index, held, change)
        index.wait()
    query = at(asked + 0.5)
    assert len(index) == len(held)
    assert all((id in index) == (id in held) for id in range(-3, 80))
    for id, vector in held.items():
        assert index.vector(id) == pytest.approx(unit(vector), abs=2**-11)
    assert found(index, query, k) == oracle(index, query, list(held), k)
    if ids is not None:
        assert found(index, query, k, allow=ids) == oracle(index, query, list(held.keys() & ids), k)
        assert found(index, query, k, deny=ids) == oracle(index, query, list(held.keys() - ids), k)


# --- upkeep ---


def test_codes_are_made_in_the_background_and_learned_anew_as_the_catalogue_grows(
    pictures: Vectors, queries: Vectors
) -> None:
    index = DenseIndex(exact_up_to=LARGE_FROM)
    n_learned_from = []
    for low in range(0, N, 1_000):
        index.put_many(np.arange(low, low + 1_000), pictures[low : low + 1_000])
        index.wait()
        n_learned_from.append(index._state.codes.n_trained_on if index._state.codes else 0)
    assert n_learned_from == [0] * 4 + [5_000] * 5 + [10_000] + [10_000] * 2
    assert found(index, queries[0], 20) == oracle(index, queries[0], list(range(N)), 20)


def test_memory_of_replaced_vectors_is_used_again(pictures: Vectors, queries: Vectors) -> None:
    for exact_up_to in (100, 10_000):
        index = DenseIndex(exact_up_to=exact_up_to)
        for turn in range(30):
            index.put_many(np.arange(1_000), pictures[turn * 100 : turn * 100 + 1_000])
            index.wait()
        assert index._state.rows.n < 8_000
        assert len(index) == 1_000
        assert found(index, queries[0], 20) == oracle(index, queries[0], list(range(1_000)), 20)
        assert index.vector(5) == pytest.approx(pictures[2_905], abs=2**-11)


def test_changes_during_a_rebuild_are_kept(
    pictures: Vectors, queries: Vectors, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = DenseIndex.of([(np.arange(9_000), pictures[:9_000])], exact_up_to=LARGE_FROM)
    monkeypatch.setattr(index, "_rebuild_if_due", lambda: None)
    index.put_many(np.arange(6_000), pictures[6_000:])  # two thirds of what is held by now is gone
    index.put_many(np.arange(6_000), pictures[:6_000])
    learned = Codes.trained

    def meanwhile(sample: Vectors, n: int) -> Codes:
        assert index.remove(3)
        index.put(4, pictures[11_000])
        index.put(20_000, pictures[11_001])
        return learned(sample, n)

    monkeypatch.setattr(Codes, "trained", meanwhile)
    index.rebuild()
    assert index._state.rows.n == 9_002
    held = [id for id in [*range(9_000), 20_000] if id != 3]
    assert [3 in index, len(index)] == [False, len(held)]
    assert index.vector(4) == pytest.approx(pictures[11_000], abs=2**-11)
    assert found(index, queries[0], None) == oracle(index, queries[0], held, None)
    assert found(index, queries[0], 20) == oracle(index, queries[0], held, 20)


def test_an_index_emptied_during_a_rebuild_stays_so(pictures: Vectors, monkeypatch: pytest.MonkeyPatch) -> None:
    index = DenseIndex.of([(np.arange(3_000), pictures[:3_000])], exact_up_to=LARGE_FROM)
    monkeypatch.setattr(index, "_rebuild_if_due", lambda: None)
    index.put_many(np.arange(3_000, 9_000), pictures[3_000:9_000])
    learned = Codes.trained

    def meanwhile(sample: Vectors, n: int) -> Codes:
        for id in range(9_000):
            index.remove(id)
        index.put(1, np.ones(5))
        return learned(sample, n)

    monkeypatch.setattr(Codes, "trained", meanwhile)
    index.rebuild()
    assert found(index, np.ones(5), 5) == [(1, pytest.approx(1))]
    assert index.dim == 5


def test_search_goes_on_when_codes_cannot_be_made(
    pictures: Vectors, queries: Vectors, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> Codes:
        raise MemoryError("no room for codes")

    monkeypatch.setattr(Codes, "trained", fail)
    index = DenseIndex(exact_up_to=LARGE_FROM)
    index.put_many(np.arange(8_000), pictures[:8_000])
    index.wait()
    assert [record.getMessage() for record in caplog.records] == ["the codes of the dense index could not be made"]
    assert found(index, queries[0], 20) == oracle(index, queries[0], list(range(8_000)), 20)


# --- what is refused ---


@pytest.mark.parametrize(
    ("ids", "vectors"),
    [
        ([1, 2], np.ones((1, 3))),
        ([1], np.ones(3)),
        ([1], np.ones((1, 4))),
        ([1, 2], np.array([[1.0, 0, 0], [0, 0, 0]])),
    ],
)
def test_chunks_that_do_not_fit_are_refused_and_change_nothing(ids: list[int], vectors: NDArray[np.floating]) -> None:
    index = DenseIndex.of([([1], np.eye(3)[:1])])
    with pytest.raises(ValueError):
        index.put_many(ids, vectors)
    assert found(index, np.eye(3)[0], 5) == [(1, 1.0)]


def test_queries_of_another_kind_are_refused() -> None:
    index = DenseIndex.of([([1], np.eye(3)[:1])])
    for query in (np.ones(4), np.ones((1, 3)), np.zeros(3), np.array([np.nan, 1, 1])):
        with pytest.raises(ValueError):
            index.search(query)


def test_an_empty_index_finds_nothing_and_takes_vectors_of_any_length() -> None:
    index = DenseIndex()
    assert [len(index), index.dim, 1 in index, "1" in index, index.remove(1)] == [0, None, False, False, False]
    assert found(index, np.ones(3), 5) == found(index, np.ones(3), None, allow=[1], deny=[2]) == []
    assert [index.vector(1), index.cosine(np.ones(3), 1)] == [None, None]
    index.put(1, np.ones(3))
    index.remove(1)
    index.put(1, np.ones(2))
    assert found(index, np.ones(2), 5) == [(1, pytest.approx(1))]


def test_vectors_in_float16_are_scaled_as_finely_as_others() -> None:
    vectors = np.full((1, 300), 100, dtype=np.float16)
    assert DenseIndex.of([([1], vectors)]).cosine(np.ones(300), 1) == pytest.approx(1, abs=1e-6)


def chunks() -> Iterator[tuple[list[int], NDArray[np.float64]]]:
    yield [1, 2, 1], np.eye(3)
    yield [4, 2], np.array([[1.0, 1, 0], [0, 0, 1]])


def test_of_vectors_with_one_id_the_last_one_counts() -> None:
    index = DenseIndex.of(chunks())
    assert found(index, np.eye(3)[2], 5) == [(1, 1.0), (2, 1.0), (4, 0.0)]


def test_a_small_index_does_without_faiss(tmp_path: Path) -> None:
    script = f"""
import sys
from pathlib import Path
import numpy as np
from retrieval_engine.dense import DenseIndex
DenseIndex.of([([1, 2], np.eye(2))]).save(Path({str(tmp_path)!r}))
assert DenseIndex.open(Path({str(tmp_path)!r})).search(np.ones(2)).ids.tolist() == [1, 2]
print("faiss" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_every_float16_up_to_1_is_read_as_it_is() -> None:
    numbers = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    numbers = numbers[np.isfinite(numbers)]
    assert np.array_equal(in_float32(numbers), numbers.astype(np.float32))
    assert np.array_equal(np.signbit(in_float32(numbers)), np.signbit(numbers))
