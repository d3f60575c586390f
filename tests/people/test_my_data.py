from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from django.apps import apps
from django.test import AsyncClient
from django.utils import timezone

from sticktionary.domain.people import moderation, mydata, tokens
from sticktionary.domain.people.roles import Role
from sticktionary.domain.quality import sanctions
from sticktionary.domain.releases import asking
from sticktionary.models import (
    Annotation,
    Case,
    Flag,
    Judgement,
    Player,
    PlayerQuality,
    Preview,
    Query,
    Retrieval,
    Round,
    Ruling,
    Sanction,
    Skip,
)
from tests.people.conftest import Play, client_of, make_player


def data_of(player: Player) -> dict[str, Any]:
    data: dict[str, Any] = json.loads("".join(mydata.download(player.pk)))
    return data


def test_the_download_holds_everything_about_the_player_and_nothing_about_others(play: Play, player: Player) -> None:
    now = timezone.now()
    other = make_player("other", email="other@example.org")
    for who, text in [(player, "my words"), (other, "their words")]:
        round_ = play.round(who, text)
        Preview.objects.create(round=round_, text=text, at=now, hits=[], model_version="m", ms=1)
        play.sitting(who, round_, is_open=False)
        play.pay(who, 100, round=round_)
    theirs = play.round(other, "more of theirs")
    play.retrieval(theirs, player, rank=2)
    Skip.objects.create(player=player, round=theirs, sticker=theirs.sticker, reason="other", as_labeler=False, at=now)
    judged(play, player, other)
    judged(play, other, player)
    data = data_of(player)
    counts = {title: len(rows) for title, rows in data.items() if title != "account"}
    assert {title: n for title, n in counts.items() if n} == {
        "consents": 1,
        "sittings": 1,
        "turns": 1,
        "rounds": 1,
        "queries": 1,
        "previews": 1,
        "retrievals": 1,
        "skips": 1,
        "ledger": 1,
        "annotations": 1,
        "quality": 1,
        "flags": 1,
        "flags_with_a_partner": 1,
        "flags_of_a_partner": 1,
        "flags_decided": 2,
        "sanctions": 1,
        "sanctions_imposed": 1,
        "appeals": 1,
        "cases_about": 2,
        "cases_in_hand": 1,
        "judgements_about": 1,
        "judgements_of_appeals": 1,
        "rulings": 1,
        "judgements_made": 1,
    }
    assert data["account"]["username"] == "tamsin"
    assert [query["text"] for query in data["queries"]] == ["my words"]
    assert "their" not in json.dumps(data)
    assert "other" not in json.dumps(data).replace('"other"', ""), "a reason to skip, and nobody's name"
    assert "other@example.org" not in json.dumps(data)


def test_every_way_in_which_a_row_can_point_at_a_player_is_in_the_download() -> None:
    ways = {
        (model, field.name)
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.concrete_fields
        if field.related_model is Player
    }
    assert ways - {(section.model, section.by) for section in mydata.SECTIONS} == set()
    assert len({section.title for section in mydata.SECTIONS}) == len(mydata.SECTIONS)


def test_every_list_can_be_read(player: Player) -> None:
    titles = {section.title for section in mydata.SECTIONS}
    assert data_of(player).keys() == titles | {"account", "decisions"}


def test_what_was_done_at_a_desk_is_listed_without_whom_it_concerned(player: Player, admin: Player) -> None:
    other = make_player("other")
    moderation.grant(actor=admin, player_id=player.pk, role=Role.ADMIN)
    player = Player.objects.get(pk=player.pk)
    sanctions.impose(player_id=other.pk, step="blocked", reason="other did it", actor=player)
    _token, secret = tokens.make(
        actor=player, label="nightly", scopes=["read"], until=timezone.now() + timedelta(days=2)
    )
    asking.ask(actor=player, title="First", queue=False)
    data = data_of(player)
    assert [row["group__name"] for row in data["roles"]] == ["admin"]
    assert [row["step"] for row in data["sanctions_imposed"]] == ["blocked"]
    assert [row["label"] for row in data["api_tokens"]] == ["nightly"]
    assert [row["title"] for row in data["releases"]] == ["First"]
    assert {row["verb"] for row in data["acts"]} >= {"impose_sanction", "ask_release"}
    assert secret not in json.dumps(data)
    assert "other did it" not in json.dumps(data)


def judged(play: Play, who: Player, other: Player) -> None:
    """Everything that is judged of somebody, by somebody else; the numbers of that one are nowhere else."""
    now, round_ = timezone.now(), Round.objects.filter(labeler=who).latest("pk")
    sticker, their = round_.sticker, other.username
    Annotation.objects.create(
        task="emotion", language="en", sticker=sticker, player=who, state="answered", dealt_at=now, lease_until=now
    )
    PlayerQuality.objects.create(player=who, updated_at=now)
    mine = {"player": who, "at": now, "decided_by": other}
    Flag.objects.create(kind="too_fast", key=f"fast {who.pk}", evidence={"n": 3}, **mine)
    Flag.objects.create(kind="collusion", key=f"{who.pk}:{their}", partner=other, evidence={"texts": [their]}, **mine)
    Sanction.objects.create(player=who, step="weight", reason="fast", imposed_by=other, at=now)
    case = Case.objects.create(kind="not_found", round=round_, opened_at=now, held_by=other)
    appeal = Case.objects.create(kind="appeal", round=round_, player=who, words="please", opened_at=now)
    for each, reviewer in ((case, other), (appeal, None)):
        judgement = Judgement.objects.create(case=each, reviewer=reviewer, verdict="accept", key=f"{each.pk}", at=now)
    Ruling.objects.create(query=Query.objects.get(round=round_), judgement=judgement, verdict="accepted")


def test_an_open_search_keeps_its_answer(play: Play, player: Player) -> None:
    retrieval = play.retrieval(play.round(None, "monday"), player, state=Retrieval.State.DEALT, machine_rank=3)
    assert data_of(player)["retrievals"] == []
    Retrieval.objects.filter(pk=retrieval.pk).update(state=Retrieval.State.ANSWERED)
    assert [row["machine_rank"] for row in data_of(player)["retrievals"]] == [3]


def test_long_lists_are_read_in_chunks_and_whole(play: Play, player: Player) -> None:
    for _ in range(2 * mydata.CHUNK + 3):
        play.n += 1
    from sticktionary.models import LedgerEntry

    entries = [
        LedgerEntry(player=player, n_points=1, reason="labelled", key=f"k{n}", at=timezone.now())
        for n in range(2 * mydata.CHUNK + 3)
    ]
    LedgerEntry.objects.bulk_create(entries)
    assert [row["key"] for row in data_of(player)["ledger"]] == [f"k{n}" for n in range(2 * mydata.CHUNK + 3)]


def test_it_comes_as_a_file(transactional_db: None) -> None:
    player = make_player("tamsin")
    response = client_of(player).get("/me/data/")
    assert response["Content-Type"] == "application/json"
    assert response["Content-Disposition"] == 'attachment; filename="sticktionary-my-data.json"'


async def test_it_is_streamed(transactional_db: None) -> None:
    from asgiref.sync import sync_to_async

    player = await sync_to_async(make_player)("tamsin")
    client = AsyncClient()
    await client.aforce_login(player, "allauth.account.auth_backends.AuthenticationBackend")
    response = await client.get("/me/data/")
    assert response.streaming is True
    pieces = [piece.decode() async for piece in response.streaming_content]
    assert len(pieces) > 10
    assert json.loads("".join(pieces))["account"]["username"] == "tamsin"
