from __future__ import annotations

import json
import os
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval_engine import json_lines
from retrieval_engine.data import DataError
from retrieval_engine.json_lines import TextLine, read_jsonl, read_texts


def file(folder: Path, content: bytes) -> Path:
    path = folder / "texts.jsonl"
    path.write_bytes(content)
    return path


def line(**keys: object) -> bytes:
    return json.dumps(keys).encode() + b"\n"


def test_documents_keep_their_ids_as_given(tmp_path: Path) -> None:
    path = file(tmp_path, line(id=7, text="one", more=[]) + b"\n" + line(id="7", text="", sticker="a.png"))
    assert list(read_texts(path)) == [TextLine(7, "one"), TextLine("7", "", "a.png")]
    assert [each.line for each in read_texts(path)] == [1, 3]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (b"{\n", "not JSON (Expecting property name"),
        (b'{"id": 1, "text": "a"} {"id": 2, "text": "b"}\n', "not JSON (Extra data"),
        (b'{"id": 2, "text": "a\x00b"}\n', "not JSON (Invalid control character"),
        (b"\x00\x00\n", "not JSON (Expecting value"),
        (b'{"id": 2, "text": "a", "score": NaN}\n', "not JSON (NaN is no number of JSON"),
        (b'{"id": 2, "id": 3, "text": "a"}\n', "not JSON ('id' is given twice)"),
        (b'{"id": ' + b"9" * 5_000 + b', "text": ""}\n', "not JSON (Exceeds the limit"),
        (b"[" * 200_000 + b"\n", "not JSON ("),
        (b'{"id": 2, "text": "caf\xe9"}\n', "not UTF-8 (byte 23 of the line)"),
        ('{"id": 2, "text": "a"}\n'.encode("utf-16"), "not UTF-8 (byte 1 of the line)"),
        (b'{"id": 2, "text": "\\ud83d"}\n', "text holds half of a character"),
        (b'{"id": "\\ude00", "text": "a"}\n', "id holds half of a character"),
        (b"[1]\n", "not a JSON object"),
        (b"null\n", "not a JSON object"),
        (line(text="a"), "no id"),
        (line(id=None, text="a"), "no id"),
        (line(id=1.5, text="a"), "id must be a string or a whole number"),
        (line(id=True, text="a"), "id must be a string or a whole number"),
        (line(id=[2], text="a"), "id must be a string or a whole number"),
        (line(id=2), "no text"),
        (line(id=2, text=["a"]), "text must be a string"),
        (line(id=2, text=3), "text must be a string"),
        (line(id=2, text="a", sticker=3), "sticker must be the name of a file"),
        (line(id=1, text="again"), "id 1 was given before, on line 1"),
    ],
)
def test_a_broken_line_is_named_with_its_number(tmp_path: Path, wrong: bytes, message: str) -> None:
    path = file(tmp_path, line(id=1, text="a") + b"\r\n" + wrong + line(id=9, text="after it"))
    read = read_texts(path)
    assert next(read) == TextLine(1, "a")
    with pytest.raises(DataError) as error:
        next(read)
    assert str(error.value).startswith(f"{path}:3: {message}")


def test_a_broken_byte_far_into_a_file_is_on_its_line(tmp_path: Path) -> None:
    good = [line(id=number, text="some words") for number in range(5_000)]
    path = file(tmp_path, b"".join(good) + b'{"id": "x", "text": "\xff"}\n')
    with pytest.raises(DataError, match=r":5001: not UTF-8"):
        list(read_texts(path))


def test_marks_and_line_ends_of_other_systems_are_no_part_of_the_text(tmp_path: Path) -> None:
    path = file(tmp_path, b'\xef\xbb\xbf{"id": 1, "text": "a"}\r\n\t\r\n{"id": 2,\r"text": "b\\u2028"}')
    assert list(read_jsonl(path)) == [(1, {"id": 1, "text": "a"}), (3, {"id": 2, "text": "b\u2028"})]


def test_a_line_without_end_does_not_fill_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_lines, "MAX_LINE", 2**20)
    longest = line(id=1, text="")[:-1].ljust(2**20 - 1) + b"\n"
    assert list(read_texts(file(tmp_path, longest))) == [TextLine(1, "")]
    with pytest.raises(DataError, match=":1: longer than 1 MiB"):
        list(read_texts(file(tmp_path, b" " + longest)))
    with pytest.raises(DataError, match="/dev/zero:1: longer than 1 MiB"):
        list(read_texts("/dev/zero"))


def test_a_pipe_is_read_as_it_comes(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = Thread(target=lambda: pipe.write_bytes(line(id=1, text="a") + line(id=2, text="b")))
    writer.start()
    assert list(read_texts(pipe)) == [TextLine(1, "a"), TextLine(2, "b")]
    writer.join()


@given(
    st.dictionaries(
        st.text(st.characters(codec="utf-8")) | st.integers(), st.text(st.characters(codec="utf-8")), max_size=6
    ),
    st.booleans(),
)
def test_whatever_can_be_said_is_read_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, texts: dict[str | int, str], escaped: bool
) -> None:
    rows = [json.dumps({"id": id, "text": text}, ensure_ascii=escaped) for id, text in texts.items()]
    path = file(tmp_path_factory.mktemp("lines"), "\n".join(rows).encode())
    assert [(each.id, each.text) for each in read_texts(path)] == list(texts.items())
