from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from sticktionary.celery_app import app
from sticktionary.domain.releases import documents, sending
from sticktionary.models import Release
from tests.releases_documents import folders
from tests.releases_documents.folders import Made
from tests.releases_documents.servers import Hub, Zenodo

TOKEN = "hf_very-secret-token"  # noqa: S105


@pytest.fixture(autouse=True)
def _own_folders(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.RELEASES_DIR = tmp_path / "releases"
    settings.RELEASES_DIR.mkdir()
    monkeypatch.setattr(app, "send_task", lambda *args, **kwargs: None)


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same number of attempts, one right after the other; and the hub's plain uploads, which the servers speak."""
    from huggingface_hub import constants

    monkeypatch.setattr(sending, "WAITS_S", (0.0, 0.0, 0.0))
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)


@pytest.fixture
def hub(settings: Any, no_waiting: None) -> Iterator[Hub]:
    server = Hub(TOKEN)
    server.start()
    settings.HF_ENDPOINT, settings.HF_TOKEN = server.url, TOKEN
    yield server
    server.stop()


@pytest.fixture
def zenodo(settings: Any, no_waiting: None) -> Iterator[Zenodo]:
    server = Zenodo(TOKEN)
    server.start()
    settings.ZENODO_URL, settings.ZENODO_TOKEN = server.url, TOKEN
    yield server
    server.stop()


def frozen(settings: Any, number: int = 1, made: Made | None = None) -> Release:
    """A release with its folder whole and sealed, as freezing leaves it."""
    name = f"sticktionary-{number}"
    folder = settings.RELEASES_DIR / name
    documents.write(folder, folders.make(folder, made or folders.usual(), number))
    folders.seal(folder)
    return Release.objects.create(
        number=number, title="First light", state="done", path=name, watermark_at=timezone.now(), salt="s"
    )
