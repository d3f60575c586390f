from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256 as sha
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db.models import F
from django.test import Client
from django.utils import timezone

from sticktionary.domain.people import accounts, guests, moderation
from sticktionary.models import LedgerEntry, Pack, Player, Query, Retrieval, Round, Sitting, Sticker, Turn

PASSWORD = "seven quiet otters"  # noqa: S105


@pytest.fixture(autouse=True)
def _forget_rate_limits() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def make_player(username: str, language: str = "en", email: str = "") -> Player:
    player = Player(username=username)
    player.set_password(PASSWORD)
    player.save()
    accounts.register(player_id=player.pk, language=language)
    if email:
        accounts.set_email(player_id=player.pk, email=email)
    player.refresh_from_db()
    return player


def client_of(player: Player | None) -> Client:
    client = Client()
    if player:
        client.force_login(player, settings.AUTHENTICATION_BACKENDS[0])
    return client


@pytest.fixture
def player(db: None) -> Player:
    return make_player("tamsin")


@pytest.fixture
def guest(db: None) -> Player:
    return guests.start(language="en")


@pytest.fixture
def admin(db: None) -> Player:
    return moderation.make_admin(username="head_editor", password=PASSWORD, language="en")


@dataclass
class Play:
    """Rows of play as the game writes them, for the pages that only read them."""

    pack: Pack
    n: int = 0

    def sticker(self) -> Sticker:
        self.n += 1
        sha256 = sha(str(self.n).encode()).hexdigest()
        return Sticker.objects.create(
            pack=self.pack, name=f"{self.n}.webp", sha256=sha256, image="a.webp", poster="a.webp", width=9, height=9
        )

    def round(self, labeler: Player | None, *texts: str, submitted: bool = True, **fields: Any) -> Round:
        now = timezone.now()
        state = Round.State.OPEN if submitted else Round.State.LABELLING
        defaults = {"sticker": self.sticker(), "language": "en", "state": state, "dealt_at": now}
        defaults["submitted_at"] = now if submitted else None
        round_ = Round.objects.create(labeler=labeler, **defaults | fields)
        for position, text in enumerate(texts, 1):
            Query.objects.create(round=round_, text=text, normalised=text, position=position, added_at=now)
        return round_

    def retrieval(self, round_: Round, player: Player | None, rank: int = 1, **fields: Any) -> Retrieval:
        now = timezone.now()
        defaults = {"state": Retrieval.State.ANSWERED, "answered_at": now, "rank": rank, "dealt_at": now}
        defaults |= {"lease_until": now, "candidates": [round_.sticker_id]}
        return Retrieval.objects.create(round=round_, player=player, **defaults | fields)

    def pay(self, player: Player, n_points: int, at: datetime | None = None, **fields: Any) -> LedgerEntry:
        self.n += 1
        Player.objects.filter(pk=player.pk).update(points=F("points") + n_points)
        defaults = {"reason": LedgerEntry.Reason.LABELLED, "key": f"test:{self.n}", "at": at or timezone.now()}
        return LedgerEntry.objects.create(player=player, n_points=n_points, **defaults | fields)

    def sitting(self, player: Player, *rounds: Round, is_open: bool = True) -> Sitting:
        now = timezone.now()
        sitting = Sitting.objects.create(player=player, started_at=now, ended_at=None if is_open else now)
        for number, round_ in enumerate(rounds, 1):
            state = Turn.State.PLAYING if is_open and number == len(rounds) else Turn.State.DONE
            Turn.objects.create(sitting=sitting, number=number, role="labeler", round=round_, dealt_at=now, state=state)
        return sitting


@pytest.fixture
def play(db: None) -> Play:
    return Play(Pack.objects.create(slug="p", title="P", source="ours", licence="CC0"))
