from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval_engine.data import (
    DataError,
    StickerQueries,
    read_queries_csv,
    roundtrip,
    split_by_group,
    writable,
    write_queries_csv,
)

HEADER = b"sticker_id,labeled_queries\n"
PUBLISHED = (
    HEADER
    + (
        "1017943490086044336.png,看看\n"
        '1043703381077524694.png,"你说得对, 我赞同, nice, 👍, 旋转,转圈圈"\n'
        '1017943490086044339.webm,"pikachu cry, say ""no"", left out"\n'
        "a b.gif,single query\n"
    ).encode()
)


def file(folder: Path, content: bytes) -> Path:
    path = folder / "queries.csv"
    path.write_bytes(content)
    return path


def test_a_file_in_the_published_form_comes_out_byte_for_byte(tmp_path: Path) -> None:
    path = file(tmp_path, PUBLISHED)
    rows = read_queries_csv(path)
    assert rows == [
        StickerQueries("1017943490086044336.png", ("看看",)),
        StickerQueries("1043703381077524694.png", ("你说得对", "我赞同", "nice", "👍", "旋转,转圈圈")),
        StickerQueries("1017943490086044339.webm", ("pikachu cry", 'say "no"', "left out")),
        StickerQueries("a b.gif", ("single query",)),
    ]
    assert write_queries_csv(tmp_path / "again.csv", rows) == 4
    assert (tmp_path / "again.csv").read_bytes() == PUBLISHED
    assert roundtrip(path) == []


@pytest.mark.parametrize(
    ("line", "written", "reason"),
    [
        (b'1.png,"one"\n', "1.png,one", "quotes that are not needed"),
        (b'"1.png","a, b"\n', '1.png,"a, b"', "quotes that are not needed"),
        (b"1.png,one\r\n", "1.png,one", "ends with CR LF"),
        (b"1.png,one", "1.png,one", "no line ending"),
        (b'1.png,"a, , b"\n', '1.png,"a, b"', "empty, repeated or padded queries"),
        (b'1.png,"a, b, "\n', '1.png,"a, b"', "empty, repeated or padded queries"),
        (b'1.png,"a,  b, a"\n', '1.png,"a, b"', "empty, repeated or padded queries"),
        (b"1.png,  a \r\n", "1.png,a", "ends with CR LF; empty, repeated or padded queries"),
        (b"1.png,\n", "", "holds no query"),
        (b"\n", "", "holds no query"),
    ],
)
def test_every_quirk_is_listed_with_its_line_and_reason(tmp_path: Path, line: bytes, written: str, reason: str) -> None:
    path = file(tmp_path, HEADER + b"0.png,first\n" + line)
    assert [(d.line, d.written, d.reason) for d in roundtrip(path)] == [(3, written, reason)]


def test_a_byte_order_mark_and_a_foreign_header_ending_are_listed(tmp_path: Path) -> None:
    path = file(tmp_path, b"\xef\xbb\xbfsticker_id,labeled_queries\r\n1.png,a\n")
    assert [d.reason for d in roundtrip(path)] == ["starts with a byte order mark", "ends with CR LF"]
    assert read_queries_csv(path) == [StickerQueries("1.png", ("a",))]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"id,queries\n", ":1: the header is"),
        (HEADER + b"1.png,a\n2.png,b, c\n", ":3: 3 fields"),
        (HEADER + b"1.png\n", ":2: 1 fields"),
        (HEADER + b",a\n", ":2: no sticker_id"),
        (HEADER + b'1.png,"a\n', ":2: unexpected end"),
        (HEADER + b"1.png,\xff\n", "not UTF-8 at byte 33"),
    ],
)
def test_a_broken_file_is_refused_with_the_line(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_queries_csv(file(tmp_path, content))


@pytest.mark.parametrize("query", ["", "no, thanks", " padded", "two\nlines"])
def test_a_query_that_would_not_survive_is_not_written(tmp_path: Path, query: str) -> None:
    with pytest.raises(ValueError, match="would not survive"):
        write_queries_csv(tmp_path / "out.csv", [StickerQueries("1.png", ("fine", query))])
    assert list(tmp_path.iterdir()) == []


@given(st.lists(st.text(st.characters(codec="utf-8") | st.sampled_from(', "\n\r\u2028')), min_size=1, max_size=5))
def test_whatever_was_typed_is_read_back_in_its_writable_form(
    tmp_path_factory: pytest.TempPathFactory, typed: list[str]
) -> None:
    queries = tuple(dict.fromkeys(filter(None, map(writable, typed))))
    path = tmp_path_factory.mktemp("csv") / "queries.csv"
    rows = [StickerQueries("1.png", queries)] if queries else []
    write_queries_csv(path, rows)
    assert read_queries_csv(path) == rows
    assert roundtrip(path) == []


@given(st.lists(st.integers(0, 30), min_size=1), st.integers(0, 3))
def test_groups_stay_together_and_stay_where_they_are_when_data_grows(groups: list[int], seed: int) -> None:
    parts = split_by_group(groups, [0.6, 0.2, 0.2], seed=seed)
    assert len(set(zip(groups, parts, strict=True))) == len(set(groups))
    assert split_by_group([*groups, 31, 32], [0.6, 0.2, 0.2], seed=seed)[:-2] == parts


def test_parts_have_about_the_size_asked_for() -> None:
    parts = split_by_group(range(10_000), [0.7, 0.3])
    assert 0.68 < parts.count(0) / 10_000 < 0.72
    with pytest.raises(ValueError, match="shares"):
        split_by_group([1], [0.9, 0.3])
