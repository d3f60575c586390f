"""IGSR: which memories are recalled, its queue, and what it comes to without memory or the loss of the intent."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from retrieval_engine.dialogue import worlds
from retrieval_engine.dialogue.data.conversations import Session, Turn
from retrieval_engine.dialogue.models.igsr import Igsr, Queue
from retrieval_engine.dialogue.models.remembering import MemoryBank
from retrieval_engine.dialogue.settings import IgsrSettings
from retrieval_engine.dialogue.telling.knowing import SalientTurns
from retrieval_engine.dialogue.telling.providers import Provided
from retrieval_engine.dialogue.worlds import World
from tests.dialogue.planted import by_intent, learned, towers
from tests.dialogue.test_conversations import use

SETTINGS = IgsrSettings(epochs=14, batch=24, learning_rate=1.5e-3, length=48, memory_length=32, n_memories=1, queue=0)


@pytest.fixture(scope="module")
def world() -> World:
    return worlds.memories()


@pytest.fixture(scope="module")
def found(world: World, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[float, float]]:
    """What each variant comes to."""
    half = SETTINGS.epochs // 2  # by which the others have learned
    variants = {
        "whole": SETTINGS,
        "without the intent": replace(SETTINGS, intent_weight=0.0, mask_intent=False),
        "random memory": replace(SETTINGS, memory="random", epochs=half),
        "no memory": replace(SETTINGS, memory="none", epochs=half),
    }
    results = {}
    for name, settings in variants.items():
        model = Igsr(world.gallery, towers(world), settings, Provided("summary"))
        results[name] = by_intent(learned(model, world, settings, tmp_path_factory.mktemp("run")), world)
    return results


def test_what_is_remembered_says_what_is_meant(found: dict[str, tuple[float, float]]) -> None:
    assert found["whole"][0] > 0.8
    assert found["whole"][1] > found["no memory"][1] + 0.3
    assert found["whole"][1] > found["random memory"][1] + 0.3
    assert max(found["no memory"][0], found["random memory"][0]) < 0.35  # of seven, one in seven by chance


def test_what_is_known_of_the_intent_helps(found: dict[str, tuple[float, float]]) -> None:
    """Of the loss of the intent, and of which stickers are used for the same: either alone makes up for most of it."""
    assert found["whole"][1] > found["without the intent"][1] + 0.1 > found["no memory"][1] + 0.2


def bank(world: World, **changes: object) -> MemoryBank:
    settings = replace(SETTINGS, **({"n_memories": 2} | changes))  # type: ignore[arg-type]  # names of settings
    joint = towers(world)

    def vector_of(text: str) -> NDArray[np.float32]:
        with torch.no_grad():
            vector: NDArray[np.float32] = joint.vectors_of([text], settings.memory_length)[0].numpy()
            return vector

    return MemoryBank(settings, Provided("summary", stub=SalientTurns()), vector_of)


def test_memories_are_summaries_that_share_words_with_what_was_said(world: World) -> None:
    sessions = (
        Session("s1", "c", 1, (), "the exam was awful"),
        Session("s2", "c", 2, (), "a cat came by"),
        Session("s3", "c", 3, (Turn("User_1", "our exam again"), Turn("User_2", "awful exam"))),
        Session("s4", "c", 4, (Turn("User_2", "", "sticker_1"),)),
    )
    asked = use("sticker_1", "that awful exam", earlier=sessions)
    recalled = bank(world)(asked, "that awful exam")
    assert [memory.score for memory in recalled] == sorted((memory.score for memory in recalled), reverse=True)
    assert {memory.ordinal: memory.summary for memory in recalled} == {
        2: "User_1: our exam again User_2: awful exam",
        0: "the exam was awful",
    }
    assert bank(world)(asked, "nothing in common") == []
    assert bank(world, memory="none")(asked, "that awful exam") == []
    assert len(bank(world, memory="random", n_memories=9)(asked, "that awful exam")) == 3
    assert len(bank(world, memory="vectors")(asked, "that awful exam")) == 2
    assert bank(world)(use("sticker_1", "hi"), "hi") == []


def test_a_summary_that_a_person_wrote_is_taken_as_it_is(world: World) -> None:
    held = bank(world)
    assert held.summary(Session("s", "c", 1, (Turn("User_1", "hello there"),), "They met."), "en").text == "They met."
    assert held.summaries.told()["person"] == 1


def test_the_queue_takes_the_newest_in_when_the_step_is_taken_and_not_before() -> None:
    queue = Queue(3, 2)
    queue.came(torch.ones(2, 2), [5, 6])
    assert queue.held()[1] == []
    queue.take_in()
    queue.came(2 * torch.ones(2, 2), [7, 8])
    assert queue.held()[1] == [5, 6]
    queue.take_in()
    queue.take_in()
    vectors, places = queue.held()
    assert places == [7, 8, 5]
    assert vectors.tolist() == [[2, 2], [2, 2], [1, 1]]


def test_past_stickers_are_wrong_answers_unless_they_are_used_for_the_same(world: World) -> None:
    """So with a queue the loss is greater, and of what is used for the same it does not hear."""
    model = Igsr(world.gallery, towers(world), replace(SETTINGS, queue=4), Provided("summary"))
    uses = world.conversations.of("train")[:4]
    golds = world.conversations.golds(uses)

    def loss(places: list[int]) -> float:
        model.queue.vectors.fill_(0.125)  # type: ignore[operator,union-attr]  # a buffer
        model.queue.places.copy_(torch.tensor(places))  # type: ignore[operator,union-attr,arg-type]
        return float(model.losses(uses, np.random.default_rng(0), 0.0)["contrast"].detach())

    empty = loss([-1] * 4)
    assert loss([golds[0]] * 4) >= empty
    others = [at for at in range(336) if world.gallery.intents[at] not in world.gallery.intents[golds]]
    assert loss(others[:4]) > loss([golds[0]] * 4)
