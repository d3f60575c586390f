"""What is Qdrant's own: a writer that is killed, average lengths that move, addresses of clusters."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qdrant_client import QdrantClient, models

from retrieval_engine.qdrant import Entry, Layout, QdrantSearcher, connect
from retrieval_engine.qdrant.state import LEDGER, STATISTICS
from retrieval_engine.qdrant.words import Dimension, Statistics
from retrieval_engine.searcher import Searcher

pytestmark = pytest.mark.filterwarnings("ignore:Payload indexes have no effect")
NUMBERS = count()
LOOK = np.array([1.0, 2.0])


@pytest.fixture
def client() -> Iterator[QdrantClient]:
    client, _ = connect("local:")
    yield client
    client.close()


def made(client: QdrantClient, **options: Any) -> QdrantSearcher:
    return QdrantSearcher.create(client, f"stickers-{next(NUMBERS)}", dim=2, **options)


def everything(client: QdrantClient, searcher: QdrantSearcher) -> dict[str, Any]:
    """All that lies in both collections."""
    store = searcher._store
    return {
        str(record.id): (record.vector, record.payload)
        for name in (store.name, store.vocabulary)
        for record in client.scroll(name, limit=10_000, with_vectors=True)[0]
    }


class Killed(BaseException):
    pass


class Mortal:
    """A client that is killed at its nth change, before or after it has arrived."""

    def __init__(self, client: QdrantClient, n: int, *, is_after: bool) -> None:
        self._client, self._n, self._is_after = client, n, is_after

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)
        return self._dying(method) if name in {"upsert", "delete", "update_vectors"} else method

    def _dying(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            self._n -= 1
            if self._n == 0 and not self._is_after:
                raise Killed
            answer = method(*args, **kwargs)
            if self._n == 0:
                raise Killed
            return answer

        return call


FIRST = [Entry(1, "so tired", LOOK), Entry(2, {"en": "monday again"}, None, "sleepy", 3), Entry(3, "so so so", LOOK)]
THEN = [Entry(2, {"en": "tired monday", "zh": "周一"}, LOOK, "", 4), Entry(4, "weekend so", None)]


@pytest.mark.parametrize("is_after", [False, True], ids=["before it arrives", "after it has arrived"])
@pytest.mark.parametrize("nth", range(1, 6))
def test_a_killed_writer_has_changed_all_or_nothing(client: QdrantClient, nth: int, is_after: bool) -> None:
    expected, searcher = made(client), made(client)
    for each in (expected, searcher):
        each.put_many(FIRST, position={"line": 1})
    nothing = everything(client, expected)
    expected.put_many(THEN, gone=[3], position={"line": 2})
    dying = QdrantSearcher(Mortal(client, nth, is_after=is_after), searcher._store.name)  # type: ignore[arg-type]
    with pytest.raises(Killed):
        dying.put_many(THEN, gone=[3], position={"line": 2})
    successor = QdrantSearcher(client, searcher._store.name)
    successor.recover()
    if (nth, is_after) == (1, False):
        assert everything(client, successor) == nothing
        assert successor.position == {"line": 1}
    else:
        assert everything(client, successor) == everything(client, expected)
        assert successor.position == {"line": 2}


def test_doing_it_all_again_changes_nothing(client: QdrantClient) -> None:
    searcher = made(client)
    searcher.put_many(FIRST)
    before = everything(client, searcher)
    searcher.put_many(FIRST, gone=[99])
    assert everything(client, searcher) == before


def test_words_that_nobody_holds_any_more_are_forgotten(client: QdrantClient) -> None:
    searcher = made(client)
    searcher.put_many(FIRST)
    searcher.put_many([], gone=[1, 2, 3])
    assert everything(client, searcher).keys() == {STATISTICS, LEDGER}
    assert len(searcher) == 0


LENGTHS = st.lists(st.integers(1, 30), min_size=1, max_size=20)


@given(LENGTHS, LENGTHS, st.integers(1, 300), st.integers(1, 60))
def test_a_weight_is_off_by_no_more_than_the_average_has_moved(
    before: list[int], after: list[int], frequency: int, length: int
) -> None:
    written = Statistics(len(before), sum(before), weighed=sum(before) / len(before))
    now = Statistics(len(after), sum(after), weighed=sum(after) / len(after))
    moved = Statistics(now.n, now.n_tokens, weighed=written.weighed)
    ratio = moved.weight(frequency, length) / now.weight(frequency, length)
    assert max(ratio, 1 / ratio) <= (1 + moved.drift) * (1 + 1e-12)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=9).map(" ".join), min_size=4, max_size=12))
def test_scores_are_within_the_drift_and_exact_once_weighed_anew(texts: list[str]) -> None:
    client, _ = connect("local:")
    memory, drifting = Searcher(), made(client, drift=0.2)
    for id, text in enumerate(texts):
        memory.put(id, text, None)
        drifting.put(id, text, None)
        while drifting.weigh_anew(whole=False):
            pass
    found, exact = ({hit.id: hit.score for hit in each.search("a", 20)} for each in (drifting, memory))
    assert found.keys() == exact.keys()
    for id, score in exact.items():
        assert abs(found[id] - score) <= 0.2 * abs(score) + 1e-6
    assert not drifting.weigh_anew()
    weighed = {hit.id: hit.score for hit in drifting.search("a", 20)}
    assert weighed == pytest.approx(exact, rel=1e-6, abs=1e-9)


def test_weighing_anew_is_taken_up_where_it_was_left(client: QdrantClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("retrieval_engine.qdrant.store.AT_ONCE", 10)
    memory, searcher = Searcher(), made(client, drift=0.01)
    texts = {id: "so " * (id % 7 + id // 5) + f"tired word{id}" for id in range(45)}
    for id, text in texts.items():
        memory.put(id, text, None)
    searcher.put_many([Entry(id, text, None) for id, text in texts.items() if id < 20])
    searcher.put_many([Entry(id, text, None) for id, text in texts.items() if id >= 20])
    steps = 0
    while QdrantSearcher(client, searcher._store.name).weigh_anew(whole=False):  # each in a process of its own
        steps += 1
    assert steps == 5
    for ours, theirs in zip(searcher.search("so", 45), memory.search("so", 45), strict=True):
        assert (ours.id, ours.score) == (theirs.id, pytest.approx(theirs.score, rel=1e-6))


def test_a_half_typed_word_stands_for_every_word_it_begins(client: QdrantClient) -> None:
    """The searcher in memory takes the 16 most frequent ones."""
    searcher = made(client)
    searcher.put_many([Entry(id, f"ha{chr(97 + id)}", None) for id in range(25)] + [Entry(99, "no", None)])
    hits = searcher.search("ha", 50, partial=True)
    assert [hit.id for hit in hits] == list(range(25))
    assert searcher.search("congratulation", partial=True) == []
    searcher.put(100, "congratulations", None)
    assert [hit.id for hit in searcher.search("congratulat", partial=True)] == [100]


def test_several_searchers_see_at_once_what_one_has_written(client: QdrantClient) -> None:
    writer = made(client, drift=0)
    reader = QdrantSearcher(client, writer._store.name)
    writer.put(1, "so tired", LOOK)
    writer.put(2, "monday", LOOK)
    writer.put(3, "again and again", LOOK)
    assert reader.search("tired") == writer.search("tired") != []
    writer.remove(1)
    assert reader.search("tired") == []


def test_a_dimension_has_one_name_everywhere() -> None:
    assert Dimension("words", "tired").id == "507f01a6-bca3-5de3-8b6c-8b03e989e766"
    names = {Dimension(field, "so", beginning).id for field in ("words", "words:en") for beginning in (False, True)}
    assert len(names) == 4


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("qdrant:6333", "neither"),
        ("ftp://qdrant", "neither"),
        ("http://qdrant?shards=0", "begin at 1"),
        ("http://qdrant?shards=many", "no number"),
        ("http://qdrant?quantisation=tiny", "none, int8 or binary"),
        ("http://qdrant?shard=3", "not 'shard'"),
    ],
)
def test_an_address_that_makes_no_sense_is_refused(address: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        connect(address)


def test_an_address_says_how_catalogues_lie_on_the_cluster() -> None:
    client, layout = connect("http://127.0.0.1:1?shards=6&replicas=2&quantisation=int8&ef=256&oversampling=2")
    client.close()
    assert layout == Layout(shards=6, replicas=2, quantisation="int8", ef=256, oversampling=2.0)
    dense = layout.dense(512)
    assert (dense.size, dense.distance, dense.on_disk) == (512, models.Distance.DOT, True)
    assert isinstance(dense.quantization_config, models.ScalarQuantization)
    searched = layout.dense_search()
    assert searched is not None
    assert (searched.hnsw_ef, searched.exact) == (256, False)
    assert searched.quantization == models.QuantizationSearchParams(rescore=True, oversampling=2.0)
    spread = layout.spread()
    assert (spread["shard_number"], spread["replication_factor"], spread["write_consistency_factor"]) == (6, 2, 2)
    assert Layout().dense_search() is None


def test_a_catalogue_that_is_not_there_is_named(client: QdrantClient) -> None:
    with pytest.raises(ValueError, match="no catalogue stickers-x"):
        QdrantSearcher(client, "stickers-x")


def test_a_local_catalogue_outlives_its_process(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("qdrant")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        client, _ = connect(f"local:{folder}")
        searcher = QdrantSearcher.create(client, "stickers", dim=2)
        searcher.put_many(FIRST, position={"line": 7})
        found = searcher.search("so tired")
        client.close()
        client, _ = connect(f"local:{folder}")
        again = QdrantSearcher(client, "stickers")
        assert (again.search("so tired"), again.position) == (found, {"line": 7})
        client.close()
