from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from sticktionary.domain.play import dealing as sittings
from sticktionary.domain.play.sitting import snapshot_for
from sticktionary.domain.play.snapshot import RepliedTurn, ReplyTurn
from sticktionary.domain.play.turns import LEASE
from sticktionary.domain.reply_round import dealing, replying
from sticktionary.domain.reply_round.replying import GivenReply
from sticktionary.models import ChatSession, Conversation, Pack, Player, Reply, Sitting, Sticker, Utterance
from tests.annotation.conftest import set_rules, six_done
from tests.game.conftest import make_player, make_sticker

__all__ = ["set_rules", "six_done"]


@pytest.fixture
def anna(db: None) -> Player:
    return make_player("anna")


@pytest.fixture
def ben(db: None) -> Player:
    return make_player("ben")


@pytest.fixture
def shelf(db: None) -> list[Sticker]:
    """Eight stickers that may be sent."""
    return make_shelf()


@pytest.fixture
def without_gold(db: None) -> None:
    """Gold comes by chance; the tests that are about it switch it on."""
    set_rules(**PLAIN)


PLAIN = {"gold_every_first": 0, "gold_every": 0}


def make_shelf(n: int = 8) -> list[Sticker]:
    pack = Pack.objects.create(slug="sent", title="Sent")
    return [make_sticker(number, pack, image="x", poster="x") for number in range(1, n + 1)]


def chat(
    *sent: Sticker, key: str = "chat", language: str = "en", own_text: str = "", takes_replies: bool = True
) -> list[Utterance]:
    """A session in which each sticker follows a line of the other one; the places where they were sent."""
    told = {"language": language, "source": "ours", "licence": "CC0-1.0", "takes_replies": takes_replies}
    conversation = Conversation.objects.create(key=key, **told)
    session = ChatSession.objects.create(conversation=conversation, number=1)
    places = []
    for n, sticker in enumerate(sent):
        Utterance.objects.create(session=session, number=2 * n + 1, speaker="User_1", text=f"what about {key} {n}?")
        use = {"speaker": "User_2", "sticker": sticker, "text": own_text}
        places.append(Utterance.objects.create(session=session, number=2 * n + 2, **use))
    return places


def dealt(player: Player) -> ReplyTurn:
    """Six pages, and the chat that follows."""
    six_done(player)
    sittings.deal(player_id=player.pk)
    return turn_of(player)


def turn_of(player: Player) -> ReplyTurn:
    turn = snapshot_for(player.pk).turn
    assert isinstance(turn, ReplyTurn)
    return turn


def card_of(player: Player) -> RepliedTurn:
    turn = snapshot_for(player.pk).turn
    assert isinstance(turn, RepliedTurn)
    return turn


def given(pick: Sticker, *also: Sticker, intent: str = "joy", scenario: str = "DR", words: str = "") -> GivenReply:
    return GivenReply(pick.pk, intent, scenario, [each.pk for each in also], words)


def reply(player: Player, pick: Sticker, *also: Sticker, key: str = "", **more: Any) -> Reply:
    """Answer the chat in hand."""
    lease = turn_of(player).lease
    replying.answer(player_id=player.pk, lease=lease, key=key or f"key-{lease[-16:]}", given=given(pick, *also, **more))
    return Reply.objects.filter(player=player, state=Reply.State.ANSWERED).latest("answered_at", "pk")


def replied(name: str, place: Utterance, pick: Sticker, *also: Sticker, **more: Any) -> Reply:
    """The reply of a player of that name at that place, given as the game takes it."""
    player = Player.objects.filter(username=name).first() or make_player(name)
    sitting = Sitting.objects.filter(player=player).first() or six_done(player)
    now = timezone.now()
    held = {"state": Reply.State.DEALT, "dealt_at": now, "lease_until": now + LEASE, "language": "en"}
    row = Reply.objects.create(utterance=place, player=player, sitting=sitting, **held, **more)
    lease = dealing.lease_of(row.pk, player.pk)
    replying.answer(player_id=player.pk, lease=lease, key=f"key-of-{row.pk}", given=given(pick, *also))
    row.refresh_from_db()
    return row


def points_of(*players: Player) -> list[int]:
    return [Player.objects.get(pk=player.pk).points for player in players]
