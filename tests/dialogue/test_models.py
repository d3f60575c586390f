"""What holds for every model: its parameters are made when it is built, each of them learns, what is frozen does not
move, neither parts nor an interruption change anything, and no candidate's score hangs on what stands beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from retrieval_engine.dialogue import worlds
from retrieval_engine.dialogue.bases.towers import Joint, Seen, Spec, build, build_encoder, build_language_model
from retrieval_engine.dialogue.data.conversations import Conversations, Session, Turn
from retrieval_engine.dialogue.data.gallery import Gallery
from retrieval_engine.dialogue.data.wording import all_texts
from retrieval_engine.dialogue.models import learning
from retrieval_engine.dialogue.models.clip import ContextClip
from retrieval_engine.dialogue.models.emotions import EmotionTeacher, anchors_of
from retrieval_engine.dialogue.models.igsr import Igsr
from retrieval_engine.dialogue.models.int_ra import IntRa
from retrieval_engine.dialogue.models.learning import DialogueLearner, DialogueModel, scores_of, train
from retrieval_engine.dialogue.models.mmbert import Mmbert
from retrieval_engine.dialogue.models.pbr import Pbr
from retrieval_engine.dialogue.models.phsm import feeling
from retrieval_engine.dialogue.models.srs import Srs
from retrieval_engine.dialogue.models.stickerllm import StickerLlm
from retrieval_engine.dialogue.settings import (
    ClipSettings,
    IgsrSettings,
    IntRaSettings,
    MmbertSettings,
    PbrSettings,
    SrsSettings,
    StickerLlmSettings,
    Training,
)
from retrieval_engine.dialogue.telling.knowing import SalientTurns
from retrieval_engine.dialogue.telling.providers import Provided
from retrieval_engine.stickerclip.pictures import Frames
from retrieval_engine.training.run import STOP, Refused, Stopped

SMALL: dict[str, Any] = {"epochs": 1, "batch": 6, "length": 24, "learning_rate": 3e-3, "part": 64}
Made = Callable[..., DialogueModel]


N_STICKERS = 56
"""Of two packs."""


def little_world() -> Gallery:
    """Thirty uses of stickers of two packs, some with words on them, in chats that were talked in before."""
    made = worlds.replies(n_train=240, n_test=80)
    stickers = [
        replace(sticker, printed_text="mita" if at % 2 else "", attributes={"face": "mita"} if at % 3 else {})
        for at, sticker in enumerate(made.gallery.stickers[:N_STICKERS])
    ]
    ids = {sticker.id for sticker in stickers}
    train, test = ([use for use in made.conversations.of(part) if use.gold in ids] for part in ("train", "test"))
    earlier = (
        Session("ses_a", "chat", 1, (Turn("User_1", "mita vola"), Turn("User_2", "rapo")), "mita"),
        Session("ses_b", "chat", 2, (Turn("User_1", "kilo zuta"),)),
    )
    chosen = [*train[:24], *test[:6]]
    uses = [replace(use, earlier=earlier if at % 4 else ()) for at, use in enumerate(chosen)]
    held = made.gallery.frames
    frames = Frames(held.pixels, held.starts[:N_STICKERS], held.counts[:N_STICKERS], {})
    return Gallery(Conversations(stickers, uses), frames)


@pytest.fixture(scope="module")
def gallery() -> Gallery:
    return little_world()


@dataclass(frozen=True)
class Case:
    settings: Training
    make: Callable[[Gallery, Any, Joint], DialogueModel]


def anchored(gallery: Gallery, settings: PbrSettings, joint: Joint) -> Pbr:
    teacher = EmotionTeacher(gallery, build(Spec("tiny"), ["a"])).eval()
    anchors = anchors_of(teacher, range(len(gallery)), 2, 0.1)
    return Pbr(gallery, joint, settings, anchors, feeling(lambda texts, language: [], 4))


def no_knowledge(gallery: Gallery, settings: IntRaSettings, joint: Joint) -> IntRa:
    return IntRa(gallery, joint, settings, Provided("knowledge"))


def remembering(gallery: Gallery, settings: IgsrSettings, joint: Joint) -> Igsr:
    return Igsr(gallery, joint, settings, Provided("summary", stub=SalientTurns()))


def one_stream(gallery: Gallery, settings: MmbertSettings, joint: Joint) -> Mmbert:
    return Mmbert(gallery, build_encoder(Spec("tiny"), all_texts(gallery.conversations)), joint, settings)


def talking(gallery: Gallery, settings: StickerLlmSettings, joint: Joint) -> StickerLlm:
    return StickerLlm(gallery, joint, build_language_model(Spec("tiny"), all_texts(gallery.conversations)), settings)


CASES = {
    "clip": Case(ClipSettings(**SMALL), lambda gallery, settings, joint: ContextClip(gallery, joint, settings)),
    "srs": Case(SrsSettings(**SMALL, candidates=4, n_turns=3), lambda gallery, s, joint: Srs(gallery, joint, s)),
    "mmbert": Case(MmbertSettings(**SMALL), one_stream),
    "int-ra": Case(IntRaSettings(**SMALL, heads=4), no_knowledge),
    "int-ra, scalar": Case(IntRaSettings(**SMALL, heads=4, relation="scalar"), no_knowledge),
    "int-ra, bare": Case(IntRaSettings(**SMALL, attributes=False, knowledge=False, hardest=False), no_knowledge),
    "igsr": Case(IgsrSettings(**SMALL, queue=8), remembering),
    "igsr, vectors": Case(IgsrSettings(**SMALL, queue=0, memory="vectors", with_label=False), remembering),
    "pbr": Case(PbrSettings(**SMALL, candidates=4, anchors=2, layers=1, negatives="sentiment"), anchored),
    "pbr, bare": Case(PbrSettings(**SMALL, candidates=4, layers=1, emotions=0.0, intra=0.0, inter=0.0), anchored),
    "stickerllm": Case(StickerLlmSettings(**SMALL), talking),
}
all_models = pytest.mark.parametrize("name", CASES)


def made(name: str, gallery: Gallery, *, frozen: bool = False, **changes: Any) -> tuple[DialogueModel, Any]:
    torch.manual_seed(0)
    case = CASES[name]
    joint = build(Spec("tiny", freeze_image=frozen, freeze_text=frozen), all_texts(gallery.conversations))
    settings = replace(case.settings, **changes)  # type: ignore[type-var]  # every settings class is a dataclass
    return case.make(gallery, settings, joint), settings


def kept(model: DialogueModel) -> dict[str, torch.Tensor]:
    return {name: weights.detach().clone() for name, weights in model.named_parameters()}


@all_models
def test_every_trained_parameter_gets_a_gradient_and_none_is_made_on_the_way(name: str, gallery: Gallery) -> None:
    model, settings = made(name, gallery)
    before = [id(parameter) for parameter in model.parameters()]
    learner = DialogueLearner(model, gallery.conversations.of("train"), settings)
    for step in range(4):
        learner.learn(step, 64)
        learner.moved()
    trained = {id(parameter): name for name, parameter in model.named_parameters() if parameter.requires_grad}
    without = {name for name, p in model.named_parameters() if p.requires_grad and (p.grad is None or not p.grad.any())}
    assert without == set()
    assert trained
    scores_of(model, gallery.conversations.of("test"), np.arange(4)[None].repeat(6, 0))
    assert [id(parameter) for parameter in model.parameters()] == before


@all_models
def test_what_is_frozen_stays_to_the_bit_and_the_rest_moves(name: str, gallery: Gallery, tmp_path: Path) -> None:
    frozen = name in ("clip", "stickerllm", "mmbert", "igsr") and name != "clip"
    model, settings = made(name, gallery, frozen=frozen, weight_decay=0.5, epochs=5, batch=6)
    before = kept(model)
    fitted = train(model, gallery.conversations.of("train"), settings, tmp_path)
    assert fitted.steps == 20
    for parameter_name, weights in model.named_parameters():
        assert torch.equal(weights, before[parameter_name]) != weights.requires_grad, parameter_name


@all_models
def test_parts_give_the_gradient_of_the_whole_batch(name: str, gallery: Gallery) -> None:
    found = []
    for part in (64, 2):
        model, settings = made(name, gallery)
        values = DialogueLearner(model, gallery.conversations.of("train"), settings, seed=1).learn(3, part)
        gradients = [p.grad.flatten() for p in model.parameters() if p.grad is not None]
        found.append((values["loss"], torch.cat(gradients)))
    assert found[0][0] == pytest.approx(found[1][0], abs=1e-5)
    assert torch.allclose(found[0][1], found[1][1], atol=2e-5)


@all_models
def test_scores_are_the_same_alone_and_among_others(name: str, gallery: Gallery) -> None:
    """So nothing of a conversation or a candidate leaks into another by padding or by what is kept."""
    model, _settings = made(name, gallery, **({"shortlist": 400} if name.startswith("pbr") else {}))
    uses, candidates = gallery.conversations.of("test"), np.array([[3, 50, 7], [1, 2, 30], [9, 9, 8]] * 2)
    together = scores_of(model, uses, candidates)
    for row in range(3):
        alone = scores_of(model, [uses[row]], candidates[row : row + 1, :2])
        assert alone[0] == pytest.approx(together[row, :2], abs=1e-4)
    assert np.isfinite(together).all()
    assert together[2, 0] == pytest.approx(together[2, 1], abs=1e-6)


@all_models
def test_what_is_kept_of_stickers_scores_as_if_made_anew_until_the_model_learns(name: str, gallery: Gallery) -> None:
    model, _settings = made(name, gallery)
    uses, candidates = gallery.conversations.of("test"), np.arange(6)[None].repeat(6, 0)
    with torch.no_grad():
        model.eval()
        first, kept_too = (model.scores(uses, candidates) for _ in range(2))
        model.train()
        anew = model.scores(uses, candidates)
        for weights in model.parameters():
            if weights.requires_grad:
                weights.add_(0.3 * torch.randn_like(weights))
        after = model.eval().scores(uses, candidates)
    assert torch.allclose(first, kept_too, atol=1e-6)
    assert torch.allclose(first, anew, atol=1e-4)
    assert not torch.allclose(first, after, atol=1e-3)


@all_models
def test_stickers_are_looked_at_once_for_all_questions(
    name: str, gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen, see = list[int](), Joint.see

    def counted(joint: Joint, frames: torch.Tensor) -> Seen:
        seen.append(len(frames))
        return see(joint, frames)

    monkeypatch.setattr(Joint, "see", counted)
    model, _settings = made(name, gallery)
    uses, candidates = gallery.conversations.of("test"), np.arange(4)[None]
    first = scores_of(model, uses[:1], candidates)
    looked = sum(seen)
    assert looked >= len(gallery)
    assert np.array_equal(scores_of(model, uses[:1], candidates), first)
    scores_of(model, uses[1:2], candidates)
    assert sum(seen) == looked


@all_models
def test_the_same_seed_gives_the_same_scores(name: str, gallery: Gallery, tmp_path: Path) -> None:
    candidates, found = np.arange(5)[None].repeat(6, 0), []
    for run in range(2):
        model, settings = made(name, gallery)
        train(model, gallery.conversations.of("train"), settings, tmp_path / str(run), seed=4)
        found.append(scores_of(model, gallery.conversations.of("test"), candidates))
    assert found[0] == pytest.approx(found[1], abs=1e-6)


@all_models
def test_it_learns_and_scores_in_bf16_nearly_as_in_float32(
    name: str, gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the processor, for the sake of what a GPU does by itself. Scores stay float32: theirs are not bf16 numbers."""
    uses, candidates, losses, found = gallery.conversations.of("test"), np.arange(5)[None].repeat(6, 0), [], []
    for number in (torch.float32, torch.bfloat16):
        monkeypatch.setattr(learning, "precision", lambda device, number=number: number)
        model, settings = made(name, gallery)
        found.append(scores_of(model, uses, candidates))
        learner = DialogueLearner(model, gallery.conversations.of("train"), settings, seed=1)
        losses.append(learner.learn(0, 64)["loss"])
        gradients = [weights.grad for weights in model.parameters() if weights.grad is not None]
        assert gradients
        assert all(bool(gradient.isfinite().all()) for gradient in gradients)
    assert {weights.dtype for weights in model.parameters()} == {torch.float32}
    assert losses[1] == pytest.approx(losses[0], rel=0.05)
    assert found[1] == pytest.approx(found[0], abs=0.1)
    assert not np.array_equal(found[0], found[1])
    assert not torch.equal(torch.from_numpy(found[1]).bfloat16().double(), torch.from_numpy(found[1]))


@all_models
def test_bad_conversations_are_answered_all_the_same(name: str, gallery: Gallery) -> None:
    """Emoji alone, two languages, a sticker nobody knows, no name, nothing before the sticker, ten thousand turns."""
    model, _settings = made(name, gallery)
    use = gallery.conversations.uses[0]
    odd = [
        replace(use, context=(Turn("User_1", "😭😭😭"),)),
        replace(use, context=(Turn("User_1", "so 好难过 mita"), Turn("", "mita"))),
        replace(use, context=(Turn("User_1", "", "no such sticker"),)),
        replace(use, context=()),
        replace(use, context=(Turn("User_1", "mita"),) * 10_000, intent="unheard of"),
    ]
    scores = scores_of(model, odd, np.arange(4)[None].repeat(len(odd), 0))
    assert scores.shape == (5, 4)
    assert np.isfinite(scores).all()
    losses = model.train().losses(odd, np.random.default_rng(0), 0.5)
    assert all(bool(torch.isfinite(value)) for value in losses.values())


@pytest.mark.parametrize("name", ["igsr", "stickerllm"])
def test_an_interrupted_run_goes_on_as_if_it_had_not_been(name: str, gallery: Gallery, tmp_path: Path) -> None:
    uses = gallery.conversations.of("train")
    (whole, settings), (halves, _), (resumed, _) = (made(name, gallery, epochs=2, save_every=1) for _ in range(3))
    train(whole, uses, settings, tmp_path / "whole")
    (tmp_path / "halves").mkdir()
    (tmp_path / "halves" / STOP).touch()
    with pytest.raises(Stopped):
        train(halves, uses, settings, tmp_path / "halves")
    (tmp_path / "halves" / STOP).unlink()
    train(resumed, uses, settings, tmp_path / "halves")
    assert {n: w.tolist() for n, w in kept(whole).items()} == {n: w.tolist() for n, w in kept(resumed).items()}


def test_too_little_to_learn_from_is_refused(gallery: Gallery, tmp_path: Path) -> None:
    model, settings = made("clip", gallery)
    with pytest.raises(Refused, match="fewer than two training conversations"):
        train(model, gallery.conversations.uses[:1], settings, tmp_path)


def test_pretrained_towers_learn_more_slowly_than_what_is_new(gallery: Gallery) -> None:
    model, settings = made("int-ra", gallery, tower_rate=0.25)
    assert set(DialogueLearner(model, gallery.conversations.uses, settings).paces()) == {1.0}  # tiny ones know nothing
    model.joint.is_pretrained = True  # type: ignore[union-attr]  # a tower, and no tensor
    learner = DialogueLearner(model, gallery.conversations.uses, settings)
    names = [name for name, weights in model.named_parameters() if weights.requires_grad]
    paces = dict(zip(names, learner.paces(), strict=True))
    assert {name for name, pace in paces.items() if pace != 0.25} == {
        name for name in names if not name.startswith("joint.")
    }


@pytest.mark.parametrize("name", ["int-ra", "int-ra, scalar", "igsr", "mmbert"])
def test_where_nobody_said_an_intent_it_learns_without(name: str, gallery: Gallery, tmp_path: Path) -> None:
    """As in a release that has just been imported."""
    held = gallery.conversations
    uses = [replace(use, intent=None) for use in held.uses]
    unsaid = Gallery(Conversations([replace(sticker, intents=()) for sticker in held.stickers], uses), gallery.frames)
    model, settings = made(name, unsaid)
    before = kept(model)
    train(model, unsaid.conversations.of("train"), settings, tmp_path)
    assert any(not torch.equal(weights, before[at]) for at, weights in model.named_parameters())
    scores = scores_of(model, unsaid.conversations.of("test"), np.arange(4)[None].repeat(6, 0))
    assert np.isfinite(scores).all()
