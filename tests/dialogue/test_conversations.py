"""Conversations out of a release, what they are in words, wrong answers to them, and lists of candidates."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from retrieval_engine.data import DataError
from retrieval_engine.dialogue import worlds
from retrieval_engine.dialogue.data import candidates, reading, wording
from retrieval_engine.dialogue.data.conversations import Conversations, Session, Sticker, Turn, Use
from retrieval_engine.dialogue.data.gallery import Gallery
from retrieval_engine.dialogue.models.sampling import Negatives, batches_of
from retrieval_engine.stickerclip.pictures import Frames
from tests.engine.world import moving, picture


def write_lines(path: Path, *rows: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def turn_row(number: int, speaker: str, text: str = "", sticker: str | None = None) -> dict[str, Any]:
    told = {"turn_id": f"turn_{number}", "session_id": "ses_1", "speaker": speaker, "text": text}
    return told | {"sticker_id": sticker, "polarity": {"pos": 1, "neg": 0} if text == "yay" else None}


def sample_row(number: int, gold: str, **changes: Any) -> dict[str, Any]:
    told = {"sample_id": f"smp_{number}", "session_id": "ses_2", "context_turns": ["turn_3"], "speaker": "User_1"}
    told |= {"history_sessions": ["ses_1"], "own_text": "", "gold": gold, "acceptable": [gold], "scenario": "DR"}
    told |= {"intent": {"fine": "joy", "coarse": "joy"}, "appropriate": True, "lang": "en", "part": "train"}
    return told | changes


def label_row(
    task: str, sticker: str, value: dict[str, Any] | None, taxonomy: str = "", **target: str
) -> dict[str, Any]:
    return {"task": task, "target": {"sticker_id": sticker, **target}, "lang": "", "taxonomy": taxonomy, "value": value}


@pytest.fixture
def release(tmp_path: Path) -> Path:
    write_lines(
        tmp_path / "stickers.jsonl",
        *(
            {"sticker_id": id, "file": file, "pack_id": "pk", "dup_cluster": id, "printed_text": text, "media": {}}
            for id, file, text in (("hug", "stickers/hug.png", "HUG"), ("cry", None, ""), ("gone", None, ""))
        ),
    )
    turns = [turn_row(1, "User_1", "so tired"), turn_row(2, "User_2", "", "hug"), turn_row(3, "User_2", "yay")]
    write_lines(tmp_path / "turns.jsonl", *turns, turn_row(4, "User_1", "", "cry"))
    session = {"chat_id": "chat_1", "summary": ""}
    write_lines(
        tmp_path / "sessions.jsonl",
        session | {"session_id": "ses_1", "ordinal": 1, "turn_ids": ["turn_1", "turn_2"], "summary": "They meet."},
        session | {"session_id": "ses_2", "ordinal": 2, "turn_ids": ["turn_3", "turn_4"]},
    )
    caring = {"fine": "caring", "coarse": "joy"}
    write_lines(
        tmp_path / "samples.jsonl",
        sample_row(1, "hug"),
        sample_row(2, "hug", intent=caring, own_text="me too", acceptable=["hug", "cry"], part="test"),
        sample_row(3, "hug", intent=caring),
        sample_row(4, "gone"),
        sample_row(5, "hug", appropriate=False),
        sample_row(6, "cry", context_turns=["turn_2"], intent=None),
    )
    write_lines(
        tmp_path / "annotation_labels.jsonl",
        label_row("attribute", "hug", {"gesture": ["hugging", "arms out"]}, "attributes-4@1"),
        label_row("attribute", "hug", {"verbal": []}),
        label_row("style", "hug", {"label": "cute cartoons"}, "style-7@1"),
        label_row("emotion", "hug", {"labels": ["Shocked", "Smiling"], "primary": "Smiling"}, "sticker820k-30@1"),
        label_row("emotion", "cry", None, "sticker820k-30@1"),
        label_row("intent", "cry", {"fine": "grief"}, "goemotions-28@1", turn_id="turn_4", dialogue_id="chat_1"),
    )
    query = {"sticker_id": "hug", "query": "big hug", "status": "found"}
    write_lines(tmp_path / "queries/train.jsonl", query, query | {"query": "unlikely", "status": "unproven"})
    return tmp_path


def test_a_release_is_read_with_what_people_said(release: Path) -> None:
    held = reading.read(release, has_picture={"cry"})
    hug, cry = held.stickers
    assert hug.attributes == {"gesture": "hugging, arms out", "verbal": ""}
    assert (hug.style, hug.emotion, hug.printed_text) == ("cute cartoons", "happiness", "HUG")
    assert (hug.queries, hug.intents) == (("big hug",), ("caring", "joy"))
    assert (cry.attributes, cry.emotion, cry.intents) == ({}, None, ())
    first, second, _third = held.uses
    assert first.context == (Turn("User_2", "yay", polarity=first.context[0].polarity),)
    assert first.context[0].polarity is not None
    assert (first.chat, first.scenario, first.intent, first.part) == ("chat_1", "DR", "joy", "train")
    assert first.earlier == (
        Session("ses_1", "chat_1", 1, (Turn("User_1", "so tired"), Turn("User_2", "", "hug")), "They meet."),
    )
    assert first.earlier[0].speakers == {"User_1", "User_2"}
    assert second.acceptable == {"hug", "cry"}
    assert second.turns(6) == (*first.context, Turn("User_1", "me too"))
    assert second.turns(1) == (Turn("User_1", "me too"),)
    assert (first.last_words, second.last_words) == ("yay", "me too")
    assert held.intents == ("caring", "joy")
    assert [use.id for use in held.of("test")] == ["smp_2"]


def test_pictures_are_the_release_s_own_or_what_is_at_hand(release: Path) -> None:
    held = reading.read(release, has_picture={"cry"})
    assert reading.pictures(release, held, {"cry": Path("/at/hand.png")}) == [
        release / "stickers/hug.png",
        Path("/at/hand.png"),
    ]


def test_what_is_left_out_is_counted_with_its_reason(release: Path) -> None:
    assert reading.read(release, has_picture={"cry"}).dropped == {
        "the sticker has no picture here": 1,
        "annotators say that the sticker does not fit": 1,
        "nobody says a word before the sticker": 1,
    }
    assert reading.read(release).dropped["the sticker has no picture here"] == 2


def test_a_spoiled_release_is_named(release: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no conversations"):
        reading.read(tmp_path / "elsewhere")
    write_lines(release / "samples.jsonl", sample_row(7, "hug", context_turns=["turn_99"]))
    with pytest.raises(DataError, match="smp_7 names turn_99"):
        reading.read(release)
    (release / "turns.jsonl").write_text('{"turn_id": 3}\n')
    with pytest.raises(DataError, match=r"turns\.jsonl:1"):
        reading.read(release)


def sticker(id: str, **told: Any) -> Sticker:
    return Sticker(id, **({"group": id, "pack": "pack"} | told))


def use(gold: str, *said: str, **changes: Any) -> Use:
    turns = tuple(Turn(f"User_{1 + at % 2}", text) for at, text in enumerate(said))
    return Use(**({"id": f"use of {gold}", "session": "s", "chat": "c", "language": "en", "part": "train",
                   "speaker": "User_1", "context": turns, "gold": gold} | changes))  # fmt: skip


def test_a_conversation_in_words_tells_the_stickers_in_it() -> None:
    hug = sticker("hug", attributes={"gesture": "hugging", "verbal": ""}, style="cute cartoons", printed_text="HUG")
    held = Conversations([hug], [])
    turns = [Turn("User_1", "so tired"), Turn("User_2", sticker="hug"), Turn("User_1", "", "unknown")]
    assert wording.spoken(turns, held, " / ") == "User_1: so tired / User_2: [style cute cartoons, gesture hugging]"
    assert wording.spoken(turns[:1], held, " / ", speakers=False) == "so tired"
    assert wording.described(hug, "caring") == "intent caring, style cute cartoons, gesture hugging"
    assert wording.described(sticker("x", printed_text="hi")) == "verbal hi"
    assert wording.attributes(hug) == ["hugging", None, None, None]
    assert wording.attributes(sticker("x", printed_text="hi")) == [None, None, None, "hi"]
    assert wording.document(replace(hug, queries=("big hug",))) == "big hug, HUG, hugging"


def frames(counts: Iterable[int]) -> Frames:
    number = np.array(list(counts))
    pixels = np.arange(number.sum(), dtype=np.uint8)[:, None, None, None].repeat(3, axis=3)
    return Frames(pixels, np.cumsum(number) - number, number, {})


def gallery(*stickers: Sticker, uses: Iterable[Use] = (), counts: Iterable[int] | None = None) -> Gallery:
    return Gallery(Conversations(stickers, uses), frames(counts or [1] * len(stickers)))


def test_near_duplicates_and_what_is_used_for_the_same_are_no_negatives() -> None:
    held = gallery(
        sticker("a", group="twins", intents=("joy", "anger")),
        sticker("b", group="twins", intents=("anger",)),
        sticker("c", intents=("joy",)),
        sticker("d"),
        sticker("e"),
    )
    assert held.same([0, 2, 3], [0, 1, 2, 3, 4]).int().tolist() == [[1, 1, 0, 0, 0], [0, 0, 1, 0, 0], [0, 0, 0, 1, 0]]
    assert held.same([0, 3], [0, 1, 2, 3, 4], intent=True).int().tolist() == [[1, 1, 1, 0, 0], [0, 0, 0, 1, 0]]


def test_frames_are_drawn_for_training_and_all_taken_for_measuring() -> None:
    held = gallery(sticker("a"), sticker("b"), counts=[3, 1])
    drawn = {int(held.drawn([0, 1], np.random.default_rng(seed))[0, 0, 0, 0]) for seed in range(20)}
    assert drawn == {0, 1, 2}
    pixels, of = held.all_frames([1, 0])
    assert (pixels[:, 0, 0, 0].tolist(), of.tolist()) == ([3, 0, 1, 2], [0, 1, 1, 1])
    with pytest.raises(ValueError, match="2 stickers with the frames of 1"):
        Gallery(Conversations([sticker("a"), sticker("b")], []), frames([1]))


def test_pictures_that_cannot_be_read_go_with_their_uses(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("a.png", "b.png", "c.gif")]
    for file, content in zip(files, (picture("red", "big"), b"none", moving("red", "blue")), strict=True):
        file.write_bytes(content)
    told = Conversations([sticker(id) for id in "abc"], [use("a", "hi"), use("b", "hi")], {"other": 2})
    held = Gallery.decoded(told, files, 16, tmp_path / "frames")
    assert [each.id for each in held.stickers] == ["a", "c"]
    assert held.conversations.dropped == {"other": 2, "the picture cannot be read": 1}
    assert held.all_frames([0, 1])[1].tolist() == [0, 1, 1]


def test_wrong_stickers_are_never_the_right_one_or_its_twin() -> None:
    packs = [
        sticker(
            f"{pack}{n}",
            group="twins" if (pack, n) in {("p", 0), ("p", 1)} else f"{pack}{n}",
            pack=pack,
            intents=("joy" if n < 3 else "anger",),
            queries=(f"word{n}",),
        )
        for pack in "pq"
        for n in range(5)
    ]
    held = gallery(*packs, uses=[use("p0", "word0 word3")])
    negatives, rng = Negatives(held), np.random.default_rng(0)
    assert sorted(negatives.in_pack(0, 9, rng).tolist()) == [2, 3, 4]
    assert len(negatives.in_pack(0, 2, rng)) == 2
    assert sorted(negatives.anywhere(0, 99, rng).tolist()) == [2, 3, 4, 5, 6, 7, 8, 9]
    assert negatives.anywhere(0, 9, rng, np.array([0, 1, 7])).tolist() == [7]
    assert sorted(negatives.of_other_intent(0, 9, rng).tolist()) == [3, 4, 8, 9]
    assert sorted(negatives.by_words(held.conversations.uses[0], 3).tolist()) == [3, 5, 8]


def test_every_pass_takes_every_conversation_once_at_most() -> None:
    seen = [at for step in range(3) for at in batches_of(10, 3, 7, step)]
    assert len(seen) == len(set(seen)) == 9
    assert batches_of(10, 3, 7, 2) == batches_of(10, 3, 7, 2)
    assert batches_of(2, 8, 0, 0) != []


# --- candidates ---


def packs_of(*sizes: int) -> Gallery:
    stickers = [sticker(f"{pack}-{n}", pack=f"pack {pack}") for pack, size in enumerate(sizes) for n in range(size)]
    return gallery(*stickers, uses=[use("0-1", "hi", id=f"use {n}") for n in range(40)])


def test_candidates_are_drawn_from_the_pack_and_stand_at_any_place(tmp_path: Path) -> None:
    held = packs_of(12, 5)
    rows = candidates.draw(held.conversations.uses, held)
    assert {row.list[row.gold_index] for row in rows} == {"0-1"}
    assert {len(set(row.list)) for row in rows} == {10}
    assert {id.split("-")[0] for row in rows for id in row.list} == {"0"}
    assert {id for row in rows for id in row.list} == {f"0-{n}" for n in range(12)}  # not the first nine every time
    assert {row.gold_index for row in rows} == set(range(10))
    assert {row.padded for row in rows} == {0}
    assert rows == candidates.draw(held.conversations.uses, held)
    candidates.write(rows, tmp_path / "candidates.jsonl")
    assert candidates.read(tmp_path / "candidates.jsonl") == {row.sample_id: row for row in rows}


def test_a_short_pack_is_filled_from_those_most_alike_and_says_so() -> None:
    held = packs_of(4, 20, 20)
    looks = np.array([[1.0, 0.0]] * 4 + [[0.0, 1.0]] * 20 + [[0.9, 0.1]] * 20, dtype=np.float32)
    rows = candidates.draw(held.conversations.uses[:5], held, looks=looks)
    assert {row.padded for row in rows} == {6}
    assert {id.split("-")[0] for row in rows for id in row.list} == {"0", "2"}
    few = packs_of(2)
    short = candidates.draw(few.conversations.uses[:3], few)
    assert {len(row.list) for row in short} == {2}
    assert candidates.places(short, few).tolist() == [[few.conversations.place[id] for id in row.list] for row in short]


# --- planted worlds ---


@pytest.mark.parametrize("made", [worlds.intentions, worlds.memories, worlds.replies, worlds.requests])
def test_a_world_is_the_same_for_the_same_seed(made: Any) -> None:
    first, again, other = made(1), made(1), made(2)
    assert first.conversations.uses == again.conversations.uses
    assert (first.gallery.frames.pixels == again.gallery.frames.pixels).all()
    assert first.conversations.uses != other.conversations.uses
    assert len(first.gallery) == 336
    assert first.gallery.frames.counts.tolist() == [6] * 336


def test_only_knowledge_tells_the_emotion_of_events_that_training_never_names() -> None:
    world = worlds.intentions()
    events = {
        part: {word for held in world.conversations.of(part) for turn in held.context for word in turn.text.split()}
        & set(world.words.event)
        for part in ("train", "test")
    }
    assert not events["train"] & events["test"]
    for held in world.conversations.of("test"):
        said = " ".join(turn.text for turn in held.context)
        emotion = worlds.EMOTIONS.index(held.intent or "")
        assert set(world.knowledge([said], "en")[0].split()) <= set(world.words.emotion[emotion])
        assert not set(said.split()) & {word for words in world.words.emotion for word in words}
    told = [set(held.attributes) for held in world.gallery.stickers]
    assert (told.count({"verbal"}), told.count({"face"})) == (168, 168)


def test_one_summary_bears_on_each_conversation() -> None:
    world = worlds.memories()
    for held in world.conversations.uses[:50]:
        said = {word for turn in held.context for word in turn.text.split()}
        bearing = [session.summary for session in held.earlier if said & set(session.summary.split())]
        assert len(bearing) == 1
        emotion = world.words.emotion[worlds.EMOTIONS.index(held.intent or "")]
        assert len(set(bearing[0].split()) & set(emotion)) == 2


def test_combinations_of_the_test_are_never_asked_for_in_training() -> None:
    world = worlds.requests()
    asked = {part: [held.gold for held in world.conversations.of(part)] for part in ("train", "test")}
    assert not set(asked["train"]) & set(asked["test"])
    assert len(set(asked["test"])) == len(asked["test"]) == 84
