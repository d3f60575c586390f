from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from sticktionary.domain.people import accounts, guests
from sticktionary.models import AuditEntry, LedgerEntry, Notice, PlayDay, Player, Retrieval, Round, Skip
from tests.people.conftest import PASSWORD, Play, client_of, make_player
from tests.people.test_sign_up import FORM

START = {"language": "zh", "consent": "on"}


def test_one_post_makes_a_guest_who_can_play(client: Client, db: None) -> None:
    response = client.post("/start/", START)
    assert (response.status_code, response["Location"]) == (302, "/play/")
    guest = Player.objects.get()
    assert (guest.is_guest, guest.language, guest.has_usable_password()) == (True, "zh", False)
    assert guest.name.split()[0] == "游客"
    assert accounts.has_consented(guest) is True
    assert client.session["_auth_user_id"] == str(guest.pk)


def test_looking_at_the_page_makes_nobody(client: Client, db: None) -> None:
    assert client.get("/start/").status_code == 200
    assert not Player.objects.exists()


@pytest.mark.parametrize("left_out", ["language", "consent"])
def test_both_things_are_needed(client: Client, db: None, left_out: str) -> None:
    response = client.post("/start/", START | {left_out: ""})
    assert list(response.context["form"].errors) == [left_out]
    assert not Player.objects.exists()


def test_a_player_is_not_made_into_a_guest(player: Player) -> None:
    response = client_of(player).post("/start/", START)
    assert response["Location"] == "/play/"
    assert Player.objects.count() == 1


def test_guests_from_one_address_are_limited(db: None, settings: Any) -> None:
    assert settings.ACCOUNT_RATE_LIMITS == {"start": "200/h/ip"}
    settings.ACCOUNT_RATE_LIMITS = {"start": "3/h/ip"}
    codes = [Client().post("/start/", START).status_code for _ in range(5)]
    assert codes == [302] * 3 + [429] * 2
    assert Player.objects.count() == 3


def test_a_guest_is_remembered_for_half_a_year(client: Client, db: None) -> None:
    client.post("/start/", START)
    assert client.session.get_expiry_age() == 180 * 86_400


def test_a_guest_who_signs_up_keeps_row_points_and_rounds(guest: Player, play: Play) -> None:
    round_ = play.round(guest, "monday")
    play.pay(guest, 150, round=round_)
    client = client_of(guest)
    assert client.get("/account/signup/").status_code == 200
    response = client.post("/account/signup/", FORM)
    assert (response.status_code, response["Location"]) == (302, "/play/")
    player = Player.objects.get()
    assert (player.pk, player.username, player.name, player.points) == (guest.pk, "moss_owl", "moss_owl", 150)
    assert (player.is_guest, player.language, player.check_password(PASSWORD)) == (False, "zh", True)
    round_.refresh_from_db()
    assert round_.labeler == player
    assert client.session["_auth_user_id"] == str(guest.pk)


def test_a_refused_sign_up_leaves_the_guest_as_they_were(guest: Player, player: Player) -> None:
    client = client_of(guest)
    assert client.post("/account/signup/", FORM | {"username": "Tamsin"}).status_code == 200
    guest.refresh_from_db()
    assert (guest.is_guest, guest.has_usable_password()) == (True, False)
    assert client.session["_auth_user_id"] == str(guest.pk)


def test_a_second_tab_cannot_sign_the_same_guest_up_again(guest: Player) -> None:
    """The first tab's password ends the second's session; what is sent from there makes an account of its own."""
    first, second = client_of(guest), client_of(guest)
    first.post("/account/signup/", FORM)
    second.post("/account/signup/", FORM | {"username": "other_owl"})
    assert list(Player.objects.order_by("pk").values_list("username", flat=True)) == ["moss_owl", "other_owl"]


def test_signing_in_brings_along_what_the_guest_played(guest: Player, player: Player, play: Play) -> None:
    play.pay(player, 40)
    mine = play.round(guest, "monday")
    play.pay(guest, 150, round=mine)
    client = client_of(guest)
    client.post("/account/login/", {"login": "tamsin", "password": PASSWORD})
    assert not Player.objects.filter(pk=guest.pk).exists()
    player.refresh_from_db()
    mine.refresh_from_db()
    assert (player.points, mine.labeler) == (190, player)
    assert client.session["_auth_user_id"] == str(player.pk)
    assert AuditEntry.objects.get().verb == "merge_guest"


def test_merging_moves_everything_once(guest: Player, player: Player, play: Play) -> None:
    now, day, other_day = timezone.now(), date(2026, 11, 2), date(2026, 11, 3)
    theirs = play.round(None, "monday")
    play.retrieval(theirs, guest)
    Skip.objects.create(player=guest, round=theirs, sticker=theirs.sticker, reason="other", as_labeler=False, at=now)
    Notice.objects.create(player=guest, kind="found", key="n1")
    for who, when, n_rounds in [(guest, day, 2), (guest, other_day, 1), (player, day, 3)]:
        PlayDay.objects.create(player=who, day=when, n_rounds=n_rounds)
    kept, open_one = play.sitting(player, play.round(player)), play.sitting(guest, play.round(guest, submitted=False))
    play.pay(guest, 100)
    assert guests.merge(guest_id=guest.pk, player_id=player.pk) == 100
    assert guests.merge(guest_id=guest.pk, player_id=player.pk) == 0
    player.refresh_from_db()
    assert player.points == 100
    assert player.retrievals.count() == player.skips.count() == player.notices.count() == player.ledger.count() == 1
    assert dict(player.days.values_list("day", "n_rounds")) == {day: 5, other_day: 1}
    assert player.sittings.get(ended_at=None) == open_one
    kept.refresh_from_db()
    assert kept.ended_at is not None
    assert kept.turns.get().state == "dropped"


def test_what_both_touched_stays_behind_without_points(guest: Player, player: Player, play: Play) -> None:
    own = play.round(player, "monday")
    by_guest = play.round(guest, "tuesday")
    twice = play.round(None, "wednesday")
    for round_, who in [(own, guest), (by_guest, player), (twice, guest), (twice, player)]:
        play.retrieval(round_, who)
    for round_ in (own, by_guest, twice):
        play.pay(guest, 100, round=round_)
    play.pay(guest, 7)
    assert guests.merge(guest_id=guest.pk, player_id=player.pk) == 7
    assert set(Retrieval.objects.filter(player=player).values_list("round", flat=True)) == {by_guest.pk, twice.pk}
    assert list(Round.objects.filter(labeler=player)) == [own]
    assert (Retrieval.objects.filter(player=None).count(), Round.objects.get(pk=by_guest.pk).labeler) == (2, None)


def test_practice_is_paid_once_however_many_guests_one_was(player: Player, play: Play) -> None:
    for _ in range(3):
        guest = guests.start(language="en")
        play.pay(guest, 20, reason=LedgerEntry.Reason.PRACTISED)
        Player.objects.filter(pk=guest.pk).update(practised_at=timezone.now())
        guests.merge(guest_id=guest.pk, player_id=player.pk)
    player.refresh_from_db()
    assert (player.points, player.practised_at is None) == (20, False)


def test_only_a_guest_can_be_merged(player: Player, play: Play) -> None:
    other = make_player("other")
    play.pay(other, 50)
    assert guests.merge(guest_id=other.pk, player_id=player.pk) == 0
    assert Player.objects.count() == 2


def test_whatever_belongs_to_a_player_is_moved(db: None) -> None:
    """A new kind of row with a player must be thought of in `merge`."""
    relations = {
        relation.related_model
        for relation in Player._meta.related_objects
        if relation.related_model._meta.app_label == "sticktionary" and relation.related_name != "+"
    }
    assert relations == guests.MOVED


def test_guests_who_played_nothing_are_forgotten_after_a_month(player: Player, play: Play) -> None:
    idle, recent, earned, wrote = [guests.start(language="en") for _ in range(4)]
    play.pay(earned, 20)
    play.round(wrote, "monday")
    long_ago = timezone.now() - timedelta(days=31)
    Player.objects.exclude(pk=recent.pk).update(date_joined=long_ago)
    assert [guests.forget_idle(), guests.forget_idle()] == [1, 0]
    assert set(Player.objects.all()) == {player, recent, earned, wrote}
    assert not Player.objects.filter(pk=idle.pk).exists()
