from __future__ import annotations

import json
from typing import Any

from django.test import AsyncClient
from django.utils import timezone

from sticktionary.domain import mydata
from sticktionary.models import Player, Preview, Retrieval, Skip
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
    data = data_of(player)
    counts = {title: len(rows) for title, rows in data.items() if title != "account"}
    assert counts == {
        "emails": 0,
        "consents": 1,
        "days": 0,
        "sittings": 1,
        "turns": 1,
        "rounds": 1,
        "queries": 1,
        "revisions": 0,
        "previews": 1,
        "retrievals": 1,
        "skips": 1,
        "ledger": 1,
        "notices": 0,
        "decisions": 0,
    }
    assert data["account"]["username"] == "tamsin"
    assert [query["text"] for query in data["queries"]] == ["my words"]
    assert "their" not in json.dumps(data)
    assert "other@example.org" not in json.dumps(data)


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
