from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sticktionary.domain.releases.pii import Names, masked, named, places
from sticktionary.models import Player, Sticker
from tests.releases.plays import frozen, looked_up, player, written
from tests.releases.reading import folder, rows, texts

SAID = [
    ("write me@example.org please", ["email"], "write [email] please"),
    ("look at example.com now", ["link"], "look at [link] now"),
    ("call 138 1234 5678", ["number"], "call [number]"),
    ("加微信 abc12345", ["account"], "加[account]"),
    ("微信号：happycat", ["account"], "[account]"),
    ("qq 123456789", ["account"], "[account]"),
    ("ping @somebody", ["handle"], "ping[handle]"),
]


@pytest.mark.parametrize(("text", "kinds", "mask"), SAID)
def test_ways_to_reach_somebody_are_found(text: str, kinds: list[str], mask: str) -> None:
    found = places(text)
    assert sorted({kind for kind, _start, _end in found}) == kinds
    assert masked(text, found) == mask


@pytest.mark.parametrize(
    "text", ["66666666", "233333", "so done.", "no. 3", "at 9:30", "微信表情", "3.14", "qq", "2024"]
)
def test_ordinary_words_are_left_alone(text: str) -> None:
    assert places(text) == []


@given(st.text(alphabet="ab 1@.", max_size=20), st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), max_size=4))
def test_nothing_of_a_masked_place_is_left(text: str, spans: list[tuple[int, int]]) -> None:
    found = [("x", min(span), max(span)) for span in spans if min(span) < max(span) <= len(text)]
    covered = {place for _kind, start, end in found for place in range(start, end)}
    kept = "".join(letter for place, letter in enumerate(text) if place not in covered)
    assert masked(text, found).replace("[x]", "") == kept


def test_names_are_whole_words_and_no_ordinary_ones() -> None:
    names = Names(["Wilhelmina", "Luna", "Li Na", "张小红", "Bo"])
    assert names.among("ask wilhelmina now") == {"wilhelmina"}
    assert names.among("wilhelminas cat") == set()
    assert names.among("call li na today") == {"li na"}
    assert names.among("我和张小红吃饭") == {"张小红"}
    assert names.among("bo") == set()  # too short to be told from a word
    said = [(1, None, "luna moth"), (2, 5, "luna again"), (3, 5, "wilhelmina"), (4, 6, "wilhelmina")]
    assert named(names, said) == ([3, 4], {"luna"})
    assert named(names, [*said, (5, 7, "wilhelmina")]) == ([], {"luna", "wilhelmina"})


def test_a_release_leaves_them_out_and_says_so_without_saying_it_again(
    publisher: Player, stickers: list[Sticker]
) -> None:
    anna, ben = player(display_name="Wilhelmina"), player()
    said = ["so done", "me@example.org", "wilhelmina is late"]
    looked_up(written(stickers[0], anna, *said), ben)
    release = frozen(publisher)
    assert texts(release) == {"so done"}
    report = (folder(release) / "pii_report.json").read_text(encoding="utf-8")
    assert "example.org" not in report
    assert "ilhelmina" not in report
    assert release.manifest["anonymisation"] == {
        "rule": "leave_out", "n_found": {"email": 1, "name": 1}, "n_left_out": 2, "n_masked": 0,
    }  # fmt: skip
    everything = b"".join(path.read_bytes() for path in folder(release).rglob("*.jsonl"))
    assert b"example.org" not in everything


def test_or_masks_them_if_so_ruled(publisher: Player, stickers: list[Sticker]) -> None:
    looked_up(written(stickers[0], player(), "write me@example.org please"), player())
    release = frozen(publisher, personal="mask")
    assert texts(release) == {"write [email] please"}
    (row,) = [row for part in ("train", "validation", "test") for row in rows(release, f"queries/{part}.jsonl")]
    assert row["typed"] is None
