"""What the models of conversations come to in worlds of which it is known what there is to be learned, with one part
after the other left out. `benchmarks.dialogue` runs them."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from retrieval_engine.dialogue import worlds
from retrieval_engine.dialogue.bases.towers import Joint, Spec, build, build_encoder, build_language_model
from retrieval_engine.dialogue.data import candidates
from retrieval_engine.dialogue.data.conversations import EMOTIONS, Polarity, Use
from retrieval_engine.dialogue.data.gallery import Places
from retrieval_engine.dialogue.models.bm25 import LastUtteranceBm25
from retrieval_engine.dialogue.models.clip import ContextClip
from retrieval_engine.dialogue.models.emotions import Anchors, EmotionTeacher, anchors_of
from retrieval_engine.dialogue.models.igsr import Igsr
from retrieval_engine.dialogue.models.int_ra import IntRa
from retrieval_engine.dialogue.models.learning import DialogueModel, scores_of, train
from retrieval_engine.dialogue.models.mmbert import Mmbert
from retrieval_engine.dialogue.models.pbr import Pbr
from retrieval_engine.dialogue.models.phsm import distance, feeling
from retrieval_engine.dialogue.models.srs import Srs
from retrieval_engine.dialogue.models.stickerllm import Prompts, StickerLlm
from retrieval_engine.dialogue.runs import measures
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
from retrieval_engine.dialogue.telling.providers import Provided
from retrieval_engine.dialogue.worlds import World

Values = dict[str, float]
RATE: Final[dict[str, Any]] = {"learning_rate": 1.5e-3, "length": 48, "save_every": 1_000_000}
N_LISTED: Final = 6
"""Stickers of a list of candidates, of one pack, one of them right."""
N_SHOWN: Final = 42
"""Stickers among which all models are compared in the world of intentions."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a variant comes to with one seed, after how many steps and seconds of the processor's time."""

    values: Values
    steps: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Sign:
    """What must hold: on the mean over seeds `better` is above `worse`, a variant or a number, by more than `by`."""

    metric: str
    better: str | float
    worse: str | float
    by: float = 0.0


@dataclass(frozen=True, slots=True)
class Experiment:
    """A world's variants by name, each run with a seed; what chance comes to; and what must hold."""

    title: str
    chance: Mapping[str, float]
    variants: Mapping[str, Callable[[int], Outcome]]
    signs: Sequence[Sign] = ()


def towers(world: World, seed: int) -> Joint:
    """Tiny, with random weights, and a tokenizer that knows the world's words."""
    return build(Spec("tiny", seed=seed), world.texts)


def fitted(model: DialogueModel, world: World, settings: Training, seed: int) -> tuple[int, float]:
    """(steps, seconds of the processor's time) of training on the world's training side."""
    began = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        steps = train(model, world.conversations.of("train"), settings, Path(folder), seed=seed).steps
    return steps, time.process_time() - began


# --- how the test goes ---


def by_intent(score: Callable[[Sequence[Use], Places | None], np.ndarray], world: World) -> Values:
    """Over the whole gallery, of what is used for the same."""
    uses, intents = world.conversations.of("test"), [sticker.intents for sticker in world.gallery.stickers]
    return _graded(score(uses, None), np.array([[use.intent in own for own in intents] for use in uses]), "[intent]")


def in_packs(score: Callable[[Sequence[Use], Places | None], np.ndarray], world: World) -> Values:
    """Of lists of six stickers of a pack, and of lists in which all feel as the right one does."""
    uses = world.conversations.of("test")
    rows = candidates.draw(uses, world.gallery, n=N_LISTED)
    found = _graded(score(uses, candidates.places(rows, world.gallery)), _at([row.gold_index for row in rows]), "")
    feels = [use for use in uses if use.intent != "neutral"]
    hard = np.array([_alike(world, use) for use in feels])
    return found | {"map, alike": _graded(score(feels, hard), _at([0] * len(feels)), "")["map"]}


def _graded(scores: np.ndarray, relevant: np.ndarray, sense: str) -> Values:
    first, whole = measures.hit_at(scores, relevant, 1).mean(), measures.average_precision(scores, relevant).mean()
    return {f"{'hit' if sense else 'r'}@1{sense}": float(first), f"map{sense}": float(whole)}


def _at(places: Sequence[int]) -> np.ndarray:
    return np.arange(N_LISTED)[None] == np.array(places)[:, None]


def _alike(world: World, use: Use) -> list[int]:
    """The right sticker, and five of its pack that are glad if it is, and not if it is not."""
    gold, gallery = world.conversations.place[use.gold], world.gallery
    is_glad = use.intent in worlds.GLAD
    others = [
        at
        for at in np.flatnonzero(gallery.packs == gallery.packs[gold]).tolist()
        if at != gold and (emotion := gallery.stickers[at].emotion) != "neutral" and (emotion in worlds.GLAD) == is_glad
    ]
    drawn = np.random.default_rng(int(use.id.rpartition("_")[2])).permutation(others)[: N_LISTED - 1]
    return [gold, *drawn.tolist()]


def of_model(model: DialogueModel) -> Callable[[Sequence[Use], Places | None], np.ndarray]:
    """Its scores."""
    return lambda uses, places: scores_of(model, uses, places)


# --- Int-RA and IGSR ---


def int_ra(seed: int, **changes: Any) -> Outcome:
    """Int-RA in the world of intentions."""
    world = worlds.intentions(seed)
    settings = replace(IntRaSettings(epochs=16, batch=16, heads=4, **RATE), **changes)
    torch.manual_seed(seed)
    model = IntRa(world.gallery, towers(world, seed), settings, Provided("knowledge", world.knowledge))
    steps, seconds = fitted(model, world, settings, seed)
    return Outcome(by_intent(of_model(model), world), steps, seconds)


def igsr(seed: int, **changes: Any) -> Outcome:
    """IGSR in the world of memories."""
    world = worlds.memories(seed)
    settings = replace(IgsrSettings(epochs=20, batch=24, memory_length=32, n_memories=1, queue=0, **RATE), **changes)
    torch.manual_seed(seed)
    model = Igsr(world.gallery, towers(world, seed), settings, Provided("summary"))
    steps, seconds = fitted(model, world, settings, seed)
    return Outcome(by_intent(of_model(model), world), steps, seconds)


# --- PBR ---


PBR: Final = PbrSettings(
    batch=8, epochs=18, candidates=N_LISTED, layers=1, anchors=4, emotions=0, intra=0, inter=0, **RATE
)


@lru_cache(maxsize=1)
def taught(seed: int) -> tuple[World, Anchors]:
    """The world of replies, and the anchors of a teacher of its emotions that has seen the stickers of training."""
    world = worlds.replies(seed)
    teacher = EmotionTeacher(world.gallery, towers(world, seed + 100))
    fitted(teacher, world, Training(epochs=6, batch=32, learning_rate=2e-3, save_every=1_000_000), seed)
    labelled = sorted(set(world.conversations.golds(world.conversations.of("train"))))
    return world, anchors_of(teacher, labelled, PBR.anchors, PBR.teacher_temperature, seed)


def felt(use: Use) -> Polarity:
    """What people said of the dialogue's turns."""
    return feeling(lambda texts, language: [Polarity(0, 0)] * len(texts), PBR.n_turns)(use)


def pbr(seed: int, **changes: Any) -> Outcome:
    """PBR in the world of replies. "D" is how far the wrong stickers that it draws are from the dialogue's sentiment,
    by the teacher's polarities; "map, vectors" and "map, matcher" are what its stages come to alone."""
    world, anchors = taught(seed)
    settings = replace(PBR, **changes)
    torch.manual_seed(seed)
    model = Pbr(world.gallery, towers(world, seed), settings, anchors, felt)
    steps, seconds = fitted(model, world, settings, seed)

    def aligned(uses: Sequence[Use], places: Places | None) -> np.ndarray:
        assert places is not None
        with torch.inference_mode():
            return model.aligned(uses, places).double().numpy()

    def matched(uses: Sequence[Use], places: Places | None) -> np.ndarray:
        found: np.ndarray = scores_of(model, uses, places) - aligned(uses, places)
        return found

    values = in_packs(of_model(model), world)
    values |= {
        f"map, {stage}": in_packs(of, world)["map"] for stage, of in (("vectors", aligned), ("matcher", matched))
    }
    values |= {"D": apart(model, world)}
    return Outcome(values, steps, seconds)


@torch.no_grad()
def apart(model: Pbr, world: World) -> float:
    """The mean D between dialogues that feel something and the stickers that are drawn as wrong for them at the end of
    training, by the teacher's polarities whoever the model goes by."""
    torch.manual_seed(0)
    found, rng = list[float](), np.random.default_rng(0)
    feels = [use for use in world.conversations.of("train") if use.intent != "neutral"]
    for start in range(0, 160, 8):
        uses = feels[start : start + 8]
        beside = model._beside(uses, rng)
        looks, answers = (
            model.joint.see(world.gallery.drawn(beside.flat, rng)),
            world.gallery.answers(uses, beside.flat),
        )
        drawn, _ = model.draw_wrong(uses, looks, model._read(uses), beside, answers, progress=1.0)
        by_teacher = model.polarities(looks, beside.flat, progress=0.0)
        found += distance([felt(use) for use in uses], by_teacher).gather(1, drawn[:, None])[:, 0].tolist()
    return float(np.mean(found))


# --- StickerLLM ---


N_TALK: Final = 40
"""Ordinary prompts that it learns from; as many others are for the test."""


@lru_cache(maxsize=1)
def sticker_clip(seed: int) -> tuple[World, Joint]:
    """The world of requests, and towers that have learned it."""
    world = worlds.requests(seed)
    joint = towers(world, seed)
    settings = ClipSettings(epochs=10, batch=64, **RATE | {"learning_rate": 2e-3})
    fitted(ContextClip(world.gallery, joint, settings), world, settings, seed)
    return world, joint


def prompts_of(world: World) -> tuple[Prompts, list[str], list[str]]:
    """Searches begin with one of three words, talk with one of five others. Also, for the test: two more words that
    searches may begin with, and talk that was not learned from."""
    first, rng = world.words.noise[worlds.N_NOISE // 2 :], np.random.default_rng(0)
    talk = [f"{first[5 + at % 5]} {' '.join(world.words.filler(4, rng))}" for at in range(2 * N_TALK)]
    said = [" ".join(world.words.filler(2, rng)) for _ in talk]
    asked = tuple(f"{word} {{}}" for word in first[:3])
    ordinary = tuple(zip(talk[:N_TALK], said[:N_TALK], strict=True))
    prompts = Prompts(text=asked, picture=tuple(first[:3]), both=asked, answers=(), ordinary=ordinary)
    return prompts, [f"{word} {{}}" for word in first[3:5]], talk[N_TALK:]


def sticker_llm(seed: int, *, ordinary: float = 0.25, **changes: Any) -> Outcome:
    """StickerLLM in the world of requests: among 84 stickers that were never asked for."""
    world, joint = sticker_clip(seed)
    rate = RATE | {"learning_rate": 3e-3, "length": 32}
    settings = replace(StickerLlmSettings(epochs=14, batch=48, ordinary=ordinary, **rate), **changes)
    prompts, unseen, talk = prompts_of(world)
    torch.manual_seed(seed)
    language = build_language_model(Spec("tiny", seed=seed), world.texts)
    model = StickerLlm(world.gallery, joint, language, settings, prompts)
    steps, seconds = fitted(model, world, settings, seed)
    return Outcome(searched(model, world, unseen, talk), steps, seconds)


def searched(model: StickerLlm, world: World, unseen: Sequence[str], talk: Sequence[str]) -> Values:
    """What it finds by words with the search given, and when it must search by itself; by another picture of the
    sticker; how often it searches; and how often it rightly does not."""
    uses = world.conversations.of("test")
    golds = np.array(world.conversations.golds(uses))
    among, right = np.repeat(golds[None], len(golds), 0), np.eye(len(golds), dtype=bool)
    said = [model._words_of(use) for use in uses]
    asked, other = (
        [templates[at % len(templates)].replace("{}", words) for at, words in enumerate(said)]
        for templates in (model.prompts.text, unseen)
    )
    did = np.array(model.searches(asked, prefix=False, most=3), dtype=float)
    by_words = scores_of(model, uses, among)
    with torch.inference_mode():
        by_picture = model.like([int(world.gallery.frames.starts[gold]) + 1 for gold in golds], among).numpy()
    values = {}
    for k in (1, 5, 10):
        hits = measures.hit_at(by_words, right, k)
        values |= {f"t2i@{k}": hits.mean(), f"end@{k}": (hits * did).mean()}
        values[f"i2i@{k}"] = measures.hit_at(by_picture, right, k).mean()
    values |= {"search": did.mean(), "search, prefix": np.mean(model.searches(asked, prefix=True, most=3))}
    values |= {"search, new words": np.mean(model.searches(other, prefix=False, most=3))}
    values["no search in talk"] = 1 - np.mean(model.searches(talk, prefix=False, most=3))
    return {name: float(value) for name, value in values.items()}


# --- all on one footing ---


def on_replies(seed: int, name: str) -> Outcome:
    """A model in the world of replies, by lists of candidates."""
    world = worlds.replies(seed)
    score, steps, seconds = _learned(name, world, seed)
    return Outcome(in_packs(score, world), steps, seconds)


def on_intentions(seed: int, name: str) -> Outcome:
    """A model in the world of intentions, among 42 stickers that are the same for all."""
    world = worlds.intentions(seed)
    score, steps, seconds = _learned(name, world, seed)
    uses = world.conversations.of("test")
    shown = np.random.default_rng(seed).permutation(len(world.gallery))[:N_SHOWN]
    right = np.array([[use.intent == world.gallery.stickers[at].emotion for at in shown] for use in uses])
    return Outcome(_graded(score(uses, shown[None].repeat(len(uses), 0)), right, "[intent]"), steps, seconds)


FOOTING: Final = ("BM25", "CLIP", "SRS", "MMBERT", "IGSR", "Int-RA", "PBR")


def _learned(
    name: str, world: World, seed: int
) -> tuple[Callable[[Sequence[Use], Places | None], np.ndarray], int, float]:
    """(scores, steps, seconds): as many steps of as many conversations for each, and the same rate."""
    torch.manual_seed(seed)
    gallery, joint, alike = world.gallery, towers(world, seed), {"batch": 16, "epochs": 12} | RATE
    if name == "BM25":
        words = LastUtteranceBm25(gallery)
        everything = np.arange(len(gallery))[None]
        return lambda uses, places: words.scores(uses, everything if places is None else places), 0, 0.0
    if name == "CLIP":
        settings: Training = ClipSettings(**alike)
        model: DialogueModel = ContextClip(gallery, joint, settings)
    elif name == "SRS":
        settings = SrsSettings(**alike | {"length": 12}, n_turns=4, candidates=N_LISTED)
        model = Srs(gallery, joint, settings)
    elif name == "MMBERT":
        first = ClipSettings(**alike)  # its own CLIP is that of the row above
        fitted(ContextClip(gallery, joint, first), world, first, seed)
        settings = MmbertSettings(**alike, weight_decay=1e-2)
        model = Mmbert(gallery, build_encoder(Spec("tiny", seed=seed), world.texts), joint, settings)
    elif name == "IGSR":
        settings = IgsrSettings(**alike, memory="none", queue=0)
        model = Igsr(gallery, joint, settings, Provided("summary"))
    elif name == "Int-RA":
        settings = IntRaSettings(**alike, heads=4)
        model = IntRa(gallery, joint, settings, Provided("knowledge", world.knowledge))
    else:
        settings = replace(PBR, **alike, intra=0.5, inter=0.5)
        model = Pbr(gallery, joint, settings, None, felt)
    steps, seconds = fitted(model, world, settings, seed)
    return of_model(model), steps, seconds


def _variants(
    run: Callable[..., Outcome], changes: Mapping[str, dict[str, Any]]
) -> dict[str, Callable[[int], Outcome]]:
    return {name: lambda seed, own=own: run(seed, **own) for name, own in changes.items()}  # type: ignore[misc]


_OF_SEVEN: Final = {"hit@1[intent]": 1 / len(EMOTIONS), "map[intent]": 0.16}
_OF_SIX: Final = sum(1 / rank for rank in range(1, N_LISTED + 1)) / N_LISTED
_LISTED: Final = {"map": _OF_SIX, "r@1": 1 / N_LISTED, "map, alike": _OF_SIX}
EMOTIONAL: Final[dict[str, Any]] = {"emotions": 0.5}
CONTRASTED: Final[dict[str, Any]] = {"intra": 0.5, "inter": 0.5}
SENTIMENTAL: Final[dict[str, Any]] = {"negatives": "sentiment"}
EXPERIMENTS: Final = {
    "int_ra": Experiment(
        "Int-RA, world of intentions",
        _OF_SEVEN,
        _variants(int_ra, {
            "whole": {},
            "without knowledge": {"knowledge": False},
            "without the loss of the intent": {"intent_weight": 0.0},
            "without attributes": {"attributes": False},
            "relation scalar": {"relation": "scalar"},
        }),
        [
            Sign("hit@1[intent]", 0.35, "without knowledge"),
            Sign("map[intent]", "whole", "without the loss of the intent", 0.3),
            Sign("map[intent]", "whole", "without attributes", 0.3),
        ],
    ),
    "igsr": Experiment(
        "IGSR, world of memories",
        _OF_SEVEN,
        _variants(igsr, {
            "whole": {},
            "without the loss of the intent": {"intent_weight": 0.0},
            "without anything of the intent": {"intent_weight": 0.0, "mask_intent": False},
            "random memory": {"memory": "random"},
            "no memory": {"memory": "none"},
        }),
        [
            Sign("map[intent]", "whole", "without anything of the intent", 0.1),
            Sign("map[intent]", "without anything of the intent", "no memory", 0.1),
            Sign("map[intent]", "whole", "random memory", 0.3),
            Sign("map[intent]", "whole", "no memory", 0.3),
        ],
    ),
    "pbr": Experiment(
        "PBR, world of replies",
        _LISTED | {"map, vectors": _OF_SIX, "map, matcher": _OF_SIX},
        _variants(pbr, {
            "base": {},
            "EKD": EMOTIONAL,
            "TSCL": CONTRASTED,
            "EKD and PHSM": EMOTIONAL | SENTIMENTAL,
            "all": EMOTIONAL | CONTRASTED | SENTIMENTAL,
            "all but PHSM": EMOTIONAL | CONTRASTED,
        }),
        [
            Sign("map", "EKD", "base", 0.1),
            Sign("map", "TSCL", "base", 0.1),
            Sign("map", "all", "base", 0.2),
            Sign("D", "EKD", "EKD and PHSM"),
            Sign("map", "EKD and PHSM", "EKD", -0.1),
        ],
    ),
    "stickerllm": Experiment(
        "StickerLLM, world of requests",
        {f"{task}@{k}": k / 84 for task in ("t2i", "i2i") for k in (1, 5, 10)},
        _variants(sticker_llm, {
            "with ordinary prompts": {},
            "without (as published)": {"ordinary": 0.0},
            "new rows frozen": {"new_rows": False},
        }),
        [
            Sign("t2i@10", "with ordinary prompts", 4 * 10 / 84),
            Sign("search, prefix", "with ordinary prompts", 0.95),
            Sign("no search in talk", "with ordinary prompts", "without (as published)"),
            Sign("i2i@10", "with ordinary prompts", "new rows frozen", -0.1),
        ],
    ),
    "replies": Experiment(
        "All on one footing, world of replies",
        _LISTED,
        _variants(on_replies, {name: {"name": name} for name in FOOTING}),
    ),
    "intentions": Experiment(
        "All on one footing, world of intentions",
        _OF_SEVEN | {"map[intent]": 0.21},
        _variants(on_intentions, {name: {"name": name} for name in FOOTING}),
        [Sign("map[intent]", "Int-RA", name, 0.2) for name in FOOTING if name != "Int-RA"],
    ),
}  # fmt: skip
