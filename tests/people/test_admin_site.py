from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from sticktionary.domain.people import moderation
from sticktionary.domain.people.roles import Role
from sticktionary.models import Notice, Player, Preview, Revision, Round, Skip
from tests.people.conftest import PASSWORD, Play, client_of

MODELS = ["player", "auditentry", "round", "retrieval", "ledgerentry", "notice", "skip"]


def test_every_list_and_page_opens(admin: Player, player: Player, play: Play) -> None:
    now = timezone.now()
    then = [now - timedelta(minutes=n) for n in range(9)][::-1]
    round_ = play.round(
        player, "monday <b>", state=Round.State.FOUND, dealt_at=then[0], submitted_at=then[3], decided_at=then[7]
    )
    retrieval = play.retrieval(round_, admin, rank=2, dealt_at=then[4], answered_at=then[5])
    entry = play.pay(player, 90, round=round_)
    notice = Notice.objects.create(player=player, kind="found", key="n")
    Preview.objects.create(round=round_, text="mon", at=then[1], hits=[], target_rank=4, model_version="m", ms=1)
    Revision.objects.create(round=round_, key="k", move="add", detail={"text": "monday"}, at=then[2])
    skip = Skip.objects.create(
        player=admin, round=round_, sticker=round_.sticker, reason="other", as_labeler=False, at=then[6]
    )
    moderation.block(actor=admin, player_id=player.pk, reason="robot")
    client = client_of(admin)
    for model in MODELS:
        assert client.get(f"/admin/sticktionary/{model}/?q=a").status_code == 200, model
    rows = {"player": player, "round": round_, "retrieval": retrieval, "ledgerentry": entry, "notice": notice}
    for model, row in (rows | {"skip": skip}).items():
        response = client.get(f"/admin/sticktionary/{model}/{row.pk}/change/")
        assert response.status_code == 200, model
        assert b'name="_save"' not in response.content, model
    page = client.get(f"/admin/sticktionary/round/{round_.pk}/change/").content.decode()
    lines = re.findall(r"</time> (.+?)(?: <small>|</li>)", page)
    assert lines == [
        "dealt to tamsin",
        "typed “mon”, target at 4",
        "wrote “monday”",
        "submitted",
        "looked up by head_editor",
        "head_editor answered: 2",
        "skipped by head_editor: Another reason",
        "decided: found",
        "90 points for tamsin: your queries were found",
    ]
    assert "robot" in client.get(f"/admin/sticktionary/player/{player.pk}/change/").content.decode()


@pytest.mark.parametrize("model", MODELS)
def test_nothing_is_added_changed_or_deleted_by_hand(admin: Player, player: Player, model: str) -> None:
    client = client_of(admin)
    assert client.get(f"/admin/sticktionary/{model}/add/").status_code == 403
    assert client.post(f"/admin/sticktionary/player/{player.pk}/change/", {"points": 9}).status_code == 403
    assert client.post(f"/admin/sticktionary/player/{player.pk}/delete/", {"post": "yes"}).status_code == 403


def verb_of(client: Client, player: Player, verb: str, **data: str) -> int:
    return client.post(f"/admin/sticktionary/player/{player.pk}/do/{verb}/", data).status_code


def test_the_verbs_are_carried_out(admin: Player, player: Player) -> None:
    client = client_of(admin)
    assert verb_of(client, player, "grant", role="reviewer") == 302
    assert verb_of(client, player, "language", language="zh", reason="chose wrongly") == 302
    assert verb_of(client, player, "block", reason="robot") == 302
    player.refresh_from_db()
    assert (player.is_staff, player.language, player.is_active) == (True, "zh", False)
    assert verb_of(client, player, "unblock", reason="no robot") == 302
    assert verb_of(client, player, "revoke", role="reviewer") == 302
    player.refresh_from_db()
    assert (player.is_staff, player.is_active) == (False, True)


def test_the_reset_link_is_shown_once_and_works(admin: Player, player: Player) -> None:
    response = client_of(admin).post(f"/admin/sticktionary/player/{player.pk}/do/reset/")
    link = re.findall(r'<code class="reset-link">http://testserver(.+?)</code>', response.content.decode())[0]
    assert Client().get(link, follow=True).status_code == 200


def test_what_is_missing_is_asked_for(admin: Player, player: Player) -> None:
    response = client_of(admin).post(f"/admin/sticktionary/player/{player.pk}/do/block/", {"reason": ""})
    assert list(response.context["form"].errors) == ["reason"]
    player.refresh_from_db()
    assert player.is_active is True


def test_a_refusal_is_shown(admin: Player) -> None:
    response = client_of(admin).post(f"/admin/sticktionary/player/{admin.pk}/do/block/", {"reason": "x"})
    assert response.context["form"].non_field_errors() == ["You cannot block yourself."]


def test_there_are_no_other_verbs(admin: Player, player: Player) -> None:
    assert client_of(admin).get(f"/admin/sticktionary/player/{player.pk}/do/promote/").status_code == 404


def test_reviewers_look_at_play_and_not_at_players(admin: Player, player: Player) -> None:
    moderation.grant(actor=admin, player_id=player.pk, role=Role.REVIEWER)
    client = client_of(player)
    assert client.get("/admin/sticktionary/round/").status_code == 200
    for path in ("player/", "auditentry/", "ledgerentry/", f"player/{admin.pk}/do/block/"):
        assert client.get(f"/admin/sticktionary/{path}").status_code == 403, path


def test_the_site_has_nothing_inline(admin: Player, player: Player) -> None:
    client = client_of(admin)
    for path in ("", "sticktionary/player/", f"sticktionary/player/{player.pk}/change/", "sticktionary/round/"):
        page = client.get(f"/admin/{path}").content.decode()
        assert not re.search(r"<script(?![^>]*\bsrc=)(?![^>]*type=\"application/json\")[^>]*>", page), path
        assert not re.search(r"<style|\sstyle=|\son\w+=|data:image", page), path


def test_the_only_way_in_is_the_one_with_limits(player: Player) -> None:
    assert client_of(player).get("/admin/", follow=True).status_code == 403
    visitor = Client()
    response = visitor.post("/admin/login/?next=/admin/", {"username": "head_editor", "password": PASSWORD})
    assert (response.status_code, response["Location"]) == (302, "/account/login/?next=%2Fadmin%2F")
