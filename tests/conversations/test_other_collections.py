"""Chats of other collections: imported as they were released, what came with them kept as their source's word, and read
by the models where people here said nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from retrieval_engine.dialogue.data import reading
from retrieval_engine.dialogue.data.conversations import Polarity
from retrieval_engine.dialogue.data.foreign import CHATS, Reason
from sticktionary.domain import jobs
from sticktionary.domain.chats import conversations, foreign
from sticktionary.domain.releases import conversations as released
from sticktionary.models import (
    Annotation,
    ChatSession,
    Conversation,
    ConversationImport,
    Player,
    SourceLabel,
    Sticker,
    Utterance,
)
from tests.conversations.conftest import Importer, chat, lines, make_sticker, turn
from tests.conversations.test_release import rows, say, scope


def said(row: Any = None) -> list[tuple[str, str, Any, str]]:
    held = SourceLabel.objects.order_by("utterance_id", "kind")
    return list(held.values_list("utterance__text", "kind", "value", "taxonomy"))


def stickerint(n: int, sticker: str = "hug", **more: Any) -> dict[str, Any]:
    row = {"id": n, "lang": "en", "context": [{"speaker": "anna", "text": "so tired"}], "speaker": "ben", "text": "aw"}
    row |= {"sticker": sticker, "scenario": "SR", "intent": "caring", "appropriate": True}
    return row | {"attributes": {"style": "animal", "gesture": ["hugging ben"], "verbal": []}} | more


def answered(n: int, sticker: Any) -> dict[str, Any]:
    context = [{"text": f"我 好累 {n}", "from_id": 284336329}, {"text": "", "from_id": 284336329}]
    return {"context": context, "current": {"from_id": 7, "sticker_set_id": "cast", "sticker_id": sticker}}


def test_labels_come_in_beside_the_turns_and_are_nobody_s_answers(imported: Importer, hug: Sticker) -> None:
    job = imported(stickerint(1), format="stickerint", file_name="train.jsonl")
    assert (job.state, job.report["n_labels"], job.report["masked"]) == ("done", 6, {"name": 1})
    assert Conversation.objects.get().key == "train-1"
    assert said() == [
        ("aw", "fits", {"ok": True, "score": None}, ""),
        ("aw", "gesture", {"words": ["hugging User_2"]}, ""),
        ("aw", "intent", {"fine": "caring", "coarse": "joy", "second": None}, "goemotions-28@1"),
        ("aw", "scenario", {"label": "SR"}, "scenario-2@1"),
        ("aw", "style", {"label": "animal"}, "style-4@1"),
        ("aw", "verbal", {"words": []}, ""),
    ]
    assert Annotation.objects.count() == 0


def test_our_own_lines_may_bring_labels_too(imported: Importer, hug: Sticker) -> None:
    told = chat(
        "c1",
        turn("x", "so tired", polarity={"pos": 0, "neg": 2}, emotion="other:mod-3"),
        turn("y", sticker_id="hug.png", intent="entertain"),
    )
    assert imported(told).report["n_labels"] == 3
    assert said() == [
        ("so tired", "feeling", {"label": "other:mod-3"}, ""),
        ("so tired", "polarity", {"pos": 0.0, "neg": 2.0}, ""),
        ("", "intent", {"fine": "entertain", "coarse": "other", "second": None}, ""),
    ]
    for spoiled in (
        {"polarity": {"pos": -1, "neg": 0}},
        {"scenario": "ZZ"},
        {"attributes": {"hat": []}},
        {"intent": 3},
    ):
        assert [line for line, _why in imported(chat("c2", turn("x", "hi", **spoiled))).report["bad"]] == [1]


def test_every_form_comes_in_and_comes_in_once(imported: Importer, hug: Sticker) -> None:
    make_sticker("030.jpg", pack="memes")
    files: dict[str, tuple[Any, ...]] = {
        "stickerint": (stickerint(1), stickerint(2)),
        "stickerchat": (answered(1, "hug"),),
        "mod": ([{"history": [{"speaker_id": "a", "txt": "哈"}], "answer": {"speaker_id": "b", "img_id": "030"}}],),
        "multichat": (
            {"session_id": "1", "speaker": "User_3", "image_ids": "hug.png", "dialogue_context": "hi\tyou",
             "summary": "They met.", "fined_intent": "joy", "attribute": "a,b,c,None"},
        ),
    }  # fmt: skip
    for form, told in files.items():
        job = imported(*told, format=form, file_name=f"{form}_test.json")
        assert (job.state, job.error, job.report["n_conversations"]) == ("done", "", len(told))
        again = imported(*told, format=form, file_name=f"{form}_test.json")
        assert (again.report["n_same"], again.report["n_conversations"]) == (len(told), 0)
    assert set(files) == set(CHATS) == set(foreign.FORMATS)
    assert list(Conversation.objects.order_by("pk").values_list("key", "language")) == [
        ("stickerint_test-1", "en"), ("stickerint_test-2", "en"), ("stickerchat_test-1", "zh"), ("mod_test-1", "zh"),
        ("multichat", "zh"),
    ]  # fmt: skip
    assert ChatSession.objects.get(conversation__key="multichat").summary == "They met."
    spoken = Utterance.objects.filter(session__conversation__key="stickerchat_test-1").order_by("number")
    assert list(spoken.values_list("speaker", "text", "sticker__name")) == [
        ("User_1", "我好累1", None), ("User_2", "", "hug.png"),
    ]  # fmt: skip


def test_what_is_left_out_and_what_is_left_off_are_told_apart(imported: Importer, hug: Sticker) -> None:
    spoiled = {"context": [], "current": {"sticker_id": "hug"}}
    told = [answered(1, "hug"), "{", spoiled, answered(4, "gone"), answered(5, "hug")]
    job = imported(*told, format="stickerchat", file_name="train.json")
    assert job.state == "failed"
    why = dict(job.report["bad"])
    assert why.pop(2).startswith("It cannot be read (not JSON")
    assert why == {3: "A turn has no speaker (current).", 4: "There is no sticker gone."}
    assert job.report["without"] == {"A turn without words and without a sticker": 3}
    job = imported(*told, format="stickerchat", file_name="train.json", skip_bad=True)
    assert (job.state, job.report["n_conversations"], job.report["n_bad"]) == ("done", 2, 3)


def test_a_file_of_another_form_is_one_bad_line_without_the_server_s_paths(imported: Importer, tmp_path: Path) -> None:
    job = imported(chat("c1", turn("x", "hi")), format="stickerchat", file_name="mine.jsonl")
    assert job.report["bad"] == [[2, "mine.jsonl: none of its first 1 records is of the kind of stickerchat"]]
    assert str(tmp_path) not in json.dumps(job.report)


def test_each_reason_has_words_for_its_reader() -> None:
    assert set(Reason) - set(foreign.REASONS) == {Reason.NO_CLASS, Reason.NOTHING_SAID, Reason.SAID_BEFORE}


def test_the_command_takes_the_form(hug: Sticker, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = lines(tmp_path / "val.jsonl", stickerint(1), stickerint(2, scenario="ZZ"))
    call_command("import_conversations", path, format="stickerint")
    assert capsys.readouterr().out.splitlines() == [
        "without   1 x A label that stands for nothing",
        "2 conversations (2 sessions, 4 turns, 2 stickers, 11 labels), 0 there already, 0 left out by the filter, "
        "0 bad lines. Masked: 2 name.",
    ]


def test_the_studio_takes_the_form(client: Client, admin: Player, hug: Sticker, tmp_path: Path) -> None:
    client.force_login(admin)
    with lines(tmp_path / "val.jsonl", stickerint(1)).open("rb") as file:
        sent = {"file": file, "format": "stickerint", "source": "a paper", "licence": "by request"}
        answer = client.post(reverse("studio_import_conversations"), sent)
    job = ConversationImport.objects.get()
    assert answer.headers["Location"] == reverse("studio_conversation_import", args=[job.pk])
    jobs.carry_out(ConversationImport, job.pk, conversations.run)
    assert (Conversation.objects.get().key, SourceLabel.objects.count()) == ("val-1", 6)
    page = client.get(answer.headers["Location"]).content.decode()
    assert '<dt>Labels that came with them</dt><dd class="num">6</dd>' in page


def test_a_form_that_nobody_knows_is_refused(client: Client, admin: Player, tmp_path: Path) -> None:
    client.force_login(admin)
    with lines(tmp_path / "val.jsonl", stickerint(1)).open("rb") as file:
        sent = {"file": file, "format": "pickle", "source": "a paper", "licence": "by request"}
        assert client.post(reverse("studio_import_conversations"), sent).status_code == 400
    assert ConversationImport.objects.count() == 0


def test_who_asks_to_be_erased_takes_the_labels_along(imported: Importer, admin: Player, hug: Sticker) -> None:
    imported(stickerint(1), format="stickerint", file_name="f.jsonl")
    conversations.erase(actor=admin, conversation_id=Conversation.objects.get().pk, why="asked")
    assert SourceLabel.objects.count() == 0


def test_a_release_tells_the_source_s_word_apart_and_models_read_it_where_nobody_else_spoke(
    imported: Importer, hug: Sticker, tmp_path: Path
) -> None:
    told = [
        stickerint(1, context=[{"speaker": "anna", "text": "so tired"}]),
        stickerint(2, scenario="DR", text=""),
    ]
    imported(*told, format="stickerint", file_name="f.jsonl", source="a paper")
    imported(chat("c", turn("x", "so tired", polarity={"pos": 0, "neg": 2}), turn("y", sticker_id="hug.png")))
    first, second, _third = Utterance.objects.filter(sticker=hug).order_by("pk")
    say("intent", second, {"fine": "joy", "coarse": "joy", "second": None}, "ada", "bob")
    released.write(tmp_path, scope())
    labels = rows(tmp_path, "source_labels.jsonl")
    assert [(row["task"], row["target"].get("sample_id"), row["value"]) for row in labels[:6]] == [
        ("appropriateness", f"smp_{first.pk}", {"ok": True}),
        ("attribute", f"smp_{first.pk}", {"gesture": ["hugging User_2"]}),
        ("intent", f"smp_{first.pk}", {"fine": "caring", "coarse": "joy"}),
        ("scenario", f"smp_{first.pk}", {"label": "SR"}),
        ("style", f"smp_{first.pk}", {"label": "animal"}),
        ("attribute", f"smp_{first.pk}", {"verbal": []}),
    ]
    assert (len(labels), {row["source"] for row in labels[:12]}) == (13, {"a paper"})
    assert [row["intent"] for row in rows(tmp_path, "samples.jsonl")] == [None, {"fine": "joy", "coarse": "joy"}, None]
    sticker = {"sticker_id": "hug.png", "file": None, "pack_id": "pk", "dup_cluster": "dc"}
    (tmp_path / "stickers.jsonl").write_text(json.dumps(sticker) + "\n", encoding="utf-8")
    held = reading.read(tmp_path, has_picture={"hug.png"})
    assert [(use.intent, use.scenario, use.appropriate) for use in held.uses] == [
        ("caring", "SR", True), ("joy", "DR", True), (None, "DR", None),
    ]  # fmt: skip
    assert held.uses[2].context[0].polarity == Polarity(0, 2)
    assert held["hug.png"].attributes == {"gesture": "hugging User_2", "verbal": ""}
    assert (held["hug.png"].style, held["hug.png"].intents) == ("animal", ("caring", "joy"))
