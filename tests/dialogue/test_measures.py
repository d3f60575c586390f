"""Rankings against all orders of their ties, by hand and by brute force."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval_engine.dialogue.runs import measures

MEASURES = {
    "hit": lambda s, r: measures.hit_at(s, r, 2),
    "prec": lambda s, r: measures.prec_at(s, r, 2),
    "ap": measures.average_precision,
}


def plainly(name: str, right: Sequence[bool]) -> float:
    """The measure of one strict order."""
    if name == "hit":
        return float(any(right[:2]))
    if name == "prec":
        return sum(right[:2]) / 2
    found = [sum(right[: i + 1]) / (i + 1) for i, is_right in enumerate(right) if is_right]
    return sum(found) / sum(right)


def over_all_orders(name: str, scores: Sequence[int], relevant: Sequence[bool]) -> float:
    orders = [order for order in permutations(range(len(scores))) if all_descending([scores[i] for i in order])]
    return float(np.mean([plainly(name, [relevant[i] for i in order]) for order in orders]))


def all_descending(values: Sequence[int]) -> bool:
    return all(first >= second for first, second in pairwise(values))


@pytest.mark.parametrize("name", MEASURES)
@given(
    st.lists(st.tuples(st.integers(0, 2), st.booleans()), min_size=2, max_size=6).filter(lambda p: any(r for _, r in p))
)
def test_ties_count_by_the_mean_over_all_their_orders(name: str, pairs: list[tuple[int, bool]]) -> None:
    scores, relevant = zip(*pairs, strict=True)
    found = MEASURES[name](np.array([scores], dtype=float), np.array([relevant]))
    assert found[0] == pytest.approx(over_all_orders(name, scores, relevant))


def test_a_ranking_by_hand() -> None:
    scores = np.array([[0.9, 0.1, 0.8, 0.7, 0.2]])
    relevant = np.array([[False, True, True, False, True]])  # ranks: wrong, right, wrong, right, right
    assert [measures.hit_at(scores, relevant, k)[0] for k in (1, 2, 5)] == [0, 1, 1]
    assert [measures.prec_at(scores, relevant, k)[0] for k in (1, 2, 5)] == pytest.approx([0, 1 / 2, 3 / 5])
    assert measures.count_at(scores, relevant, 5)[0] == pytest.approx(3)
    assert measures.average_precision(scores, relevant)[0] == pytest.approx((1 / 2 + 2 / 4 + 3 / 5) / 3)
    assert measures.legacy_mean_relevant_cos(scores - 0.15, relevant)[0] == pytest.approx((0 + 0.65 + 0.05) / 3)


def test_what_says_nothing_gets_exactly_chance() -> None:
    relevant = np.zeros((1, 20), dtype=bool)
    relevant[0, [3, 7]] = True
    nothing = np.full((1, 20), -np.inf)
    assert measures.hit_at(nothing, relevant, 1)[0] == pytest.approx(2 / 20)
    assert measures.prec_at(nothing, relevant, 5)[0] == pytest.approx(2 / 20)
    for measure in MEASURES.values():
        assert measure(nothing, relevant)[0] == pytest.approx(measures.chance(measure, relevant)[0])
    assert measures.tied_share(nothing, relevant) == 1


def test_without_a_relevant_sticker_there_is_no_average_precision() -> None:
    scores, relevant = np.array([[1.0, 2.0]]), np.zeros((1, 2), dtype=bool)
    assert np.isnan(measures.average_precision(scores, relevant)).all()
    assert measures.hit_at(scores, relevant, 2).tolist() == [0]
    assert np.isnan(measures.legacy_mean_relevant_cos(scores, relevant)).all()


def test_a_score_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="not a number"):
        measures.hit_at(np.array([[np.nan, 1.0]]), np.array([[True, False]]), 1)


def test_pooling_all_pairs_lets_one_query_s_scores_hide_another_s() -> None:
    scores = np.array([[0.2, 0.1], [0.9, 0.8]])
    relevant = np.array([[True, False], [True, False]])
    assert measures.average_precision(scores, relevant).mean() == 1
    assert measures.legacy_pooled_pr_auc(scores, relevant) == pytest.approx((1 + 2 / 3) / 2)
