"""PBR: each of its mechanisms does what it says. How much they help in the end is measured over seeds, and not here."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from retrieval_engine.dialogue import worlds
from retrieval_engine.dialogue.data.conversations import EMOTIONS, Polarity, Turn, Use
from retrieval_engine.dialogue.models.clip import seen
from retrieval_engine.dialogue.models.emotions import (
    Anchors,
    EmotionTeacher,
    anchors_of,
    by_emotion,
    k_means,
    labels,
    polarity_of,
)
from retrieval_engine.dialogue.models.learning import scores_of
from retrieval_engine.dialogue.models.pbr import Beside, Pbr
from retrieval_engine.dialogue.models.phsm import distance, feeling, one_of_each, wrong_weights
from retrieval_engine.dialogue.models.tscl import contrasts
from retrieval_engine.dialogue.settings import PbrSettings, Training
from retrieval_engine.dialogue.worlds import World
from tests.dialogue.planted import learned, towers
from tests.dialogue.test_conversations import use

SETTINGS = PbrSettings(
    epochs=3, batch=8, candidates=6, learning_rate=2e-3, length=48, layers=1, anchors=4,
    emotions=0.0, intra=0.0, inter=0.0,
)  # fmt: skip


@pytest.fixture(scope="module")
def world() -> World:
    return worlds.replies()


@pytest.fixture(scope="module")
def teacher(world: World, tmp_path_factory: pytest.TempPathFactory) -> EmotionTeacher:
    made = EmotionTeacher(world.gallery, towers(world, seed=3))
    learned(made, world, Training(epochs=6, batch=32, learning_rate=2e-3), tmp_path_factory.mktemp("teacher"))
    return made


@pytest.fixture(scope="module")
def anchors(world: World, teacher: EmotionTeacher) -> Anchors:
    labelled = sorted(set(world.conversations.golds(world.conversations.of("train"))))
    return anchors_of(teacher, labelled, 4, 0.1)


def felt(chosen: Use) -> Polarity:
    return feeling(lambda texts, language: [Polarity(0, 0)] * len(texts), 20)(chosen)


def model_of(world: World, anchors: Anchors | None, **changes: Any) -> Pbr:
    return Pbr(world.gallery, towers(world), replace(SETTINGS, **changes), anchors, felt)


# --- emotions ---


def test_the_teacher_tells_emotions_and_its_anchors_are_soft(teacher: EmotionTeacher, anchors: Anchors) -> None:
    assert teacher.accuracy(range(336)) > 0.7
    assert set(anchors.emotion.tolist()) == set(range(7))
    assert anchors.emotion.bincount().max() == 4
    assert anchors.emotion.shape == (len(anchors.centres),)
    assert torch.allclose(anchors.targets.sum(1), torch.ones(336))
    assert 0.3 < anchors.entropy < 0.8
    assert (anchors.emotion[anchors.targets.argmax(1)] == labels(teacher.gallery, range(336))).float().mean() > 0.7
    with pytest.raises(TypeError, match="ranks no stickers"):
        teacher.scores([], np.zeros((0, 1), dtype=np.int64))


def test_every_weight_of_the_teacher_that_learns_gets_a_gradient(world: World) -> None:
    teacher = EmotionTeacher(world.gallery, towers(world))
    uses = world.conversations.of("train")[:8]
    losses = teacher.losses(uses, np.random.default_rng(0), 0.0)
    losses["loss"].backward()  # type: ignore[no-untyped-call]
    has = {name: p.grad is not None and bool(p.grad.any()) for name, p in teacher.named_parameters()}
    assert has == {name: p.requires_grad for name, p in teacher.named_parameters()}


def test_small_emotions_have_fewer_anchors_and_none_nobody_labelled(world: World, teacher: EmotionTeacher) -> None:
    by_name = [[at for at, s in enumerate(world.gallery.stickers) if s.emotion == name] for name in EMOTIONS]
    some = anchors_of(teacher, [*by_name[0][:3], *by_name[2][:17], *by_name[5]], 4, 0.1)
    assert some.emotion.tolist() == [0, 2, 2, 5, 5, 5, 5]
    told = by_emotion(some.targets.log(), some.emotion)
    assert (told[:, [1, 3, 4, 6]] == 0).all()
    assert torch.allclose(told.sum(1), torch.ones(336), atol=1e-5)
    with pytest.raises(ValueError, match="no sticker has an emotion"):
        anchors_of(teacher, [], 4, 0.1)


def test_clusters_are_found_and_no_centre_is_empty() -> None:
    directions = F.normalize(torch.randn(3, 8, generator=torch.Generator().manual_seed(0)), dim=1)
    rows = F.normalize(directions.repeat_interleave(10, 0) + 0.01, dim=1)
    centres = k_means(rows, 3, seed=1)
    assert torch.allclose(centres.norm(dim=1), torch.ones(3), atol=1e-5)
    assert float((rows @ centres.T).amax(1).min()) > 0.99
    assert torch.allclose(k_means(rows[:1].repeat(5, 1), 2, 0).norm(dim=1), torch.ones(2), atol=1e-5)


def test_many_anchors_make_no_emotion_likelier() -> None:
    told = by_emotion(torch.zeros(1, 9), torch.tensor([0, 0, 0, 1, 2, 3, 4, 5, 6]))
    assert told[0].tolist() == pytest.approx([1 / 7] * 7)


def test_a_sticker_is_as_glad_as_its_emotions() -> None:
    rows = torch.zeros(4, 7)
    for row, told in enumerate(
        ({"surprise": 1}, {"fear": 1}, {"happiness": 0.3, "anger": 0.1, "neutral": 0.4}, {"neutral": 1})
    ):
        for name, share in told.items():
            rows[row, EMOTIONS.index(name)] = share
    assert polarity_of(rows).tolist() == pytest.approx([1, 0, 0.75, 0.5])


# --- what is drawn ---


def test_the_distance_of_algorithm_1_as_printed_is_the_same_for_every_pair() -> None:
    """The reason why ours is not it: with P + N = 1 on both sides the two differences cancel."""
    shares = np.random.default_rng(0).random((20, 2))
    printed = [2 - abs((p - q) + ((1 - p) - (1 - q))) for p, q in shares]
    assert printed == pytest.approx([2.0] * 20)
    ours = distance([Polarity(3, 1), Polarity(0, 2), Polarity(0, 0)], torch.tensor([1.0, 0.0, 0.75]))
    assert ours.tolist() == [pytest.approx(row) for row in ([0.5, 1.5, 0.0], [2.0, 0.0, 1.5], [0.5, 0.5, 0.5])]


def test_what_feels_alike_is_drawn_more_often_and_what_is_excluded_never() -> None:
    logits, excluded = torch.zeros(2, 3), torch.tensor([[False, False, True], [True, True, True]])
    apart = torch.tensor([[0.0, 2.0, 0.0], [0.0, 0.0, 0.0]])
    plain, felt_too = (wrong_weights(logits, apart, excluded, kappa) for kappa in (0.0, 2.0))
    assert plain.tolist() == [[0.5, 0.5, 0.0], [0.0, 0.0, 0.0]]
    assert felt_too[0].tolist() == pytest.approx([np.e**2 / (np.e**2 + 1), 1 / (np.e**2 + 1), 0])
    assert {one_of_each(plain)[0].item() for _ in range(40)} == {0, 1}
    assert one_of_each(plain)[1] == -1


def test_sentiment_sets_in_slowly_and_only_where_it_is_asked_for(world: World, anchors: Anchors) -> None:
    model = model_of(world, anchors, negatives="sentiment")
    assert [model.kappa(at) for at in (0.0, 0.3, 0.5, 0.7, 1.0)] == pytest.approx([0, 0, 0.5, 1, 1])
    assert PbrSettings().negatives == "semantic"
    assert model_of(world, anchors).kappa(1.0) == 0
    with pytest.raises(ValueError, match="anchors of a teacher"):
        model_of(world, None, emotions=0.5)


def test_with_sentiment_what_is_drawn_feels_as_the_dialogue_does(world: World, anchors: Anchors) -> None:
    """By one source of polarities, the teacher, in both arms."""
    apart = {}
    for negatives in ("semantic", "sentiment"):
        model = model_of(world, anchors, negatives=negatives, kappa=4.0, ramp_from=0.0, ramp_to=0.0)
        apart[negatives] = mean_distance(model, world)
    assert apart["semantic"] > 0.6
    assert apart["sentiment"] < apart["semantic"] - 0.2


def mean_distance(model: Pbr, world: World) -> float:
    """The mean D between dialogues that feel something and the wrong stickers that are drawn for them."""
    torch.manual_seed(0)
    found, rng = list[float](), np.random.default_rng(0)
    feels = [each for each in world.conversations.of("train") if each.intent != "neutral"]
    for start in range(0, 160, 8):
        uses = feels[start : start + 8]
        beside = model._beside(uses, rng)
        looks = model.joint.see(world.gallery.drawn(beside.flat, rng))
        answers = world.gallery.answers(uses, beside.flat)
        drawn, _dialogues = model.draw_wrong(uses, looks, model._read(uses), beside, answers, progress=0.1)
        apart = distance([felt(each) for each in uses], model.polarities(looks, beside.flat, progress=0.1))
        found += apart.gather(1, drawn[:, None])[:, 0].tolist()
    return float(np.mean(found))


def test_a_dialogue_feels_what_people_said_or_else_what_the_provider_says() -> None:
    asked = list[str]()

    def sentiment(texts: Any, language: str) -> list[Polarity]:
        asked.extend(texts)
        return [Polarity(0, 2)] * len(texts)

    turns = (Turn("a", "first", polarity=Polarity(9, 9)), Turn("b", "x", polarity=Polarity(1, 0)), Turn("a", "y"))
    assert feeling(sentiment, 2)(use("s", context=turns)) == Polarity(1, 2)
    assert asked == ["y"]


# --- the losses ---


def test_a_dialogue_is_told_from_its_own_pack_and_a_sticker_from_other_dialogues(world: World) -> None:
    model = model_of(world, None)
    images = F.normalize(torch.randn(5, 64), dim=1)
    texts = F.normalize(torch.randn(2, 64), dim=1)
    beside = Beside([10, 11, 12, 20, 21], torch.tensor([0, 0, 0, 1, 1]), torch.tensor([0, 3]))
    scale = float(model.joint.scale.detach().exp())
    to_image = [
        F.log_softmax(scale * texts[0] @ images[:3].T, 0)[0],
        F.log_softmax(scale * texts[1] @ images[3:].T, 0)[0],
    ]
    to_text = [F.log_softmax(scale * texts @ images[at], 0)[row] for row, at in enumerate((0, 3))]
    expected = -float(sum(to_image) + sum(to_text)) / 4
    answers = torch.tensor([[True, False, False, False, False], [False, False, False, True, False]])
    assert float(model._align(images, texts, beside, answers).detach()) == pytest.approx(expected, abs=1e-4)
    alone = -float(sum(to_image)) / 4
    answers[0, 3] = answers[1, 0] = True  # each of the two answers both dialogues: it is not wrong for the other
    assert float(model._align(images, texts, beside, answers).detach()) == pytest.approx(alone, abs=1e-4)
    answers[0, 1:3] = answers[1, 4] = True  # and so do all others of the packs: nothing is left to tell apart
    assert float(model._align(images, texts, beside, answers).detach()) == pytest.approx(0, abs=1e-4)


def test_what_answers_as_well_is_never_drawn_as_wrong(world: World) -> None:
    """In this world one of every pack does: the more alike it is found to be, the more often it would be drawn."""
    model = model_of(world, None)
    gallery, uses = world.gallery, world.conversations.of("train")[:4]
    answers = gallery.answers(uses, np.arange(len(gallery)))
    assert answers.sum(1).tolist() == [12] * 4  # one of each pack
    for asked, row in zip(uses, answers, strict=True):
        assert {gallery.stickers[at].id for at in np.flatnonzero(row.numpy())} == set(asked.acceptable)
    rng = np.random.default_rng(0)
    beside = model._beside(uses, rng)
    looks, held = model.joint.see(gallery.drawn(beside.flat, rng)), gallery.answers(uses, beside.flat)
    held[:, 3:] = True
    for _ in range(5):
        stickers, dialogues = model.draw_wrong(uses, looks, model._read(uses), beside, held, progress=0.0)
        assert all(0 <= at < 3 for at in stickers.tolist()[1:])
        assert not held[dialogues[dialogues >= 0], beside.right[dialogues >= 0]].any()


def test_stickers_are_told_apart_within_a_pack_and_between_packs() -> None:
    torch.manual_seed(0)
    first, second = torch.randn(4, 8), torch.randn(4, 8)
    of, packs = torch.tensor([0, 0, 1, 1]), torch.tensor([0, 0, 0, 1])
    same = torch.eye(4, dtype=torch.bool)
    found = contrasts(first, second, of, packs, same)
    views = F.normalize(torch.cat([first, second]), dim=1)
    logits = views @ views.T / 0.1

    def by_hand(wrong: list[list[int]]) -> float:
        rows = []
        for at in range(8):
            other = (at + 4) % 8
            among = [other, *(number + shift for number in wrong[at % 4] for shift in (0, 4))]
            rows.append(torch.logsumexp(logits[at, among], 0) - logits[at, other])
        return float(torch.stack(rows).mean())

    assert float(found["intra"]) == pytest.approx(by_hand([[1], [0], [3], [2]]), abs=1e-5)
    assert float(found["inter"]) == pytest.approx(by_hand([[3], [3], [3], [0, 1, 2]]), abs=1e-5)
    twins = contrasts(first, second, of, packs, torch.ones(4, 4, dtype=torch.bool))
    assert [float(value) for value in twins.values()] == pytest.approx([0, 0], abs=1e-5)


def test_distilled_emotions_are_seen_by_the_student(world: World, anchors: Anchors, tmp_path: Path) -> None:
    settings = replace(SETTINGS, epochs=2, emotions=4.0)  # so heavy that two passes are enough to see it
    model = model_of(world, anchors, emotions=4.0)

    def accuracy() -> float:
        with torch.no_grad():
            told = by_emotion(model.emotion(seen(model.joint, world.gallery).pooled), anchors.emotion).argmax(1)
        return float((told == labels(world.gallery, range(336))).float().mean())

    before = accuracy()
    learned(model, world, settings, tmp_path)
    assert accuracy() > before + 0.3


def test_contrast_pulls_the_stickers_of_a_pack_apart(world: World, tmp_path: Path) -> None:
    cosine = {}
    for weight in (0.0, 4.0):
        settings = replace(SETTINGS, epochs=1, intra=weight)
        model = learned(model_of(world, None, epochs=1, intra=weight), world, settings, tmp_path / str(weight))
        assert isinstance(model, Pbr)
        looks = F.normalize(seen(model.joint, world.gallery).pooled, dim=1)
        in_pack = torch.from_numpy(world.gallery.packs[:, None] == world.gallery.packs[None]).fill_diagonal_(
            fill_value=False
        )
        cosine[weight] = float((looks @ looks.T)[in_pack].mean())
    assert cosine[4.0] < cosine[0.0] - 0.02


# --- inference ---


def test_the_matcher_looks_only_at_the_best_by_their_vectors(world: World) -> None:
    model = model_of(world, None, shortlist=3).eval()
    uses = world.conversations.of("test")[:4]
    everything = np.arange(20)[None].repeat(4, 0)
    with torch.inference_mode():
        first = model.aligned(uses, everything).numpy()
    scores = scores_of(model, uses, everything)
    for row, cosines in zip(scores, first, strict=True):
        best = set(np.argsort(-cosines)[:3].tolist())
        assert {at for at, score in enumerate(row) if score >= 0} == best
        rest = [at for at in np.argsort(-cosines).tolist() if at not in best]
        assert [row[at] for at in rest] == pytest.approx([cosines[at] - 3 for at in rest], abs=1e-5)
