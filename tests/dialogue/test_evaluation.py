"""The rows of a report: what is right in which sense, chance, what is dropped, and scenarios apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from retrieval_engine.dialogue.data import candidates
from retrieval_engine.dialogue.data.conversations import Use
from retrieval_engine.dialogue.data.gallery import Gallery, Places
from retrieval_engine.dialogue.runs.evaluation import figures, relevance
from retrieval_engine.training.figures import Figure
from tests.dialogue.test_conversations import gallery, sticker, use


@pytest.fixture
def held() -> Gallery:
    stickers = [sticker("a", intents=("joy", "anger")), sticker("b", intents=("anger",)), sticker("c"), sticker("d")]
    uses = [
        use("a", "hi", id="1", intent="joy", scenario="DR", acceptable=frozenset({"a", "c"})),
        use("b", "hi", id="2", intent="anger", scenario="SR"),
        use("c", "你好", id="3", language="zh", scenario="SR"),
    ]
    return gallery(*stickers, uses=uses)


def test_what_is_right_in_each_sense(held: Gallery) -> None:
    right = {name: rows.astype(int).tolist() for name, rows in relevance(held, held.conversations.uses).items()}
    assert right == {
        "exact": [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]],
        "acceptable": [[1, 0, 1, 0], [0, 1, 0, 0], [0, 0, 1, 0]],
        "intent": [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0]],
        "intent_any": [[1, 0, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0]],
    }


def by_name(rows: Sequence[Figure], task: str, language: str = "all") -> dict[str, Figure]:
    return {row.metric: row for row in rows if (row.task, row.language) == (task, language)}


def first_is_best(uses: Sequence[Use], places: Places | None) -> np.ndarray:
    """The sticker that comes first in the gallery is the best answer to everything."""
    chosen = np.arange(4)[None].repeat(len(uses), 0) if places is None else places
    return -chosen.astype(float)


def test_each_figure_stands_beside_chance_and_says_what_it_rests_on(held: Gallery) -> None:
    rows = figures("first", first_is_best, held, held.conversations.uses)
    found = by_name(rows, "reply/gallery")
    exact = found["recall_at_1[exact]"]
    assert (exact.value, exact.chance, exact.n, exact.n_gallery, exact.n_dropped) == (
        pytest.approx(1 / 3),
        0.25,
        3,
        4,
        0,
    )
    assert found["map[exact]"].value == pytest.approx((1 + 1 / 2 + 1 / 3) / 3)
    intent = found["hit_at_1[intent]"]
    assert (intent.value, intent.n, intent.n_dropped) == (0.5, 2, 1)  # nobody said what the third is for
    assert found["prec_at_3[intent]"].value == pytest.approx(1 / 3)
    assert found["count_at_3[intent_any]"].value == pytest.approx((1 + 2) / 2)
    assert found["hit_at_1[intent_any]"].value == 1
    assert by_name(rows, "reply/gallery/DR")["recall_at_1[exact]"].value == 1
    assert by_name(rows, "reply/gallery/SR")["recall_at_1[exact]"].value == 0
    assert by_name(rows, "reply/gallery", "zh")["recall_at_3[exact]"].value == 1


def test_a_ranking_that_says_nothing_is_at_chance_and_wholly_tied(held: Gallery) -> None:
    for row in figures("nothing", lambda uses, _places: np.zeros((len(uses), 4)), held, held.conversations.uses):
        assert row.value == pytest.approx(row.chance)
        assert row.tied == 1


def test_candidates_have_one_right_answer_each(held: Gallery) -> None:
    lists = {row.sample_id: row for row in candidates.draw(held.conversations.uses, held, n=3)}
    found = by_name(figures("first", first_is_best, held, held.conversations.uses, lists), "reply/candidates")
    assert found["r3_at_3"].value == 1
    assert found["r3_at_1"].chance == pytest.approx(1 / 3)
    assert found["map_3"].chance == pytest.approx((1 + 1 / 2 + 1 / 3) / 3)
    assert (found["r3_at_1"].n, found["r3_at_1"].n_gallery) == (3, 3)
    only = figures("first", first_is_best, held, held.conversations.uses, {"1": lists["1"]})
    assert by_name(only, "reply/candidates")["r3_at_1"].value == 1
