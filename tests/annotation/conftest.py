from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from sticktionary.domain import rules
from sticktionary.domain.annotation import annotating, answers, bonus
from sticktionary.domain.annotation.answers import Given
from sticktionary.domain.play import dealing
from sticktionary.domain.play.sitting import snapshot_for
from sticktionary.domain.play.snapshot import BonusTurn
from sticktionary.models import (
    Annotation,
    ChatSession,
    Conversation,
    Pack,
    Player,
    Round,
    RuleSet,
    Sitting,
    Sticker,
    Task,
    Turn,
    Utterance,
)
from tests.game.conftest import make_player, make_sticker

GIVEN: dict[str, Given] = {
    Task.EMOTION: Given(choice="Smiling"),
    Task.STYLE: Given(choice="cute cartoons"),
    Task.TEXT: Given(text="OH NO"),
    Task.DESCRIPTION: Given(text="A cat lies on a desk."),
    Task.GESTURE: Given(words=["waving", "thumbs up"]),
    Task.POSTURE: Given(none=True),
    Task.FACE: Given(words=["grin"]),
    Task.VERBAL: Given(words=["hello"]),
    Task.INTENT: Given(choice="joy"),
    Task.FITS: Given(fits=True, score=4),
    Task.SCENARIO: Given(choice="DR"),
}


@pytest.fixture
def anna(db: None) -> Player:
    return make_player("anna")


@pytest.fixture
def ben(db: None) -> Player:
    return make_player("ben")


@pytest.fixture
def pack(db: None) -> Pack:
    """Three stickers that ask nothing yet."""
    pack = Pack.objects.create(slug="asked", title="Asked")
    for number in range(1, 4):
        make_sticker(number, pack, image="x", poster="x")
    return pack


def asking(pack: Pack, *tasks: str) -> Pack:
    pack.bonus_tasks = list(tasks)
    pack.save()
    return pack


def set_rules(**values: Any) -> None:
    RuleSet.objects.create(values=values)
    rules.forget()


def six_done(player: Player) -> Sitting:
    """An open sitting whose six pages are played."""
    sticker = Sticker.objects.order_by("pk").first()
    assert sticker is not None
    now = timezone.now()
    sitting = Sitting.objects.create(player=player, started_at=now)
    for number in range(1, 7):
        round_ = Round.objects.create(sticker=sticker, language=player.language, state=Round.State.LAPSED, dealt_at=now)
        Turn.objects.create(
            sitting=sitting, number=number, role=Turn.Role.LABELER, state=Turn.State.DONE, round=round_, dealt_at=now,
            ended_at=now,
        )  # fmt: skip
    return sitting


def bonus_of(player: Player) -> BonusTurn | None:
    turn = snapshot_for(player.pk).turn
    return turn if isinstance(turn, BonusTurn) else None


def dealt(player: Player) -> BonusTurn:
    """Six pages, and the bonus page that follows."""
    six_done(player)
    dealing.deal(player_id=player.pk)
    turn = bonus_of(player)
    assert turn is not None
    return turn


def page_in_hand(player: Player) -> Annotation:
    return Annotation.objects.get(player=player, state=Annotation.State.DEALT)


def give(player: Player, given: Given, key: str = "") -> None:
    turn = bonus_of(player)
    assert turn is not None
    annotating.answer(player_id=player.pk, lease=turn.lease, key=key or f"key-{turn.lease[-16:]}", given=given)


def answered_by(name: str, task: str, sticker: Sticker, given: Given, **more: Any) -> Annotation:
    """An answer that is in, of a player of that name, as the game would have written it."""
    language = more.pop("language", "en")
    player = Player.objects.filter(username=name).first() or make_player(name, language)
    labels = answers.label_set(task)
    now = timezone.now()
    return Annotation.objects.create(
        task=task, sticker=sticker, player=player, language=language, state=Annotation.State.ANSWERED,
        value=answers.checked(task, given, language), taxonomy=labels.reference if labels else "",
        dealt_at=now, lease_until=now + bonus.LEASE, answered_at=now, **more,
    )  # fmt: skip


def chat(sticker: Sticker, *, language: str = "en", key: str = "chat", said: int = 3) -> Utterance:
    """A session in which the sticker follows a few lines; the utterance with the sticker."""
    conversation = Conversation.objects.create(key=key, language=language, source="ours", licence="CC0-1.0")
    session = ChatSession.objects.create(conversation=conversation, number=1)
    for number in range(1, said + 1):
        Utterance.objects.create(
            session=session, number=number, speaker=f"User_{1 + number % 2}", text=f"line {number}"
        )
    return Utterance.objects.create(session=session, number=said + 1, speaker="User_1", sticker=sticker)
