from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sticktionary.domain.play import scoring
from sticktionary.domain.play.outcome import Standing
from sticktionary.models import Round

ranks = st.integers(0, 3)


@pytest.mark.parametrize(("rank", "points"), [(0, 0), (1, 100), (2, 60), (3, 30)])
def test_a_find_is_worth_less_the_later_it_comes(rank: int, points: int) -> None:
    assert scoring.base(rank) == points


@pytest.mark.parametrize(("n", "novelty"), [(0, 1.5), (1, 1.0), (3, 0.75), (9, 0.6)])
def test_novelty_falls_with_every_round_that_says_the_same(n: int, novelty: float) -> None:
    assert scoring.query_novelty(n) == pytest.approx(novelty)


@given(st.integers(0, 10**6))
def test_novelty_stays_between_its_ends_and_never_rises(n: int) -> None:
    assert 0.5 < scoring.query_novelty(n + 1) < scoring.query_novelty(n) <= 1.5


@given(st.lists(st.integers(0, 50), min_size=1, max_size=5))
def test_a_rounds_novelty_is_the_mean_of_its_queries(earlier: list[int]) -> None:
    novelties = [scoring.query_novelty(n) for n in earlier]
    assert scoring.round_novelty(novelties) == round(sum(novelties) / len(novelties), 2)


@given(ranks, st.floats(0.5, 1.5))
def test_a_labeler_gets_base_times_novelty(rank: int, novelty: float) -> None:
    assert scoring.labeler_points(rank, novelty) == round(scoring.base(rank) * novelty)


@pytest.mark.parametrize(("rank", "points"), [(0, 0), (1, 100), (2, 50), (3, 10)])
def test_a_wrong_pick_above_the_right_one_costs_ten(rank: int, points: int) -> None:
    assert scoring.retriever_points(rank=rank, none_of_these=False, target_absent=False) == points


@given(ranks, st.booleans(), st.booleans())
def test_nothing_a_retriever_does_costs_points(rank: int, none: bool, absent: bool) -> None:
    assert 0 <= scoring.retriever_points(rank=rank, none_of_these=none, target_absent=absent) <= 100


def test_none_of_these_pays_only_when_it_is_right() -> None:
    assert scoring.retriever_points(rank=0, none_of_these=True, target_absent=True) == 100
    assert scoring.retriever_points(rank=0, none_of_these=True, target_absent=False) == 0
    assert scoring.retriever_points(rank=0, none_of_these=False, target_absent=True) == 0


@pytest.mark.parametrize(
    ("found", "missed", "leased", "places", "verdict"),
    [
        (0, 0, 0, 2, None),
        (0, 0, 2, 0, None),
        (1, 0, 0, 1, None),
        (2, 0, 0, 0, Round.State.FOUND),
        (0, 2, 0, 0, Round.State.NEEDS_REVIEW),
        (1, 1, 0, 1, None),
        (1, 1, 1, 0, None),
        (2, 1, 0, 0, Round.State.FOUND),
        (1, 2, 0, 0, Round.State.NEEDS_REVIEW),
    ],
)
def test_two_retrievers_decide_and_a_third_when_they_split(
    found: int, missed: int, leased: int, places: int, verdict: str | None
) -> None:
    standing = Standing(found, missed, leased)
    assert (standing.n_places, standing.verdict) == (places, verdict)


@given(st.integers(0, 3), st.integers(0, 3), st.integers(0, 3))
def test_a_round_is_never_full_and_undecided_with_nobody_at_it(found: int, missed: int, leased: int) -> None:
    standing = Standing(found, missed, leased)
    assert standing.verdict is not None or standing.n_places + leased > 0
