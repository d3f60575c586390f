from __future__ import annotations

import json
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from sticktionary.domain import jobs
from sticktionary.domain.chats import conversations, reading
from sticktionary.domain.chats.conversations import Options
from sticktionary.domain.chats.shapes import BadLine, Chat
from sticktionary.domain.errors import NotAllowed, Refused
from sticktionary.models import (
    AuditEntry,
    ChatSession,
    Conversation,
    ConversationImport,
    Player,
    Sticker,
    Tombstone,
    Utterance,
)
from tests.conversations.conftest import Importer, chat, lines, make_sticker, small_chat, turn


def kept(key: str) -> list[tuple[int, int, str, str, str | None]]:
    rows = Utterance.objects.filter(session__conversation__key=key).order_by("session__number", "number")
    return list(rows.values_list("session__number", "number", "speaker", "text", "sticker__name"))


def bad(job: ConversationImport) -> dict[int, str]:
    return dict(job.report["bad"])


def test_a_conversation_a_line_keeps_its_sessions(imported: Importer, hug: Sticker) -> None:
    sessions = [
        {"session_id": "a", "summary": "Both are tired.", "turns": [turn("x", "so tired", at="2026-11-01T09:00:00Z")]},
        {"session_id": "b", "turns": [turn("y", "me too"), turn("x", sticker_id="hug.png", at=1_793_700_000)]},
    ]
    job = imported({"chat_id": "c1", "lang": "zh-Hans", "sessions": sessions, "source": "a club", "license": "CC0"})
    assert (job.state, job.error) == ("done", "")
    conversation = Conversation.objects.get()
    facts = (conversation.key, conversation.language, conversation.source, conversation.licence)
    assert facts == ("c1", "zh", "a club", "CC0")
    assert kept("c1") == [
        (1, 1, "User_1", "so tired", None),
        (2, 1, "User_2", "me too", None),
        (2, 2, "User_1", "", "hug.png"),
    ]
    first, second = ChatSession.objects.order_by("number")
    assert (first.started_at, first.summary) == (datetime(2026, 11, 1, 9, tzinfo=UTC), "Both are tired.")
    assert (second.started_at, second.summary_by) == (datetime.fromtimestamp(1_793_700_000, UTC), "")


def test_a_turn_a_line_gives_the_same(imported: Importer, hug: Sticker) -> None:
    told = [("s1", "x", "so tired", None), ("s1", "y", "me too", None), ("s2", "x", None, "hug.png")]
    rows = [
        {"chat_id": 7, "lang": "en", "session_id": s, "speaker": who, "text": text, "sticker_id": sticker}
        for s, who, text, sticker in told
    ]
    assert imported(*rows).state == "done"
    assert kept("7") == [
        (1, 1, "User_1", "so tired", None),
        (1, 2, "User_2", "me too", None),
        (2, 1, "User_1", "", "hug.png"),
    ]


def test_silence_ends_a_session_when_asked_for(imported: Importer, hug: Sticker) -> None:
    at = ["2026-11-01T09:00:00", "2026-11-01T09:29:00+00:00", "2026-11-01T10:00:00Z", None]
    turns = [turn("x", f"line {n}", at=when) for n, when in enumerate(at, 1)]
    imported(chat("whole", *turns))
    imported(chat("cut", *turns), gap_minutes=30)
    assert [line[:2] for line in kept("whole")] == [(1, 1), (1, 2), (1, 3), (1, 4)]
    assert [line[:2] for line in kept("cut")] == [(1, 1), (1, 2), (2, 1), (2, 2)]


def test_stickers_are_found_by_name_pack_export_name_and_digest(imported: Importer, hug: Sticker) -> None:
    other = make_sticker("hug.png", pack="my_bears")
    imported(
        chat(
            "c1",
            turn("x", sticker_id="hug.png", sticker_pack="cast"),
            turn("x", sticker_id="my_bears_hug.png"),
            turn("x", sticker_id=other.sha256.upper()),
            turn("x", sticker_sha256=hug.sha256),
        )
    )
    linked = list(Utterance.objects.order_by("number").values_list("sticker_id", flat=True))
    assert linked == [hug.pk, other.pk, other.pk, hug.pk]
    told = bad(imported(chat("c2", turn("x", sticker_id="hug.png"))))
    assert told == {1: "Several packs have a sticker hug.png (cast, my_bears); say which in sticker_pack."}


BAD: list[tuple[object, str]] = [
    ("{not json", "It is not JSON"),
    ("[1, 2]", "It does not have the form of a conversation or a turn"),
    (b'{"chat_id": "b", "lang": "en", "turns": [{"speaker": "x", "text": "\xff"}]}', "It is not JSON"),
    (r'{"chat_id": "s", "lang": "en", "turns": [{"speaker": "x", "text": "\ud800"}]}', "It is not JSON"),
    ({"lang": "en", "turns": [turn("x", "hi")]}, "It does not have the form"),
    (chat("c", turn("x", "hi") | {"text": 5}), "It does not have the form"),
    (chat("d", {"text": "hi"}), "Turn 1: There is no speaker."),
    (chat("e", turn("x", "  ")), "Turn 1: There is neither a text nor a sticker."),
    (chat("f", turn("x", "hi"), turn("x", sticker_id="gone.png")), "There is no sticker gone.png."),
    (chat("g", turn("x", "hi"), lang="xx"), "Nobody plays in the language “xx” here."),
    (chat("h", turn("x", "hi"), lang=""), "No language is given, neither in the line nor for the file."),
    (small_chat("good"), "Chat good was there before; its turns have to stand together."),
    (chat("i", turn("x", "hi", at="yesterday")), "Turn 1: “yesterday” is not a time."),
    (chat("j", turn("x", "hi", at=1e300)), "Turn 1: “1e+300” is not a time."),
    (chat("k", turn("x", "a", at=20), turn("x", "b", at=10)), "Turn 2: Its time is before that of the turn before"),
    (chat("l"), "There is no turn in it."),
    (chat("m", turn("x", "a", turn_id=1), turn("y", "b", turn_id=1)), "Turn 2: turn_id 1 was there before."),
    (chat("n", turn("x", "y" * 8_001)), "Turn 1: The text is longer than 8000 characters."),
    (chat(" ", turn("x", "hi")), "Its chat_id is empty or longer than 120 characters."),
    (chat("o", turn("x", "hi"), sessions=[]), "It has both sessions and turns; only one of them can be."),
]


def test_each_bad_line_is_named_and_nothing_changes(imported: Importer, hug: Sticker) -> None:
    job = imported(small_chat("good"), *[row for row, _reason in BAD], small_chat("last"))
    assert (job.state, job.error) == ("failed", f"{len(BAD)} lines will not do, so nothing was imported.")
    told = bad(job)
    assert {n: told[n][: len(reason)] for n, (_row, reason) in enumerate(BAD, 2)} == {
        n: reason for n, (_row, reason) in enumerate(BAD, 2)
    }
    assert len(told) == len(BAD)
    assert Conversation.objects.count() == 0


def test_the_good_part_comes_in_when_asked_for(imported: Importer, hug: Sticker) -> None:
    job = imported(small_chat("good"), *[row for row, _reason in BAD], small_chat("last"), skip_bad=True)
    assert (job.state, job.report["n_bad"], job.report["n_conversations"]) == ("done", len(BAD), 2)
    assert sorted(Conversation.objects.values_list("key", flat=True)) == ["good", "last"]


def test_every_bad_turn_of_a_chat_is_named_and_the_chat_left_out_whole(imported: Importer, hug: Sticker) -> None:
    def row(key: str, **fields: object) -> dict[str, Any]:
        return {"chat_id": key, "lang": "en", "speaker": "x", "text": "hi", **fields}

    rows = [row("a"), row("a", text=""), row("a", speaker=None), row("a"), row("b"), row("c", lang="tlh"), row("c")]
    job = imported(*rows, row("b"), skip_bad=True)
    assert bad(job) == {
        2: "There is neither a text nor a sticker.",
        3: "There is no speaker.",
        6: "Nobody plays in the language “tlh” here.",
        8: "Chat b was there before; its turns have to stand together.",
    }
    assert list(Conversation.objects.values_list("key", flat=True)) == ["b"]


def test_sessions_stand_together(imported: Importer, db: None) -> None:
    def row(session: str, **fields: object) -> dict[str, Any]:
        return {"chat_id": "a", "lang": "en", "speaker": "x", "text": "hi", "session_id": session, **fields}

    told = bad(imported(row("s1"), row("s2"), row("s1"), row("s2", lang="zh")))
    assert told == {
        3: "Session s1 was over before; its turns have to stand together.",
        4: "The chat was in another language before.",
    }


def test_a_line_of_fifty_megabytes_is_named_and_never_held(tmp_path: Path) -> None:
    path = tmp_path / "long.jsonl"
    with path.open("wb") as file:
        file.write(b'{"chat_id": "a", "lang": "en", "turns": [{"speaker": "x", "text": "')
        for _ in range(50):
            file.write(b"y" * 2**20)
        file.write(b'"}]}\n' + json.dumps(small_chat("good")).encode())
    tracemalloc.start()
    first, second = reading.read(path)
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert first == BadLine(1, "The line is longer than 4 MB.")
    assert isinstance(second, Chat)
    assert (second.key, second.line) == ("good", 2)
    assert peak < 4 * reading.MAX_LINE


def test_a_dry_run_reports_the_same_and_writes_nothing(imported: Importer, hug: Sticker) -> None:
    rows = [small_chat("a"), chat("b", turn("x", sticker_id="gone.png"))]
    job = imported(*rows, dry_run=True)
    assert (job.state, job.report["n_conversations"], bad(job)) == ("done", 1, {2: "There is no sticker gone.png."})
    assert Conversation.objects.count() == 0
    assert imported(*rows, skip_bad=True).report["n_conversations"] == 1
    assert Conversation.objects.count() == 1


def test_coming_twice_changes_nothing_and_another_one_of_the_number_is_named(imported: Importer, hug: Sticker) -> None:
    imported(small_chat("a"))
    before = list(Utterance.objects.order_by("pk").values())
    again = imported(small_chat("a"))
    assert (again.state, again.report["n_same"], again.report["n_conversations"]) == ("done", 1, 0)
    changed = chat("a", turn("anna", "so tired!"), turn("ben", sticker_id="hug.png"))
    assert bad(imported(changed)) == {1: "Another chat has the number a already."}
    assert list(Utterance.objects.order_by("pk").values()) == before
    assert imported(changed, key_prefix="other-").state == "done"
    assert sorted(Conversation.objects.values_list("key", flat=True)) == ["a", "other-a"]


def test_an_import_that_is_killed_goes_on_where_it_stopped(
    hug: Sticker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = lines(tmp_path / "chats.jsonl", *[small_chat(f"c{n}") for n in range(5)])
    job = conversations.start_import(actor=None, path=path, label="chats", options=Options(), queue=False)
    written = 0
    real = conversations.write

    def dies_at_the_third(ready: Any) -> Conversation | None:
        nonlocal written
        written += 1
        if written == 3:
            raise KeyboardInterrupt
        return real(ready)

    monkeypatch.setattr(conversations, "write", dies_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        jobs.carry_out(ConversationImport, job.pk, conversations.run)
    assert Conversation.objects.count() == 2
    monkeypatch.undo()
    ConversationImport.objects.filter(pk=job.pk).update(state="queued")
    assert jobs.carry_out(ConversationImport, job.pk, conversations.run)
    job.refresh_from_db()
    assert (job.state, job.report["n_conversations"], Conversation.objects.count()) == ("done", 5, 5)
    assert Utterance.objects.count() == 10


def test_a_cancelled_import_keeps_whole_chats_only(
    hug: Sticker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = lines(tmp_path / "chats.jsonl", *[small_chat(f"c{n}") for n in range(5)])
    job = conversations.start_import(actor=None, path=path, label="chats", options=Options(), queue=False)
    real = conversations.write

    def cancelled_after_the_first(ready: Any) -> Conversation | None:
        jobs.cancel(job)
        monkeypatch.setattr(jobs, "BEAT_EVERY", jobs.BEAT_EVERY * 0)
        return real(ready)

    monkeypatch.setattr(conversations, "write", cancelled_after_the_first)
    jobs.carry_out(ConversationImport, job.pk, conversations.run)
    job.refresh_from_db()
    assert (job.state, Conversation.objects.count(), Utterance.objects.count()) == ("cancelled", 1, 2)


def test_the_filter_of_the_paper(imported: Importer, hug: Sticker) -> None:
    hugged = turn("y", sticker_id="hug.png")
    job = imported(
        chat("twenty", turn("x", "word " * 12), turn("y", "word " * 8), hugged),
        chat("nineteen", turn("x", "word " * 19), hugged),
        chat("after", turn("x", "word " * 10), hugged, turn("x", "word " * 20)),
        chat("bot", turn("x", "/start"), turn("y", "word " * 30), hugged),
        chat("bot later", turn("x", "word " * 20), hugged, turn("x", "/stop@hugbot now")),
        chat("no sticker", turn("x", "word " * 40)),
        chat("chinese", turn("x", "今天" * 20), hugged, lang="zh"),
        chat("short chinese", turn("x", "今天" * 19), hugged, lang="zh"),
        paper_filter=True,
    )
    assert sorted(Conversation.objects.values_list("key", flat=True)) == ["bot later", "chinese", "twenty"]
    assert [key for _line, key in job.report["left_out"]] == ["nineteen", "after", "bot", "no sticker", "short chinese"]
    assert (job.report["n_left_out"], job.report["n_bad"]) == (5, 0)


def test_what_is_taken_back_does_not_come_in_again(imported: Importer, hug: Sticker, admin: Player) -> None:
    imported(small_chat("a"))
    id = Conversation.objects.get().pk
    with pytest.raises(Refused) as refusal:
        conversations.withdraw(actor=admin, conversation_id=id, why=" ")
    assert refusal.value.code == "why"
    conversations.withdraw(actor=admin, conversation_id=id, why="ben asked")
    assert not Conversation.objects.get().is_active
    stone = Tombstone.objects.get()
    assert (stone.kind, stone.subject, stone.why) == ("conversation", id, "ben asked")
    entry = AuditEntry.objects.get(verb="withdraw_conversation")
    assert (entry.actor, entry.detail) == (admin, {"key": "a", "why": "ben asked"})
    assert bad(imported(small_chat("a"))) == {1: "Chat a was taken back; it does not come in again."}
    assert kept("a")[0][3] == "so tired"
    conversations.erase(actor=admin, conversation_id=id, why="and their words")
    assert kept("a") == [(1, 1, "User_1", "", None), (1, 2, "User_2", "", "hug.png")]
    assert Tombstone.objects.count() == 1


def test_only_who_may_import_imports_and_takes_back(hug: Sticker, tmp_path: Path) -> None:
    nobody = Player.objects.create(username="nobody")
    path = lines(tmp_path / "chats.jsonl", small_chat("a"))
    with pytest.raises(NotAllowed):
        conversations.start_import(actor=nobody, path=path, label="x", options=Options())
    with pytest.raises(NotAllowed):
        conversations.withdraw(actor=nobody, conversation_id=1, why="x")
    assert not ConversationImport.objects.exists()


def test_an_upload_goes_when_it_is_in(hug: Sticker, settings: Any) -> None:
    path = lines(Path(settings.UPLOADS_DIR) / "up.jsonl", small_chat("a"))
    job = conversations.start_import(actor=None, path=path, label="x", options=Options(), queue=False)
    jobs.carry_out(ConversationImport, job.pk, conversations.run)
    assert not path.exists()


def test_the_command(hug: Sticker, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = lines(tmp_path / "chats.jsonl", small_chat("a"), chat("b", turn("x", sticker_id="gone.png")))
    with pytest.raises(CommandError, match="The import stopped: 1 lines will not do, so nothing"):
        call_command("import_conversations", path)
    assert "bad       line 2: There is no sticker gone.png.\n" in capsys.readouterr().out
    call_command("import_conversations", path, dry_run=True)
    assert Conversation.objects.count() == 0
    capsys.readouterr()
    call_command("import_conversations", path, skip_bad=True)
    assert capsys.readouterr().out.splitlines()[-1] == (
        "1 conversations (1 sessions, 2 turns, 1 stickers), 0 there already, 0 left out by the filter, 1 bad lines. "
        "Masked: nothing."
    )
    assert Conversation.objects.get().source == "chats.jsonl"
    with pytest.raises(CommandError, match="There is no file"):
        call_command("import_conversations", tmp_path / "nothing.jsonl")
