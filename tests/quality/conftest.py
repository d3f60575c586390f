from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import count

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from sticktionary.domain.quality import gold
from sticktionary.models import Player, Retrieval, Round, Sticker
from tests.game.conftest import _search_of_its_own, make_player, make_sticker

__all__ = ["_search_of_its_own"]
_numbers = count(1)


@pytest.fixture
def stickers(db: None) -> list[Sticker]:
    """Some that can be looked up among; no queries came with them."""
    return [make_sticker(number, image="x", poster="x") for number in range(1, 9)]


@pytest.fixture
def author(db: None) -> Player:
    return make_player("author")


def somebody(language: str = "en") -> Player:
    return make_player(f"somebody{next(_numbers)}", language)


def of_role(role: str) -> Player:
    player = make_player(f"{role}{next(_numbers)}")
    player.groups.add(Group.objects.get(name=role))
    return player


def make_round(
    labeler: Player | None, sticker: Sticker, *, state: str = Round.State.OPEN, language: str = "en", **fields: object
) -> Round:
    now = timezone.now()
    source = Round.Source.PLAY if labeler else Round.Source.HOUSE
    given = {"dealt_at": now, "submitted_at": now, "source": source} | fields
    round_ = Round.objects.create(sticker=sticker, language=language, state=state, labeler=labeler, **given)
    text = f"words {round_.pk}"
    round_.queries.create(text=text, normalised=text, position=1, added_at=now, novelty=1.5)
    return round_


def answered(
    round_: Round, rank: int, player: Player | None = None, *, at: datetime | None = None, **fields: object
) -> Retrieval:
    """An answer as it stands in the database, by somebody who has not answered before."""
    at = at or timezone.now()
    held = [round_.sticker_id, *Sticker.objects.exclude(pk=round_.sticker_id).values_list("pk", flat=True)[:5]]
    given = {"candidates": held, "picks": held[1:rank] + held[:1] if rank else held[1:2]} | fields
    return Retrieval.objects.create(
        round=round_, player=player or somebody(round_.language), state=Retrieval.State.ANSWERED, rank=rank,
        dealt_at=at - timedelta(seconds=30), lease_until=at + timedelta(minutes=9), answered_at=at, **given,
    )  # fmt: skip


def found_at_once(round_: Round, n: int = 3) -> Round:
    """Found by as many, each at the first try, and taken into account."""
    for _ in range(n):
        answered(round_, 1)
    Round.objects.filter(pk=round_.pk).update(state=Round.State.FOUND, decided_at=timezone.now())
    round_.refresh_from_db()
    gold.consider(round_)
    return round_


def ranks_of(ranks: Sequence[int], round_: Round) -> None:
    for rank in ranks:
        answered(round_, rank)
