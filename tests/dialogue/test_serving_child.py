"""The child process: it shows stickers and answers questions with any model, line by line."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from io import BytesIO, StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from retrieval_engine.dialogue import __main__ as child
from retrieval_engine.dialogue.data.conversations import Conversations, Session, Turn
from retrieval_engine.dialogue.data.gallery import Gallery
from retrieval_engine.dialogue.inference import torch_replier as answering
from retrieval_engine.dialogue.inference.lines import (
    AnswerLine,
    QuestionLine,
    ReadyLine,
    ShownLine,
    StickerLine,
    read,
    written,
)
from retrieval_engine.dialogue.inference.replying import Answer, BadConversation, Note, Reply, question
from retrieval_engine.dialogue.inference.showing import show_frames
from retrieval_engine.dialogue.inference.torch_replier import TorchReplier
from retrieval_engine.dialogue.models.learning import scores_of
from retrieval_engine.dialogue.models.pbr import Pbr
from retrieval_engine.dialogue.runs import publishing
from retrieval_engine.dialogue.runs.bundle import Manifest
from retrieval_engine.dialogue.runs.making import Stand
from retrieval_engine.stickerclip.pictures import Frames
from retrieval_engine.training.figures import Report
from tests.dialogue.test_models import little_world, made

HEADLINE = ("reply/gallery", "trained", "all", "map[exact]")
Spoken = tuple[int, list[str], str]


@pytest.fixture(scope="module")
def gallery() -> Gallery:
    """Of thirty stickers."""
    world = little_world()
    kept = list(range(30))
    ids = {sticker.id for sticker in world.of(kept)}
    uses = [use for use in world.conversations.uses if use.gold in ids]
    frames = Frames(world.frames.pixels, world.frames.starts[kept], world.frames.counts[kept], {})
    return Gallery(Conversations(world.of(kept), uses, intents=world.conversations.intents), frames)


def asked(text: str = "mita vola", **rest: Any) -> Any:
    turns = (Turn("User_1", "rapo"), Turn("User_2", text))
    return question(turns, language="en", speaker="User_1", **rest)


def replier(name: str, gallery: Gallery, **changes: Any) -> TorchReplier:
    model, _ = made(name, gallery, **changes)
    return TorchReplier(model, range(100, 100 + len(gallery)), name=name, languages=["en"])


@pytest.mark.parametrize("name", ["clip", "int-ra", "igsr", "srs", "mmbert", "stickerllm"])
def test_every_model_answers_with_the_best_of_what_is_allowed(name: str, gallery: Gallery) -> None:
    by = replier(name, gallery)
    use = asked(earlier=[Session("", "", 0, (Turn("User_1", "mita"),))])
    row = scores_of(by.model, [use])[0]
    for allow in (None, {103, 110, 101, 999}):
        places = [at for at in range(len(gallery)) if allow is None or at + 100 in allow]
        (answer,) = by.answer([use], 2, allow=allow)
        assert [reply.id - 100 for reply in answer.replies] == sorted(places, key=lambda at: (-row[at], at))[:2]
        assert [reply.score for reply in answer.replies] == pytest.approx(sorted(row[places])[:-3:-1], abs=1e-4)
    assert by.answer([use], 2, allow=[])[0].replies == ()
    assert bool(answer.intents) == (name in ("int-ra", "igsr"))
    assert (Note.EARLIER in answer.notes) == (name != "igsr")
    assert (answer.searches is None) == (name != "stickerllm")


def test_pbr_says_what_its_matcher_said_of_the_shortlist(gallery: Gallery) -> None:
    by = replier("pbr, bare", gallery, shortlist=4)
    (answer,) = by.answer([asked()], 6)
    places = np.array([[reply.id - 100 for reply in answer.replies]])
    assert isinstance(by.model, Pbr)
    with torch.inference_mode():
        (cosines,) = by.model.aligned([asked()], places).tolist()
    expected = [reply.score - 1 - cosine for reply, cosine in zip(answer.replies, cosines, strict=True)]
    matches = [reply.match for reply in answer.replies]
    assert matches[:4] == pytest.approx(expected[:4], abs=1e-5)
    assert all(0 <= match <= 1 for match in expected[:4])
    assert matches[4:] == [None, None]
    assert answer.notes == (Note.SHORTLIST,)


def test_what_reads_both_together_looks_at_a_shortlist_of_many(
    gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    by = replier("srs", gallery)
    whole = {reply.id: reply.score for reply in by.answer([asked()], 100)[0].replies}
    monkeypatch.setattr(answering, "SHORTLIST", 5)
    (answer,) = by.answer([asked()], 100)
    assert len(answer.replies) == 5
    assert {reply.id: reply.score for reply in answer.replies} == pytest.approx(
        {reply.id: whole[reply.id] for reply in answer.replies}, abs=1e-4
    )
    assert Note.SHORTLIST in answer.notes
    assert Note.SHORTLIST not in by.answer([asked()], 100, allow=[101, 102])[0].notes


def test_igsr_remembers_the_chat_that_is_asked_about_and_no_other(gallery: Gallery) -> None:
    """Questions have no ids to tell them apart by."""
    by = replier("igsr", gallery)
    first = asked(earlier=[Session("", "", 0, (), "mita at home"), Session("", "", 1, (), "nothing")])
    second = asked(earlier=[Session("", "", 0, (), "vola at work")])
    answers = by.answer([first, second, first], 1)
    assert [[memory.summary for memory in answer.memories] for answer in answers] == [
        ["mita at home"], ["vola at work"], ["mita at home"]
    ]  # fmt: skip


# --- lines ---


class Echo:
    name = "echo"

    def answer(self, asked: Sequence[Any], k: int, *, allow: Any = None) -> list[Answer]:
        if asked[0].last_words == "fail":
            raise RuntimeError("no room")
        return [Answer((Reply(k, 0.5),), query=asked[0].last_words)]


def test_what_is_wrong_with_a_line_is_said_in_its_answer_and_the_next_one_is_answered() -> None:
    turns = [{"speaker": "a", "text": "hi"}]
    good = {"id": "q", "turns": turns, "speaker": "b", "language": "en", "k": 3}
    lines = [
        b"nonsense\n", b"\n", json.dumps(good | {"id": 7, "turns": []}).encode(), b'{"id": 8}\n', b"\xff\n",
        json.dumps(good | {"own_text": "fail"}).encode(), json.dumps(good | {"k": 10_000}).encode(),
    ]  # fmt: skip
    out = StringIO()
    child.answer_lines(Echo(), lines, out)
    answers = [read(line, AnswerLine) for line in out.getvalue().splitlines()]
    assert [line.id for line in answers] == [None, 7, 8, None, "q", "q"]
    assert [line.answer is None for line in answers] == [True] * 5 + [False]
    assert "line 3: nobody says a word" in answers[1].error
    assert answers[4].error == "line 6: RuntimeError: no room"
    assert answers[5].answer == Answer((Reply(100, 0.5),), query="hi")


def test_lines_come_back_as_they_were_sent() -> None:
    use = asked("好累 😭", own_text="ok", earlier=[Session("0", "", 0, (Turn("User_1", "", "s"),), "They met.")])
    line = QuestionLine.of(3, use, 5, (1, 2))
    assert read(written(line), QuestionLine) == line
    assert line.use == use
    sticker = StickerLine(4, "a.png", attributes={"face": "smile"})
    assert (sticker.sticker.id, sticker.sticker.group, dict(sticker.sticker.attributes)) == (
        "4",
        "4",
        {"face": "smile"},
    )
    with pytest.raises(BadConversation, match="speaker"):
        read(b'{"id": 1, "turns": [{}], "speaker": "a", "language": "en"}', QuestionLine)


# --- the process ---


@pytest.fixture
def spoken(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Spoken]:
    def speak(*arguments: str, given: str = "") -> Spoken:
        capfd.readouterr()
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=BytesIO(given.encode())))
        status = child.main([*arguments, "--device", "cpu"])
        out, errors = capfd.readouterr()
        return status, out.splitlines(), errors

    return speak


@pytest.fixture(scope="module")
def files(gallery: Gallery, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Six stickers as lines, the last without a picture."""
    folder, lines = tmp_path_factory.mktemp("pictures"), []
    for at, sticker in enumerate(gallery.stickers[:6]):
        if at < 5:
            Image.fromarray(gallery.frames.of([at])[0]).save(folder / f"{at}.png")
        told = {"attributes": dict(sticker.attributes), "printed_text": sticker.printed_text}
        lines.append(written(StickerLine(at + 10, str(folder / f"{at}.png"), sticker.id, **told)))  # type: ignore[arg-type]
    (folder / "stickers.jsonl").write_text("".join(lines))
    return str(folder / "stickers.jsonl")


def published(name: str, recipe: str, gallery: Gallery, folder: Path) -> Any:
    model, settings = made(name, gallery)
    manifest = Manifest(
        name="little", recipe=recipe, base="tiny", settings={}, intents=list(gallery.conversations.intents),
        languages=["en"], providers=[], lineage={}, files={},
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:  # what is exported has tests of its own
        patch.setattr(publishing, "_write_side", lambda model, folder: "")
        publishing.publish(
            model, Stand(model.joint), settings, folder, manifest=manifest, metrics=Report(recipe, HEADLINE, [])
        )
    return model.eval()


def test_stickers_are_shown_and_questions_answered_by_a_published_model(
    gallery: Gallery, files: str, tmp_path: Path, spoken: Callable[..., Spoken]
) -> None:
    model = published("int-ra", "int_ra", gallery, tmp_path / "bundle")
    status, lines, _ = spoken("show", str(tmp_path / "bundle"), given=Path(files).read_text())
    assert status == 0
    shown = [read(line, ShownLine) for line in lines]
    expected = show_frames(model, gallery.stickers[:5], [gallery.frames.of([at])[:1] for at in range(5)])
    assert [line.id for line in shown] == list(range(10, 16))
    assert np.stack([line.numbers for line in shown[:5]]) == pytest.approx(expected.vectors, abs=1e-4)
    assert expected.heat is not None
    assert np.array([line.heat for line in shown[:5]]) == pytest.approx(expected.heat, abs=2e-3)
    assert [bool(line.error) for line in shown] == [False] * 5 + [True]
    assert spoken("show", str(tmp_path / "bundle"), files)[1] == lines

    use = asked()
    questions = written(QuestionLine.of(1, use, 9)) + "nonsense\n" + written(QuestionLine.of(2, use, 9, (12,)))
    status, lines, _ = spoken("answer", str(tmp_path / "bundle"), files, given=questions)
    ready = read(lines[0], ReadyLine)
    assert (status, ready.ready, ready.n_stickers, list(ready.problems)) == (0, "little", 5, [15])
    first, wrong, second = (read(line, AnswerLine) for line in lines[1:])
    assert first.answer is not None
    assert second.answer is not None
    assert [reply.id for reply in second.answer.replies] == [12]
    assert wrong.error.startswith("line 2: ")
    row = (model.intended([use])[1].detach().numpy() @ expected.vectors.T)[0]
    assert {reply.id: reply.score for reply in first.answer.replies} == pytest.approx(
        {at + 10: row[at] for at in range(5)}, abs=1e-4
    )


def test_what_cannot_be_used_is_said_in_a_sentence(
    gallery: Gallery, files: str, tmp_path: Path, spoken: Callable[..., Spoken]
) -> None:
    published("srs", "srs", gallery, tmp_path / "srs")
    status, lines, why = spoken("show", str(tmp_path / "srs"), files)
    assert (status, lines) == (2, [])
    assert "A model of srs looks at stickers when it answers: nothing can be kept." in why
    (tmp_path / "spoiled.jsonl").write_text('{"id": 1, "path": "a.png"}\n{"id": "x"}\n')
    status, _, why = spoken("answer", str(tmp_path / "srs"), str(tmp_path / "spoiled.jsonl"))
    assert status == 2
    assert "stickers, line 2: " in why
    assert spoken("answer", str(tmp_path / "srs"), str(tmp_path / "none.jsonl"))[0] == 2
    assert spoken("answer", str(tmp_path), files)[0] == 2
    status, lines, _ = spoken("answer", str(tmp_path / "srs"), files, given=written(QuestionLine.of(1, asked(), 3)))
    assert [status, len(lines)] == [0, 2]
    answer = read(lines[1], AnswerLine).answer
    assert answer is not None
    assert len(answer.replies) == 3
