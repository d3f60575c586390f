"""Int-RA: the sign of its loss, both readings of its relation, and each part missed in a world that is made for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from retrieval_engine.dialogue import worlds
from retrieval_engine.dialogue.models.int_ra import (
    IGNORED,
    Intention,
    IntRa,
    ResidualRelation,
    ScalarRelation,
    margin_loss,
)
from retrieval_engine.dialogue.settings import IntRaSettings
from retrieval_engine.dialogue.telling.providers import NOTHING, Provided, Table
from retrieval_engine.dialogue.worlds import World
from tests.dialogue.planted import by_intent, learned, towers

SETTINGS = IntRaSettings(epochs=12, batch=16, learning_rate=1.5e-3, length=48, heads=4)


def model_of(world: World, settings: IntRaSettings, knowledge: Table | None = None) -> IntRa:
    return IntRa(world.gallery, towers(world), settings, Provided("knowledge", knowledge or world.knowledge))


@pytest.fixture(scope="module")
def world() -> World:
    return worlds.intentions()


@pytest.fixture(scope="module")
def whole(world: World, tmp_path_factory: pytest.TempPathFactory) -> tuple[float, float]:
    model = learned(model_of(world, SETTINGS), world, SETTINGS, tmp_path_factory.mktemp("whole"))
    return by_intent(model, world)


def test_everything_together_finds_the_emotion_of_events_it_never_saw(whole: tuple[float, float]) -> None:
    hit, precision = whole
    assert hit > 0.85
    assert precision > 0.85


@pytest.mark.parametrize(
    ("without", "changes"),
    [
        ("knowledge", {"knowledge": False}),
        ("the loss of the intent", {"intent_weight": 0.0}),
        ("attributes", {"attributes": False}),
    ],
)
def test_each_part_is_missed(
    without: str, changes: dict[str, object], world: World, whole: tuple[float, float], tmp_path: Path
) -> None:
    settings = replace(SETTINGS, **changes)  # type: ignore[arg-type]  # names of settings
    hit, precision = by_intent(learned(model_of(world, settings), world, settings, tmp_path), world)
    assert precision < whole[1] - 0.3
    assert without != "knowledge" or hit < 0.35


@given(st.integers(2, 6), st.integers(0, 10_000), st.booleans())
def test_the_loss_pulls_right_pairs_together_and_pushes_wrong_ones_apart(n: int, seed: int, hardest: bool) -> None:
    cosines = torch.empty(n, n).uniform_(-1, 1, generator=torch.Generator().manual_seed(seed)).requires_grad_()
    same = torch.eye(n, dtype=torch.bool)
    same[0, 1] = True
    margin_loss(cosines, same, 0.3, hardest=hardest).backward()  # type: ignore[no-untyped-call]
    gradient = cosines.grad
    assert gradient is not None
    assert (gradient.diagonal() <= 0).all()
    assert (gradient[~torch.eye(n, dtype=torch.bool)] >= 0).all()
    assert gradient[0, 1] == 0  # what is the same is no negative


def test_the_loss_by_hand() -> None:
    cosines = torch.tensor([[0.5, 0.4, 0.1], [0.0, 0.9, 0.1], [0.3, 0.2, 0.2]])
    same = torch.eye(3, dtype=torch.bool)
    # rows: .3 - .5 + .4 = .2, none, .3 - .2 + .3 = .4; columns: .3 - .5 + .3 = .1, none, .3 - .2 + .1 = .2
    assert float(margin_loss(cosines, same, 0.3)) == pytest.approx((0.2 + 0.4 + 0.1 + 0.2) / 3)
    # further terms of the sum: row 3 .3 - .2 + .2 = .3, column 3 .3 - .2 + .1 = .2
    assert float(margin_loss(cosines, same, 0.3, hardest=False)) == pytest.approx((0.2 + 0.7 + 0.1 + 0.4) / 3)
    assert float(margin_loss(torch.eye(3), same, 0.3)) == 0


def test_a_heat_map_weighs_the_places_of_a_picture() -> None:
    torch.manual_seed(0)
    relation, places = ScalarRelation(8, 2), torch.randn(1, 5, 8)
    attributes = torch.randn(1, 4, 8)
    shown = relation(attributes, places[:, 0], places)
    weights = torch.linalg.lstsq(places[0].T, shown[0]).solution.detach()
    assert float(weights.sum()) == pytest.approx(1, abs=1e-4)
    assert (weights > 0).all()
    moved = relation(attributes, torch.zeros(1, 8), places)
    assert torch.equal(shown, moved)  # the whole picture is not looked at
    assert not torch.allclose(shown, relation(attributes.flip(-1), places[:, 0], places))


def test_attributes_find_something_else_in_another_picture() -> None:
    torch.manual_seed(0)
    relation, places, attributes = ResidualRelation(8, 2), torch.randn(2, 5, 8), torch.randn(1, 4, 8).expand(2, 4, 8)
    zero = torch.zeros(2, 8)
    found = relation(attributes, zero, places) - attributes.amax(1)
    assert not torch.allclose(found[0], found[1])
    assert torch.allclose(relation(attributes, zero + 1, places) - relation(attributes, zero, places), zero + 1)
    with pytest.raises(ValueError, match="3 heads do not share 8"):
        ResidualRelation(8, 3)


def test_who_is_told_the_intent_looks_for_it_whatever_is_predicted(world: World) -> None:
    intention = Intention(towers(world), ["joy", "anger"])
    heard = torch.randn(3, 64)
    logits, free = intention(heard)
    again, told = intention(heard, torch.tensor([1, IGNORED, 0]))
    assert torch.equal(logits, again)
    assert torch.allclose(told[1], free[1])
    labels = intention.labels
    assert isinstance(labels, torch.Tensor)
    assert torch.allclose(told[0] - intention.carry(heard)[0], labels[1], atol=1e-6)
    assert torch.allclose(told[2] - intention.carry(heard)[2], labels[0], atol=1e-6)


def test_missing_attributes_are_a_vector_of_their_own_and_no_empty_text(world: World) -> None:
    model = model_of(world, SETTINGS)
    shown = model._attributes(world.gallery.of([0, 1]))
    assert model.missing is not None
    absent = [set(held.attributes) for held in world.gallery.of([0, 1])]
    for row, names in zip(shown, absent, strict=True):
        for at, name in enumerate(("gesture", "posture", "face", "verbal")):
            assert torch.equal(row[at], model.missing[at]) == (name not in names)


def test_without_a_provider_it_answers_and_says_who_did_not_speak(world: World) -> None:
    model = model_of(world, SETTINGS, knowledge=NOTHING)
    uses = world.conversations.of("test")[:3]
    assert model.eval().intent_logits(uses).shape == (3, 7)
    assert model.knowledge.told() == {"kind": "knowledge", "provider": "nothing@1", "stub": 3}
