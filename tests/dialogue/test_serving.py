"""A model's two sides apart from each other: what ONNX Runtime answers is what torch answers, for whatever is asked."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import (
    BertTokenizerFast,
    ChineseCLIPConfig,
    ChineseCLIPImageProcessor,
    ChineseCLIPModel,
)

from retrieval_engine.bundle import TOKENIZER, BundleError
from retrieval_engine.dialogue.bases.pretrained import PretrainedJoint
from retrieval_engine.dialogue.bases.towers import Spec, build
from retrieval_engine.dialogue.data.conversations import Conversations, Session, Turn, Use
from retrieval_engine.dialogue.data.gallery import Gallery
from retrieval_engine.dialogue.data.wording import all_texts
from retrieval_engine.dialogue.inference import exporting
from retrieval_engine.dialogue.inference.exporting import ExportError, export_conversation_side, has_sides
from retrieval_engine.dialogue.inference.onnx_replier import (
    GRAPH,
    HEADS,
    SPEC,
    ConversationSide,
    OnnxReplier,
    Shelf,
    WordsReplier,
    read_spec,
    top,
)
from retrieval_engine.dialogue.inference.replying import Note, question
from retrieval_engine.dialogue.inference.showing import Shown, heat_maps, show_frames
from retrieval_engine.dialogue.models.bm25 import LastUtteranceBm25
from retrieval_engine.dialogue.models.igsr import Igsr
from retrieval_engine.dialogue.models.int_ra import IntRa
from retrieval_engine.dialogue.models.learning import scores_of
from retrieval_engine.dialogue.models.pbr import Pbr
from retrieval_engine.dialogue.models.phsm import feeling
from retrieval_engine.dialogue.settings import IgsrSettings, IntRaSettings, PbrSettings
from retrieval_engine.dialogue.telling.knowing import SalientTurns
from retrieval_engine.dialogue.telling.providers import Provided, Table
from retrieval_engine.stickerclip.pictures import Frames
from tests.dialogue.test_models import SMALL, little_world

ROOT = Path(__file__).parents[2]
FEELS = {"mita": "joyful", "vola": "in tears"}
WORDS = ["mita", "vola", "rapo", "好累", "😭", "I'm SO tired", "Ａ", "\ud83d", "zuta" * 30]


def knowing() -> Provided:
    return Provided("knowledge", Table(FEELS, by="model"))


def shown(model: Any) -> Shown:
    frames = [model.gallery.frames.of([place]) for place in range(len(model.gallery))]
    return show_frames(model, model.gallery.stickers, frames)


@pytest.fixture(scope="module")
def gallery() -> Gallery:
    """Thirty uses, and so few stickers that showing them takes no time."""
    world = little_world()
    golds = {use.gold for use in world.conversations.uses}
    kept = [place for place, sticker in enumerate(world.stickers) if sticker.id in golds or place < 40]
    conversations = Conversations(world.of(kept), world.conversations.uses)
    return Gallery(conversations, Frames(world.frames.pixels, world.frames.starts[kept], world.frames.counts[kept], {}))


class Case:
    """A model with its exported side and the stickers as it sees them."""

    def __init__(self, model: Any, folder: Path) -> None:
        self.model, self.folder = model.eval(), folder
        self.shown = shown(model)
        self.ids = [10 * place + 3 for place in range(len(model.gallery))]
        export_conversation_side(model, folder)

    def replier(self, **given: Any) -> OnnxReplier:
        side = ConversationSide.open(self.folder, **given)
        return OnnxReplier(side, self.ids, self.shown.vectors, self.shown.heat, stickers=self.model.gallery.stickers)


@pytest.fixture(scope="module")
def int_ra(gallery: Gallery, tmp_path_factory: pytest.TempPathFactory) -> Case:
    """On towers of transformers."""
    torch.manual_seed(0)
    joint = chinese_clip(tmp_path_factory.mktemp("towers"))
    model = IntRa(gallery, joint, IntRaSettings(**{**SMALL, "length": 36}, heads=4), knowing())
    return Case(model, tmp_path_factory.mktemp("int_ra"))


@pytest.fixture(scope="module")
def igsr(gallery: Gallery, tmp_path_factory: pytest.TempPathFactory) -> Case:
    torch.manual_seed(1)
    joint = build(Spec("tiny"), all_texts(gallery.conversations))
    chosen = IgsrSettings(**SMALL, queue=0, memory="vectors", n_memories=2, memory_length=8)
    model = Igsr(gallery, joint, chosen, Provided("summary", stub=SalientTurns()))
    return Case(model, tmp_path_factory.mktemp("igsr"))


def chinese_clip(folder: Path) -> PretrainedJoint:
    """Of Chinese CLIP's shape, with random weights, that reads letters."""
    letters = [*"abcdefghijklmnopqrstuvwxyz:/[],好累", *(f"##{letter}" for letter in "abcdefghijklmnopqrstuvwxyz")]
    (folder / "vocab.txt").write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters]))
    sizes = {"hidden_size": 16, "num_attention_heads": 2, "intermediate_size": 32, "num_hidden_layers": 1}
    words = {**sizes, "vocab_size": 5 + len(letters), "max_position_embeddings": 40}
    config = ChineseCLIPConfig(
        text_config=words, vision_config={**sizes, "image_size": 32, "patch_size": 16}, projection_dim=12
    )
    processor = ChineseCLIPImageProcessor()
    return PretrainedJoint(ChineseCLIPModel(config).eval(), BertTokenizerFast(str(folder / "vocab.txt")), processor)


@pytest.fixture(scope="module")
def pbr(igsr: Case, tmp_path_factory: pytest.TempPathFactory) -> Case:
    """Over IGSR's towers, whose graph is the same, so that it need not be made again: it is compared all the same."""
    chosen = PbrSettings(**SMALL, layers=1, emotions=0.0, intra=0.0, inter=0.0)
    model = Pbr(igsr.model.gallery, igsr.model.joint, chosen, None, feeling(lambda texts, language: [], 4))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exporting, "_write_graphs", lambda model, folder: shutil.copy(igsr.folder / GRAPH, folder))
        return Case(model, tmp_path_factory.mktemp("pbr"))


def expect_same(case: Case, replier: OnnxReplier, expected: np.ndarray) -> None:
    uses = case.model.gallery.conversations.of("test")
    answers = replier.answer(uses, len(case.ids))
    for row, answer in zip(expected, answers, strict=True):
        assert [reply.id for reply in answer.replies] == [case.ids[at] for at in np.argsort(-row, kind="stable")]
        assert [reply.score for reply in answer.replies] == pytest.approx(sorted(row, reverse=True), abs=1e-4)


def test_int_ra_answers_as_it_does_in_torch_with_intents_knowledge_and_heat(int_ra: Case) -> None:
    uses, replier = int_ra.model.gallery.conversations.of("test"), int_ra.replier(told=knowing())
    expect_same(int_ra, replier, scores_of(int_ra.model, uses))
    with torch.inference_mode():
        shares = int_ra.model.intent_logits(uses).softmax(-1).numpy()
    for share, answer in zip(shares, replier.answer(uses, 1), strict=True):
        assert dict(answer.intents) == pytest.approx(dict(zip(int_ra.model.intents, share, strict=True)), abs=1e-4)
        assert [p for _, p in answer.intents] == sorted((p for _, p in answer.intents), reverse=True)
        assert Note.KNOWLEDGE not in answer.notes
        (reply,) = answer.replies
        heat = np.array(reply.heat)
        assert heat.shape == (2, 2)
        assert 0 <= heat.min() <= heat.max() <= 1
    said = question([Turn("User_1", "mita and vola")], language="en", speaker="User_2")
    assert replier.answer([said], 1)[0].knowledge == "joyful in tears"


def test_without_a_provider_the_answer_says_that_nothing_was_added(int_ra: Case) -> None:
    said = question([Turn("User_1", "mita")], language="en", speaker="User_2")
    (answer,) = int_ra.replier().answer([said], 1)
    assert (answer.knowledge, answer.notes) == ("", (Note.KNOWLEDGE,))


def test_igsr_answers_as_it_does_in_torch_and_names_what_it_remembers(igsr: Case) -> None:
    uses, replier = igsr.model.gallery.conversations.of("test"), igsr.replier()
    expect_same(igsr, replier, scores_of(igsr.model, uses))
    said = [igsr.model.memory(use, "mita") for use in uses]
    assert {len(memories) for memories in said} == {0, 2}
    for use, answer in zip(uses, replier.answer(uses, 1), strict=True):
        assert [memory.ordinal for memory in answer.memories] in ([], [0, 1], [1, 0])
        assert bool(answer.memories) == bool(use.earlier)
        assert (Note.SUMMARY in answer.notes) == bool(use.earlier)  # one of the two is summed up by nobody


def test_pbrs_first_stage_is_the_same_as_in_torch(pbr: Case) -> None:
    uses = pbr.model.gallery.conversations.of("test")
    with torch.inference_mode():
        expected = pbr.model.aligned(uses, np.arange(len(pbr.ids))[None].repeat(len(uses), 0)).numpy()
    expect_same(pbr, pbr.replier(), expected)
    assert all(Note.FIRST_STAGE in answer.notes for answer in pbr.replier().answer(uses, 1))
    assert not (pbr.folder / HEADS).exists()


def test_a_graph_that_gives_other_vectors_is_refused_and_nothing_is_written(
    int_ra: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = IntRa(int_ra.model.gallery, int_ra.model.joint, int_ra.model.settings, knowing()).eval()
    monkeypatch.setattr(
        exporting, "_write_graphs", lambda model, folder: shutil.copy(int_ra.folder / GRAPH, folder / GRAPH)
    )
    (tmp_path / "bundle").mkdir()
    with pytest.raises(ExportError, match="other vectors than torch's"):
        export_conversation_side(other, tmp_path / "bundle")
    assert [path.name for path in tmp_path.rglob("*")] == ["bundle"]
    export_conversation_side(int_ra.model, tmp_path / "bundle", int8=True)  # the same graph, which is its own
    assert read_spec(tmp_path / "bundle").precision == "int8"
    assert (ConversationSide.open(tmp_path / "bundle").exactness) > 0.998


def test_models_that_read_both_together_have_no_side(gallery: Gallery, tmp_path: Path) -> None:
    model = torch.nn.Identity()
    assert not has_sides(model)  # type: ignore[arg-type]
    with pytest.raises(ExportError, match="reads conversation and sticker together"):
        export_conversation_side(model, tmp_path)  # type: ignore[arg-type]


def test_bad_folders_are_named(int_ra: Case, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=SPEC):
        ConversationSide.open(tmp_path)
    for name, content in ((SPEC, b"{}"), (TOKENIZER, b"{}"), (GRAPH, b"no graph")):
        shutil.copytree(int_ra.folder, tmp_path / name)
        (tmp_path / name / name).write_bytes(content)
        with pytest.raises(BundleError, match=name):
            ConversationSide.open(tmp_path / name)
    newer = msgspec.structs.replace(read_spec(int_ra.folder), format=99)
    (tmp_path / SPEC / SPEC).write_bytes(msgspec.json.encode(newer))
    with pytest.raises(BundleError, match="format 99"):
        ConversationSide.open(tmp_path / SPEC)
    with pytest.raises(ValueError, match="vectors of 3 numbers for a model of 12"):
        OnnxReplier.open(int_ra.folder, [1], np.zeros((1, 3)))


def test_what_stickers_in_between_look_like_is_read_where_it_is_known(int_ra: Case) -> None:
    with_face = next(sticker for sticker in int_ra.model.gallery.stickers if sticker.attributes)
    asked = [
        question([Turn("User_1", "rapo"), Turn("User_2", "", id)], language="en", speaker="User_1")
        for id in (with_face.id, "no such sticker")
    ]
    known, unknown = int_ra.replier().answer(asked, 3)
    assert (Note.STICKER in known.notes, Note.STICKER in unknown.notes) == (False, True)
    plain = question([Turn("User_1", "rapo")], language="en", speaker="User_1")
    (untold,) = int_ra.replier().telling([]).answer(asked[:1], 3)
    (without,) = int_ra.replier().answer([plain], 3)
    expected = pytest.approx([reply.score for reply in unknown.replies], abs=1e-6)
    assert [[reply.score for reply in answer.replies] for answer in (without, untold)] == [expected, expected]
    assert [reply.score for reply in known.replies] != expected


def test_odd_conversations_are_answered_and_say_what_was_done(igsr: Case) -> None:
    long, mita = [Turn("User_1", f"mita {n}") for n in range(10_000)], Turn("User_1", "mita")
    silent = [mita, *[Turn("User_2", "", "no such sticker")] * 6]

    def notes(turns: Sequence[Turn], language: str = "en", **rest: Any) -> set[str]:
        (answer,) = igsr.replier().answer([question(turns, language=language, speaker="User_1", **rest)], 5)
        assert len(answer.replies) == 5
        return set(answer.notes)

    assert notes([Turn("User_1", "😭😭😭")]) == set()
    assert notes([Turn("User_1", "好 mita"), mita], own_text="\ud83d") == set()
    assert notes(long) == {Note.TURNS, Note.LENGTH}
    assert notes([Turn("User_1", "mita " * 200_000)]) == {Note.LENGTH}
    assert notes(silent) == {Note.TURNS, Note.STICKER, Note.NOTHING}
    assert notes([mita], "tlh") == {Note.LANGUAGE}
    assert notes([mita], earlier=[Session("", "", 0, (mita, Turn("User_2", "", "x")))]) == {Note.SUMMARY}
    assert notes([mita], earlier=[Session("", "", 0, (), "They met.")]) == set()


def test_a_model_without_memory_says_that_it_reads_no_earlier_sessions(int_ra: Case) -> None:
    asked = question(
        [Turn("User_1", "mita")], language="en", speaker="User_1", earlier=[Session("", "", 0, (), "They met.")]
    )
    assert Note.EARLIER in int_ra.replier().answer([asked], 1)[0].notes


texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map(" ".join)
turns = st.builds(Turn, st.sampled_from(["User_1", "好"]), texts, st.sampled_from([None, "x"]))
sessions = st.builds(lambda held, said: Session("", "", 0, tuple(held), said), st.lists(turns, max_size=3), texts)


@st.composite
def uses(draw: st.DrawFn) -> Use:
    said, earlier = draw(st.lists(turns, min_size=1, max_size=9)), draw(st.lists(sessions, max_size=4))
    return question(said, language="en", speaker="User_2", own_text=draw(texts), earlier=earlier)


@pytest.mark.parametrize("name", ["int_ra", "igsr"])
def test_answers_of_a_batch_are_those_of_single_questions(name: str, request: pytest.FixtureRequest) -> None:
    case: Case = request.getfixturevalue(name)
    replier, known = case.replier(), {"x": replace(case.model.gallery.stickers[0], id="x")}
    replier = replier.telling(known.values())

    @settings(max_examples=8, deadline=None)
    @given(st.lists(uses(), min_size=2, max_size=5))
    def check(asked: list[Use]) -> None:
        together = replier.answer(asked, len(case.ids))
        for use, answer in zip(asked, together, strict=True):
            (alone,) = replier.answer([use], len(case.ids))
            scores = [{reply.id: reply.score for reply in one.replies} for one in (alone, answer)]
            assert scores[0] == pytest.approx(scores[1], abs=1e-5)
            assert dict(alone.intents) == pytest.approx(dict(answer.intents), abs=1e-5)
            assert [memory.ordinal for memory in alone.memories] == [memory.ordinal for memory in answer.memories]
            assert (alone.notes, alone.knowledge) == (answer.notes, answer.knowledge)

    check()


def test_nothing_asked_gives_nothing(int_ra: Case) -> None:
    assert int_ra.replier().answer([], 5) == []
    said = question([Turn("User_1", "mita")], language="en", speaker="User_2")
    assert [int_ra.replier().answer([said], k)[0].replies for k in (0, -1)] == [(), ()]
    empty = OnnxReplier(ConversationSide.open(int_ra.folder), [], np.zeros((0, 12), dtype=np.float32))
    assert empty.answer([said], 5)[0].replies == ()


@given(
    st.lists(st.integers(-3, 3).map(float), max_size=40),
    st.integers(0, 50),
    st.sets(st.integers(-5, 45)) | st.none(),
)
def test_those_that_are_allowed_come_best_first_and_as_many_as_there_are(
    scores: list[float], k: int, allow: set[int] | None
) -> None:
    shelf = Shelf(range(len(scores)), np.array(scores, dtype=np.float32).reshape(-1, 1))
    (replies,) = shelf.best(np.ones((1, 1), dtype=np.float32), k, shelf.places(allow))
    there = [id for id in range(len(scores)) if allow is None or id in allow]
    assert [reply.id for reply in replies] == sorted(there, key=lambda id: (-scores[id], id))[:k]
    assert [reply.score for reply in replies] == [scores[reply.id] for reply in replies]


def test_a_shelf_takes_no_vectors_that_are_none() -> None:
    with pytest.raises(ValueError, match="2 stickers with vectors"):
        Shelf([1, 2], np.zeros((1, 4)))
    with pytest.raises(ValueError, match="not finite"):
        Shelf([1], np.array([[np.nan]]))
    assert top(np.zeros(0), 3, np.zeros(0, dtype=np.int64)) == []


def test_heat_is_how_far_above_its_least_a_place_is() -> None:
    weights = np.full((3, 10), 0.1, dtype=np.float32)
    weights[1, 0], weights[2, 6] = 0.9, 0.4  # the first stands for the whole picture
    maps = heat_maps(weights)
    assert maps.shape == (3, 3, 3)
    assert maps[:2].max() == 0
    assert maps[2, 1, 2] == pytest.approx(0.75)
    assert (maps > 0).sum() == 1
    assert heat_maps(weights[:, :9]).shape == (3, 3, 3)
    with pytest.raises(ValueError, match="8 places are no square"):
        heat_maps(weights[:, :8])


def test_words_alone_answer_as_the_baseline_does(gallery: Gallery) -> None:
    stickers = [
        replace(sticker, printed_text=f"{WORDS[at % 3]} {'rapo ' * (at % 5)}")
        for at, sticker in enumerate(gallery.stickers)
    ]
    ids = [7 * at for at in range(len(stickers))]
    asked = [
        question([Turn("User_1", "vola rapo rapo")], language="en", speaker="User_2"),
        question([Turn("User_1", "qqq")], language="en", speaker="User_2"),
    ]
    known = Gallery(Conversations(stickers, ()), gallery.frames)
    expected = LastUtteranceBm25(known).scores(asked, np.arange(len(ids))[None].repeat(2, 0))
    found, nothing = WordsReplier(ids, stickers).answer(asked, 8)
    assert [reply.id for reply in found.replies] == [ids[at] for at in np.argsort(-expected[0], kind="stable")[:8]]
    assert found.query == "vola rapo rapo"
    assert (nothing.replies, nothing.notes) == ((), (Note.NO_WORD,))
    allowed = WordsReplier(ids, stickers).answer(asked[:1], 8, allow=ids[5:9])[0]
    assert {reply.id for reply in allowed.replies} <= set(ids[5:9])


@cache
def without_torch() -> str:
    return """
import sys
import numpy as np
from retrieval_engine.dialogue.inference import lines
from retrieval_engine.dialogue.inference.onnx_replier import OnnxReplier
from retrieval_engine.dialogue.inference.replying import question
from retrieval_engine.dialogue.data.conversations import Session, Turn
replier = OnnxReplier.open(sys.argv[1], [5], np.ones((1, 64)))
earlier = [Session("", "", 0, (Turn("a", "hi"),))]
(answer,) = replier.answer([question([Turn("a", "mita")], language="en", speaker="b", earlier=earlier)], 1)
assert [reply.id for reply in answer.replies] == [5] and answer.intents and answer.memories
print(sorted({"torch", "transformers", "open_clip", "django", "onnx"} & sys.modules.keys()))
"""


def test_nothing_that_serves_loads_torch(igsr: Case) -> None:
    command = [sys.executable, "-c", without_torch(), str(igsr.folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[0] == "[]"
