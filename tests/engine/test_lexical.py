"""rank_bm25 is the oracle: whatever was added, replaced and removed, the scores are those of a fresh BM25Okapi."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rank_bm25 import BM25Okapi

from retrieval_engine.lexical import Compaction, Counted, LexicalIndex, postings, scanning, scoring

Corpus = dict[int, list[str]]
TERMS = st.sampled_from([*"abcdefgh", "ab", "abc"])
TOKENS = st.lists(TERMS, max_size=8)
OFTEN = st.tuples(TERMS, st.integers(250, 300)).map(lambda pair: [pair[0]] * pair[1])
UPKEEP = st.sampled_from(["compact", "begin", "finish", "reopen"])  # what must not be noticed
CHANGES = st.lists(st.tuples(st.integers(0, 12), TOKENS | OFTEN | st.none() | UPKEEP), max_size=40)
Change = tuple[int, list[str] | str | None]


@pytest.fixture(autouse=True, params=["compiled", "compiled, dense", "numpy", "numpy, dense"])
def loops(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The inner loops as numba compiles them and as NumPy has them, with frequent terms by slot or not."""
    if "numpy" in request.param:
        monkeypatch.setattr(scoring, "loops", lambda: scanning.IN_NUMPY)
    else:
        assert scanning.loops().are_compiled
    if "dense" in request.param:
        monkeypatch.setattr(postings, "DENSE_FROM", 0)


def after(changes: Sequence[Change]) -> tuple[LexicalIndex, Corpus]:
    index, corpus = LexicalIndex(), Corpus()
    begun: Compaction | None = None
    for id, change in changes:
        if isinstance(change, str):
            index, begun = kept_up(index, change, begun)
        elif change is None:
            assert index.remove(id) == (corpus.pop(id, None) is not None)
        else:
            index.put(id, change, pack=id % 3)
            corpus[id] = change
    return index, corpus


def kept_up(index: LexicalIndex, what: str, begun: Compaction | None) -> tuple[LexicalIndex, Compaction | None]:
    if begun is not None:
        if what != "begin":
            index.finish_compaction(begun, begun.merge())
        return index, begun if what == "begin" else None
    if what == "begin":
        return index, index.begin_compaction()
    if what == "compact":
        index.compact()
    if what == "reopen":
        with TemporaryDirectory() as folder:
            index.save(Path(folder, "snapshot"))
            return LexicalIndex.open(Path(folder, "snapshot")), None
    return index, None


def oracle(corpus: Corpus, query: list[str]) -> list[tuple[int, float]]:
    """Matches, best first, ties by id. A corpus without a token matches nothing (rank_bm25 divides by zero)."""
    ids = sorted(corpus)
    if not any(corpus.values()):
        return []
    scores = BM25Okapi([corpus[id] for id in ids]).get_scores(query)
    found = [(id, float(score)) for id, score in zip(ids, scores, strict=True) if set(query) & set(corpus[id])]
    return sorted(found, key=lambda pair: (-pair[1], pair[0]))


def found(index: LexicalIndex, query: list[str], k: int | None = None) -> list[tuple[int, float]]:
    ranking = index.search(query, k)
    return list(zip(ranking.ids.tolist(), ranking.scores.tolist(), strict=True))


@given(CHANGES, TOKENS)
@example([(1, ["a"])], ["a"])
@example([(1, [])], ["a"])
@example([(1, ["a"]), (2, ["a"]), (3, ["a", "b"])], ["a", "a", "b", "z"])
@example([(1, ["a"]), (1, ["b"]), (2, ["a"]), (2, None)], ["b", "a"])
def test_scores_are_those_of_a_fresh_rank_bm25(changes: list[Change], query: list[str]) -> None:
    index, corpus = after(changes)
    expected, got = oracle(corpus, query), found(index, query)
    assert len(index) == len(corpus)
    assert index.n_terms == len(set().union(*corpus.values()))
    assert dict(got) == pytest.approx(dict(expected), abs=1e-9)
    assert [id for id, _ in got] == [id for id, _ in sorted(got, key=lambda pair: (-pair[1], pair[0]))]


@given(CHANGES, TOKENS, st.integers(0, 5))
def test_the_first_k_are_the_beginning_of_the_whole_ranking(changes: list[Change], query: list[str], k: int) -> None:
    index, _ = after(changes)
    assert found(index, query, k) == found(index, query)[:k]


IDS = st.none() | st.sets(st.integers(0, 12))


@given(CHANGES, TOKENS, IDS, IDS, st.integers(0, 2) | st.none(), st.integers(0, 5), st.sampled_from(["", "a"]))
def test_what_is_kept_is_the_whole_ranking_without_the_rest(
    changes: list[Change],
    query: list[str],
    allow: set[int] | None,
    deny: set[int] | None,
    pack: int | None,
    k: int,
    half: str,
) -> None:
    index, corpus = after(changes)  # its packs are the ids by threes

    def is_kept(id: int) -> bool:
        return (allow is None or id in allow) and id not in (deny or ()) and pack in (None, id % 3)

    whole = zip(*map(np.ndarray.tolist, index.search(query, None, unfinished=half)), strict=True)
    expected = [(id, score) for id, score in whole if is_kept(id)]
    for wanted in (None, k):
        kept = index.search(query, wanted, pack=pack, allow=allow, deny=deny, unfinished=half)
        assert list(zip(*map(np.ndarray.tolist, kept), strict=True)) == expected[:wanted]
    if pack is not None:
        assert sorted(index.ids_of(pack).tolist()) == sorted(id for id in corpus if id % 3 == pack)


@given(CHANGES, TOKENS)
def test_the_explained_terms_add_up_to_the_score(changes: list[Change], query: list[str]) -> None:
    index, corpus = after(changes)
    scores = dict(found(index, query))
    for id in corpus:
        parts = index.explain(query, id)
        assert {part.term for part in parts} == set(query) & set(corpus[id])
        assert math.fsum(part.score for part in parts) == pytest.approx(scores.get(id, 0.0), abs=1e-9)


def test_who_searches_while_one_writes_finds_what_was_so_at_one_moment() -> None:
    rng = np.random.default_rng(3)
    changes: list[Change] = [
        (int(rng.integers(12)), None if rng.random() < 0.3 else list(rng.choice([*"abcde"], 4))) for _ in range(120)
    ]
    query, corpus, moments = ["a", "b", "b"], Corpus(), list[dict[int, float]]()
    for id, change in [*changes, (0, None)]:
        moments.append(dict(oracle(corpus, query)))
        corpus = {other: tokens for other, tokens in corpus.items() if other != id}
        corpus |= {} if change is None else {id: list(change)}
    index, is_over, seen = LexicalIndex(), Event(), list[dict[int, float]]()

    def read() -> None:
        while not is_over.is_set():
            seen.append(dict(found(index, query)))

    def compact() -> None:
        while not is_over.is_set():
            index.compact()

    others = [Thread(target=read), Thread(target=read), Thread(target=compact)]
    for other in others:
        other.start()
    for id, change in changes:
        if change is None:
            index.remove(id)
        else:
            index.put(id, list(change))
        seen.append(dict(found(index, query)))
    is_over.set()
    for other in others:
        other.join()
    assert all(any(ranking == pytest.approx(moment, abs=1e-9) for moment in moments) for ranking in seen)
    assert dict(found(index, query)) == pytest.approx(moments[-1], abs=1e-9)


def test_a_long_life_of_changes_leaves_no_trace() -> None:
    rng = np.random.default_rng(7)
    vocabulary = [f"w{i}" for i in range(300)]
    zipf = 1 / np.arange(1, 301)
    changes: list[Change] = []
    for _ in range(4_000):
        tokens = [str(word) for word in rng.choice(vocabulary, size=rng.integers(0, 12), p=zipf / zipf.sum())]
        changes.append((int(rng.integers(0, 150)), None if rng.random() < 0.4 else tokens))
    index, corpus = after(changes)
    query = ["w0", "w5", "w5", "w40", "w299", "unheard"]
    expected, got = oracle(corpus, query), found(index, query)
    assert dict(got) == pytest.approx(dict(expected), abs=1e-9)
    assert index.search([], 5).ids.tolist() == []


def test_a_match_with_a_score_of_zero_or_below_is_still_found() -> None:
    index, corpus = after([(1, ["a"]), (2, ["b"])])
    assert found(index, ["a"]) == [(1, 0.0)] == oracle(corpus, ["a"])
    index, corpus = after([(1, ["a"])])
    assert dict(found(index, ["a"])) == pytest.approx(dict(oracle(corpus, ["a"])))
    assert found(index, ["a"])[0][1] < 0


def test_equal_scores_are_in_the_order_of_ids_not_of_arrival() -> None:
    index, _ = after([(9, ["a", "x"]), (3, ["a", "y"]), (5, ["a", "z"]), *[(i, ["b"]) for i in range(20, 30)]])
    assert index.search(["a"], 2).ids.tolist() == [3, 5]


def test_an_unfinished_word_finds_its_continuations_and_the_word_itself_first() -> None:
    rest: list[Change] = [(i, ["other", "words"]) for i in range(10, 20)]
    index, _ = after([(1, ["happiness"]), (2, ["happy"]), (3, ["hap"]), (4, ["sad"]), *rest])
    assert index.search(["hap"], None).ids.tolist() == [3]
    assert index.search(["hap"], None, unfinished="hap").ids.tolist() == [3, 1, 2]
    assert index.search(["sad", "hap"], None, unfinished="hap").ids.tolist() == [3, 4, 1, 2]


def test_completions_are_the_most_frequent_first_and_follow_changes() -> None:
    index, _ = after([(1, ["sad", "sadness"]), (2, ["sadness"]), (3, ["sand"])])
    assert index.completions("sad") == ["sadness", "sad"]
    index.put(4, ["saddle"])
    index.remove(1)
    assert index.completions("sad") == ["saddle", "sadness"]
    assert index.completions("sa", 2) == ["saddle", "sadness"]
    assert index.completions("zzz") == []


@given(CHANGES, TOKENS)
def test_many_at_once_are_as_one_by_one(changes: list[Change], query: list[str]) -> None:
    documents = [(id, tokens) for id, tokens in changes if isinstance(tokens, list)]
    one_by_one, _ = after(documents)
    index = LexicalIndex.of(documents)
    assert (len(index), index.n_terms) == (len(one_by_one), one_by_one.n_terms)
    assert found(index, query, 5) == found(one_by_one, query, 5)
    assert index.completions("a") == one_by_one.completions("a")


@given(CHANGES, st.sampled_from(["a", "ab", "c"]))
def test_an_unfinished_word_is_its_continuations_taken_as_one(changes: list[Change], prefix: str) -> None:
    index, corpus = after(changes)
    held = {id for id, tokens in corpus.items() if any(token.startswith(prefix) for token in tokens)}
    assert set(index.search([], None, unfinished=prefix).ids.tolist()) == held


@pytest.mark.parametrize("pack", [-1, 2**31])
def test_what_is_no_number_of_a_pack_is_refused_and_changes_nothing(pack: int) -> None:
    index, _ = after([(1, ["a"]), (2, ["b"]), (3, ["c"])])
    for add in (index.put, Counted().add):
        with pytest.raises(ValueError, match="pack"):
            add(1, ["z"], pack=pack)
    assert (index.search(["a"]).ids.tolist(), index.search(["z"]).ids.tolist()) == ([1], [])


def test_what_is_no_snapshot_is_refused(tmp_path: Path) -> None:
    for content in (b"", b"PK\x03\x04 half a zip", b'{"terms": []}'):
        (tmp_path / "snapshot").write_bytes(content)
        with pytest.raises(ValueError, match="not a snapshot"):
            LexicalIndex.open(tmp_path / "snapshot")


def test_slots_of_what_is_gone_are_used_again() -> None:
    index = LexicalIndex.of((id, ["a", str(id)]) for id in range(100))
    for turn in range(30):
        for id in range(100):
            index.put(id, ["a", str(id), f"turn{turn}"])
        index.compact()
    assert index._n_slots <= 200
    assert index.search(["7", "turn29"], 1).ids.tolist() == [7]
