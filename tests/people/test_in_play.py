"""Accounts under the game's own verbs: what is played as a guest goes on, and what is left leaves nothing broken."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from sticktionary.domain.people import guests, leaving, mydata
from sticktionary.domain.play import dealing, history, labelling, retrieving
from sticktionary.domain.play.sitting import snapshot_for
from sticktionary.domain.play.snapshot import FindTurn, LabelTurn
from sticktionary.domain.search.live import catalogue_search
from sticktionary.models import Player, Query, Round
from tests.game.conftest import make_sticker
from tests.people.conftest import PASSWORD, client_of, make_player
from tests.people.test_sign_up import FORM


@pytest.fixture(autouse=True)
def _stickers(db: None) -> Iterator[None]:
    catalogue_search.__init__()  # type: ignore[misc]
    for number in range(1, 31):
        make_sticker(number, queries=3)
    yield
    catalogue_search.__init__()  # type: ignore[misc]


class Hand:
    """A player at the table."""

    def __init__(self, player: Player) -> None:
        self.player_id, self.n = player.pk, 0

    def key(self) -> str:
        self.n += 1
        return f"key-{self.player_id}-{self.n:04}"

    def turn(self) -> Any:
        return snapshot_for(self.player_id).turn

    def deal(self) -> Any:
        dealing.deal(player_id=self.player_id)
        return self.turn()

    def write(self, lease: str, *texts: str) -> None:
        for text in texts:
            labelling.add_query(player_id=self.player_id, lease=lease, key=self.key(), text=text)

    def play_page(self, text: str) -> str:
        turn = self.deal()
        if isinstance(turn, LabelTurn):
            self.write(turn.lease, text)
            labelling.submit(player_id=self.player_id, lease=turn.lease, key=self.key())
        elif isinstance(turn, FindTurn):
            retrieving.answer(player_id=self.player_id, lease=turn.lease, key=self.key(), picks=["a", "b"])
        return type(turn).__name__

    def begin_writing(self, text: str) -> None:
        while not isinstance(turn := self.deal(), LabelTurn):
            retrieving.answer(player_id=self.player_id, lease=turn.lease, key=self.key(), picks=[])
        self.write(turn.lease, text)


def test_a_guest_signs_up_in_the_middle_of_a_page_and_writes_on() -> None:
    guest = guests.start(language="zh")
    hand = Hand(guest)
    hand.begin_writing("今天又下雨")
    client_of(guest).post("/account/signup/", FORM)
    turn = hand.turn()
    assert [query.text for query in turn.queries] == ["今天又下雨"]
    labelling.submit(player_id=guest.pk, lease=turn.lease, key=hand.key())
    player = Player.objects.get(username="moss_owl")
    assert player.rounds.get(submitted_at__isnull=False).queries.get().text == "今天又下雨"


def test_a_guest_signs_in_in_the_middle_of_a_page_and_writes_on() -> None:
    player, guest = make_player("tamsin"), guests.start(language="en")
    hand = Hand(guest)
    hand.begin_writing("rain again today")
    client_of(guest).post("/account/login/", {"login": "tamsin", "password": PASSWORD})
    mine = Hand(player)
    turn = mine.turn()
    assert [query.text for query in turn.queries] == ["rain again today"]
    labelling.submit(player_id=player.pk, lease=turn.lease, key=mine.key())
    mine.play_page("and another one")
    player.refresh_from_db()
    assert player.points == sum(entry.n_points for entry in player.ledger.all()) > 0


def test_after_signing_in_the_page_begun_last_is_the_one_played() -> None:
    player, guest = make_player("tamsin"), guests.start(language="en")
    Hand(guest).begin_writing("written as a guest")
    Hand(player).begin_writing("written at home")
    guests.merge(guest_id=guest.pk, player_id=player.pk)
    mine = Hand(player)
    assert [query.text for query in mine.turn().queries] == ["written at home"]
    assert player.sittings.filter(ended_at=None).count() == 1
    labelling.submit(player_id=player.pk, lease=mine.turn().lease, key=mine.key())
    assert mine.play_page("goes on") in {"LabelTurn", "FindTurn"}


def test_what_was_played_is_in_history_and_data() -> None:
    player = make_player("tamsin")
    hand = Hand(player)
    kinds = [hand.play_page(text) for text in ("quite a day", "not my monday", "socks and rain", "one more bus")]
    written, searched = history.written(player.pk).entries, history.searched(player.pk).entries
    assert (len(written), len(searched)) == (kinds.count("LabelTurn"), kinds.count("FindTurn"))
    data = json.loads("".join(mydata.download(player.pk)))
    assert len(data["rounds"]) == len(written)
    assert len(data["retrievals"]) == len(searched)
    assert len(data["ledger"]) == player.ledger.count()


def test_the_game_goes_on_when_a_player_leaves() -> None:
    """Their submitted rounds are still looked up, and nobody hears a name that is gone."""
    leaver, other = make_player("tamsin"), make_player("moss")
    for text in ("quite a day", "not my monday", "socks and rain", "one more bus", "left my keys", "soup weather"):
        Hand(leaver).play_page(text)
    Hand(leaver).begin_writing("never sent")
    Hand(other).play_page("something of mine")
    submitted = set(leaver.rounds.filter(submitted_at__isnull=False).values_list("pk", flat=True))
    leaving.delete_account(player_id=leaver.pk)
    assert set(Round.objects.filter(pk__in=submitted, labeler=None).values_list("pk", flat=True)) == submitted
    assert not Query.objects.filter(text="never sent").exists()
    hand = Hand(other)
    for n in range(12):
        hand.play_page(f"word number {n} of mine")
        assert "tamsin" not in repr(snapshot_for(other.pk))
