"""Which queries are in a release, and why."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pyarrow.parquet as pq
import pytest
from django.utils import timezone

from sticktionary.domain import catalogue
from sticktionary.domain.releases import preview, tombstones
from sticktionary.domain.releases.asking import rules_from
from sticktionary.models import (
    Case,
    Judgement,
    Pack,
    Player,
    PlayerQuality,
    Query,
    Release,
    Retrieval,
    Round,
    Ruling,
    Sanction,
    Sticker,
)
from tests.game.conftest import make_sticker
from tests.releases.plays import frozen, looked_up, player, written
from tests.releases.reading import PARTS, folder, queries, rows, texts


def ruled(round_: Round, verdict: str, text: str = "") -> None:
    """A reviewer's word on the round's only query."""
    case = Case.objects.create(kind="not_found", state="decided", round=round_, opened_at=timezone.now())
    judgement = Judgement.objects.create(
        case=case, verdict="accept", key=f"key-{round_.pk}", at=timezone.now(), detail={"before": {"rulings": []}}
    )
    query = Query.objects.get(round=round_)
    Ruling.objects.create(query=query, judgement=judgement, verdict=verdict, text=text, normalised=text)


def test_a_found_query_is_in_with_its_proof(publisher: Player, stickers: list[Sticker]) -> None:
    anna, ben, carl = player(), player(), player()
    round_ = written(stickers[0], anna, "so done", "no, thanks", results_hidden=True, model_version="clip@1")
    led_there = Query.objects.get(text="no, thanks")
    found = looked_up(round_, ben, 2, others=stickers[1:5], gave_away=led_there, machine_rank=7)
    missed = looked_up(round_, carl, 0, others=stickers[1:5])
    release = frozen(publisher)
    assert texts(release) == {"so done", "no, thanks"}
    row = queries(release)["no, thanks"]
    assert (row["status"], row["source"], row["language"]) == ("found", "play", "en")
    assert (row["n_retrievers"], row["n_found"], row["best_rank"], row["n_gave_away"]) == (2, 1, 2, 1)
    assert (row["results_hidden"], row["model_version"], row["typed"]) == (True, "clip@1", None)
    assert 0 < row["p_find_low"] < row["p_find"] < row["p_find_high"] < 1
    assert row["weight"] == row["p_find"]
    answers = {answer["retrieval_id"]: answer for answer in row["retrievals"]}
    assert answers.keys() == {found.pk, missed.pk}
    told = {name: answers[found.pk][name] for name in ("rank", "n_candidates", "gave_away", "machine_rank")}
    assert told == {"rank": 2, "n_candidates": 5, "gave_away": led_there.pk, "machine_rank": 7}
    assert len({row["labeler"], *(answer["retriever"] for answer in answers.values())}) == 3


@pytest.mark.parametrize(
    ("is_in", "lookup"),
    [
        (True, {"rank": 1}),
        (True, {"rank": 3}),
        (False, {"rank": 0}),
        (False, {"rank": 1, "is_gold": True}),
        (False, {"rank": 0, "target_absent": True}),
    ],
)
def test_only_a_find_of_somebody_else_is_proof(
    publisher: Player, stickers: list[Sticker], is_in: bool, lookup: dict[str, Any]
) -> None:
    looked_up(written(stickers[0], player(), "so done"), player(), others=stickers[1:4], **lookup)
    assert texts(frozen(publisher)) == ({"so done"} if is_in else set())


def test_nobody_proves_their_own(publisher: Player, stickers: list[Sticker]) -> None:
    anna = player()
    looked_up(written(stickers[0], anna, "so done"), anna)
    assert texts(frozen(publisher)) == set()


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ({}, {"found once", "found twice", "suggested", "house", "reviewed"}),
        ({"least_found": 2}, {"found twice", "house", "reviewed"}),
        ({"with_house": False}, {"found once", "found twice", "suggested", "reviewed"}),
        ({"with_suggestions": False}, {"found once", "found twice", "house", "reviewed"}),
        ({"with_reviewed": False}, {"found once", "found twice", "suggested", "house"}),
        (
            {"with_unproven": True},
            {"found once", "found twice", "suggested", "house", "reviewed", "open", "zh: 开着"},
        ),
        ({"languages": ["zh"], "with_unproven": True}, {"zh: 开着"}),
        ({"least_weight": 0.5}, {"found twice", "suggested", "house", "reviewed"}),
    ],
)
def test_the_rules_decide(
    publisher: Player, stickers: list[Sticker], rules: dict[str, Any], expected: set[str]
) -> None:
    anna, ben, carl = player(), player(), player()
    PlayerQuality.objects.create(
        player=carl, n_finds=500, find_skill=-4.0, find_sd=0.1, weight=0.1, updated_at=timezone.now()
    )
    looked_up(written(stickers[0], carl, "found once"), ben)
    twice = written(stickers[1], anna, "found twice")
    for each in (ben, carl):
        looked_up(twice, each)
    looked_up(written(stickers[2], anna, "suggested", source="suggestion"), ben)
    written(stickers[3], None, "house", source="house")
    written(stickers[4], anna, "open")
    written(stickers[4], anna, "zh: 开着", language="zh")
    ruled(written(stickers[5], anna, "reviewed"), "accepted")
    looked_up(written(stickers[6], anna, "practised", source="practice"), ben)
    looked_up(written(stickers[6], anna, "taken back", state="withdrawn"), ben)
    counted = preview.figures(rules_from(rules))
    assert texts(frozen(publisher, **rules)) == expected
    if "least_weight" not in rules:
        assert counted.n_queries == len(expected)


def test_reviewers_mend_and_discard(publisher: Player, stickers: list[Sticker]) -> None:
    anna, ben = player(), player()
    looked_up(mended := written(stickers[0], anna, "so dnoe"), ben)
    looked_up(discarded := written(stickers[1], anna, "nonsense"), ben)
    ruled(mended, "corrected", "so done")
    ruled(discarded, "discarded")
    row = queries(release := frozen(publisher))["so done"]
    assert texts(release) == {"so done"}
    assert (row["typed"], row["normalised"], row["status"]) == ("so dnoe", "so done", "found")


def test_players_who_did_not_agree_or_were_excluded_give_nothing_and_prove_nothing(
    publisher: Player, stickers: list[Sticker]
) -> None:
    anna, ben = player(), player()
    stranger, cheat = player(consent=False), player()
    Sanction.objects.create(player=cheat, step="excluded", reason="-", at=timezone.now())
    for place, out in enumerate((stranger, cheat)):
        looked_up(written(stickers[place], out, f"written {place}"), ben)
        looked_up(written(stickers[place], anna, f"looked up {place}"), out)
        looked_up(both := written(stickers[place], anna, f"both {place}"), out)
        looked_up(both, ben)
    release = frozen(publisher)
    assert texts(release) == {"both 0", "both 1"}
    assert {row["n_retrievers"] for row in queries(release).values()} == {1}
    assert len(rows(release, "retrievals.jsonl")) == 2
    assert texts(frozen(publisher, leave_out_excluded=False)) == {"both 0", "both 1", "written 1", "looked up 1"}


def test_stickers_and_packs_that_are_out_of_play_for_good_stay_out(
    publisher: Player, stickers: list[Sticker], pack: Pack
) -> None:
    other = Pack.objects.create(slug="other", title="Other", source="me", licence="CC0")
    away = make_sticker(100, other)
    for place, sticker in enumerate((stickers[0], stickers[1], away)):
        looked_up(written(sticker, player(), f"query {place}"), player())
    catalogue.set_state(actor=None, sticker_ids=[stickers[1].pk], state="withdrawn")
    catalogue.set_pack_active(actor=None, pack=other, is_active=False)
    release = frozen(publisher)
    assert texts(release) == {"query 0"}
    assert {row["sticker_id"] for row in rows(release, "stickers.jsonl")} == {
        sticker.name for sticker in stickers if sticker != stickers[1]
    }


def test_what_was_taken_back_is_left_out_and_named(publisher: Player, stickers: list[Sticker]) -> None:
    anna, ben, carl = player(), player(), player()
    for place, labeler in enumerate((anna, ben, carl)):
        looked_up(written(stickers[place], labeler, f"query {place}"), player())
    first = frozen(publisher)
    anna_was = queries(first)["query 0"]["labeler"]
    tombstones.withdraw_player(actor=publisher, player_id=anna.pk, why="asked for it")
    tombstones.withdraw_query(actor=publisher, query_id=(query := Query.objects.get(text="query 1")).pk, why="a name")
    tombstones.withdraw_sticker(actor=publisher, sticker_id=stickers[2].pk, why="rights")
    second = frozen(publisher)
    assert texts(second) == set()
    assert rows(second, "tombstones.jsonl") == [
        {"v": 1, "kind": "player", "release": 1, "id": anna_was},
        {"v": 1, "kind": "query", "release": None, "id": str(query.pk)},
        {"v": 1, "kind": "sticker", "release": None, "id": stickers[2].name},
    ]
    ids = list(Query.objects.order_by("pk").values_list("pk", flat=True))
    assert tombstones.respected(ids) == []


def test_the_same_player_has_another_name_in_each_release(publisher: Player, stickers: list[Sticker]) -> None:
    anna = player()
    for place in range(2):
        looked_up(written(stickers[place], anna, f"query {place}"), player())
    names = [{row["labeler"] for row in queries(frozen(publisher)).values()} for _ in range(2)]
    assert [len(each) for each in names] == [1, 1]
    assert names[0] != names[1]


def test_every_form_says_the_same(publisher: Player, stickers: list[Sticker]) -> None:
    anna, ben = player(), player()
    for place, sticker in enumerate(stickers):
        looked_up(written(sticker, anna, f"query {place}", "ha", language="zh" if place % 2 else "en"), ben)
    release = frozen(publisher)
    for part in PARTS:
        lines = rows(release, f"queries/{part}.jsonl")
        table = pq.read_table(folder(release) / f"queries/{part}.parquet")
        assert table.to_pylist() == lines
        pairs = pq.read_table(folder(release) / f"pairs/{part}.parquet")
        assert pairs.to_pylist() == [{name: line[name] for name in pairs.column_names} for line in lines]
    for name in ("retrievals", "stickers"):
        assert pq.read_table(folder(release) / f"{name}.parquet").to_pylist() == rows(release, f"{name}.jsonl")
    assert release.manifest["counts"]["n_queries"] == 40
    assert (folder(release) / "sticker_queries_zh.csv").read_text(encoding="utf-8").splitlines()[:2] == [
        "sticker_id,labeled_queries",
        '0002.png,"query 1, ha"',
    ]


def test_a_retrieval_keeps_its_candidates_in_order(publisher: Player, stickers: list[Sticker]) -> None:
    looked_up(written(stickers[0], player(), "so done"), player(), 2, others=stickers[1:4])
    catalogue.set_state(actor=None, sticker_ids=[stickers[2].pk], state="withdrawn")
    (row,) = rows(frozen(publisher), "retrievals.jsonl")
    assert row["candidates"] == ["0002.png", None, "0004.png", "0001.png"]
    assert (row["picks"], row["rank"], row["counts"]) == (["0002.png", "0001.png"], 2, True)


def test_the_machines_side_is_left_out_until_it_has_settled(publisher: Player, stickers: list[Sticker]) -> None:
    just_now = timezone.now() - timedelta(minutes=1)
    looked_up(written(stickers[0], player(), "so done"), player(), machine_rank=3, at=just_now)
    assert rows(frozen(publisher), "retrievals.jsonl")[0]["machine_rank"] is None
    Retrieval.objects.update(answered_at=timezone.now() - timedelta(minutes=11))
    assert rows(frozen(publisher), "retrievals.jsonl")[0]["machine_rank"] == 3


def test_pictures_only_of_packs_that_allow_it(publisher: Player, stickers: list[Sticker], pack: Pack) -> None:
    looked_up(written(stickers[0], player(), "so done"), player())
    with_them, without = frozen(publisher), frozen(publisher, with_pictures=False)
    Pack.objects.update(may_publish_pictures=False)
    forbidden = frozen(publisher)
    pictures = [len(list((folder(each) / "stickers").glob("*"))) for each in (with_them, without, forbidden)]
    assert pictures == [len(stickers), 0, 0]
    assert rows(forbidden, "stickers.jsonl")[0]["file"] is None
    assert [each.manifest["counts"]["n_pictures"] for each in (with_them, forbidden)] == [len(stickers), 0]
    assert isinstance(with_them, Release)
