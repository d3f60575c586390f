from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval_engine.evaluate import HeldOut, evaluate, table
from retrieval_engine.metrics import (
    Place,
    Places,
    chance_of_first,
    chance_recall,
    chance_reciprocal_rank,
    expected_hit,
    expected_reciprocal_rank,
    mean_reciprocal_rank,
    place,
    recall_at,
)
from retrieval_engine.searcher import Searcher


@given(st.lists(st.sampled_from([0.0, 1.0, 2.0, -math.inf]), min_size=1, max_size=5), st.data(), st.integers(1, 6))
def test_expected_values_are_means_over_every_order_of_the_ties(
    scores: list[float], data: st.DataObject, k: int
) -> None:
    relevant = data.draw(st.integers(0, len(scores) - 1))
    orders = itertools.permutations(range(len(scores)))
    sorted_orders = [order for order in orders if [scores[i] for i in order] == sorted(scores, reverse=True)]
    ranks = [order.index(relevant) + 1 for order in sorted_orders]
    at = place(np.array(scores), relevant)
    assert expected_hit(at, k) == pytest.approx(np.mean([rank <= k for rank in ranks]))
    assert expected_reciprocal_rank(at) == pytest.approx(np.mean([1 / rank for rank in ranks]))


def test_means_over_queries_and_chance() -> None:
    places = [Place(0, 1), Place(3, 2)]
    assert recall_at(places, 4) == 0.75
    assert mean_reciprocal_rank(places) == pytest.approx((1 + (1 / 4 + 1 / 5) / 2) / 2)
    assert math.isnan(recall_at([], 1))
    assert (chance_recall(40, 10), chance_recall(4, 10)) == (0.25, 1.0)
    assert chance_reciprocal_rank(3) == pytest.approx((1 + 1 / 2 + 1 / 3) / 3)
    with pytest.raises(ValueError, match="not a number"):
        place(np.array([1.0, math.nan]), 0)


def test_a_searcher_that_knows_nothing_is_at_chance_exactly() -> None:
    searcher = Searcher()
    for id in range(10):
        searcher.put(id, "", None)
    figures = evaluate(searcher, [HeldOut(f"query {id}", id, "en") for id in range(10)])
    for mode in ("lexical", "dense", "hybrid"):
        row = figures["en"][mode]
        assert row.recall == pytest.approx({1: 0.1, 5: 0.5, 10: 1.0, 50: 1.0})
        assert row.mrr == pytest.approx(chance_reciprocal_rank(10))
        assert row.tied == 1.0


def test_what_is_found_counts_by_language_and_what_is_not_is_tied_behind_it() -> None:
    searcher = Searcher()
    for id, text in enumerate(["red apple", "green apple", "blue sky", ""]):
        searcher.put(id, text, None)
    queries = [HeldOut("red", 0, "en"), HeldOut("apple", 3, "en"), HeldOut("sky", 2, "zh")]
    figures = evaluate(searcher, queries)
    assert figures["zh"]["lexical"].recall[1] == 1.0
    assert figures["en"]["lexical"].mrr == pytest.approx((1 + (1 / 3 + 1 / 4) / 2) / 2)
    assert figures["all"]["lexical"].n_queries == 3
    assert table(figures, 4).splitlines()[-1] == "| any | chance |  | 0.250 | 1.000 | 1.000 | 1.000 | 0.521 |"
    with pytest.raises(ValueError, match="not in the catalogue"):
        evaluate(searcher, [HeldOut("red", 9, "en")])


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 9)), min_size=1, max_size=8), st.integers(1, 12))
def test_many_places_are_measured_as_one_is(rows: list[tuple[int, int]], k: int) -> None:
    places = Places(*(np.array(column) for column in zip(*rows, strict=True)))
    single = [Place(better, tied) for better, tied in rows]
    assert places.hits(k) == pytest.approx([expected_hit(place, k) for place in single])
    assert places.reciprocal_ranks() == pytest.approx([expected_reciprocal_rank(place) for place in single])
    gains = [np.mean([(r <= k) / np.log2(1 + r) for r in range(b + 1, b + t + 1)]) for b, t in rows]
    assert places.gains(k) == pytest.approx(gains)


def test_places_by_scores() -> None:
    scores = np.array([[3.0, 1.0, 1.0, 0.0], [-np.inf, 2.0, -np.inf, 5.0]])
    places = Places.by(scores, np.array([1, 0]))
    assert (places.better.tolist(), places.tied.tolist()) == ([1, 2], [2, 2])
    with pytest.raises(ValueError, match="not a number"):
        Places.by(np.array([[np.nan, 1.0]]), np.array([0]))


@given(st.integers(1, 12), st.integers(1, 12))
def test_the_first_of_several_by_chance(n: int, n_relevant: int) -> None:
    n_relevant = min(n, n_relevant)
    chances = chance_of_first(n, n_relevant)
    assert chances.sum() == pytest.approx(1)
    assert chances[0] == pytest.approx(n_relevant / n)
    if n_relevant == 1:
        assert chances == pytest.approx(np.full(n, 1 / n))
