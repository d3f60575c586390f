from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest
from django.contrib.auth.models import Group

from sticktionary.domain.play import dealing, labelling, retrieving, turns
from sticktionary.domain.quality import words
from sticktionary.models import Player, Sitting, Turn
from tests.game.conftest import _search_of_its_own, anna, ben, stickers

__all__ = ["_search_of_its_own", "anna", "ben", "stickers"]
_keys = count()


@pytest.fixture(autouse=True)
def _words_of_its_own() -> Iterator[None]:
    words.forget()
    yield
    words.forget()


def role(player: Player, name: str) -> Player:
    player.groups.add(Group.objects.get(name=name))
    return Player.objects.get(pk=player.pk)  # permissions are cached on the object


def key() -> str:
    return f"move-{next(_keys):08}"


def some_words() -> str:
    """New ones every time, and like no others."""
    number = next(_keys) * 7_919 % 456_976
    return "".join("abcdefghijklmnopqrstuvwxyz"[number // 26**place % 26] * 2 for place in range(4))


def playing(player: Player) -> Turn:
    dealing.deal(player_id=player.pk)
    sitting = Sitting.objects.filter(player=player).latest("pk")
    turn = dealing.playing(sitting)
    if turn is None:  # the summary: the next deal begins another sitting
        return playing(player)
    return turn


def play_page(player: Player, wanted: str) -> Turn:
    """Play on until a page in this role is open; what is on the way is answered somehow."""
    turn = playing(player)
    while turn.role != wanted:
        finish(player, turn)
        turn = playing(player)
    return turn


def finish(player: Player, turn: Turn, *, picks: list[str] | None = None, text: str = "") -> None:
    who = {"player_id": player.pk, "lease": turns.lease_of(turn.pk, player.pk)}
    if turn.role == Turn.Role.RETRIEVER:
        retrieving.answer(**who, key=key(), picks=["a", "b", "c"] if picks is None else picks)  # type: ignore[arg-type]
    else:
        labelling.add_query(**who, key=key(), text=text or some_words())  # type: ignore[arg-type]
        labelling.submit(**who, key=key())  # type: ignore[arg-type]
