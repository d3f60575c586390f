"""Against worked examples of the literature, and against the libraries on resamples."""

from __future__ import annotations

import krippendorff
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.inter_rater import cohens_kappa

from retrieval_engine import label_agreement
from retrieval_engine.label_agreement import Agreement, agreement, jaccard, masi_distance

# Krippendorff, "Computing Krippendorff's alpha-reliability" (2011), section B: two observers, five values, 12 units.
TWO = list(zip("aabbdcccedda", "babbbccceddd", strict=True))
# The same, section C: four observers, a star where one has not looked.
OBSERVERS = ("123321412***", "1233224125*3", "*3332342251*", "12332441251*")
FOUR = ["".join(said).replace("*", "") for said in zip(*OBSERVERS, strict=True)]


def near(value: float) -> object:
    return pytest.approx(value, abs=5e-4)


def test_alpha_of_the_published_examples() -> None:
    two = agreement(TWO).alpha
    four = agreement([list(unit) for unit in FOUR])
    spaced = agreement([[int(value) for value in unit] for unit in FOUR], "interval").alpha
    assert two is not None
    assert four.alpha is not None
    assert spaced is not None
    assert two.value == near(0.692)
    assert four.alpha.value == near(0.743)
    assert spaced.value == near(0.849)
    assert (four.n_units, four.n_answers) == (11, 40)


def test_kappa_of_a_textbook_table() -> None:
    """Fifty applications: both yes 20, both no 15, only the first 5, only the second 10."""
    units = [["yes", "yes"]] * 20 + [["no", "no"]] * 15 + [["yes", "no"]] * 5 + [["no", "yes"]] * 10
    found = agreement(units)
    assert found.percent == pytest.approx(0.7)
    assert found.kappa is not None
    assert found.kappa.value == pytest.approx(0.4)
    assert found.kappa.low is not None
    assert found.kappa.high is not None
    assert -0.1 < found.kappa.low < 0.4 < found.kappa.high < 0.8


def test_a_third_answer_counts_for_alpha_and_not_for_kappa() -> None:
    two = [["a", "b"], ["a", "a"], ["b", "b"], ["c", "c"]]
    three = [["a", "b", "b"], *two[1:]]
    assert agreement(two).kappa == agreement(three).kappa
    assert agreement(two).alpha != agreement(three).alpha


def test_masi_by_its_definition() -> None:
    a, b, c = frozenset("ab"), frozenset("abc"), frozenset("cd")
    assert masi_distance(a, a) == 0.0
    assert masi_distance(frozenset(), frozenset()) == 0.0
    assert masi_distance(a, b) == pytest.approx(1 - 2 / 3 * 2 / 3)
    assert masi_distance(b, c) == pytest.approx(1 - 1 / 4 * 1 / 3)
    assert masi_distance(a, c) == masi_distance(a, frozenset()) == 1.0
    assert jaccard(b, c) == 0.25


def test_alpha_of_sets_by_hand() -> None:
    """Two units {a}{a} and {b}{ab}: observed 2d / 4 where d is MASI, expected over the 12 ordered pairs."""
    a, b, both = frozenset("a"), frozenset("b"), frozenset("ab")
    partly = masi_distance(b, both)
    expected = (2 * 2 * 1.0 + 2 * 2 * partly + 2 * 1 * partly) / 12
    found = agreement([[a, a], [b, both]], "set").alpha
    assert found is not None
    assert found.value == pytest.approx(1 - (2 * partly / 4) / expected)


def test_nothing_to_agree_about() -> None:
    assert agreement([]) == agreement([["a"], ["b"]]) == Agreement(0, 0, None, None, None)
    same = agreement([["a", "a"], ["a", "a"]])
    assert (same.percent, same.kappa, same.alpha) == (1.0, None, None)


def test_the_same_answers_give_the_same_interval() -> None:
    assert agreement(TWO) == agreement(TWO)
    assert agreement(TWO) != agreement(TWO, seed=7)


answers = st.lists(st.lists(st.sampled_from("abcd"), min_size=2, max_size=4), min_size=2, max_size=12)


@given(answers, st.randoms(use_true_random=False))
def test_resampled_figures_are_those_of_the_libraries(units: list[list[str]], random: object) -> None:
    """The quick way over many resamples at once gives what the library gives for each of them."""
    values = sorted({value for unit in units for value in unit})
    coded = [[values.index(value) for value in unit] for unit in units]
    weights = np.random.default_rng(len(units)).multinomial(len(units), np.full(len(units), 1 / len(units)), 3)
    counts = np.array([[unit.count(number) for number in range(len(values))] for unit in coded], float)
    quick = label_agreement._resampled_alphas(counts, 1.0 - np.eye(len(values)), weights)
    for figure, weight in zip(quick, weights, strict=True):
        drawn = np.repeat(counts.astype(int), weight, axis=0)
        kept = drawn.sum(axis=0) > 0
        if kept.sum() > 1:
            assert figure == pytest.approx(
                krippendorff.alpha(value_counts=drawn[:, kept], level_of_measurement="nominal",
                                   value_domain=np.arange(kept.sum()))
            )  # fmt: skip


@given(answers)
def test_kappa_is_statsmodels_of_the_first_two(units: list[list[str]]) -> None:
    values = sorted({value for unit in units for value in unit[:2]})
    table = np.zeros((len(values), len(values)))
    for first, second, *_more in units:
        table[values.index(first), values.index(second)] += 1
    found = agreement(units, n_resamples=50).kappa
    with np.errstate(all="ignore"):
        wanted = cohens_kappa(table, return_results=False) if len(values) > 1 else float("nan")
    assert found is None if not np.isfinite(wanted) else found is not None and found.value == pytest.approx(wanted)
    if found is not None and found.low is not None and found.high is not None:
        assert found.low <= found.high
