"""Lists are read page by page by their keys, searched through indexes, and cost the same for few rows and for many."""

from __future__ import annotations

import pytest
from django.contrib import admin as django_admin
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from sticktionary.admin import paging
from sticktionary.admin import play as play_admin
from sticktionary.admin.read_only import ReadOnly
from sticktionary.models import AuditEntry, Player, Round
from tests.desk.conftest import one_of_each
from tests.people.conftest import Play, client_of

MODELS = sorted(str(model._meta.model_name) for model in django_admin.site._registry)


def n_queries(client: Client, address: str) -> int:
    cache.clear()
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)


def numbers(client: Client, address: str) -> list[int]:
    return [row.pk for row in client.get(address).context["cl"].result_list]


@pytest.fixture
def desk(admin: Player) -> Client:
    return client_of(admin)


@pytest.mark.parametrize("model", MODELS)
def test_a_list_asks_the_database_as_often_for_many_rows_as_for_few(desk: Client, play: Play, model: str) -> None:
    address = reverse(f"admin:sticktionary_{model}_changelist")
    one_of_each(play, 0)
    one_of_each(play, 1)
    n_queries(desk, address)  # what is asked once in a process, such as content types
    few = n_queries(desk, address)
    for n in range(2, 7):
        one_of_each(play, n)
    assert n_queries(desk, address) == few


def test_a_round_asks_as_often_however_much_happened_to_it(desk: Client, play: Play, admin: Player) -> None:
    few, many = play.round(admin, "one"), play.round(admin, "one", "two", "three")
    for n, round_ in enumerate([few, many, many, many]):
        finder = Player.objects.create(username=f"finder{n}")
        play.retrieval(round_, finder, picks=[play.sticker().pk for _ in range(3)])
        play.pay(finder, 10, round=round_)
    addresses = [reverse("admin:sticktionary_round_change", args=[round_.pk]) for round_ in (few, many)]
    n_queries(desk, addresses[0])
    assert n_queries(desk, addresses[1]) == n_queries(desk, addresses[0])


def test_pages_follow_one_another_and_leave_nothing_out(
    desk: Client, play: Play, admin: Player, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(play_admin.RoundAdmin, "list_per_page", 3)
    rounds = [play.round(admin, "x").pk for _ in range(8)][::-1]
    address, seen, views = reverse("admin:sticktionary_round_changelist"), list[int](), []
    while True:
        listed = desk.get(address).context["cl"]
        seen += [row.pk for row in listed.result_list]
        views.append([row.pk for row in listed.result_list])
        if not listed.has_older:
            break
        address = reverse("admin:sticktionary_round_changelist") + listed.older_url
    assert (seen, listed.has_newer) == (rounds, True)
    back = desk.get(reverse("admin:sticktionary_round_changelist") + listed.newer_url).context["cl"]
    assert [row.pk for row in back.result_list] == views[-2]


@pytest.mark.parametrize("said", ["before=x", "after=-1", "before=99999999999999999999", "after="])
def test_a_page_that_cannot_be_is_the_first(desk: Client, play: Play, admin: Player, said: str) -> None:
    round_ = play.round(admin, "x")
    assert numbers(desk, reverse("admin:sticktionary_round_changelist") + f"?{said}") == [round_.pk]


def test_filters_hold_on_later_pages_and_forget_the_page(
    desk: Client, play: Play, admin: Player, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(play_admin.RoundAdmin, "list_per_page", 1)
    found = [play.round(admin, "x", state=state).pk for state in ("found", "open", "found")]
    address = reverse("admin:sticktionary_round_changelist")
    listed = desk.get(f"{address}?state__exact=found").context["cl"]
    assert [row.pk for row in listed.result_list] == [found[2]]
    later = desk.get(address + listed.older_url).context["cl"]
    assert [row.pk for row in later.result_list] == [found[0]]
    choices = {str(each["display"]): each["query_string"] for each in later.filter_specs[0].choices(later)}
    assert choices["All"] == "?"


def test_rounds_are_found_by_number_by_a_whole_query_and_by_who_wrote_them(
    desk: Client, play: Play, admin: Player, player: Player
) -> None:
    mine, theirs = play.round(admin, "monday again"), play.round(player, "friday")
    address = reverse("admin:sticktionary_round_changelist")
    searched = {
        str(theirs.pk): [theirs.pk],
        "monday again": [mine.pk],
        "Monday  AGAIN": [mine.pk],
        "monday": [],
        "tamsin": [theirs.pk],
        "'; drop": [],
    }
    assert {term: numbers(desk, f"{address}?q={term}") for term in searched} == searched


def test_every_search_is_answered(desk: Client, play: Play) -> None:
    one_of_each(play, 0)
    for model, model_admin in django_admin.site._registry.items():
        assert isinstance(model_admin, ReadOnly)
        if model_admin.searched:
            address = reverse(f"admin:sticktionary_{model._meta.model_name}_changelist")
            for term in ("7", "finder0", "nothing of the sort", "９", "9" * 40):
                assert desk.get(address, {"q": term}).status_code == 200, (model, term)


def test_every_filter_can_be_chosen(desk: Client, play: Play) -> None:
    one_of_each(play, 0)
    for model in django_admin.site._registry:
        address = reverse(f"admin:sticktionary_{model._meta.model_name}_changelist")
        listed = desk.get(address).context["cl"]
        for spec in listed.filter_specs:
            for choice in spec.choices(listed):
                assert desk.get(address + choice["query_string"]).status_code == 200, (model, choice)


def test_the_audit_is_sifted_by_who_what_and_on_what(desk: Client, admin: Player, player: Player) -> None:
    AuditEntry.objects.all().delete()
    subjects = ("player 1", "player 12", "player 1 of old", "sticker 1")
    entries = [
        AuditEntry.objects.create(actor=actor, verb=verb, subject=subject, detail={"reason": "robot", "was": "x"})
        for actor, verb, subject in zip(
            (admin, admin, player, None), ("block", "grant", "block", "halt"), subjects, strict=True
        )
    ]
    address = reverse("admin:sticktionary_auditentry_changelist")
    one, twelve, old, sticker = (entry.pk for entry in entries)
    assert numbers(desk, f"{address}?actor={admin.pk}") == [twelve, one]
    assert numbers(desk, f"{address}?verb=block") == [old, one]
    assert numbers(desk, f"{address}?q=player 1") == [old, one]
    assert numbers(desk, f"{address}?verb=halt&q=sticker 1") == [sticker]
    page = desk.get(address).content.decode()
    assert page.count(">robot<") == 4


def test_a_short_table_is_counted_and_a_long_one_estimated(
    desk: Client, play: Play, admin: Player, monkeypatch: pytest.MonkeyPatch
) -> None:
    play.round(admin, "x")
    assert paging.n_rows(Round) == (1, False)
    address = reverse("admin:sticktionary_round_changelist")
    monkeypatch.setattr(paging, "n_rows", lambda model: (1_234_567, True))
    assert "about 1234567" in desk.get(address).content.decode()
    assert desk.get(f"{address}?state__exact=found").context["cl"].n_rows is None
