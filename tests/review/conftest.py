from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from sticktionary.domain.people import roles
from sticktionary.domain.people.roles import Role
from sticktionary.domain.play import deciding
from sticktionary.domain.review import spelling
from sticktionary.models import Case, Player, Query, Retrieval, Round, Sticker
from tests.game.conftest import make_player, make_sticker

__all__ = ["a_reviewer", "answered", "case_of", "written"]


def a_reviewer(name: str, role: Role = Role.REVIEWER) -> Player:
    roles.write()
    player = make_player(name)
    player.groups.add(Group.objects.get(name=role.value))
    return Player.objects.get(pk=player.pk)


def written(labeler: Player | None, sticker: Sticker, *texts: str, language: str = "en", **fields: object) -> Round:
    """A round as it waits for its retrievers."""
    now = timezone.now() - timedelta(minutes=5)
    given = {"state": Round.State.OPEN, "source": Round.Source.PLAY, "dealt_at": now, "submitted_at": now} | fields
    round_ = Round.objects.create(sticker=sticker, language=language, labeler=labeler, **given)
    for position, text in enumerate(texts, 1):
        round_.queries.create(text=text, normalised=text, position=position, added_at=now, novelty=1.5)
    return round_


def answered(round_: Round, picks: Sequence[int], player: Player | None = None, **fields: object) -> Retrieval:
    now = timezone.now()
    target = round_.sticker_id
    given = {
        "state": Retrieval.State.ANSWERED,
        "candidates": [target, *(pick for pick in picks if pick != target)],
        "picks": list(picks),
        "none_of_these": not picks,
        "rank": picks.index(target) + 1 if target in picks else 0,
        "dealt_at": now - timedelta(seconds=9),
        "lease_until": now,
        "answered_at": now,
    } | fields
    return Retrieval.objects.create(round=round_, player=player, **given)


def case_of(round_: Round, retrievers: Sequence[Player], picks: Sequence[int] = ()) -> Case:
    """The case that the game opens when nobody found the round's sticker."""
    for retriever in retrievers:
        answered(round_, picks, retriever)
    deciding.decide(round_)
    return Case.objects.get(round=round_, state=Case.State.OPEN)


@pytest.fixture(autouse=True)
def _words_of_their_own() -> None:
    spelling.shelf.forget()


@pytest.fixture
def rita(db: None) -> Player:
    return a_reviewer("rita")


@pytest.fixture
def mo(db: None) -> Player:
    return a_reviewer("mo", Role.MODERATOR)


@pytest.fixture
def head(db: None) -> Player:
    return a_reviewer("head", Role.ADMIN)


@pytest.fixture
def pair(db: None) -> list[Sticker]:
    return [make_sticker(number, image="a.webp", poster="a.webp") for number in (1, 2, 3)]


@pytest.fixture
def lost(anna: Player, ben: Player, pair: list[Sticker]) -> Case:
    """Anna wrote for the first sticker; Ben and Carl took it for the second."""
    round_ = written(anna, pair[0], "monday mornign", "send help")
    return case_of(round_, [ben, make_player("carl")], [pair[1].pk])


def ids(round_: Round) -> list[int]:
    return list(Query.objects.filter(round=round_).order_by("position").values_list("pk", flat=True))


@pytest.fixture
def anna(db: None) -> Player:
    return make_player("anna")


@pytest.fixture
def ben(db: None) -> Player:
    return make_player("ben")
