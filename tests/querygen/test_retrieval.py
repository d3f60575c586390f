from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval_engine.metrics import (
    Place,
    chance_recall,
    chance_reciprocal_rank,
    expected_hit,
    expected_reciprocal_rank,
)
from retrieval_engine.querygen.retrieval import CUTOFFS, METRICS, Asked, Found, Gallery, expected, held_out, measure


def asked(text: str, sticker: str, *others: str) -> Asked:
    return Asked(text, sticker, frozenset({sticker, *others}))


def written_out(found: Found) -> list[float]:
    """Every order of the tie, one by one."""
    first = [
        found.better + min(order[: found.relevant]) + 1 for order in permutations(range(found.tied), found.relevant)
    ]
    return [*(float(np.mean([rank <= k for rank in first])) for k in CUTOFFS), float(np.mean([1 / r for r in first]))]


@given(st.integers(0, 12), st.integers(1, 6), st.data())
def test_expected_values_are_those_of_all_orders_of_a_tie(better: int, tied: int, data: Any) -> None:
    found = Found(better, tied, data.draw(st.integers(1, tied)))
    assert expected(found) == pytest.approx(written_out(found))


@given(st.integers(0, 60), st.integers(1, 200))
def test_with_one_relevant_sticker_they_are_those_of_the_metrics(better: int, tied: int) -> None:
    place = Place(better, tied)
    wanted = [*(expected_hit(place, k) for k in CUTOFFS), expected_reciprocal_rank(place)]
    assert expected(Found(better, tied, 1)) == pytest.approx(wanted)


@pytest.mark.parametrize("n", [3, 60, 231])
def test_documents_without_a_word_give_exactly_chance(n: int) -> None:
    names = [f"sticker {number}" for number in range(n)]
    values = measure(Gallery({name: [] for name in names}), [asked(f"query {name}", name) for name in names])
    chance = [*(chance_recall(n, k) for k in CUTOFFS), chance_reciprocal_rank(n)]
    assert values.by_sticker.tolist() == values.chance.tolist()
    assert values.by_sticker == pytest.approx(np.array([chance] * n))
    assert values.tied == 1


def test_documents_that_say_the_same_give_chance_too() -> None:
    gallery = Gallery({name: ["happy", "sad"] for name in "abcd"})
    values = measure(gallery, [asked("sad", name) for name in "abcd"])
    assert values.by_sticker == pytest.approx(values.chance)


def test_a_sticker_is_the_mean_of_its_queries() -> None:
    gallery = Gallery({"a": ["so tired"], "b": ["angry"], "c": ["hungry"], "d": ["sleepy"]})
    values = measure(gallery, [asked("tired", "a"), asked("angry", "a"), asked("angry", "b")])
    assert values.by_sticker[:, METRICS.index("recall_at_1")].tolist() == [0.5, 1.0]
    assert values.by_sticker[:, METRICS.index("mrr")].tolist() == pytest.approx(
        [(1 + (1 / 2 + 1 / 3 + 1 / 4) / 3) / 2, 1.0]
    )


def test_a_sticker_that_a_query_does_not_find_is_behind_those_it_finds() -> None:
    gallery = Gallery({"a": [], "b": ["so tired"], "c": [], "d": ["happy"], "e": ["sad"]})
    assert gallery.place("tired", {"a"}) == Found(better=1, tied=4, relevant=1)


def test_of_several_relevant_stickers_the_best_counts() -> None:
    gallery = Gallery({"a": ["so very very tired"], "b": ["tired"], "c": ["tired"], "d": ["happy"], "e": ["sad"]})
    assert gallery.place("tired", {"a", "b"}) == Found(better=0, tied=2, relevant=1)
    assert gallery.place("tired", {"b", "c"}) == Found(better=0, tied=2, relevant=2)


def test_chance_knows_how_many_stickers_of_the_gallery_are_relevant() -> None:
    gallery = Gallery({name: [] for name in "abcd"})
    values = measure(gallery, [asked("tired", "a", "b", "not in the gallery")])
    assert values.chance[0, METRICS.index("recall_at_1")] == 0.5


def test_people_are_judged_without_the_query_that_is_searched() -> None:
    typed = {"a": ("so tired", "tired bear"), "b": ("angry",), "c": ("hungry",), "d": ("sad",), "e": ("happy",)}
    queries = [asked(query, name) for name, own in typed.items() for query in own]
    values = held_out(typed, {}, queries)
    first = values.by_sticker[:, METRICS.index("recall_at_1")].tolist()
    assert first == pytest.approx([1.0, *[1 / 5] * 4])  # of one with a single query nothing is left
    again = held_out(typed, {}, queries)
    assert np.array_equal(values.by_sticker, again.by_sticker)
