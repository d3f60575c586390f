from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from threading import Event, Thread

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from retrieval_engine import texts as texts_module
from retrieval_engine.dense import DenseIndex, Vectors, unit
from retrieval_engine.fusion import reciprocal_rank_fusion
from retrieval_engine.lexical import LexicalIndex
from retrieval_engine.ranking import Ranking
from retrieval_engine.searcher import Searcher
from retrieval_engine.searching import Hit
from retrieval_engine.text import tokenise
from retrieval_engine.texts import Text


class FeelingsEncoder:
    """A text encoder small enough to reckon with: one axis per feeling, its words in either language."""

    version = "feelings-1"
    AXES = ({"happy", "joy", "开心"}, {"sad", "cry", "难过"}, {"angry", "rage", "生气"})

    def encode(self, texts: Sequence[str]) -> Vectors:
        rows = [[0.01 + sum(token in axis for token in tokenise(text)) for axis in self.AXES] for text in texts]
        return unit(np.array(rows))


HAPPY, SAD, ANGRY = np.eye(3)


@pytest.fixture
def searcher() -> Searcher:
    searcher = Searcher(FeelingsEncoder())
    searcher.put(1, {"en": "happy dance, weekend", "zh": "开心, 周末"}, HAPPY)
    searcher.put(2, {"en": "so sad, monday", "zh": "难过, 周一"}, SAD)
    searcher.put(3, {"en": "angry at monday"}, ANGRY)
    searcher.put(4, "no picture, weekend", None)
    searcher.put(5, "", 0.9 * HAPPY + 0.1 * SAD)
    return searcher


def ids(hits: list[Hit]) -> list[int]:
    return [hit.id for hit in hits]


def test_lexical_search_finds_words_and_dense_search_meaning(searcher: Searcher) -> None:
    assert ids(searcher.search("weekend", mode="lexical")) == [4, 1]
    assert ids(searcher.search("joy", mode="lexical")) == []
    assert ids(searcher.search("joy", 2, mode="dense")) == [1, 5]


def test_hybrid_adds_the_reciprocal_ranks_of_both_sides(searcher: Searcher) -> None:
    hits = searcher.search("happy weekend")
    assert [(hit.id, hit.rank, hit.lexical_rank, hit.dense_rank) for hit in hits] == [
        (1, 1, 1, 1), (4, 2, 2, None), (5, 3, None, 2), (2, 4, None, 3), (3, 5, None, 4),
    ]  # fmt: skip
    parts = {hit.id: sum(1 / (10 + rank) for rank in (hit.lexical_rank, hit.dense_rank) if rank) for hit in hits}
    assert {hit.id: hit.score for hit in hits} == pytest.approx(parts)
    assert ids(hits) == sorted(parts, key=lambda id: (-parts[id], id))


def test_rank_of_is_the_place_in_the_whole_ranking(searcher: Searcher) -> None:
    whole = ids(searcher.search("happy monday", len(searcher)))
    assert set(whole) == {1, 2, 3, 5}
    assert [searcher.rank_of("happy monday", id) for id in whole] == [1, 2, 3, 4]
    assert searcher.rank_of("joy", 4) is None
    assert searcher.rank_of("joy", 99) is None


def test_one_language_alone_is_searched_where_asked(searcher: Searcher) -> None:
    assert ids(searcher.search("monday 周一", mode="lexical")) == [2, 3, 1]
    assert ids(searcher.search("周一 monday", mode="lexical", language="zh")) == [1, 2]
    assert ids(searcher.search("monday", mode="lexical", language="xx")) == [3, 2]


def test_text_of_no_language_is_found_in_all_together_alone() -> None:
    searcher = Searcher()
    searcher.put(1, {"": "wave", "en": "hello"}, None)
    searcher.put(2, {"en": "wave", "zh": "你好"}, None)
    searcher.put(3, {"zh": "再见"}, None)
    assert ids(searcher.search("wave")) == [1, 2]
    assert ids(searcher.search("wave", language="en")) == [2]
    assert ids(searcher.search("wave", language="zh")) == []


def test_a_half_typed_word_is_completed_only_when_asked(searcher: Searcher) -> None:
    assert ids(searcher.search("week", mode="lexical")) == []
    assert ids(searcher.search("week", mode="lexical", partial=True)) == [4, 1]
    assert ids(searcher.search("week ", mode="lexical", partial=True)) == []


@pytest.mark.parametrize("mode", ["lexical", "dense", "hybrid"])
def test_only_allowed_ids_come_back_in_the_same_order(searcher: Searcher, mode: str) -> None:
    for allowed in ({1, 4}, {2, 3, 99}, set[int]()):
        everything = searcher.search("happy monday weekend", 10, mode=mode)  # type: ignore[arg-type]
        some = searcher.search("happy monday weekend", 10, mode=mode, allow=allowed)  # type: ignore[arg-type]
        assert set(ids(some)) == set(ids(everything)) & allowed


@pytest.mark.parametrize("mode", ["lexical", "dense", "hybrid"])
def test_one_pack_and_what_a_player_has_not_seen(searcher: Searcher, mode: str) -> None:
    searcher.put(2, "monday monday", SAD, pack=8)
    searcher.put(3, "angry at monday", ANGRY, pack=8)
    searcher.put(6, "monday", HAPPY, pack=9)
    everything = ids(searcher.search("happy monday weekend", 10, mode=mode))  # type: ignore[arg-type]
    for pack, allow, deny in [(8, None, None), (8, None, {3}), (None, None, {1, 3}), (9, {2, 6}, {2}), (7, None, None)]:
        of_pack = {None: set(everything), 7: set[int](), 8: {2, 3}, 9: {6}}[pack]
        kept = of_pack & (allow or of_pack) - (deny or set())
        found = searcher.search("happy monday weekend", 10, mode=mode, pack=pack, allow=allow, deny=deny)  # type: ignore[arg-type]
        assert set(ids(found)) == kept & set(everything)


def test_candidates_all_come_back_the_unranked_last_in_the_order_given(searcher: Searcher) -> None:
    hits = searcher.rank_among(["angry", "so angry at monday"], [4, 2, 99, 3, 98])
    assert ids(hits) == [3, 2, 4, 99, 98]
    assert [hit.rank for hit in hits] == [1, 2, 3, 4, 5]
    assert ids(searcher.rank_among([], [4, 2, 2])) == [4, 2]


def test_neighbours_look_alike_and_leave_the_sticker_itself_out(searcher: Searcher) -> None:
    assert ids(searcher.neighbours(1, 2)) == [5, 2]
    assert searcher.neighbours(4) == searcher.neighbours(99) == []


def test_explain_accounts_for_the_whole_score(searcher: Searcher) -> None:
    for hit in searcher.search("happy weekend weekend", 10):
        why = searcher.explain("happy weekend weekend", hit.id)
        assert (why.rank, why.lexical_rank, why.dense_rank) == (hit.rank, hit.lexical_rank, hit.dense_rank)
        assert why.fused_score == why.lexical_part + why.dense_part == pytest.approx(hit.score)
        assert sum(part.score for part in why.terms) == pytest.approx(why.lexical_score or 0.0)
    assert [part.term for part in searcher.explain("happy weekend weekend", 1).terms] == ["happy", "weekend"]
    assert searcher.explain("weekend", 4).cosine is None
    assert searcher.explain("weekend", 99).rank is None


def test_removed_and_replaced_stickers_are_gone_from_every_side(searcher: Searcher) -> None:
    assert [searcher.remove(1), searcher.remove(1)] == [True, False]
    searcher.put(2, "party", None)
    assert [id in searcher for id in range(1, 7)] == [False, True, True, True, True, False]
    assert len(searcher) == 4
    assert ids(searcher.search("happy sad monday 开心 难过", 10)) == [3, 5]
    assert ids(searcher.search("难过", mode="lexical", language="zh")) == []


def test_vectors_that_do_not_fit_are_refused_and_change_nothing(searcher: Searcher) -> None:
    for wrong in (np.ones(4), np.zeros(3), np.full(3, np.nan)):
        with pytest.raises(ValueError, match="vector"):
            searcher.put(1, "changed", wrong)
    assert ids(searcher.search("changed", mode="lexical")) == []
    assert ids(searcher.search("joy", 1, mode="dense")) == [1]


def test_frames_are_averaged() -> None:
    index = DenseIndex()
    index.put(1, np.stack([HAPPY, SAD]))
    assert index.vector(1) == pytest.approx(np.array([2**-0.5, 2**-0.5, 0]))


def test_without_an_encoder_hybrid_is_lexical() -> None:
    searcher = Searcher()
    searcher.put(1, "good night", HAPPY)
    searcher.put(2, "good morning", HAPPY)
    searcher.put(3, "hello", HAPPY)
    assert searcher.search("good night") == searcher.search("good night", mode="lexical")
    assert searcher.search("night", mode="dense") == []
    assert searcher.model_version is None
    assert ids(searcher.neighbours(1)) == [2, 3]


@pytest.mark.parametrize("query", ["", "   ", "?!", "\u200d", "never heard of"])
def test_a_query_without_known_words_finds_nothing_lexically(searcher: Searcher, query: str) -> None:
    assert searcher.search(query, mode="lexical", partial=True) == []


def test_an_empty_searcher_finds_nothing() -> None:
    searcher = Searcher(FeelingsEncoder())
    assert searcher.search("happy") == searcher.neighbours(1) == []
    assert searcher.rank_of("happy", 1) is None


def test_readers_always_see_whole_stickers_while_one_writes() -> None:
    searcher, done, seen = Searcher(FeelingsEncoder()), Event(), list[list[int]]()
    searcher.put(0, "base", HAPPY)

    def read() -> None:
        while not done.is_set():
            hits = searcher.search("happy pair", 50, mode="lexical")
            seen.append([hit.id for hit in hits])
            searcher.search("happy", 50)
            searcher.rank_of("pair", 7)

    readers = [Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for turn in range(300):
        searcher.put(7, "happy pair", HAPPY if turn % 2 else None)
        searcher.put(8, "other text", SAD)
        if turn % 3 == 0:
            searcher.remove(7)
    done.set()
    for reader in readers:
        reader.join()
    assert seen
    assert {tuple(found) for found in seen} <= {(), (7,)}


@given(
    st.lists(st.tuples(st.integers(0, 20), st.sampled_from([-1.0, 1.0, 2.0]) | st.none()), max_size=40),
    st.integers(1, 10),
)
def test_dense_search_is_brute_force_cosine(changes: list[tuple[int, float | None]], k: int) -> None:
    index, held = DenseIndex(), dict[int, NDArray[np.float64]]()
    for id, angle in changes:
        if angle is None:
            assert index.remove(id) == (held.pop(id, None) is not None)
        else:
            held[id] = np.array([np.cos(angle), np.sin(angle)])
            index.put(id, held[id])
    query = np.array([1.0, 0.5])
    expected = sorted(held, key=lambda id: (-round(float(held[id] @ query), 5), id))
    assert index.search(query, k).ids.tolist() == expected[:k]
    assert len(index) == len(held)


@given(st.lists(st.lists(st.integers(0, 9), unique=True), max_size=4), st.integers(0, 12))
def test_fusion_is_the_sum_of_reciprocal_ranks(lists: list[list[int]], n: int) -> None:
    rankings = [Ranking(np.array(ids, dtype=np.int64), -np.arange(len(ids), dtype=np.float64)) for ids in lists]
    scores = {id: sum(1 / (10 + ids.index(id) + 1) for ids in lists if id in ids) for ids in lists for id in ids}
    fused = reciprocal_rank_fusion(rankings, n)
    assert dict(zip(fused.ids.tolist(), fused.scores.tolist(), strict=True)) == pytest.approx(
        {id: scores[id] for id in fused.ids.tolist()}
    )
    assert sorted(fused.scores.tolist(), reverse=True) == fused.scores.tolist()
    assert fused.scores.tolist() == pytest.approx(sorted(scores.values(), reverse=True)[:n])


def test_tokens_of_the_searcher_are_those_of_the_index() -> None:
    searcher, index = Searcher(), LexicalIndex()
    for id, text in enumerate(["好难过啊", "soooo sad 😭", "难过的一天", "happy"]):
        searcher.put(id, text, None)
        index.put(id, tokenise(text))
    expected = index.search(tokenise("難過 😭"), None)
    hits = searcher.search("難過 😭", mode="lexical")
    assert [(hit.id, hit.score) for hit in hits] == list(zip(*map(np.ndarray.tolist, expected), strict=True))


def test_changes_are_taken_over_beside_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts_module, "CHANGES_MOST", 20)
    monkeypatch.setattr(texts_module, "BESIDE_FROM", 0)
    searcher, fresh = Searcher(), Searcher()
    texts = {id: f"word{id % 7} word{id % 11} also{id}" for id in range(300)}
    for turn in range(3):
        for id, text in texts.items():
            searcher.put(id, f"{text} turn{turn}", None)
            assert searcher.search(f"also{id}")[0].id == id
        for id in range(0, 300, 3):
            searcher.remove(id)
    while (thread := searcher._texts._compacting) is not None:
        thread.join()
    for id, text in texts.items():
        if id % 3:
            fresh.put(id, f"{text} turn2", None)
    for query in ("word3 also8", "turn2", "word1 word2", "turn1"):
        assert searcher.search(query, 50) == fresh.search(query, 50)


def test_generated_words_count_half_and_are_told_apart() -> None:
    searcher, written = Searcher(), Searcher()
    for id, text, generated in [(1, "monday again", ""), (2, "", "monday"), (3, "sleepy", "monday"), (4, "happy", "")]:
        searcher.put(id, text, None, generated=generated)
        written.put(id, text, None)
    hits = searcher.search("monday")
    assert [(hit.id, hit.lexical_rank, hit.generated_rank) for hit in hits] == [
        (1, 1, None),
        (2, None, 1),
        (3, None, 2),
    ]
    assert [hit.score for hit in hits] == pytest.approx([1 / 11, 0.5 / 11, 0.5 / 12])
    assert searcher.search("monday", mode="lexical") == written.search("monday", mode="lexical")
    why = searcher.explain("monday", 2)
    assert (why.rank, why.lexical_rank, why.generated_rank, why.generated_part) == (2, None, 1, 0.5 / 11)
    assert why.fused_score == why.generated_part
    assert [hit.generated_rank for hit in searcher.rank_among(["monday"], [4, 3, 1])] == [None, 1, None]
    searcher.put(2, "", None)
    searcher.remove(3)
    written.remove(3)
    assert searcher.search("monday") == written.search("monday")


def test_a_searcher_beside_shares_the_texts_and_has_vectors_of_its_own(searcher: Searcher) -> None:
    beside = searcher.beside(FeelingsEncoder())
    assert ids(beside.search("joy")) == []
    beside.look(3, HAPPY)
    assert ids(beside.search("joy", 1)) == [3]
    assert ids(searcher.search("joy", 1)) == [1]
    searcher.put(6, "joy again", None)
    assert beside.search("again", mode="lexical") == searcher.search("again", mode="lexical")
    beside.remove(6)
    assert 6 not in searcher
    assert ids(searcher.neighbours(1, 1)) == [5]


def test_many_at_once_and_out_of_a_snapshot_are_the_same_searcher(tmp_path: Path) -> None:
    entries: list[tuple[int, Text, Text, int | None]] = [
        (7, "so tired", "", 3),
        (2, {"en": "party all night", "zh": "好累"}, "hungry", None),
        (5, "tired of mondays", {"en": "hungry again"}, 3),
        (9, "", "", 4),
    ]
    one_by_one = Searcher()
    for id, text, generated, pack in entries:
        one_by_one.put(id, text, None, generated=generated, pack=pack)
    one_by_one.images.put(5, np.array([1.0, 0.0]))
    at_once = Searcher.of(entries).beside(None, one_by_one.images)
    at_once.save(tmp_path)
    opened = Searcher.open(tmp_path)
    for searcher in (at_once, opened):
        assert len(searcher) == 4
        for query in ("tired", "hungry", "好累", "night"):
            for asked in ({}, {"language": "zh"}, {"pack": 3}):
                assert searcher.search(query, **asked) == one_by_one.search(query, **asked)
        assert searcher.images.vector(5) is not None
    opened.remove(7)
    opened.put(11, "tired as well", None, pack=3)
    assert {hit.id for hit in opened.search("tired", pack=3)} == {5, 11}


def test_a_folder_that_is_no_snapshot_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not a snapshot"):
        Searcher.open(tmp_path)
