from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sticktionary.celery_app import app
from sticktionary.domain.people import moderation
from sticktionary.models import Pack, Player, Sticker
from tests.game.conftest import make_sticker


@pytest.fixture(autouse=True)
def _own_folders(settings: Any, tmp_path: Path) -> None:
    """Files of one test are not seen by the next."""
    for name in ("MEDIA_ROOT", "RELEASES_DIR", "EXPORTS_DIR"):
        setattr(settings, name, tmp_path / name.lower())
        (tmp_path / name.lower()).mkdir()


@pytest.fixture(autouse=True)
def _no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "send_task", lambda *args, **kwargs: None)


@pytest.fixture
def publisher(db: None) -> Player:
    return moderation.make_admin(username="ada", password="seven quiet otters", language="en")


@pytest.fixture
def pack(db: None) -> Pack:
    return Pack.objects.create(slug="cast", title="Cast", source="drawn here", licence="CC0", may_publish_pictures=True)


@pytest.fixture
def stickers(pack: Pack) -> list[Sticker]:
    return [make_sticker(number, pack) for number in range(1, 21)]
