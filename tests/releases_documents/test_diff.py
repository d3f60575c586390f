from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sticktionary.domain.releases import diff
from tests.releases_documents import folders
from tests.releases_documents.folders import Made

PARTS = ("train", "validation", "test")


def between(first: Made, second: Made) -> dict[str, Any]:
    with TemporaryDirectory() as place:
        before, after = Path(place) / "1", Path(place) / "2"
        folders.make(before, first)
        diff.write(after, folders.make(after, second, 2, before))
        found: dict[str, Any] = json.loads((after / "diff.json").read_text(encoding="utf-8"))
        return found


def test_the_first_release_has_nothing_to_differ_from(tmp_path: Path) -> None:
    diff.write(tmp_path / "1", folders.make(tmp_path / "1", folders.usual()))
    found = json.loads((tmp_path / "1/diff.json").read_text(encoding="utf-8"))
    assert (found["release"], found["previous"], set(found["counts"].values())) == (1, None, {0})
    assert all(found[name] == [] for name in diff.LISTS)


def test_each_change_is_named_once() -> None:
    second = folders.usual()
    train = second.queries["train"]
    train[0] = (1, "sunrise", "sun.png", "en")
    train[1] = (2, "早上好", "cat.png", "zh")
    train[2] = (30, "new", "bird.png", "en")
    second.stickers["bird.png"] = "f" * 64
    del second.queries["validation"][0], second.stickers["no.png"]
    second.tombstones = [{"kind": "query", "id": "4"}, {"kind": "query", "id": "9"}, {"kind": "player", "id": "x"}]
    found = between(folders.usual(), second)
    assert {name: found[name] for name in diff.LISTS} == {
        "queries_added": [30],
        "queries_removed": [3, 4],
        "queries_changed": [{"query_id": 1, "query": "sunrise"}],
        "queries_moved": [{"query_id": 2, "sticker_id": "cat.png"}],
        "stickers_added": ["bird.png"],
        "stickers_removed": ["no.png"],
        "stickers_renamed": [],
        "split_moves": [],
    }
    assert (found["release"], found["previous"]) == (2, 1)
    assert found["withdrawn"] == {"player": 1, "query": 2}


def test_a_sticker_that_is_called_otherwise_has_not_moved() -> None:
    second = folders.usual()
    second.stickers["shapes_sun.png"] = second.stickers.pop("sun.png")
    second.queries["train"] = [
        (id, text, sticker.replace("sun.png", "shapes_sun.png"), language)
        for id, text, sticker, language in second.queries["train"]
    ]
    found = between(folders.usual(), second)
    assert found["counts"] == {**dict.fromkeys(diff.LISTS, 0), "stickers_renamed": 1}
    assert found["stickers_renamed"] == [{"was": "sun.png", "sticker_id": "shapes_sun.png"}]


def test_a_sticker_that_changes_sides_is_named() -> None:
    second = folders.usual()
    second.queries["train"] += second.queries.pop("test")
    found = between(folders.usual(), second)
    assert found["split_moves"] == [{"sticker_id": "moon.png", "was": "test", "split": "train"}]
    assert found["counts"]["queries_changed"] == found["counts"]["queries_moved"] == 0


def test_what_was_taken_back_is_not_said_again() -> None:
    second = folders.usual()
    second.queries["train"][0] = (1, "good day", "sun.png", "en")
    second.queries["train"].pop(1)
    told = json.dumps(between(folders.usual(), second), ensure_ascii=False)
    assert "good day" in told
    assert "good morning" not in told
    assert "早上好" not in told


STICKERS = ["a.png", "b.png", "c.png"]
TEXTS = st.sampled_from(["one", "two, three", "三", 'say "four"', "fünf 😀"])
RELEASES = st.dictionaries(st.integers(1, 12), st.tuples(TEXTS, st.sampled_from(STICKERS)), max_size=8)


def made(queries: dict[int, tuple[str, str]]) -> Made:
    sides = dict(zip(STICKERS, PARTS, strict=True))
    rows = {part: [(i, t, s, "en") for i, (t, s) in queries.items() if sides[s] == part] for part in PARTS}
    return Made(rows, {name: name * 8 for name in sorted({sticker for _text, sticker in queries.values()})})


@settings(max_examples=20)
@given(RELEASES, RELEASES)
def test_it_says_what_comparing_row_by_row_says(
    before: dict[int, tuple[str, str]], after: dict[int, tuple[str, str]]
) -> None:
    found = between(made(before), made(after))
    both = sorted(before.keys() & after.keys())
    changed = [{"query_id": i, "query": after[i][0]} for i in both if before[i][0] != after[i][0]]
    assert found["queries_added"] == sorted(after.keys() - before.keys())
    assert found["queries_removed"] == sorted(before.keys() - after.keys())
    assert found["queries_changed"] == changed
    assert found["counts"] == {name: len(found[name]) for name in diff.LISTS}
