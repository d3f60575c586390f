from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from retrieval_engine.paper_tables import TABLES
from sticktionary.domain.chats import conversations
from sticktionary.domain.releases import conversations as released
from sticktionary.domain.releases.about import File, ReleaseRules
from sticktionary.domain.releases.scope import Scope, as_it_is
from sticktionary.models import Annotation, ChatSession, Conversation, Player, Settlement, Sticker, Utterance
from tests.conversations.conftest import Importer, chat, make_sticker, turn


def scope(**changes: Any) -> Scope:
    names = dict(Sticker.objects.values_list("pk", "name"))
    facts: dict[str, Any] = {
        "rules": ReleaseRules(),
        "watermark_at": timezone.now(),
        "names": names,
        "parts": dict.fromkeys(names, "train"),
        "left_out": frozenset(),
        "pseudonym": lambda id: f"anon_{id}",
        "told": lambda n: None,
        "clean": as_it_is,
    }
    return Scope(**(facts | changes))


def rows(folder: Path, path: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / path).read_text(encoding="utf-8").splitlines()]


def views(folder: Path, form: str) -> list[dict[str, Any]]:
    return [row for part in ("train", "validation", "test") for row in rows(folder, f"{form}/{part}.jsonl")]


def say(task: str, use: Utterance | Sticker, value: dict[str, Any], *names: str, at: datetime | None = None) -> None:
    """The same answer of each of these players."""
    at = at or timezone.now()
    turn, sticker = (use, use.sticker) if isinstance(use, Utterance) else (None, use)
    for name in names:
        player = Player.objects.get_or_create(username=name)[0]
        facts = {"utterance": turn, "sticker": sticker, "player": player, "language": "en", "state": "answered"}
        Annotation.objects.create(task=task, value=value, dealt_at=at, lease_until=at, answered_at=at, **facts)


@pytest.fixture
def told(imported: Importer, hug: Sticker, cry: Sticker) -> None:
    """Two sessions: in the first a sticker alone, in the second one beside words and one after the speaker's own."""
    sessions = [
        {"summary": "They meet.", "turns": [turn("x", "so tired"), turn("y", sticker_id="hug.png")]},
        {
            "turns": [
                turn("y", "again", at="2026-11-01T09:00:00Z"),
                turn("x", "yes", sticker_id="cry.png", at="2026-11-01T09:05:00Z"),
                turn("y", "oh no"),
                turn("y", sticker_id="hug.png"),
            ]
        },
    ]
    imported({"chat_id": "c", "lang": "en", "sessions": sessions, "source": "a club", "license": "CC0"})


def test_nothing_is_written_where_there_are_no_conversations(db: None, tmp_path: Path) -> None:
    assert released.write(tmp_path, scope()) == []
    assert list(tmp_path.rglob("*.jsonl")) == []


def test_the_files_of_a_release(told: None, tmp_path: Path) -> None:
    files = released.write(tmp_path, scope())
    chat_id, first, second = Conversation.objects.get().pk, *ChatSession.objects.order_by("number")
    turns = list(Utterance.objects.order_by("session__number", "number"))
    ids = [f"turn_{turn.pk}" for turn in turns]
    common = {"v": 1, "chat_id": f"chat_{chat_id}", "lang": "en", "source": "a club", "license": "CC0"}
    part = rows(tmp_path, "sessions.jsonl")[0]["part"]
    assert rows(tmp_path, "sessions.jsonl") == [
        common
        | {"session_id": f"ses_{first.pk}", "ordinal": 1, "start": None, "end": None, "summary": "They meet."}
        | {"summary_by": "source", "summary_drafted_by": ""}
        | {"users": ["User_1", "User_2"], "turn_ids": ids[:2], "part": part},
        common
        | {
            "session_id": f"ses_{second.pk}",
            "ordinal": 2,
            "summary": "",
            "summary_by": "",
            "turn_ids": ids[2:],
            "part": part,
        }
        | {
            "summary_drafted_by": "",
            "start": "2026-11-01T09:00:00Z",
            "end": "2026-11-01T09:05:00Z",
            "users": ["User_1", "User_2"],
        },
    ]
    written = rows(tmp_path, "turns.jsonl")
    assert [(t["turn_id"], t["i"], t["speaker"], t["text"], t["sticker_id"]) for t in written] == [
        (ids[0], 1, "User_1", "so tired", None),
        (ids[1], 2, "User_2", "", "hug.png"),
        (ids[2], 1, "User_2", "again", None),
        (ids[3], 2, "User_1", "yes", "cry.png"),
        (ids[4], 3, "User_2", "oh no", None),
        (ids[5], 4, "User_2", "", "hug.png"),
    ]
    one, two, three = rows(tmp_path, "samples.jsonl")
    assert one == {
        "v": 1,
        "sample_id": f"smp_{turns[1].pk}",
        "session_id": f"ses_{first.pk}",
        "context_turns": ids[:1],
        "history_sessions": [],
        "speaker": "User_2",
        "own_text": "",
        "gold": "hug.png",
        "acceptable": ["hug.png"],
        "scenario": "DR",
        "scenario_by": "derived",
        "intent": None,
        "appropriate": None,
        "n_annotators": 0,
        "lang": "en",
        "part": part,
        "sticker_split": "train",
    }
    assert (two["scenario"], two["own_text"], two["context_turns"]) == ("SR", "yes", [ids[2]])
    assert (three["scenario"], three["history_sessions"]) == ("SR", [f"ses_{first.pk}"])
    counts = {file.path: file.n_rows for file in files}
    assert {path: n for path, n in counts.items() if n} == {
        "sessions.jsonl": 2,
        "turns.jsonl": 6,
        "samples.jsonl": 3,
        f"stickerint/{part}.jsonl": 3,
        f"multichat/{part}.jsonl": 2,
    }
    assert all((tmp_path / path).is_file() for path in counts)
    assert files[0].columns["turn_ids"] == "list<item: string>"


def test_what_annotators_say_together_stands_in_the_samples(told: None, tmp_path: Path) -> None:
    first, _second, third = Utterance.objects.filter(sticker__isnull=False).order_by("session__number", "number")
    caring = {"fine": "caring", "coarse": "joy", "second": None}
    say("intent", first, caring, "ann", "bob")
    say("intent", first, {"fine": "joy", "coarse": "joy", "second": None}, "cat")
    say("fits", first, {"ok": True, "score": 4}, "ann", "bob")
    say("scenario", first, {"label": "SR"}, "ann", "bob")
    say("fits", third, {"ok": False, "score": 1}, "ann", "bob")
    say("intent", third, caring, "ann")  # one alone says nothing
    hug = Sticker.objects.get(name="hug.png")
    say("style", hug, {"label": "cute cartoons"}, "ann", "bob")
    say("gesture", hug, {"words": ["Hugging", "arms out"]}, "ann")
    say("gesture", hug, {"words": ["hugging"]}, "bob")
    say("verbal", hug, {"words": []}, "ann", "bob")
    released.write(tmp_path, scope())
    one, _two, three = rows(tmp_path, "samples.jsonl")
    assert (one["intent"], one["appropriate"], one["n_annotators"]) == ({"fine": "caring", "coarse": "joy"}, True, 3)
    assert (one["scenario"], one["scenario_by"]) == ("SR", "annotators")
    assert (three["intent"], three["appropriate"]) == (None, False)
    attributes = {"style": "cute cartoons", "gesture": ["Hugging"], "posture": None, "facial_expression": None}
    attributes |= {"verbal": []}
    kept = views(tmp_path, "stickerint")
    assert [row["sticker"] for row in kept] == ["hug.png", "cry.png"]  # the third does not fit
    assert kept[0] == {
        "id": one["sample_id"],
        "lang": "en",
        "context": [{"speaker": "User_1", "text": "so tired"}],
        "speaker": "User_2",
        "text": "",
        "scenario": "SR",
        "sticker": "hug.png",
        "intent": "caring",
        "intent_coarse": "joy",
        "attributes": attributes,
        "appropriate": True,
    }
    report = json.loads((tmp_path / "stickerint/report.json").read_text())
    assert report == {"n_not_appropriate": 1, "n_samples": 2, "n_without_context": 0}
    whole = views(tmp_path, "multichat")
    assert whole[0]["turns"][1]["sticker"] == {"id": "hug.png", "intent": "caring", "appropriate": True} | attributes
    assert whole[1]["memory"] == [{"session_id": one["session_id"], "summary": "They meet."}]
    assert whole[1]["samples"] == [1, 3]


def test_late_and_left_out_answers_do_not_count_and_a_settlement_does(told: None, tmp_path: Path) -> None:
    use = Utterance.objects.filter(sticker__isnull=False).order_by("pk")[0]
    later = timezone.now() + timedelta(days=1)
    joy, caring = ({"fine": fine, "coarse": "joy", "second": None} for fine in ("joy", "caring"))
    say("intent", use, joy, "ann", "bob")
    say("intent", use, caring, "cat", "dan", "eve", at=later)
    released.write(tmp_path / "first", scope())
    assert rows(tmp_path / "first", "samples.jsonl")[0]["intent"] == {"fine": "joy", "coarse": "joy"}
    left_out = frozenset([Player.objects.get(username="bob").pk])
    released.write(tmp_path / "second", scope(left_out=left_out))
    assert rows(tmp_path / "second", "samples.jsonl")[0]["intent"] is None
    facts = {"task": "intent", "language": "en", "sticker": use.sticker, "utterance": use, "at": timezone.now()}
    Settlement.objects.create(value=caring, **facts)
    released.write(tmp_path / "third", scope(left_out=left_out))
    assert rows(tmp_path / "third", "samples.jsonl")[0]["intent"] == {"fine": "caring", "coarse": "joy"}


def test_stickers_that_say_the_same_are_acceptable_and_others_are_left_out(told: None, tmp_path: Path) -> None:
    hug, cry = Sticker.objects.get(name="hug.png"), Sticker.objects.get(name="cry.png")
    twin = make_sticker("hug2.png", twin_of=hug)
    names = {hug.pk: "hug.png", twin.pk: "hug2.png"}
    released.write(tmp_path, scope(names=names, parts=dict.fromkeys(names, "test")))
    samples = rows(tmp_path, "samples.jsonl")
    assert [(sample["gold"], sample["acceptable"]) for sample in samples] == [("hug.png", ["hug.png", "hug2.png"])] * 2
    left = [t for t in rows(tmp_path, "turns.jsonl") if t["sticker_left_out"]]
    assert [(t["sticker_id"], t["text"]) for t in left] == [(None, "yes")]
    assert cry.name not in (tmp_path / "multichat/train.jsonl").read_text()


def test_what_was_taken_back_or_came_later_or_is_in_another_language_is_not_in_it(
    told: None, imported: Importer, admin: Player, tmp_path: Path
) -> None:
    before = timezone.now()
    imported(chat("zh", turn("x", "累了"), turn("y", sticker_id="hug.png"), lang="zh"))

    def in_it(name: str, **changes: Any) -> list[str]:
        files = released.write(tmp_path / name, scope(**changes))
        return [row["lang"] for row in rows(tmp_path / name, "sessions.jsonl")] if files else []

    assert in_it("all") == ["en", "en", "zh"]
    assert in_it("then", watermark_at=before) == ["en", "en"]
    assert in_it("chinese", rules=ReleaseRules(languages=("zh",))) == ["zh"]
    conversations.withdraw(actor=admin, conversation_id=Conversation.objects.get(key="c").pk, why="asked")
    assert in_it("after") == ["zh"]
    assert in_it("then again", watermark_at=before) == ["en", "en"]


def test_texts_are_published_as_the_scan_leaves_them(told: None, tmp_path: Path) -> None:
    def clean(where: str, number: int, text: str) -> str:
        return "" if (where, text) == ("turn", "so tired") else f"[{where}] {text}"

    released.write(tmp_path, scope(clean=clean))
    assert [t["text"] for t in rows(tmp_path, "turns.jsonl")] == [
        "",
        "",
        "[turn] again",
        "[turn] yes",
        "[turn] oh no",
        "",
    ]
    assert rows(tmp_path, "sessions.jsonl")[0]["summary"] == "[session] They meet."
    report = json.loads((tmp_path / "stickerint/report.json").read_text())
    assert report == {"n_not_appropriate": 0, "n_samples": 2, "n_without_context": 1}


def test_the_same_facts_give_the_same_bytes_and_each_chat_is_told(
    told: None, imported: Importer, tmp_path: Path
) -> None:
    imported(*[chat(f"more{n}", turn("x", "hi"), turn("y", sticker_id="hug.png")) for n in range(30)])
    said: list[int] = []

    def written(folder: Path) -> list[File]:
        return released.write(folder, scope(told=said.append, watermark_at=moment))

    moment = timezone.now()
    first, second = written(tmp_path / "a"), written(tmp_path / "b")
    assert first == second
    for file in first:
        assert (tmp_path / "a" / file.path).read_bytes() == (tmp_path / "b" / file.path).read_bytes()
    assert len(said) == 2 * 31
    assert sum(said[:31]) == sum(file.n_rows or 0 for file in first)
    parts = {row["chat_id"]: row["part"] for row in rows(tmp_path / "a", "sessions.jsonl")}
    assert {row["chat_id"] for row in views(tmp_path / "a", "multichat")} == parts.keys()
    assert set(parts.values()) <= {"train", "validation", "test"}


def test_turns_of_a_release_come_in_again(told: None, imported: Importer, tmp_path: Path) -> None:
    released.write(tmp_path, scope())
    imported(*rows(tmp_path, "turns.jsonl"))
    copied = Conversation.objects.exclude(key="c").get()
    columns = ("session__number", "number", "speaker", "text", "sticker_id")
    first, second = (
        list(Utterance.objects.filter(session__conversation__key=key).order_by("pk").values_list(*columns))
        for key in ("c", copied.key)
    )
    assert [row[0:2] for row in first] == [row[0:2] for row in second]
    assert [row[3:] for row in first] == [row[3:] for row in second]


def test_the_papers_tables_can_be_made_of_it(told: None, tmp_path: Path) -> None:
    released.write(tmp_path, scope())
    figures = {
        name: {line.name: line.values[-1] for line in TABLES[name](tmp_path).lines}
        for name in ("stickerint", "multichat")
    }
    assert figures["stickerint"] | {"conversations": 3, "groups": 1, "users": 2, "stickers": 2} == figures["stickerint"]
    assert figures["multichat"] | {"sessions": 2, "samples": 3, "utterances": 6} == figures["multichat"]
