from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval_engine.querygen import wording


def test_a_query_is_learned_in_one_form() -> None:
    assert [wording.form(text) for text in ("ＯＭＧ  Why", "no, thanks", "旋转，转圈圈", "  ")] == [
        "omg why",
        "no,thanks",
        "旋转,转圈圈",
        "",
    ]


def test_of_queries_that_read_alike_the_first_is_learned() -> None:
    assert wording.distinct(["Don't", "dont", "so   sad", "So sad", "!?"]) == ["don't", "so sad", "!?"]


def test_what_is_no_query_at_all_is_not_learned() -> None:
    assert wording.distinct(["", " ", ","]) == [","]


def test_an_answer_holds_so_many_queries_at_most_each_once() -> None:
    queries = [f"query {n}" for n in range(12)]
    answer = wording.answer(queries, [1.0] * 12, 8, np.random.default_rng(1))
    said = answer.split(", ")
    assert len(said) == len(set(said)) == 8
    assert set(said) <= set(queries)


def test_answers_come_in_another_order_each_time() -> None:
    queries, rng = ["a", "b", "c", "d"], np.random.default_rng(1)
    orders = {wording.answer(queries, [1.0] * 4, 8, rng) for _ in range(50)}
    assert len(orders) > 10
    assert {"".join(sorted(order.split(", "))) for order in orders} == {"abcd"}


def test_queries_of_more_weight_are_learned_more_often() -> None:
    rng = np.random.default_rng(1)
    chosen = [wording.answer(["proven", "doubted"], [1.0, 0.1], 1, rng) for _ in range(300)]
    assert chosen.count("proven") > 240


def test_queries_without_any_weight_are_drawn_alike() -> None:
    rng = np.random.default_rng(1)
    chosen = {wording.answer(["a", "b"], [0.0, 0.0], 1, rng) for _ in range(30)}
    assert chosen == {"a", "b"}


@pytest.mark.parametrize(
    ("text", "language", "queries"),
    [
        ("so tired, need a nap", "en", ["so tired", "need a nap"]),
        ("1. happy tears\n2. 2am laughing\n- crying", "en", ["happy tears", "2am laughing", "crying"]),
        ('"so tired", “need a nap”.', "en", ["so tired", "need a nap"]),
        ("好累，想睡觉、晚安", "zh", ["好累", "想睡觉", "晚安"]),
        ("so tired, 好累, lol", "en", ["so tired", "lol"]),
        ("so tired, 好累, ok了, 666, 😭", "zh", ["好累", "ok了", "666", "😭"]),
        ("かわいい, 안녕, 可爱", "zh", ["可爱"]),
        ("sad, SAD, sad!", "en", ["sad", "sad!"]),
        ("x" * 61 + ", short", "en", ["short"]),
        ("tea\ufffdr, a\x07b, 👩‍🚀, zero\u200bwidth", "en", ["👩‍🚀"]),
        ("", "en", []),
    ],
)
def test_the_queries_of_an_answer(text: str, language: str, queries: list[str]) -> None:
    assert wording.read(text, language) == queries


def test_the_last_query_of_an_answer_that_was_cut_short_is_left_out() -> None:
    assert wording.read("so tired, need a na", "en", is_whole=False) == ["so tired"]
    assert wording.read("a picture of a", "en", is_whole=False) == []


@given(st.lists(st.text(max_size=70), max_size=9), st.sampled_from(["en", "zh"]))
def test_what_is_read_could_be_learned_and_read_again(texts: list[str], language: str) -> None:
    read = wording.read(", ".join(texts), language)
    assert wording.distinct(read) == read
    assert all(0 < len(query) <= 60 for query in read)
