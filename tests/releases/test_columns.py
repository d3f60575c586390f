"""What is done with whole columns is what would be done with each value."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval_engine.data import StickerQueries, iterate_queries_csv
from sticktionary.domain.releases.encoding import bytes_of, objects
from sticktionary.domain.releases.pii import Names, Scan
from sticktionary.domain.releases.pseudonyms import Pseudonyms
from sticktionary.domain.releases.reading import lists_in, read
from sticktionary.models import Player, Query, Retrieval, Round, Sticker
from tests.releases.plays import frozen, looked_up, player, written
from tests.releases.reading import folder, queries, rows

TEXT = st.text(st.characters(codec="utf-8") | st.sampled_from('"\\\n\t\x00\x7f\u2028'), max_size=8)
FLOAT = st.floats(allow_nan=False, allow_infinity=False)
ANSWER = pa.struct([("rank", pa.int64()), ("who", pa.string())])
KINDS: dict[str, tuple[pa.DataType, Any]] = {
    "text": (pa.string(), TEXT),
    "maybe": (pa.string(), st.none() | TEXT),
    "number": (pa.int64(), st.none() | st.integers(-(2**63), 2**63 - 1)),
    "float": (pa.float64(), st.none() | FLOAT),
    "truth": (pa.bool_(), st.none() | st.booleans()),
    "texts": (pa.list_(pa.string()), st.none() | st.lists(TEXT, max_size=3)),
    "maybes": (pa.list_(pa.string()), st.lists(st.none() | TEXT, max_size=3)),
    "answers": (
        pa.list_(ANSWER),
        st.lists(st.fixed_dictionaries({"rank": st.integers(0, 9), "who": TEXT}), max_size=3),
    ),
}
SCHEMA = pa.schema([(name, kind) for name, (kind, _values) in KINDS.items()])
ROWS = st.lists(st.fixed_dictionaries({name: values for name, (_kind, values) in KINDS.items()}), max_size=5)


@settings(derandomize=True, deadline=None)
@given(ROWS, st.integers(0, 2))
def test_columns_are_encoded_as_their_rows_would_be(held: list[dict[str, Any]], start: int) -> None:
    batch = pa.RecordBatch.from_pylist(held, SCHEMA).slice(start)
    lines = objects(batch, closing="}\n")
    assert bytes(bytes_of(lines)) == b"".join(msgspec.json.encode(row) + b"\n" for row in batch.to_pylist())


@settings(derandomize=True)
@given(st.lists(st.lists(st.integers(0, 10**9), max_size=4), max_size=4), st.sampled_from([",", ", "]))
def test_lists_of_numbers_are_read_however_they_are_spaced(lists: list[list[int]], comma: str) -> None:
    texts = [f"[{comma.join(map(str, held))}]" for held in lists]
    assert lists_in(pa.array(texts, pa.string())).to_pylist() == lists


SAID = st.text("abe1@.：微信qWVｖ١ Luna张小红é", max_size=12)


@settings(derandomize=True, deadline=None)
@given(st.lists(SAID, min_size=1, max_size=6), st.sampled_from(["leave_out", "mask"]), st.sets(st.integers(0, 5)))
def test_a_column_is_scanned_as_each_text_would_be(texts: list[str], rule: Any, named: set[int]) -> None:
    one, other = (Scan(rule, Pseudonyms("salt"), {"query": named}) for _ in range(2))
    each = [one.clean("query", number, text) for number, text in enumerate(texts)]
    changed = other.clean_all("query", pa.array(range(len(texts)), pa.int64()), pa.array(texts, pa.string()))
    assert [changed.get(place, text) for place, text in enumerate(texts)] == each
    assert (other.report(), other.named()) == (one.report(), one.named())


@settings(derandomize=True)
@given(st.lists(st.text("aln u张小红", max_size=8).map(lambda text: " ".join(text.split())), max_size=6))
def test_no_text_with_a_name_is_passed_over(texts: list[str]) -> None:
    names = Names(["Luna", "Lu Na", "张小红"])
    may_be = names.may_be_in(pa.array(texts, pa.string())).to_pylist()
    assert [text for text, may in zip(texts, may_be, strict=True) if names.among(text) and not may] == []


# --- the database ---


def test_what_is_read_is_what_was_written(stickers: list[Sticker]) -> None:
    """Also what is none, empty, or would have to be quoted."""
    texts = ['say "no", twice\n', "难过 😭", "back\\slash", "x"]
    round_ = written(stickers[0], None, *texts, source="house")
    empty = Query.objects.create(round=round_, text="", normalised="", position=9, added_at=round_.dealt_at)
    Query.objects.filter(pk__gte=empty.pk).update(novelty=1e-07)
    kinds = {"id": pa.int64(), "text": pa.string(), "novelty": pa.float64(), "pasted": pa.bool_()}
    kinds |= {"round__labeler_id": pa.int64(), "round__labeler__email": pa.string()}
    held = Query.objects.order_by("pk").values_list(*kinds)
    assert read(held, kinds).to_pylist() == [dict(zip(kinds, row, strict=True)) for row in held]
    assert [row[1] for row in held] == [*texts, ""]
    nothing = read(held.filter(text="nowhere"), kinds)
    assert (len(nothing), nothing.schema.types) == (0, list(kinds.values()))


def test_what_led_there_is_counted_for_its_own_round_alone(publisher: Player, stickers: list[Sticker]) -> None:
    one, other = written(stickers[0], player(), "one"), written(stickers[1], player(), "other")
    line = Query.objects.get(round=one)
    for round_ in (one, other):
        looked_up(round_, player(), gave_away=line)
        looked_up(round_, player(), gave_away=line, is_gold=True)
    held = queries(frozen(publisher))
    assert (held["one"]["n_gave_away"], held["other"]["n_gave_away"]) == (1, 0)


def test_rounds_without_a_query_leave_no_lookup_behind(publisher: Player, stickers: list[Sticker]) -> None:
    rounds = [written(sticker, player(), f"query {n}") for n, sticker in enumerate(stickers[:4])]
    for round_ in rounds:
        looked_up(round_, player(), others=stickers[5:9])
    Query.objects.filter(round__in=rounds[::2]).delete()
    release = frozen(publisher)
    assert [row["round_id"] for row in rows(release, "retrievals.jsonl")] == [round_.pk for round_ in rounds[1::2]]
    assert {row["round_id"]: row["retrievals"][0]["rank"] for row in queries(release).values()} == {
        round_.pk: 1 for round_ in rounds[1::2]
    }
    assert (release.manifest["counts"]["n_rounds"], Retrieval.objects.count()) == (2, 4)


@pytest.mark.parametrize("chunk", [1, 3, 4_096])
def test_where_chunks_end_changes_no_row(
    publisher: Player, stickers: list[Sticker], monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr("sticktionary.domain.releases.play.CHUNK", chunk)
    for n, sticker in enumerate(stickers[:6]):
        looked_up(written(sticker, player(), f"query {n}", f"more {n}"), player())
    release = frozen(publisher)
    in_order = [
        row["query"] for part in ("train", "validation", "test") for row in rows(release, f"queries/{part}.jsonl")
    ]
    assert sorted(in_order) == sorted(f"{word} {n}" for n in range(6) for word in ("query", "more"))
    assert release.manifest["counts"]["n_queries"] == Round.objects.count() * 2 == 12


def test_the_list_has_what_came_with_a_sticker_first_and_then_what_is_new(
    publisher: Player, stickers: list[Sticker]
) -> None:
    looked_up(written(stickers[0], player(), "Tired", "so, so tired", "awake"), player())
    written(stickers[0], None, "tired", "sleepy", source="house")
    listed = list(iterate_queries_csv(folder(frozen(publisher)) / "sticker_queries_en.csv"))
    assert listed == [StickerQueries(stickers[0].name, ("tired", "sleepy", "so,so tired", "awake"))]


def test_a_list_is_read_a_line_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("sticker_id,labeled_queries\na.png,one\nb.png\n")
    assert next(iterate_queries_csv(path)) == StickerQueries("a.png", ("one",))  # before the fault in the next is met
