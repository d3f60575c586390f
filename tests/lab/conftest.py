from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group

from sticktionary.celery_app import app
from sticktionary.domain.people.roles import Role
from sticktionary.models import Pack, Player, Release, Sticker
from tests.game.conftest import make_player
from tests.lab import plays

FOLDERS = ("MEDIA_ROOT", "RELEASES_DIR", "EXPORTS_DIR", "RUNS_DIR", "MODELS_DIR")


@pytest.fixture(autouse=True)
def _own_folders(settings: Any, tmp_path: Path) -> None:
    """Files of one test are not seen by the next."""
    for name in FOLDERS:
        setattr(settings, name, tmp_path / name.lower())
        (tmp_path / name.lower()).mkdir()


@pytest.fixture(autouse=True)
def _no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "send_task", lambda *args, **kwargs: None)


@pytest.fixture
def researcher(db: None) -> Player:
    player = make_player("rosa")
    player.groups.add(Group.objects.get(name=Role.RESEARCHER.value))
    return Player.objects.get(pk=player.pk)


@pytest.fixture
def stickers(db: None) -> list[Sticker]:
    """Thirty shapes in colours, with pictures that may be published."""
    named = {"slug": "shapes", "title": "Shapes", "source": "drawn here", "licence": "CC0"}
    return plays.make_stickers(Pack.objects.create(**named, may_publish_pictures=True))


@pytest.fixture
def frozen(stickers: list[Sticker]) -> Release:
    """A release of 30 stickers with two proven queries each in English and in Chinese, on all sides of the split."""
    plays.play(stickers)
    return plays.freeze(None)
