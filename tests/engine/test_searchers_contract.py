"""What every searcher answers, whatever does the searching: memory, or a Qdrant cluster (the client's local mode)."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rank_bm25 import BM25Okapi

from retrieval_engine.dense import Vectors, unit
from retrieval_engine.qdrant import Entry, QdrantSearcher, connect
from retrieval_engine.searcher import Searcher
from retrieval_engine.searching import Hit, Mode, StickerSearcher, TextEncoder
from retrieval_engine.text import tokenise

FLOAT32 = 1e-6
"""Equal to float32: relative."""


class Feelings:
    """A text encoder small enough to reckon with: one axis per feeling, its words in either language."""

    version = "feelings-1"
    AXES = ({"happy", "joy", "开心"}, {"sad", "cry", "难过"}, {"angry", "rage", "生气"})

    def encode(self, texts: Sequence[str]) -> Vectors:
        return unit(np.array([[0.01 + sum(t in axis for t in tokenise(text)) for axis in self.AXES] for text in texts]))


HAPPY, SAD, ANGRY = np.array([1, 0, 0]), np.array([0.05, 1, 0]), np.array([0, 0.02, 1])  # no two equally near anything


def in_memory(encoder: TextEncoder | None) -> StickerSearcher:
    return Searcher(encoder)


CLIENT, _ = connect("local:")
NUMBERS = count()


def on_qdrant(encoder: TextEncoder | None, **options: Any) -> QdrantSearcher:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Payload indexes have no effect")
        return QdrantSearcher.create(CLIENT, f"stickers-{next(NUMBERS)}", encoder, dim=3, drift=0, **options)


def fused_here(encoder: TextEncoder | None) -> QdrantSearcher:
    return on_qdrant(encoder, fuse_here=True)


Maker = Callable[[TextEncoder | None], StickerSearcher]


@pytest.fixture(params=[in_memory, on_qdrant, fused_here], ids=["in memory", "qdrant", "qdrant, fused here"])
def make(request: pytest.FixtureRequest) -> Maker:
    maker: Maker = request.param
    return maker


@pytest.fixture
def searcher(make: Maker) -> StickerSearcher:
    searcher = make(Feelings())
    searcher.put(1, {"en": "happy dance, weekend", "zh": "开心, 周末"}, HAPPY, pack=1)
    searcher.put(2, {"en": "so sad, monday", "zh": "难过, 周一"}, SAD, pack=2)
    searcher.put(3, {"en": "angry at monday"}, ANGRY, pack=2)
    searcher.put(4, "no picture, weekend", None, pack=1)
    searcher.put(5, "", 0.9 * HAPPY + 0.1 * SAD)
    return searcher


def ids(hits: list[Hit]) -> list[int]:
    return [hit.id for hit in hits]


def test_words_find_words_and_looks_find_meaning(searcher: StickerSearcher) -> None:
    assert ids(searcher.search("weekend", mode="lexical")) == [4, 1]
    assert ids(searcher.search("joy", mode="lexical")) == []
    assert ids(searcher.search("joy", 2, mode="dense")) == [1, 5]
    assert searcher.model_version == "feelings-1"


def test_hybrid_adds_the_reciprocal_ranks_of_both_sides(searcher: StickerSearcher) -> None:
    hits = searcher.search("happy weekend")
    assert [(hit.id, hit.rank, hit.lexical_rank, hit.dense_rank) for hit in hits] == [
        (1, 1, 1, 1), (4, 2, 2, None), (5, 3, None, 2), (2, 4, None, 3), (3, 5, None, 4),
    ]  # fmt: skip
    parts = {hit.id: sum(1 / (10 + rank) for rank in (hit.lexical_rank, hit.dense_rank) if rank) for hit in hits}
    assert {hit.id: hit.score for hit in hits} == pytest.approx(parts, rel=FLOAT32)


def test_the_place_of_one_is_its_place_in_the_whole_ranking(searcher: StickerSearcher) -> None:
    whole = ids(searcher.search("happy monday", 100))
    assert set(whole) == {1, 2, 3, 5}
    assert [searcher.rank_of("happy monday", id) for id in whole] == [1, 2, 3, 4]
    assert [searcher.rank_of("joy", id) for id in (4, 99)] == [None, None]
    assert searcher.rank_of("weekend", 1, mode="lexical") == 2


def test_one_language_alone_is_searched_where_asked(searcher: StickerSearcher) -> None:
    assert ids(searcher.search("monday 周一", mode="lexical")) == [2, 3, 1]
    assert ids(searcher.search("周一 monday", mode="lexical", language="zh")) == [1, 2]
    assert ids(searcher.search("monday", mode="lexical", language="xx")) == [3, 2]


def test_a_half_typed_word_is_completed_only_when_asked(searcher: StickerSearcher) -> None:
    assert ids(searcher.search("week", mode="lexical")) == []
    assert ids(searcher.search("week", mode="lexical", partial=True)) == [4, 1]
    assert ids(searcher.search("weekend", mode="lexical", partial=True)) == [4, 1]
    assert ids(searcher.search("week ", mode="lexical", partial=True)) == []


@pytest.mark.parametrize("mode", ["lexical", "dense", "hybrid"])
def test_filters_keep_the_order_and_lose_nothing(searcher: StickerSearcher, mode: Mode) -> None:
    query = "happy monday weekend"
    everything = ids(searcher.search(query, 10, mode=mode))
    for allowed in ({1, 4}, {2, 3, 99}, set[int]()):
        assert set(ids(searcher.search(query, 10, mode=mode, allow=allowed))) == set(everything) & allowed
        assert set(ids(searcher.search(query, 10, mode=mode, deny=allowed))) == set(everything) - allowed
    assert set(ids(searcher.search(query, 10, mode=mode, pack=2))) == set(everything) & {2, 3}
    assert set(ids(searcher.search(query, 10, mode=mode, pack=2, deny=[2]))) == set(everything) & {3}
    assert searcher.search(query, 10, mode=mode, pack=9) == []
    first = searcher.search(query, 1, mode=mode, deny=everything[:1])
    assert len(first) == 1
    assert first[0].id not in everything[:1]


def test_scores_are_those_of_the_whole_catalogue_whatever_is_kept(searcher: StickerSearcher) -> None:
    scores = {hit.id: hit.score for hit in searcher.search("monday weekend", mode="lexical")}
    for hit in searcher.search("monday weekend", mode="lexical", pack=2):
        assert hit.score == scores[hit.id]


def test_candidates_all_come_back_the_unranked_last_in_the_order_given(searcher: StickerSearcher) -> None:
    hits = searcher.rank_among(["angry", "so angry at monday"], [4, 2, 99, 3, 98])
    assert ids(hits) == [3, 2, 4, 99, 98]
    assert [hit.rank for hit in hits] == [1, 2, 3, 4, 5]
    assert ids(searcher.rank_among([], [4, 2, 2])) == [4, 2]
    assert searcher.rank_among(["angry"], []) == []


def test_neighbours_look_alike_and_leave_the_sticker_itself_out(searcher: StickerSearcher) -> None:
    assert ids(searcher.neighbours(1, 2)) == [5, 2]
    assert searcher.neighbours(4) == searcher.neighbours(99) == searcher.neighbours(1, 0) == []


def test_an_explanation_accounts_for_the_whole_score(searcher: StickerSearcher) -> None:
    for hit in searcher.search("happy weekend weekend", 10):
        why = searcher.explain("happy weekend weekend", hit.id)
        assert (why.rank, why.lexical_rank, why.dense_rank) == (hit.rank, hit.lexical_rank, hit.dense_rank)
        assert why.fused_score == pytest.approx(hit.score, rel=FLOAT32)
        assert why.lexical_part + why.dense_part == pytest.approx(why.fused_score)
        assert sum(part.score for part in why.terms) == pytest.approx(why.lexical_score or 0.0, rel=FLOAT32)
    assert [part.term for part in searcher.explain("happy weekend weekend", 1).terms] == ["happy", "weekend"]
    assert searcher.explain("weekend", 4).cosine is None
    assert searcher.explain("weekend", 99).rank is None


def test_removed_and_replaced_stickers_are_gone_from_every_side(searcher: StickerSearcher) -> None:
    assert [searcher.remove(1), searcher.remove(1)] == [True, False]
    searcher.put(2, "party", None)
    assert [id in searcher for id in range(1, 7)] == [False, True, True, True, True, False]
    assert len(searcher) == 4
    assert ids(searcher.search("happy sad monday 开心 难过", 10)) == [3, 5]
    assert ids(searcher.search("难过", mode="lexical", language="zh")) == []
    assert searcher.search("party", mode="lexical", pack=2) == []


def test_vectors_alone_are_replaced_and_taken_out(searcher: StickerSearcher) -> None:
    searcher.look(3, HAPPY)
    assert ids(searcher.search("joy", 2, mode="dense")) == [1, 3]
    searcher.look(3, None)
    assert 3 not in ids(searcher.search("joy", mode="dense"))
    assert ids(searcher.search("angry", mode="lexical")) == [3]


def test_vectors_that_do_not_fit_are_refused_and_change_nothing(searcher: StickerSearcher) -> None:
    for wrong in (np.ones(4), np.zeros(3), np.full(3, np.nan)):
        with pytest.raises(ValueError, match="vector"):
            searcher.put(1, "changed", wrong)
        with pytest.raises(ValueError, match="vector"):
            searcher.look(1, wrong)
    assert ids(searcher.search("changed", mode="lexical")) == []
    assert ids(searcher.search("joy", 1, mode="dense")) == [1]


def test_frames_are_averaged(searcher: StickerSearcher) -> None:
    searcher.put(6, "", np.stack([SAD, ANGRY]))
    assert searcher.search("sad", 2, mode="dense")[1].id == 6
    assert searcher.search("sad rage", 1, mode="dense")[0].id == 6


def test_without_an_encoder_hybrid_is_lexical(make: Maker) -> None:
    searcher = make(None)
    for id, text in enumerate(["good night", "good morning", "hello"], 1):
        searcher.put(id, text, HAPPY)
    assert searcher.search("good night") == searcher.search("good night", mode="lexical")
    assert searcher.search("night", mode="dense") == []
    assert searcher.model_version is None
    assert ids(searcher.neighbours(1)) == [2, 3]


@pytest.mark.parametrize("query", ["", "   ", "?!", "\u200d", "never heard of"])
def test_a_query_without_known_words_finds_nothing_by_words(searcher: StickerSearcher, query: str) -> None:
    assert searcher.search(query, mode="lexical", partial=True) == []


def test_an_empty_searcher_finds_nothing(make: Maker) -> None:
    searcher = make(Feelings())
    assert searcher.search("happy") == searcher.search("happy", partial=True) == searcher.neighbours(1) == []
    assert searcher.rank_of("happy", 1) is None
    assert len(searcher) == 0
    assert not searcher.remove(1)


def test_generated_words_count_half_and_are_told_apart(make: Maker) -> None:
    searcher, written = make(None), make(None)
    for id, text, generated in [
        (1, "monday again", ""),
        (2, "", "monday"),
        (3, "sleepy", "monday too"),
        (4, "happy", "cheese"),
    ]:
        searcher.put(id, text, None, generated=generated)
        written.put(id, text, None)
    hits = searcher.search("monday")
    told = [(hit.id, hit.lexical_rank, hit.generated_rank) for hit in hits]
    assert told == [(1, 1, None), (2, None, 1), (3, None, 2)]
    assert [hit.score for hit in hits] == pytest.approx([1 / 11, 0.5 / 11, 0.5 / 12], rel=FLOAT32)
    assert searcher.search("monday", mode="lexical") == written.search("monday", mode="lexical")
    why = searcher.explain("monday", 2)
    assert (why.rank, why.lexical_rank, why.generated_rank, why.generated_part) == (2, None, 1, 0.5 / 11)
    assert [hit.generated_rank for hit in searcher.rank_among(["monday"], [4, 3, 1])] == [None, 1, None]
    searcher.put(2, "", None)
    searcher.remove(3)
    written.remove(3)
    assert searcher.search("monday") == written.search("monday")


def test_a_match_that_scores_nothing_is_a_match(make: Maker) -> None:
    """In half of the stickers: an idf of exactly 0."""
    searcher = make(None)
    for id, text in enumerate(["tired", "tired so", "happy", "hungry dog"], 1):
        searcher.put(id, text, None)
    hits = searcher.search("tired", mode="lexical")
    assert [(hit.id, hit.score) for hit in hits] == [(1, 0.0), (2, 0.0)]


def test_equals_stand_in_the_order_of_their_ids_however_many(make: Maker) -> None:
    searcher = make(None)
    for id in np.random.default_rng(0).permutation(150).tolist():
        searcher.put(id, "lol" if id < 140 else "rofl", None)
    for k in (1, 24, 139, 150):
        assert ids(searcher.search("lol", k, mode="lexical")) == list(range(140))[:k]


WORDS = ["so", "sob", "tired", "tire", "monday", "mono", "happy", "哈哈", "难过", "😭"]
TEXTS = st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join)
SAID_ONCE = st.lists(st.sampled_from(WORDS), max_size=6, unique=True).map(" ".join)
SPOKEN = TEXTS | st.fixed_dictionaries({"en": TEXTS}, optional={"zh": TEXTS})
ANGLES = st.none() | st.floats(0, 1.5).map(lambda angle: np.array([np.cos(angle), np.sin(angle), 0.1]))
STICKERS = st.tuples(st.integers(0, 8), SPOKEN | st.none(), ANGLES, TEXTS, st.integers(1, 2))


def changed(searchers: Sequence[StickerSearcher], changes: Sequence[tuple[Any, ...]]) -> None:
    for id, text, vector, generated, pack in changes:
        for searcher in searchers:
            if text is None:
                searcher.remove(id)
            else:
                searcher.put(id, text, vector, generated=generated, pack=pack)


def assert_same(ours: list[Hit], theirs: list[Hit]) -> None:
    rank = [(hit.id, hit.rank, hit.lexical_rank, hit.dense_rank, hit.generated_rank) for hit in ours]
    assert rank == [(hit.id, hit.rank, hit.lexical_rank, hit.dense_rank, hit.generated_rank) for hit in theirs]
    assert [hit.score for hit in ours] == pytest.approx([hit.score for hit in theirs], rel=FLOAT32, abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(st.lists(STICKERS, max_size=12), TEXTS, st.sampled_from([None, "en", "zh"]), st.integers(1, 9))
def test_a_cluster_answers_as_memory_does(
    changes: list[tuple[Any, ...]], query: str, language: str | None, k: int
) -> None:
    memory, cluster = in_memory(Feelings()), fused_here(Feelings())
    changed([memory, cluster], changes)
    for mode in ("lexical", "hybrid"):
        asked: dict[str, Any] = {"mode": mode, "language": language}
        assert_same(cluster.search(query, k, **asked), memory.search(query, k, **asked))
        assert_same(cluster.search(query, k, pack=1, **asked), memory.search(query, k, pack=1, **asked))
        assert_same(cluster.search(query, k, deny=[1, 3], **asked), memory.search(query, k, deny=[1, 3], **asked))
        assert_same(
            cluster.rank_among([query, "so"], [5, 2, 1], **asked), memory.rank_among([query, "so"], [5, 2, 1], **asked)
        )
        assert cluster.rank_of(query, 1, **asked) == memory.rank_of(query, 1, **asked)
    assert len(cluster) == len(memory)
    assert [id in cluster for id in range(9)] == [id in memory for id in range(9)]


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from(WORDS), max_size=6, unique=True).map(" ".join), max_size=8),
    st.sampled_from(WORDS),
)
def test_a_cluster_completes_as_memory_does(texts: list[str], word: str) -> None:
    """Among so many others that every idf is positive: a scale at which a word is worth typing."""
    memory, cluster = in_memory(None), fused_here(None)
    entries = [Entry(id, text, None) for id, text in enumerate(texts + [f"other{id}" for id in range(20)])]
    cluster.put_many(entries)
    for entry in entries:
        memory.put(entry.id, entry.text, None)
    for end in range(1, len(word) + 1):
        query = f"happy {word[:end]}"
        assert_same(cluster.search(query, 20, partial=True), memory.search(query, 20, partial=True))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map(" ".join), min_size=1, max_size=9), TEXTS)
def test_scores_by_words_are_those_of_rank_bm25(texts: list[str], query: str) -> None:
    cluster = on_qdrant(None)
    for id, text in enumerate(texts):
        cluster.put(id, text, None)
    tokens, asked = [tokenise(text) for text in texts], tokenise(query)
    scores = BM25Okapi(tokens).get_scores(asked)
    found = {hit.id: hit.score for hit in cluster.search(query, 20, mode="lexical")}
    assert found.keys() == {id for id, held in enumerate(tokens) if set(held) & set(asked)}
    assert found == pytest.approx({id: scores[id] for id in found}, rel=FLOAT32, abs=1e-9)
