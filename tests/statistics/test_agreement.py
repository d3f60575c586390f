"""Table 4 against naive references: the longest common subsequence by trying all, sacrebleu itself."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import sacrebleu
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval_engine.data import StickerQueries
from retrieval_engine.folders import annotators_in, sample, survey, variants_for
from retrieval_engine.text_agreement import (
    Bleu,
    Jaccard,
    RougeL,
    Variant,
    agreement,
    common_length,
    estimate,
    halves,
    measures_of,
    score,
    singles,
)

WORDS = st.lists(st.sampled_from("abcd"), max_size=7)


def is_part(wanted: Sequence[str], tokens: Sequence[str]) -> bool:
    rest = iter(tokens)
    return all(token in rest for token in wanted)


@settings(derandomize=True)
@given(WORDS, WORDS)
def test_the_longest_common_subsequence_is_the_longest(first: list[str], second: list[str]) -> None:
    longest = max(n for n in range(len(first) + 1) for part in combinations(first, n) if is_part(part, second))
    assert common_length(first, second) == longest


@settings(derandomize=True)
@given(WORDS, WORDS)
def test_rouge_l_is_the_harmonic_mean_and_the_same_both_ways(first: list[str], second: list[str]) -> None:
    one, other = " ".join(first), " ".join(second)
    measure = RougeL()
    common = common_length(first, second)
    if common:
        precision, recall = common / len(first), common / len(second)
        assert measure(one, other) == pytest.approx(2 * precision * recall / (precision + recall))
    else:
        assert measure(one, other) == 0
    assert measure(one, other) == measure(other, one)


@settings(derandomize=True)
@given(WORDS.filter(bool), WORDS.filter(bool))
def test_bleu_is_that_of_sacrebleu(first: list[str], second: list[str]) -> None:
    one, other = " ".join(first), " ".join(second)
    direct = sacrebleu.BLEU(max_ngram_order=2, smooth_method="exp", effective_order=True, tokenize="none")
    assert Bleu()(one, other) == direct.sentence_score(one, [other]).score


def test_bleu_of_texts_without_words_and_of_the_same() -> None:
    assert [Bleu()("…", "sad"), Bleu()("sad", "…"), Bleu()("Sad!", "sad")] == [0, 0, pytest.approx(100)]


def test_chinese_is_compared_by_characters_and_by_words() -> None:
    by_name = {measure.name: measure for measure in measures_of("zh")}
    assert by_name.keys() == {"BLEU (characters)", "BLEU (words)", "ROUGE-L (characters)", "ROUGE-L (words)"}
    assert by_name["ROUGE-L (characters)"]("好难过", "难过") == pytest.approx(0.8)
    assert by_name["ROUGE-L (words)"]("好难过", "难过") == pytest.approx(2 / 3)
    assert {measure.name for measure in measures_of("en")} == {"BLEU (words)", "ROUGE-L (words)"}


def test_jaccard_is_of_normalised_queries() -> None:
    assert Jaccard()("So sad, CRYING", "crying, so  sad, cat") == pytest.approx(2 / 3)


def test_a_list_is_compared_whole_and_the_best_by_the_nearest() -> None:
    one, other = ["so sad", "cat"], ["cat", "sad", "dog"]
    # so sad, cat | cat, sad, dog: one word in common in order
    assert score(RougeL(), one, other, "list") == pytest.approx(2 * 1 / 6)
    nearest = ((2 / 3 + 1) / 2 + (1 + 2 / 3 + 0) / 3) / 2
    assert score(RougeL(), one, other, "best") == pytest.approx(nearest)


def test_each_direction_counts_once() -> None:
    forward, back = Bleu()("so sad cat", "so sad"), Bleu()("so sad", "so sad cat")
    assert forward != back
    assert score(Bleu(), ["so sad cat"], ["so sad"], "list") == pytest.approx((forward + back) / 2)


def test_a_sticker_is_the_mean_of_its_pairs_and_a_language_of_its_stickers() -> None:
    queries = {
        "a": [["x"], ["x"], ["y"]],  # pairs: 1, 0, 0
        "b": [["z"], ["z"]],  # 1
        "c": [["alone"]],
    }
    [row] = agreement(queries, [RougeL()], ["list"])
    assert (row.n_stickers, row.n_pairs) == (2, 4)
    assert row.estimate.value == pytest.approx((1 / 3 + 1) / 2)
    assert row.baseline.value == 0
    assert row.estimate.low <= row.estimate.value <= row.estimate.high


def test_a_baseline_of_stickers_with_the_same_words_is_as_high() -> None:
    [row] = agreement({name: [["sad"], ["sad"]] for name in "abcd"}, [RougeL()], ["list"])
    assert (row.estimate.value, row.baseline.value) == (1, 1)


def test_the_order_of_stickers_changes_nothing() -> None:
    queries = {name: [[f"{name} sad", "cat"], [f"{name} cat"]] for name in "abcdef"}
    backwards = dict(reversed(queries.items()))
    variants: tuple[Variant, ...] = ("list", "best", "within", "halves")
    assert agreement(queries, [RougeL()], variants) == agreement(backwards, [RougeL()], variants)


def test_pairs_of_a_sticker_with_many_are_a_fixed_choice() -> None:
    queries = {"a": [[f"word{n} same" for n in range(10)]], "b": [["x"], ["y"]]}
    first, second = (agreement(queries, [RougeL()], ["within"], pairs_most=5) for _ in range(2))
    assert first == second
    assert first[0].n_pairs == 5 + 1
    assert first[0].estimate.value == pytest.approx((0.5 + 0) / 2)


def test_single_queries_and_halves() -> None:
    from random import Random

    assert singles([["a", "b"], ["b", "c"]]) == [["a"], ["b"], ["c"]]
    one, other = halves([["a", "b", "c"]], Random(1))
    assert sorted(one + other) == ["a", "b", "c"]
    assert (len(one), len(other)) == (1, 2)
    assert halves([["a"]], Random(1)) == []


def test_an_interval_holds_the_mean_and_narrows_with_more() -> None:
    few, many = estimate([0.0, 1.0] * 5), estimate([0.0, 1.0] * 500)
    assert few.low < 0.5 < few.high
    assert few.high - few.low > 5 * (many.high - many.low)
    assert np.isnan(estimate([]).value)


def test_a_release_says_who_wrote_what_and_a_list_does_not(release: Path) -> None:
    rows = [StickerQueries("a.png", ("So sad", "crying", "cat")), StickerQueries("b.gif", ("Cat",))]
    assert annotators_in(release, "en", sample(rows)) == {"a.png": [["So sad", "crying"], ["cat"]]}
    found = survey(release).agreement
    assert {row.variant for row in found["en"]} == {"list", "best"}
    [jaccard] = [row for row in found["en"] if row.measure == "Jaccard"]
    assert (jaccard.variant, jaccard.estimate.value) == ("list", 0)


def test_without_names_queries_and_halves_are_compared(folder: Path) -> None:
    found = survey(folder).agreement
    assert {row.variant for row in found["zh"]} == {"within", "halves"}
    [row] = [row for row in found["zh"] if (row.measure, row.variant) == ("ROUGE-L (characters)", "within")]
    assert (row.n_stickers, row.n_pairs) == (1, 1)
    assert row.estimate.value == pytest.approx(0.8)
    assert variants_for({}) == ("within", "halves")
