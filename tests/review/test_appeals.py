"""Players against verdicts and sanctions; and what is closed to who may not play, and what is not."""

from __future__ import annotations

from typing import Any

import pytest

from sticktionary.domain.errors import NotAllowed, RuleBroken
from sticktionary.domain.people import admission
from sticktionary.domain.quality import sanctions
from sticktionary.domain.review import appeals, verdicts
from sticktionary.models import AuditEntry, Case, Player, Sanction
from tests.game.conftest import make_player
from tests.people.conftest import client_of


@pytest.fixture
def discarded(rita: Player, lost: Case) -> Case:
    verdicts.judge(actor=rita, case_id=lost.pk, verdict="discard", key="k", why="it fits any sticker")
    return lost


@pytest.fixture
def blocked(head: Player, anna: Player) -> Sanction:
    return sanctions.impose(player_id=anna.pk, step="blocked", reason="copying from others", actor=head)


def refused(code: str, player: Player, **about: Any) -> None:
    words = about.pop("words", "it fits")
    with pytest.raises(RuleBroken) as refusal:
        appeals.appeal(player_id=player.pk, words=words, **about)
    assert refusal.value.code == code


def test_a_discarded_round_is_appealed_once_by_who_wrote_it(anna: Player, ben: Player, discarded: Case) -> None:
    about = {"round_id": discarded.round_id}
    refused("not_discarded", ben, **about)
    case = appeals.appeal(player_id=anna.pk, words="  it fits  ", **about)
    assert (case.kind, case.words, case.player, case.language) == ("appeal", "it fits", anna, "en")
    assert AuditEntry.objects.get(verb="appeal").detail == {}
    refused("appealed", anna, **about)
    Case.objects.filter(pk=case.pk).update(state=Case.State.DECIDED)
    refused("appealed", anna, **about)


def test_only_what_was_left_out_can_be_appealed(rita: Player, anna: Player, lost: Case) -> None:
    refused("not_discarded", anna, round_id=lost.round_id)
    verdicts.judge(actor=rita, case_id=lost.pk, verdict="accept", key="k")
    refused("not_discarded", anna, round_id=lost.round_id)


@pytest.mark.parametrize(
    ("code", "words"), [("empty", " \n"), ("too_long", "x" * 501), ("contact", "write to me@example.org")]
)
def test_bad_words_are_refused_and_open_nothing(code: str, words: str, anna: Player, discarded: Case) -> None:
    refused(code, anna, round_id=discarded.round_id, words=words)
    assert not Case.objects.filter(kind="appeal").exists()


def test_a_sanction_is_appealed_while_it_holds(anna: Player, ben: Player, head: Player, blocked: Sanction) -> None:
    refused("not_in_force", ben, sanction_id=blocked.pk)
    refused("not_in_force", anna)
    sanctions.lift(sanction_id=blocked.pk, why="a mistake", actor=head)
    refused("not_in_force", anna, sanction_id=blocked.pk)


def test_who_is_blocked_or_excluded_may_not_play_and_others_may(anna: Player, head: Player) -> None:
    for step, may in (("weight", True), ("off_board", True), ("blocked", False), ("excluded", False)):
        held = sanctions.impose(player_id=anna.pk, step=step, reason="r", actor=head)
        assert (admission.kept_out(anna.pk) is None) is may
        if may:
            assert admission.admit(anna.pk) == anna
        else:
            with pytest.raises(NotAllowed) as refusal:
                admission.admit(anna.pk)
            assert refusal.value.code == "sanctioned"
        sanctions.lift(sanction_id=held.pk, why="over", actor=head)
    assert admission.admit(anna.pk) == anna


def test_who_is_blocked_is_led_to_the_reason_and_keeps_all_else(anna: Player, blocked: Sanction) -> None:
    client = client_of(anna)
    response = client.get("/play/", follow=True)
    assert response.redirect_chain == [("/appeals/", 302)]
    page = response.content.decode()
    assert "copying from others" in page
    assert "head" not in page.replace("<head>", "").replace("</head>", "").replace('"page', "").split("<main")[1]
    for path in ("/history/", "/me/", "/boards/", "/points/"):
        assert client.get(path).status_code == 200
    assert client.get("/me/data/").status_code == 200


def test_the_appeal_form_keeps_what_was_typed_when_it_is_refused(anna: Player, blocked: Sanction) -> None:
    client = client_of(anna)
    said = {"sanction": blocked.pk, "words": "call 5551234567"}
    refused = client.post("/appeals/", said)
    assert refused.status_code == 409
    assert "call 5551234567" in refused.content.decode()
    taken = client.post("/appeals/", said | {"words": "I did not"}, follow=True)
    assert taken.redirect_chain == [("/appeals/", 302)]
    page = taken.content.decode()
    assert "a person will look at it" in page
    assert "<textarea" not in page, "an appeal is heard once"
    assert Case.objects.get().sanction == blocked


def test_from_my_rounds_to_the_appeal_and_its_outcome(anna: Player, head: Player, discarded: Case) -> None:
    client = client_of(anna)
    path = f"/appeals/round/{discarded.round_id}/"
    history = client.get("/history/").content.decode()
    assert path in history
    assert "it fits any sticker" in history
    assert client.get(path).status_code == 200
    assert client_of(make_player("zoe")).get(path).status_code == 404
    client.post(path, {"words": "it fits this one"})
    assert path not in client.get("/history/").content.decode()
    case = Case.objects.get(kind="appeal")
    verdicts.judge(actor=head, case_id=case.pk, verdict="uphold", key="k2", why="so it does")
    page = client.get("/appeals/").content.decode()
    assert "granted: so it does" in page
    assert "head" not in page.split("<main")[1]


def test_nothing_is_held_against_most(anna: Player) -> None:
    assert "Nothing is held against you." in client_of(anna).get("/appeals/").content.decode()
    assert client_of(None).get("/appeals/").status_code == 302
