from __future__ import annotations

from collections import Counter

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from sticktionary.domain.releases import splits
from sticktionary.models import Case, Judgement, Pack, Player, SameStickers, SplitPart, Sticker
from tests.game.conftest import make_sticker
from tests.releases.plays import frozen, looked_up, player, written
from tests.releases.reading import queries, rows

SHARES = (80, 10, 10)


def sides(release: object) -> dict[str, str]:
    return {row["id"]: row["part"] for row in rows(release, "splits.jsonl")}  # type: ignore[arg-type]


Steps = st.lists(st.tuples(st.integers(1, 6), st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=3)))


@given(Steps)
def test_however_a_catalogue_grows_groups_stay_together_and_a_test_sticker_stays_one(
    steps: list[tuple[int, list[tuple[int, int]]]],
) -> None:
    """Every step brings stickers and finds that some of those that are there are the same."""
    n, joined, held = 0, list[tuple[int, int]](), dict[int, str]()
    for n_new, pairs in steps:
        n += n_new
        joined += pairs
        groups = splits.Groups(range(n))
        for one, other in joined:
            groups.join(one, other)
        found = splits.sides(groups.all().values(), held, lambda id: f"{id:064x}", SHARES)
        assert found.keys() == set(range(n))
        for one, other in joined:
            if one < n and other < n:
                assert found[one] == found[other]
        for sticker, part in held.items():
            assert splits.PARTS.index(found[sticker]) >= splits.PARTS.index(part)
        held = found


def test_the_shares_are_about_what_was_asked_for() -> None:
    found = Counter(splits.by_hash(f"{number:064x}", SHARES) for number in range(20_000))
    assert {part: round(n / 20_000, 2) for part, n in found.items()} == {"train": 0.8, "validation": 0.1, "test": 0.1}
    assert splits.by_hash("any", (0, 0, 100)) == "test"
    assert splits.by_hash("any", (100, 0, 0)) == "train"


def test_near_duplicates_stand_on_one_side(publisher: Player, pack: Pack) -> None:
    first = make_sticker(1, pack)
    make_sticker(2, pack, twin_of=first)
    make_sticker(3, pack, perceptual_hash=first.perceptual_hash)
    judged = make_sticker(4, pack)
    case = Case.objects.create(kind="sticker", opened_at=timezone.now())
    judgement = Judgement.objects.create(case=case, verdict="same", key="same", at=timezone.now())
    SameStickers.objects.create(first=first, second=judged, judgement=judgement)
    alone = make_sticker(5, pack)
    release = frozen(publisher)
    assert len(set(list(sides(release).values())[:4])) == 1
    clusters = {row["sticker_id"]: row["dup_cluster"] for row in rows(release, "stickers.jsonl")}
    assert len({clusters[f"{number:04}.png"] for number in range(1, 5)}) == 1
    assert clusters[alone.name] != clusters[first.name]


def test_packs_do_if_so_ruled(publisher: Player, pack: Pack) -> None:
    for number in range(1, 41):
        make_sticker(number, pack)
    assert len(set(sides(frozen(publisher, group_packs=True)).values())) == 1


@pytest.fixture
def on_each_side(publisher: Player, pack: Pack) -> dict[str, Sticker]:
    """A release, and a sticker of it on each side."""
    made = [make_sticker(number, pack) for number in range(1, 61)]
    held = sides(frozen(publisher))
    return {part: next(each for each in made if held[each.name] == part) for part in splits.PARTS}


def test_a_group_goes_to_its_strictest_side_and_stays_there(
    publisher: Player, on_each_side: dict[str, Sticker]
) -> None:
    before = sides(frozen(publisher))
    train, test = on_each_side["train"], on_each_side["test"]
    Sticker.objects.filter(pk=train.pk).update(twin_of=test)
    moved = sides(frozen(publisher))
    assert {name for name in before if before[name] != moved[name]} == {train.name}
    assert moved[train.name] == "test"
    Sticker.objects.filter(pk=train.pk).update(twin_of=None)
    assert sides(frozen(publisher)) == moved
    lines = SplitPart.objects.filter(sticker=train).order_by("pk")
    assert list(lines.values_list("part", flat=True)) == ["train", "test"]


def test_another_split_rule_moves_nothing_that_has_a_side(publisher: Player, on_each_side: dict[str, Sticker]) -> None:
    assert sides(frozen(publisher, split=(0, 0, 100))) == sides(frozen(publisher))


def test_a_query_stands_where_its_sticker_does(publisher: Player, on_each_side: dict[str, Sticker]) -> None:
    for part, sticker in on_each_side.items():
        looked_up(written(sticker, player(), f"for {part}"), player())
    release = frozen(publisher)
    assert {query: row["split"] for query, row in queries(release).items()} == {
        f"for {part}": part for part in splits.PARTS
    }
    assert [row["query"] for row in rows(release, "queries/test.jsonl")] == ["for test"]
