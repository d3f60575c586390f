"""Other collections read into the project's own rows; every record is in the output or in the report."""

from __future__ import annotations

import json
import tempfile
import tracemalloc
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval_engine.__main__ import main
from retrieval_engine.data import DataError
from retrieval_engine.dialogue.data import foreign
from retrieval_engine.dialogue.data.foreign import ChatRow, Reason, Report, SessionRow, StickerRow, TurnRow
from retrieval_engine.dialogue.data.foreign.rows import SOMEONE

Read = tuple[list[ChatRow], list[StickerRow], Report]


def file(folder: Path, name: str, *rows: Any) -> Path:
    """JSON lines; bytes stand in it as they are."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    told = [row if isinstance(row, bytes) else json.dumps(row, ensure_ascii=False).encode() for row in rows]
    path.write_bytes(b"\n".join(told) + b"\n")
    return path


def document(folder: Path, name: str, value: Any) -> Path:
    path = folder / name
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1), encoding="utf-8")
    return path


def read(format: str, *paths: Path, language: str = "") -> Read:
    report = Report()
    rows = list(foreign.read(format, paths, report, language=language))
    chats = [row for row in rows if isinstance(row, ChatRow)]
    return chats, [row for row in rows if isinstance(row, StickerRow)], report


def named(report: Report) -> list[tuple[int, str, Reason]]:
    return [(problem.line, problem.part, problem.reason) for problem in report.problems]


def lines_of(chat: ChatRow) -> list[tuple[str, str, str | None]]:
    return [(turn.speaker, turn.text, turn.sticker_id) for session in chat.sessions for turn in session.turns]


# --- StickerChat ---


def answered(*said: str, sticker: Any = 12, **more: Any) -> dict[str, Any]:
    context = [{"text": text, "reply_to_msg_id": None, "id": n, "from_id": 7 + n % 2} for n, text in enumerate(said)]
    current = {"from_id": 7, "sticker_set_id": 5, "sticker_id": sticker, "sticker_alt": "😀"}
    return {"context": context, "current": current | more}


def test_stickerchat_is_put_together_as_it_was_written(tmp_path: Path) -> None:
    path = file(tmp_path, "release_train.json", answered("我 正在 用 ， 好久 没 用 了", "so tired 😭", "还 能 上 TG"))
    [chat], [sticker], report = read("stickerchat", path)
    assert (chat.chat_id, chat.lang) == ("release_train-1", "zh")
    assert lines_of(chat) == [
        ("7", "我正在用，好久没用了", None),
        ("8", "so tired 😭", None),
        ("7", "还能上TG", None),
        ("7", "", "12"),
    ]
    assert chat.sessions[0].part == "train"
    assert sticker == StickerRow(sticker_id="12", pack="5", author_emoji="😀", part="train")
    assert (report.n_records, report.n_left_out, report.problems) == (1, 0, [])


def test_each_spoiled_line_of_stickerchat_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    rows: list[Any] = [
        answered("hi"),
        b"{not json",
        b'{"context": [{"text": "\xff", "from_id": 1}], "current": {}}',
        b'{"context": NaN}',
        b"[1, 2]",
        {"context": [{"text": "hi"}], "current": {"from_id": 1, "sticker_id": 3}},
        answered("hi", sticker=None),
        {"context": "hi", "current": {"from_id": 1, "sticker_id": 3}},
        answered("hi", sticker=[3]),
        {"context": [], "current": {"sticker_id": 3}},
        {"context": ["hi"], "current": {"from_id": 1, "sticker_id": 3}},
        b'{"context": [{"text": "\\ud800", "from_id": 1}], "current": {"from_id": 1, "sticker_id": 3}}',
        answered("", "👍", "mixed 语言 text"),
    ]
    chats, _stickers, report = read("stickerchat", file(tmp_path, "test.json", *rows))
    assert [chat.chat_id for chat in chats] == ["test-1", "test-13"]
    assert lines_of(chats[1])[:2] == [("8", "👍", None), ("7", "mixed语言text", None)]
    assert named(report) == [
        (2, "", Reason.SPOILED),
        (3, "", Reason.SPOILED),
        (4, "", Reason.SPOILED),
        (5, "", Reason.OTHER_KIND),
        (6, "", Reason.NO_SPEAKER),
        (7, "", Reason.NO_STICKER),
        (8, "", Reason.WRONG_TYPE),
        (9, "", Reason.WRONG_TYPE),
        (10, "", Reason.NO_SPEAKER),
        (11, "", Reason.NOT_A_TURN),
        (12, "", Reason.HALF_CHARACTER),
        (13, "turn 1", Reason.EMPTY_TURN),
    ]
    assert (report.n_records, report.n_left_out, report.without) == (13, 11, {Reason.EMPTY_TURN: 1})
    assert str(report.problems[0]).startswith(f"{tmp_path}/test.json:2: it cannot be read (not JSON: ")


def test_ten_thousand_turns_are_one_chat_and_long_files_are_not_held(tmp_path: Path) -> None:
    [chat], _stickers, _report = read("stickerchat", file(tmp_path, "long.jsonl", answered(*["hi"] * 10_000)))
    assert len(chat.sessions[0].turns) == 10_001
    path = file(tmp_path, "many.jsonl", *[answered("word " * 2_000)] * 200)
    tracemalloc.start()
    n = sum(isinstance(row, ChatRow) for row in foreign.read("stickerchat", [path], Report()))
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert n == 200
    assert peak < path.stat().st_size / 3


# --- MOD ---


def test_mod_is_read_by_dialogue_and_as_its_tasks_have_it(tmp_path: Path) -> None:
    first = {"speaker_id": "[speaker1]", "emotion_id": 5, "img_id": "030", "txt": "今天上班"}
    second = {"speaker_id": "[speaker2]", "txt": "哈哈"}
    told = document(tmp_path, "c_train.json", {"dialogue 1": [first, second], "dialogue 2": [second], "dialogue 3": []})
    chats, stickers, report = read("mod", told)
    assert [chat.chat_id for chat in chats] == ["c_train-dialogue 1", "c_train-dialogue 2"]
    assert chats[0].sessions[0].turns[0] == TurnRow(
        speaker="[speaker1]", text="今天上班", sticker_id="030", emotion="other:mod-5"
    )
    assert stickers == [StickerRow(sticker_id="030", pack="mod", part="train")]
    assert named(report) == [(20, "", Reason.NO_TURNS)]
    task = document(tmp_path, "test.json", [{"history": [second], "answer": first, "candidate": {}}])
    [chat], _stickers, _report = read("mod", task)
    assert lines_of(chat) == [("[speaker2]", "哈哈", None), ("[speaker1]", "今天上班", "030")]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "nothing in it"),
        (" \n", "nothing in it"),
        ("[]", "nothing in it"),
        ("chat_id,text", "not JSON"),
        ('{"dialogue 1": [', r"f:1: not JSON"),
        ('{"a": [{"speaker_id": 1, "txt": "x"}]\n "b": []}', r"f:2: not JSON \(expected a comma or \}\)"),
        ('{"a": [{"speaker_id": 1, "txt": "x"}]} 1', r"f:1: not JSON \(something after its end\)"),
        ("{1: 2}", r"f:1: not JSON \(expected a key\)"),
        ('{"a": {"name": "a song"}, "b": 3}', "none of its first 2 records is of the kind of mod"),
    ],
)
def test_a_document_of_another_kind_is_one_clear_error(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "f").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=why):
        read("mod", tmp_path / "f")


def test_a_document_in_another_encoding_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes('[{"history": "今天"}]'.encode("gb18030"))
    with pytest.raises(DataError, match="f: not UTF-8"):
        read("mod", tmp_path / "f")


@settings(max_examples=40, deadline=None)
@given(
    st.dictionaries(
        st.text(max_size=4),
        st.lists(st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=4), max_size=3),
    ),
    st.sampled_from([None, 1]),
)
def test_a_document_is_read_as_json_reads_it(value: dict[str, Any], indent: int | None) -> None:
    from retrieval_engine.dialogue.data.foreign.records import records

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "f"
        path.write_text(json.dumps(value, indent=indent), encoding="utf-8")
        if value:
            assert {record.key: record.value for record in records(path, keyed=True)} == value


# --- StickerInt ---


def test_stickerint_keeps_what_its_annotators_said(tmp_path: Path) -> None:
    own = {"id": "smp_1", "lang": "en", "speaker": "User_1", "text": "me too", "scenario": "SR", "sticker": "hug.png"}
    own |= {"context": [{"speaker": "User_2", "text": "so tired"}, {"speaker": "User_1", "sticker": "cry.png"}]}
    own |= {"intent": "caring", "intent_coarse": "joy", "appropriate": True}
    own["attributes"] = {"style": "cute cartoons", "gesture": ["hugging"], "posture": None, "facial_expression": [],
                         "verbal": None}  # fmt: skip
    other = {"dialog_id": 2, "history": [{"user": "a", "content": "好累"}], "from_id": "b", "img_id": "7.jpg"}
    other |= {"fined_intent": "entertain", "scene": "ZZ", "attribute": "竖中指,耸肩,None,快点, 啊", "style": "animal"}
    chats, stickers, report = read("stickerint", file(tmp_path, "valid.jsonl", own, other))
    assert (chats[0].chat_id, chats[0].lang, chats[1].lang) == ("valid-smp_1", "en", "zh")
    assert chats[0].sessions == [
        SessionRow(
            turns=[
                TurnRow(speaker="User_2", text="so tired"),
                TurnRow(speaker="User_1", sticker_id="cry.png"),
                TurnRow(speaker="User_1", text="me too", sticker_id="hug.png", intent="caring", scenario="SR",
                        appropriate=True, style="cute cartoons", attributes={"gesture": ["hugging"], "face": []}),
            ],
            part="validation",
        )
    ]  # fmt: skip
    assert chats[1].sessions[0].turns[1] == TurnRow(
        speaker="b", sticker_id="7.jpg", intent="other:entertain", style="animal",
        attributes={"gesture": ["竖中指"], "posture": ["耸肩"], "face": [], "verbal": ["快点, 啊"]},
    )  # fmt: skip
    assert stickers == [
        StickerRow(sticker_id="hug.png", style="cute cartoons", attributes={"gesture": ["hugging"], "face": []},
                   lang="en", part="validation"),
        StickerRow(sticker_id="7.jpg", style="animal", lang="zh", part="validation",
                   attributes={"gesture": ["竖中指"], "posture": ["耸肩"], "face": [], "verbal": ["快点, 啊"]}),
    ]  # fmt: skip
    assert named(report) == [(2, "scenario", Reason.NOT_A_LABEL), (2, "intent", Reason.UNKNOWN_LABEL)]


def test_a_number_that_comes_twice_is_left_out(tmp_path: Path) -> None:
    row = {"id": 1, "context": [], "speaker": "a", "sticker": "x"}
    chats, _stickers, report = read("stickerint", file(tmp_path, "f.jsonl", row, row))
    assert len(chats) == 1
    assert named(report) == [(2, "", Reason.SEEN)]


def test_a_file_of_another_format_is_one_clear_error(tmp_path: Path) -> None:
    path = file(tmp_path, "f.jsonl", answered("hi"), answered("you"))
    for format in ("stickerint", "multichat", "ser30k", "sticker820k"):
        with pytest.raises(DataError, match=f"none of its first 2 records is of the kind of {format}"):
            read(format, path)
    with pytest.raises(DataError, match="something after its end"):
        read("mod", path)


# --- MultiChat ---


def sample(session: int, n: int, speaker: str, *said: str, **more: Any) -> dict[str, Any]:
    told = {"session_id": str(session), "sample_id": n, "summary": f"About {session}.", "text": "", "style": "Animal"}
    told |= {"form": "Cartoon", "fined_intent": "joy", "image_ids": f"boba_{n}.jpg", "speaker": speaker}
    return told | {"attribute": "a,b,c,None", "dialogue_context": "\t".join(said)} | more


def test_samples_of_multichat_make_their_session_again(tmp_path: Path) -> None:
    told = "User_3发送了表情包，意图为joy"
    train = file(
        tmp_path, "boba_session_train.json",
        sample(10, 1, "User_3", "hi", "", "you"),
        sample(10, 2, "User_5", "hi", "", "you", told, "more", text="mine"),
        sample(10, 3, "User_5", "something", "else"),
        sample(2, 4, "User_1", told, "first"),
    )  # fmt: skip
    test = file(tmp_path, "boba_session_test.json", sample(9, 5, "User_1", "x", fined_intent="", attribute="a,b"))
    [chat], stickers, report = read("multichat", train, test)
    assert (chat.chat_id, [session.session_id for session in chat.sessions]) == ("boba", ["2", "9", "10"])
    assert [(session.summary, session.part) for session in chat.sessions] == [
        ("About 2.", "train"), ("About 9.", "test"), ("About 10.", "train"),
    ]  # fmt: skip
    assert lines_of(chat) == [
        (SOMEONE, "first", None), ("User_1", "", "boba_4.jpg"),
        (SOMEONE, "x", None), ("User_1", "", "boba_5.jpg"),
        (SOMEONE, "hi", None), (SOMEONE, "you", None), ("User_3", "", "boba_1.jpg"),
        (SOMEONE, "more", None), ("User_5", "mine", "boba_2.jpg"),
    ]  # fmt: skip
    assert [turn.intent for session in chat.sessions for turn in session.turns if turn.sticker_id] == [
        "joy", None, "joy", "joy",
    ]  # fmt: skip
    assert stickers[0].attributes == {"gesture": ["a"], "posture": ["b"], "face": ["c"], "verbal": []}
    assert stickers[0].style == "animal"
    assert report.left_out == {Reason.BROKEN_CONTEXT: 1}
    assert report.without == {
        Reason.EMPTY_TURN: 1, Reason.NO_NAMES: 4, Reason.IN_WORDS: 1, Reason.FOUR_ATTRIBUTES: 1,
    }  # fmt: skip


def test_sessions_of_multichat_come_in_their_order(tmp_path: Path) -> None:
    def session(n: int, *turns: dict[str, Any]) -> dict[str, Any]:
        return {"id": f"ses_{n}", "chat_id": "chat_1", "ordinal": n, "lang": "en", "turns": turns, "summary": f"{n}"}

    meant = {"id": "hug.png", "intent": "caring", "style": None, "gesture": ["hugging"], "appropriate": False}
    sent = {"speaker": "User_2", "text": "", "sticker": meant}
    path = file(
        tmp_path, "train.jsonl",
        session(2, {"speaker": "User_1", "text": "again", "sticker": None}, sent),
        session(1, {"speaker": "User_1", "text": "hi", "sticker": None}),
        session(1, sent), session(3), session(4, sent | {"sticker": {"intent": "joy"}}), session(5, {"text": "hi"}),
    )  # fmt: skip
    [chat], stickers, report = read("multichat", path)
    assert [session.summary for session in chat.sessions] == ["1", "2"]
    assert chat.sessions[1].turns[1] == TurnRow(
        speaker="User_2", sticker_id="hug.png", intent="caring", appropriate=False, attributes={"gesture": ["hugging"]}
    )
    assert stickers == [StickerRow(sticker_id="hug.png", attributes={"gesture": ["hugging"]}, lang="en", part="train")]
    assert named(report) == [
        (3, "", Reason.SEEN), (4, "", Reason.NO_TURNS), (5, "", Reason.NO_STICKER), (6, "", Reason.NO_SPEAKER),
    ]  # fmt: skip


# --- stickers alone ---


def test_ser30k_is_read_by_its_folders_or_by_a_list(tmp_path: Path) -> None:
    names = ["cats/joy/1.png", "Anger/dogs/2.jpg", "cats/3.png", "cats/readme.txt"]
    for name in names:
        file(tmp_path / "ser", name, b"x")
    _chats, stickers, report = read("ser30k", tmp_path / "ser")
    assert [(row.sticker_id, row.pack, row.emotions) for row in stickers] == [
        ("2.jpg", "dogs", ["anger"]), ("1.png", "cats", ["happiness"]),
    ]  # fmt: skip
    assert report.left_out == {Reason.NO_CLASS: 1, Reason.OTHER_KIND: 1}
    rows = [{"path": "cats/1.png", "class": "Fear"}, {"img": "2.png", "label": 3}, {"class": "fear"}]
    _chats, stickers, report = read("ser30k", file(tmp_path, "test.jsonl", *rows))
    assert stickers == [
        StickerRow(sticker_id="1.png", pack="cats", emotions=["fear"], emotions_of="ser30k-7", part="test")
    ]
    assert named(report) == [(2, "", Reason.NO_CLASS), (3, "", Reason.NO_ID)]
    (tmp_path / "none").mkdir()
    with pytest.raises(DataError, match="nothing in it"):
        read("ser30k", tmp_path / "none")


def test_sticker820k_is_read_with_its_labels(tmp_path: Path) -> None:
    rows = [
        {"image": "1.jpg", "caption": "一只猫", "emotion": "兴奋，Smiling", "emotion_class": "positive", "ocr": "",
         "style": "cute cartoons"},
        {"image": "2.jpg", "emotion_labels": ["Gleeful"], "ocr_text": "好"},
        {"image": "3.jpg"},
        {"caption": "no name"},
    ]  # fmt: skip
    _chats, stickers, report = read("sticker820k", document(tmp_path, "annotations_train.json", rows))
    assert stickers == [
        StickerRow(sticker_id="1.jpg", description="一只猫", emotions=["Excited", "Smiling"], polarity="positive",
                   emotions_of="sticker820k-30", style="cute cartoons", printed_text="", lang="zh", part="train"),
        StickerRow(sticker_id="2.jpg", emotions=["other:Gleeful"], emotions_of="sticker820k-30", printed_text="好",
                   lang="zh", part="train"),
    ]  # fmt: skip
    assert [(part, reason) for _line, part, reason in named(report)] == [
        ("emotion", Reason.UNKNOWN_LABEL), ("", Reason.NOTHING_SAID), ("", Reason.NO_ID),
    ]  # fmt: skip


# --- nothing is dropped in silence ---

wrong = st.sampled_from([None, "", 0, [], {}, "x", ["x"], {"x": 1}, [{"speaker": "x"}], True, "\ud800"])


def sound(format: str, n: int) -> Any:
    """A record that will do, whose sticker is named after its number."""
    turns = [{"speaker": "a", "text": "hi"}, {"speaker": "b", "text": "", "sticker": None}]
    return {
        "stickerchat": answered("hi", sticker=f"s{n}"),
        "stickerint": {"id": n, "context": turns, "speaker": "c", "sticker": f"s{n}", "scenario": "SR", "lang": "en"},
        "multichat": {"ordinal": n, "turns": [*turns, {"speaker": "c", "sticker": {"id": f"s{n}", "intent": "joy"}}]},
        "mod": {"history": [{"speaker_id": "a", "txt": "hi"}], "answer": {"speaker_id": "b", "img_id": f"s{n}"}},
        "ser30k": {"image": f"pack/s{n}", "class": "fear"},
        "sticker820k": {"image": f"s{n}", "caption": "a cat", "emotion": ["Sad"], "ocr": ""},
    }[format]  # fmt: skip


@st.composite
def damaged(draw: st.DrawFn, value: Any) -> Any:
    """The value with something in it taken away or made something else."""
    if isinstance(value, dict | list) and value and draw(st.integers(0, 5)):
        keys = list(value) if isinstance(value, dict) else list(range(len(value)))
        key, copy = draw(st.sampled_from(keys)), value.copy()
        if draw(st.booleans()):
            copy[key] = draw(damaged(value[key]))
        else:
            del copy[key]
        return copy
    return draw(wrong)


@pytest.mark.parametrize("format", list(foreign.FORMATS))
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_every_record_is_in_the_output_or_in_the_report(format: str, data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 6))
    rows = [sound(format, line) for line in range(1, n + 1)]
    rows = [data.draw(st.one_of(st.just(row), damaged(row))) for row in rows]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "f.jsonl"
        all_rows = [{}, *rows, sound(format, 0)]
        told = "\n".join([*map(json.dumps, all_rows), "{"]) if format != "mod" else json.dumps(all_rows)
        path.write_text(told, encoding="utf-8")
        chats, stickers, report = read(format, path)
    sent = {turn.sticker_id for chat in chats for session in chat.sessions for turn in session.turns}
    given_out = sent | {row.sticker_id for row in stickers}
    left_out = {problem.line for problem in report.problems if not problem.part}
    assert (report.n_records, report.n_left_out) == (n + 2 + (format != "mod"), report.left_out.total())
    if format in foreign.CHATS:
        assert sum(len(chat.sessions) for chat in chats) == report.n_records - report.n_left_out
    if format == "mod":  # whose records are all on one line here
        return
    assert {1, n + 3} <= left_out
    assert len(left_out) == report.n_left_out
    for line in range(2, n + 2):
        is_named = f"s{line - 1}" in given_out or bool(given_out & {"x", "0"})  # else under what it was made
        assert is_named or line in left_out or format == "multichat"
        assert not (f"s{line - 1}" in given_out and line in left_out)


# --- the command ---


def test_the_command_writes_lines_that_can_be_imported_and_says_what_is_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = file(tmp_path, "release_val.json", answered("hi"), b"{", answered("", "you", sticker_alt="🎉"))
    out, stickers = tmp_path / "chats.jsonl", tmp_path / "stickers.jsonl"
    argv = ["conversations", "--from", "stickerchat", str(path), "--out", str(out), "--stickers", str(stickers)]
    assert main([*argv, "--language", "en"]) == 0
    told = capsys.readouterr()
    assert told.out == (
        "3 records: 2 chats (2 sessions, 4 turns, 2 with a sticker), 1 stickers, 1 left out\n"
        "left out        1  it cannot be read\n"
        "without         1  a turn without words and without a sticker\n"
        "without         1  said otherwise of the same sticker before\n"
    )
    assert [line.split(": ")[0] for line in told.err.splitlines()] == [f"{path}:2", f"{path}:3", "and 1 more"]
    rows = [msgspec.json.decode(line, type=ChatRow) for line in out.read_bytes().splitlines()]
    assert [(row.chat_id, row.lang, row.source) for row in rows] == [
        ("release_val-1", "en", "stickerchat"), ("release_val-3", "en", "stickerchat"),
    ]  # fmt: skip
    assert json.loads(stickers.read_text()) == {
        "sticker_id": "12", "pack": "5", "author_emoji": "😀", "part": "validation",
    }  # fmt: skip


def test_a_failed_conversion_leaves_nothing_behind(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = file(tmp_path, "f.jsonl", {"song": 1}), tmp_path / "chats.jsonl"
    assert main(["conversations", "--from", "stickerchat", str(path), "--out", str(out)]) == 1
    assert "none of its first 1 records is of the kind of stickerchat" in capsys.readouterr().err
    assert [file.name for file in tmp_path.iterdir()] == ["f.jsonl"]
