from __future__ import annotations

import re

from django.test import Client

from sticktionary.domain.play import history
from sticktionary.domain.play.history import Lookup
from sticktionary.models import Player, Query, Retrieval, Round
from tests.people.conftest import Play, client_of, make_player


def test_a_round_is_shown_with_what_became_of_its_queries(play: Play, player: Player) -> None:
    finder, loser = make_player("finder"), make_player("loser")
    round_ = play.round(player, "sent to the wrong group", "oops")
    first = round_.queries.get(position=1)
    Query.objects.filter(text="oops").update(nudges=["only_drawn"])
    play.retrieval(round_, finder, rank=2, gave_away=first)
    play.retrieval(round_, loser, rank=0)
    play.retrieval(round_, None, rank=1)
    play.retrieval(round_, make_player("waiting"), rank=0, state=Retrieval.State.DEALT, answered_at=None)
    play.pay(player, 90, round=round_)
    (entry,) = history.written(player.pk).entries
    assert entry.lookups == [
        Lookup("finder", 2, "sent to the wrong group"),
        Lookup("loser", 0, ""),
        Lookup("", 1, ""),
    ]
    assert ([query.text for query in entry.queries], entry.n_points) == (["sent to the wrong group", "oops"], 90)
    page = client_of(player).get("/history/").content.decode()
    for words in ("finder found it second", "after “sent to the wrong group”", "loser did not find it"):
        assert words in page
    assert "waiting" not in page.replace("waiting to be looked up", "")


def test_what_was_looked_up_is_shown_with_its_answer(play: Play, player: Player) -> None:
    round_ = play.round(make_player("writer"), "monday")
    play.retrieval(round_, player, rank=1, n_points=100)
    play.retrieval(play.round(None, "tuesday"), player, rank=0, target_absent=True, none_of_these=True, n_points=100)
    absent, found = history.searched(player.pk).entries
    assert (found.writer, found.rank, found.n_points, found.picture is None) == ("writer", 1, 100, False)
    assert (absent.writer, absent.rightly_none, absent.picture) == ("", True, None)
    page = client_of(player).get("/history/?kind=searched").content.decode()
    assert "rightly none of these" in page


def test_only_what_is_finished_and_ones_own_is_there(play: Play, player: Player) -> None:
    play.round(player, "being written", submitted=False)
    play.round(make_player("other"), "not mine")
    play.retrieval(play.round(None, "open"), player, state=Retrieval.State.DEALT)
    assert history.written(player.pk).entries == history.searched(player.pk).entries == []


def test_nothing_yet_says_so(player: Player) -> None:
    for kind in ("written", "searched", "replied"):
        response = client_of(player).get(f"/history/?kind={kind}")
        assert (response.status_code, response.context["page"].entries) == (200, [])


def test_pages_follow_one_another_without_gaps(play: Play, player: Player) -> None:
    rounds = [play.round(player, f"query {n}").pk for n in range(2 * history.N_PER_PAGE + 5)]
    client, seen, address = client_of(player), [], "/history/"
    while address:
        page = client.get(address).content.decode()
        seen += [int(n) for n in re.findall(r"query (\d+)", page)]
        older = re.search(r'rel="next" href="([^"]+)"', page)
        address = older.group(1).replace("&amp;", "&") if older else ""
    assert seen == list(range(len(rounds)))[::-1]


def test_bad_addresses_are_no_pages(player: Player) -> None:
    client = client_of(player)
    for query in ("kind=all", "before=x", "before=-1", "before=" + "9" * 40):
        assert client.get(f"/history/?{query}").status_code == 404


def test_reading_a_page_costs_the_same_however_long_it_is(
    play: Play, player: Player, django_assert_max_num_queries: object, client: Client
) -> None:
    for n in range(history.N_PER_PAGE):
        play.retrieval(play.round(player, f"query {n}"), make_player(f"finder{n}"))
    with django_assert_max_num_queries(5):  # type: ignore[operator]
        history.written(player.pk)
    assert Round.objects.count() == history.N_PER_PAGE
