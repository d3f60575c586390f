"""What each model learns from: each use is in its view, or counted with why it is not."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval_engine.__main__ import main
from retrieval_engine.dialogue.data import candidates, views
from retrieval_engine.dialogue.data.conversations import Conversations, Polarity, Session, Sticker, Turn, Use
from retrieval_engine.dialogue.data.shelves import Shelves
from retrieval_engine.dialogue.data.views import Felt, Said, Told
from tests.dialogue.test_conversations import gallery, release, sticker, use

__all__ = ["release"]  # a fixture

HUG = sticker("hug", pack="p", attributes={"gesture": "hugging", "verbal": ""}, emotion="happiness",
              style="animal", printed_text="HUG", queries=("big hug",))  # fmt: skip
CRY = sticker("cry", pack="p")
TWIN = sticker("twin", pack="q", group="alike")
OTHER_TWIN = sticker("other twin", pack="q", group="alike")
STICKERS = (HUG, CRY, TWIN, OTHER_TWIN)


def held(*uses: Use, dropped: dict[str, int] | None = None, stickers: tuple[Sticker, ...] = STICKERS) -> Conversations:
    return Conversations(stickers, uses, dropped)


def test_int_ra_sees_the_context_the_intent_the_attributes_and_what_a_provider_knows() -> None:
    told = use("hug", "hi", "so tired", "oh", intent="caring", scenario="SR", own_text="there", id="1")
    view = views.view("int_ra", held(told), n_turns=2, told=Told(knowledge=lambda each: f"knows {each.id}"))
    assert view.samples == (
        views.IntRaSample(
            id="1", part="train", language="en", speaker="User_1", sticker="hug", knowledge="knows 1", intent="caring",
            context=[Said("User_1", "oh"), Said("User_1", "there")], scenario="SR",
            attributes={"gesture": "hugging", "posture": None, "face": None, "verbal": None},
        ),
    )  # fmt: skip
    assert (view.dropped, view.lacking) == ({}, {})
    assert views.view("int_ra", held(use("cry", "hi"))).lacking == {
        views.NO_INTENT: 1,
        "attributes of the sticker: a learned vector stands for each": 1,
        "the scenario: counted with neither in the report": 1,
        "knowledge about the speaker: no provider was asked": 1,
    }


def test_igsr_sees_the_summaries_of_the_sessions_before() -> None:
    before = (Session("s1", "c", 1, (), "They met."), Session("s2", "c", 2, (Turn("a", "hi"),)))
    told = use("hug", "hi", intent="joy", earlier=before)
    [sample] = views.view("igsr", held(told)).samples
    assert isinstance(sample, views.IgsrSample)
    assert (sample.memories, sample.intent) == (["They met."], "joy")
    [sample] = views.view("igsr", held(told), told=Told(summary=lambda session: f"About {session.id}.")).samples
    assert isinstance(sample, views.IgsrSample)
    assert sample.memories == ["They met.", "About s2."]
    first, unsummed = replace(told, id="2", earlier=()), replace(told, id="3", earlier=before[1:])
    assert views.view("igsr", held(told, first, unsummed)).lacking == {
        "an earlier session: nothing is remembered": 1,
        "a summary of any earlier session: a provider makes them": 1,
    }


@pytest.mark.parametrize("name", ["pbr", "srs"])
def test_pbr_and_srs_see_the_stored_list_of_candidates_and_drop_what_has_no_rival(name: str) -> None:
    said = (Turn("a", "yay", polarity=Polarity(2, 0)), Turn("b", "no", polarity=Polarity(0, 1)), Turn("a", "ok"))
    good, alone = use("hug", id="1", context=said), use("twin", "hi", id="2")
    conversations = held(good, alone, dropped={"the sticker has no picture here": 3})
    view = views.view(name, conversations)
    assert view.dropped == {"the sticker has no picture here": 3, views.ALONE_IN_PACK: 1}
    assert view.uses == (good,)
    [sample] = view.samples
    assert isinstance(sample, views.PackSample)
    stored = candidates.draw([good], Shelves(conversations))[0]
    assert (sample.candidates, sample.right, sample.padded) == (stored.list, stored.gold_index, stored.padded)
    assert sample.candidates[sample.right] == "hug"
    assert (sample.polarity, sample.emotion) == (Felt(2, 1), "happiness")
    assert views.view(name, held(use("cry", "hi"))).lacking == {
        "a pack of 10: fewer stand beside it in training, its list is filled from other packs": 1,
        "the polarity of its turns: a provider tells it": 1,
        "the emotion of its sticker: its loss leaves it out": 1,
    }


def test_mmbert_needs_another_sticker_of_the_training_side() -> None:
    first, second = use("hug", "hi", id="1", intent="joy"), use("cry", "hi", id="2")
    view = views.view("mmbert", held(first, second))
    told = {sample.sticker: sample for sample in view.samples}
    assert {name: sample.negative for name, sample in told.items() if isinstance(sample, views.MmbertSample)} == {
        "hug": "cry", "cry": "hug",
    }  # fmt: skip
    assert view.lacking == {views.NO_INTENT: 1, "words on the sticker: that task leaves it out": 1}
    assert views.view("mmbert", held(first)).dropped == {views.ALONE: 1}
    twins = held(use("twin", "hi", id="1"), use("other twin", "hi", id="2"))
    assert views.view("mmbert", twins).dropped == {views.ALONE: 2}
    test_side = held(first, use("cry", "hi", id="2", part="test"))
    assert [each.gold for each in views.view("mmbert", test_side).uses] == ["cry"]


def test_stickerllm_asks_with_what_was_said_last() -> None:
    [sample] = views.view("stickerllm", held(use("hug", "hi", "so tired"))).samples
    assert isinstance(sample, views.StickerLlmSample)
    assert (sample.words, sample.printed_text, sample.style) == ("so tired", "HUG", "animal")
    assert (sample.queries, sample.emotion) == (("big hug",), "happiness")


def test_a_name_that_no_model_has_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no view for 'clip'; there are int_ra, igsr"):
        views.view("clip", held())


@settings(max_examples=40, deadline=None)
@given(
    uses=st.lists(
        st.tuples(
            st.sampled_from([each.id for each in STICKERS]), st.sampled_from(["train", "validation", "test"]),
            st.none() | st.just("joy"), st.booleans(),
        ),
        max_size=8,
    ),
    n_dropped=st.integers(0, 3),
)  # fmt: skip
def test_every_use_is_in_the_view_or_counted(uses: list[tuple[Any, ...]], n_dropped: int) -> None:
    told = [
        use(gold, "hi", id=f"{n}", part=part, intent=intent, earlier=(Session("s", "c", 1, ()),) if has_past else ())
        for n, (gold, part, intent, has_past) in enumerate(uses)
    ]
    for name in views.NAMES:
        view = views.view(name, held(*told, dropped={"before": n_dropped}))
        assert len(view.uses) + sum(view.dropped.values()) == len(told) + n_dropped
        assert [sample.id for sample in view.samples] == [each.id for each in view.uses]
        assert [each for part in ("train", "validation", "test") for each in view.of(part)] == sorted(  # type: ignore[arg-type]
            view.uses, key=lambda each: ("train", "validation", "test").index(each.part)
        )
        assert view.samples == views.view(name, held(*told)).samples
        assert all(count <= len(view.uses) for count in view.lacking.values())


def test_a_gallery_and_its_shelves_give_the_same_lists() -> None:
    told = gallery(*STICKERS, uses=[use("hug", "hi", id=f"{n}") for n in range(5)])
    conversations = told.conversations
    assert candidates.draw(conversations.uses, told) == candidates.draw(conversations.uses, Shelves(conversations))


def test_views_need_no_torch() -> None:
    code = "import sys; from retrieval_engine.dialogue.data import commands, views; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def test_the_command_says_what_each_model_would_learn_from(
    release: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["views", str(release), "--for", "int_ra", "--for", "mmbert"]) == 0
    assert capsys.readouterr().out == (
        "int_ra: 3 of 6 uses (train 2, validation 0, test 1)\n"
        "  left out        2  the sticker has no picture here\n"
        "  left out        1  annotators say that the sticker does not fit\n"
        "  without         3  knowledge about the speaker: no provider was asked\n"
        "mmbert: 0 of 6 uses (train 0, validation 0, test 0)\n"
        "  left out        3  the training side holds no other sticker to tell it from\n"
        "  left out        2  the sticker has no picture here\n"
        "  left out        1  annotators say that the sticker does not fit\n"
    )
    out = tmp_path / "samples.jsonl.d" / "samples.jsonl"
    out.parent.mkdir()
    assert main(["views", str(release), "--for", "igsr", "--any-picture", "--out", str(out)]) == 0
    assert capsys.readouterr().out.startswith("igsr: 4 of 6 uses (train 3, validation 0, test 1)\n")
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert [(row["sticker"], row["memories"], row["intent"]) for row in rows] == [
        ("hug", ["They meet."], "joy"), ("hug", ["They meet."], "caring"), ("hug", ["They meet."], "caring"),
        ("gone", ["They meet."], "joy"),
    ]  # fmt: skip
    assert main(["views", str(release), "--out", str(out)]) == 1
    assert "say which with --for" in capsys.readouterr().err
