from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from sticktionary.domain import catalogue
from sticktionary.domain.errors import NotAllowed, Refused
from sticktionary.domain.search import live as search
from sticktionary.domain.search.live import CatalogueSearch
from sticktionary.models import Pack, Player, Query, Round, Sticker
from tests.catalogue import files
from tests.catalogue.conftest import Importer

Make = Callable[..., Sticker]


@pytest.fixture
def make(pack: Pack) -> Make:
    def sticker(number: int, *queries: str, **columns: object) -> Sticker:
        made = Sticker.objects.create(
            pack=pack, name=f"{number}.png", sha256=f"{number:064}", image=f"{number}.webp", poster=f"{number}.webp",
            width=10, height=10, **columns,
        )  # fmt: skip
        catalogue.add_house_rounds(made, {"en": queries})
        return made

    return sticker


@pytest.fixture
def live() -> CatalogueSearch:
    return CatalogueSearch()


def test_a_sticker_is_found_by_queries_labels_and_printed_text(make: Make, live: CatalogueSearch) -> None:
    tired = make(1, "so tired", "good night")
    happy = make(2, labels={"emotion": ["joyful"], "style": "flat"}, printed_text="Hooray")
    catalogue.index_changed([happy.pk])
    live.refresh()
    assert live.preview("tired", tired.pk).ids == [tired.pk]
    for text in ("joyful", "hooray", "hoor"):
        assert live.preview(text, happy.pk).ids == [happy.pk]
    assert live.preview("tired", happy.pk).target_rank is None
    assert live.preview("   ", happy.pk).ids == []


@pytest.mark.parametrize(
    ("source", "state", "is_known"),
    [
        ("play", "found", True),
        ("suggestion", "found", True),
        ("play", "open", False),
        ("play", "needs_review", False),
        ("play", "withdrawn", False),
        ("practice", "found", False),
    ],
)
def test_only_proven_queries_of_players_are_searched(
    make: Make, live: CatalogueSearch, source: str, state: str, is_known: bool
) -> None:
    sticker, now = make(1, "other"), timezone.now()
    round = Round.objects.create(sticker=sticker, language="en", source=source, state=state, dealt_at=now)
    Query.objects.create(round=round, text="unheard of", normalised="unheard of", position=0, added_at=now)
    live.refresh()
    assert live.preview("unheard", sticker.pk).ids == ([sticker.pk] if is_known else [])


def test_changes_are_taken_over_once(
    make: Make, live: CatalogueSearch, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    first = make(1, "apple")
    live.refresh()
    second = make(2, "pear")
    live.refresh()
    assert live.preview("pear", second.pk).ids == [second.pk]
    catalogue.add_house_rounds(first, {"zh": ["苹果"]})
    catalogue.set_state(actor=None, sticker_ids=[second.pk], state="halted")
    live.refresh()
    assert live.preview("苹果", first.pk).ids == [first.pk]
    assert live.preview("pear", second.pk).ids == []
    assert live.known_pictures([first.pk, second.pk], "en").keys() == {first.pk}
    with django_assert_num_queries(2):
        live.refresh()


def test_the_newest_change_does_not_wait_behind_a_whole_catalogue(
    make: Make, live: CatalogueSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "AT_ONCE", 2)
    stickers = [make(number, "apple") for number in range(1, 21)]
    live.refresh()
    catalogue.index_changed(sticker.pk for sticker in stickers)
    assert live.catch_up()
    catalogue.set_state(actor=None, sticker_ids=[stickers[3].pk], state="halted")
    assert live.catch_up()
    assert stickers[3].pk not in live.preview("apple", stickers[0].pk, k=20).ids
    while live.catch_up():
        pass
    assert len(live.preview("apple", stickers[0].pk, k=20).ids) == 19


def test_a_whole_pack_leaves_play_and_comes_back(make: Make, live: CatalogueSearch, pack: Pack) -> None:
    sticker = make(1, "apple")
    live.refresh()
    for is_active, ids in ((False, []), (True, [sticker.pk])):
        catalogue.set_pack_active(actor=None, pack=pack, is_active=is_active)
        live.refresh()
        assert live.preview("apple", sticker.pk).ids == ids


def test_the_target_is_ranked_among_all_beyond_those_shown(make: Make, live: CatalogueSearch) -> None:
    target = make(1, "cat", "and a great many words that are about something else")
    cats = [make(number, "cat") for number in range(2, 9)]
    for number in range(20, 40):
        make(number, f"dog {number}")
    live.refresh()
    found = live.preview("cat", target.pk, k=3)
    assert found.ids == [cat.pk for cat in cats[:3]]
    assert found.target_rank == 8


def test_hard_negatives_are_near_and_never_the_sticker_or_its_twins(make: Make, live: CatalogueSearch) -> None:
    target = make(1, "tired cat")
    twin = make(2, "tired cat", twin_of=target)
    near = [make(3, "tired dog"), make(4, "happy cat")]
    make(5, "nothing to do with it")
    live.refresh()
    assert set(live.hard_negatives(target.pk, ["tired cat"], 5)) == {sticker.pk for sticker in near}
    assert twin.pk not in live.hard_negatives(target.pk, ["tired"], 5)
    assert len(live.hard_negatives(target.pk, ["tired cat"], 1)) == 1


def test_the_machine_ranks_all_candidates(make: Make, live: CatalogueSearch) -> None:
    one, two, three = make(1, "apple"), make(2, "pear tree"), make(3, "plum")
    live.refresh()
    assert live.rank_among(["pear", "tree"], [one.pk, three.pk, two.pk]) == [two.pk, one.pk, three.pk]


def test_pictures_are_known_without_the_database(
    imported: Importer, live: CatalogueSearch, tmp_path: Path, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    imported(files.folder(tmp_path / "pack", {"a.gif": files.moving("GIF")}))
    sticker = Sticker.objects.get()
    live.refresh()
    with django_assert_num_queries(0):
        picture = live.known_pictures([sticker.pk, 999], "en")[sticker.pk]
    assert (picture.image, picture.poster, picture.moves) == (
        f"/stickers/{sticker.image}", f"/stickers/{sticker.poster}", True,
    )  # fmt: skip


def test_pictures_are_described_in_the_readers_language(
    imported: Importer, live: CatalogueSearch, tmp_path: Path
) -> None:
    described = {"sticker": "a.png", "posture": ["lying"], "alt": {"en": "a cat, asleep", "zh": "猫，睡着了"}}
    lists = json.dumps(described).encode()
    imported(files.folder(tmp_path / "pack", {"a.png": files.png(1), "metadata.jsonl": lists}))
    sticker = Sticker.objects.get()
    live.refresh()
    alts = [live.known_pictures([sticker.pk], language)[sticker.pk].alt for language in ("en", "zh")]
    assert alts == ["a cat, asleep", "猫，睡着了"]
    assert live.preview("asleep", sticker.pk).ids == []  # told to those who listen, not to search


def test_only_editors_change_what_is_in_play(make: Make, pack: Pack) -> None:
    sticker, player = make(1, "apple"), Player.objects.create(username="pat")
    with pytest.raises(NotAllowed):
        catalogue.set_state(actor=player, sticker_ids=[sticker.pk], state="withdrawn")
    with pytest.raises(NotAllowed):
        catalogue.set_pack_active(actor=player, pack=pack, is_active=False)
    with pytest.raises(Refused):
        catalogue.set_state(actor=None, sticker_ids=[sticker.pk], state="lovely")
    sticker.refresh_from_db()
    assert sticker.state == "active"
