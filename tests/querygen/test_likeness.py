from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from retrieval_engine.dense import Vectors
from retrieval_engine.embedding import Cosine
from retrieval_engine.querygen.likeness import Rouge2, f1, habits, in_order, likenesses, precision, recall
from retrieval_engine.text import characters


@pytest.mark.parametrize(
    ("one", "other", "value"),
    [
        ("so very tired", "so very tired", 1.0),
        ("so very tired", "very tired now", 0.5),  # one pair of two on each side
        ("so very tired", "so tired", 0.0),
        ("a b a b", "a b", 0.5),  # 1 of 3 and 1 of 1
        ("tired", "tired", 0.0),  # no pairs
        ("", "tired", 0.0),
    ],
)
def test_rouge_2_is_f1_of_neighbouring_words(one: str, other: str, value: float) -> None:
    assert Rouge2()(one, other) == pytest.approx(value)
    assert Rouge2()(other, one) == pytest.approx(value)


def test_rouge_2_of_chinese_characters() -> None:
    assert Rouge2("characters", characters)("想睡觉", "想睡了") == pytest.approx(0.5)


def test_sets_are_compared_as_they_read() -> None:
    ours, theirs = ["Don't!", "so sad", "nope"], ["dont!", "SO SAD"]
    assert (precision(ours, theirs), recall(ours, theirs)) == (pytest.approx(2 / 3), 1.0)
    assert f1(ours, theirs) == pytest.approx(0.8)
    assert (precision([], theirs), recall([], theirs), f1([], theirs)) == (0.0, 0.0, 0.0)


def test_what_people_type_most_comes_first() -> None:
    assert in_order(["zzz", "sad", "angry", "bored"], {"sad": 3, "bored": 9}) == "bored, sad, angry, zzz"


def test_the_order_in_which_a_model_writes_does_not_count() -> None:
    typed = [["sad", "so blue"], ["party", "confetti rain"]]
    rows = likenesses([["so blue", "sad"], ["confetti rain", "party"]], typed, {"sad": 2}, "en")
    assert {row.name: row.values for row in rows} == {
        "BLEU (words)": [pytest.approx(100), pytest.approx(100)],
        "ROUGE-2 (words)": [1.0, 1.0],
        "ROUGE-L (words)": [1.0, 1.0],
        "set precision": [1.0, 1.0],
        "set recall": [1.0, 1.0],
        "set F1": [1.0, 1.0],
    }
    assert {value for row in rows for value in row.chance} == {0.0}


def test_chance_is_the_list_against_another_stickers_queries() -> None:
    [row] = [row for row in likenesses([["a"], ["b"]], [["b"], ["a"]], {}, "en") if row.name == "set F1"]
    assert (row.values, row.chance) == ([0.0, 0.0], [1.0, 1.0])


def test_chinese_is_compared_by_characters_and_by_words() -> None:
    names = [row.name for row in likenesses([["想睡觉"]], [["睡觉"]], {}, "zh")]
    assert names[:6] == [f"{kind} ({of})" for kind in ("BLEU", "ROUGE-2", "ROUGE-L") for of in ("characters", "words")]


class Meaning:
    """Words that mean the same have one direction."""

    DIRECTIONS = {"sad": (1, 0, 0), "unhappy": (0.9, 0.1, 0), "party": (0, 1, 0)}

    def encode(self, texts: list[str]) -> Vectors:
        return np.array([self.DIRECTIONS.get(text, (0, 0, 1)) for text in texts], dtype=np.float32)


def test_with_weights_a_query_that_means_the_same_counts_as_said() -> None:
    rows = likenesses([["sad", "party"]], [["unhappy", "cake"]], {}, "en", [Cosine(Meaning(), "meaning")])
    by_name = {row.name: row.values for row in rows}
    assert by_name["soft F1"] == [0.5]
    assert by_name["set F1"] == [0.0]
    assert "cosine (meaning)" in by_name


def test_what_lists_are_like_by_themselves() -> None:
    frequency = Counter({"sad": 9, "happy": 5})
    written = [["sad", "so sad"], ["OK then", "sad"]]
    assert habits(written, frequency, ["", "ok then"]) == {
        "distinct 1": pytest.approx(4 / 6),
        "distinct 2": 1.0,
        "list length": 2.0,
        "generic": 0.5,
        "copied print": 0.25,
    }


def test_lists_without_a_query_have_no_habits() -> None:
    assert set(habits([[], []], Counter(), ["", ""]).values()) == {0.0}
