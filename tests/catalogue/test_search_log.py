"""Reading the log of changes on."""

from __future__ import annotations

from datetime import timedelta
from itertools import accumulate

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from pytest_django import DjangoAssertNumQueries

from sticktionary.domain.search import changelog
from sticktionary.domain.search.changelog import Place
from sticktionary.models import IndexChange, Pack, Sticker


def make_sticker(number: int) -> Sticker:
    pack = Pack.objects.get_or_create(slug="shapes", title="Shapes")[0]
    name = f"{number}.webp"
    return Sticker.objects.create(
        pack=pack, name=name, sha256=f"{number:064}", image=name, poster=name, width=1, height=1
    )


class InWhateverOrder(TestCase):
    def setUp(self) -> None:
        self.of = {number: make_sticker(number).pk for number in range(1, 25)}

    @given(
        order=st.permutations(range(1, 25)),
        sizes=st.lists(st.integers(1, 6), min_size=24),
        never=st.sets(st.integers(1, 24), max_size=6),
        at_once=st.integers(1, 8),
    )
    def test_every_line_is_read_exactly_once(
        self, order: list[int], sizes: list[int], never: set[int], at_once: int
    ) -> None:
        """Transactions commit the numbers they hold in any order, or never; reading goes on between."""
        place, read = Place.at_the_end(), list[int]()
        ends = [end for end in accumulate(sizes) if end < len(order)] + [len(order)]
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(changelog, "AT_ONCE", at_once)
            for start, end in zip([0, *ends], ends, strict=False):
                numbers = [number for number in order[start:end] if number not in never]
                IndexChange.objects.bulk_create(IndexChange(pk=n, sticker_id=self.of[n]) for n in numbers)
                ids, place = place.read_on()
                read += ids
                place = Place.of_json(place.as_json())
            while ids:
                ids, place = place.read_on()
                read += ids
        assert sorted(read) == sorted(self.of[number] for number in set(order) - never)


@pytest.fixture
def stickers(db: None) -> list[int]:
    return [make_sticker(number).pk for number in range(1, 5)]


def test_a_line_that_was_committed_late_is_not_missed(stickers: list[int]) -> None:
    """Two transactions: the one with the lower number commits after the higher one was read."""
    place = Place.at_the_end()
    IndexChange.objects.create(pk=1_001, sticker_id=stickers[0])
    ids, place = place.read_on()
    assert ids == [stickers[0]]
    IndexChange.objects.create(pk=1_000, sticker_id=stickers[1])
    ids, place = place.read_on()
    assert ids == [stickers[1]]
    assert place.read_on()[0] == []


def test_whoever_begins_while_a_transaction_runs_reads_its_lines(stickers: list[int]) -> None:
    IndexChange.objects.create(pk=1_001, sticker_id=stickers[0])
    place = Place.at_the_end()
    assert place.read_on()[0] == []
    IndexChange.objects.create(pk=1_000, sticker_id=stickers[1])
    assert place.read_on()[0] == [stickers[1]]


def test_numbers_that_nobody_used_are_not_asked_for_for_ever(
    stickers: list[int], monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    place = Place.at_the_end()
    for number in range(2, 900, 2):
        IndexChange.objects.create(pk=number, sticker_id=stickers[0])
    read, place = place.read_on()
    assert len(read) == 449
    assert len(place.gaps) == 449
    with django_assert_num_queries(1):
        assert place.read_on()[0] == []
    monkeypatch.setattr(changelog, "SETTLED_AFTER", timedelta(0))
    assert place.read_on()[1].gaps == ()


def test_a_place_holds_while_its_line_is_there_and_the_same(stickers: list[int]) -> None:
    assert Place.at_the_end().is_held()
    assert not Place(0, timezone.now() - timedelta(days=2)).is_held()
    IndexChange.objects.create(pk=10, sticker_id=stickers[0])
    place = Place.at_the_end()
    assert place.is_held()
    IndexChange.objects.update(at=timezone.now() - timedelta(days=400))
    assert not place.is_held()  # an older copy of the database, which counted to ten by another way
    IndexChange.objects.all().delete()
    assert not place.is_held()


def test_old_lines_are_forgotten_but_for_those_that_somebody_reads_on_from(stickers: list[int]) -> None:
    for number in (1, 2, 3, 4):
        IndexChange.objects.create(pk=number, sticker_id=stickers[0])
    assert changelog.forget(None) == 0
    IndexChange.objects.update(at=timezone.now() - timedelta(days=3))
    assert changelog.forget(2) == 1
    assert changelog.forget(None) == 2
    assert list(IndexChange.objects.values_list("pk", flat=True)) == [4]
