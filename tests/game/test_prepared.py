"""A prepared query answers as the queryset it was made of does, whatever is asked and on whatever connection."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.db.models import Count, QuerySet
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from sticktionary.domain.prepared import prepared
from sticktionary.models import Player, Query, Round, Sticker
from tests.game.conftest import make_player


def written_for(sticker_id: int, language: str, before: datetime) -> QuerySet[Query]:
    queries = Query.objects.filter(round__sticker_id=sticker_id, round__language=language, added_at__lt=before)
    return queries.select_related("round__sticker", "round__labeler")


def n_of_each(*sticker_ids: int) -> QuerySet[Round, tuple[int, int]]:
    rounds = Round.objects.filter(sticker_id__in=sticker_ids).order_by("sticker_id").values_list("sticker_id")
    return rounds.annotate(n=Count("pk"))


def twice(sticker_id: int) -> QuerySet[Sticker, int]:
    """The same value in two places, one of them in a query within."""
    other = Sticker.objects.exclude(pk__in=Round.objects.filter(sticker_id=sticker_id).values("sticker_id"))
    return other.filter(pk__lt=sticker_id).order_by("pk").values_list("pk", flat=True)[:5]


def test_models_come_with_what_was_selected_with_them(stickers: list[Sticker]) -> None:
    ask = prepared(written_for)
    soon = timezone.now() + timedelta(minutes=1)
    for sticker in stickers[:3]:
        for language in ("en", "zh", "xx"):
            for before in (soon, soon - timedelta(days=1)):
                expected = list(written_for(sticker.pk, language, before))
                with CaptureQueriesContext(
                    connection,
                ) as asked:
                    got = ask(sticker.pk, language, before)
                    assert got == expected
                    assert [query.round.sticker.name for query in got] == [sticker.name] * len(expected)
                    assert [query.round.labeler for query in got] == [None] * len(expected)
                assert len(asked) == 1


@pytest.mark.parametrize("how_many", [1, 2, 7])
def test_as_many_values_as_one_likes(stickers: list[Sticker], how_many: int) -> None:
    ask = prepared(n_of_each)
    for start in (0, 3):
        ids = [sticker.pk for sticker in stickers[start : start + how_many]]
        assert ask(*ids) == [(id, 2) for id in ids] == list(n_of_each(*ids))


def test_a_value_in_two_places(stickers: list[Sticker]) -> None:
    ask = prepared(twice)
    for sticker in stickers[::7]:
        assert ask(sticker.pk) == list(twice(sticker.pk))


@pytest.mark.django_db
@given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20), max_size=6))
def test_any_text_is_only_a_value(texts: list[str]) -> None:
    ask = prepared(lambda name: Player.objects.filter(username=name).values_list("username", flat=True))
    make_player("' OR 1=1 --%s")
    for text in [*texts, "' OR 1=1 --%s", "%s", "'"]:
        assert ask(text) == list(Player.objects.filter(username=text).values_list("username", flat=True))
    Player.objects.all().delete()


def test_what_is_no_value_is_refused(stickers: list[Sticker]) -> None:
    ask = prepared(n_of_each)
    ask(stickers[0].pk)
    with pytest.raises(TypeError):
        ask("1")  # type: ignore[arg-type]  # what a caller without types may do
    with pytest.raises(TypeError):
        ask(None)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        prepared(written_for)(stickers[0].pk, language="en", before=timezone.now())


def test_a_value_that_does_not_reach_the_database_is_refused_at_the_first_call(stickers: list[Sticker]) -> None:
    looks = prepared(lambda least: Sticker.objects.filter(pk__gte=1 if least else 0))
    with pytest.raises(TypeError, match="does not keep"):
        looks(3)


@pytest.mark.django_db(transaction=True)
def test_each_thread_asks_on_its_own_connection(transactional_db: None) -> None:
    anna = make_player("anna")
    ask = prepared(lambda id: Player.objects.filter(pk=id).values_list("username", flat=True))

    def elsewhere(_: int) -> list[str]:
        try:
            return ask(anna.pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(elsewhere, range(8))) == [["anna"]] * 8
    assert ask(anna.pk) == ["anna"]
