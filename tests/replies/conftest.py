from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache

from sticktionary.celery_app import app
from sticktionary.domain.lab import tryout
from sticktionary.domain.replies import child, held, later, warm
from sticktionary.domain.search.live import catalogue_search
from sticktionary.models import ModelVersion, Player, Round, Sticker
from tests.lab import plays
from tests.lab.conftest import _no_worker, _own_folders, researcher, stickers
from tests.people.conftest import admin
from tests.replies import fake, stand_in

__all__ = ["_no_worker", "_own_folders", "admin", "researcher", "stickers"]


@pytest.fixture(autouse=True)
def _nothing_from_before() -> Iterator[None]:
    """Neither calls that were counted nor a catalogue that another test had read."""
    cache.clear()
    catalogue_search.__init__()  # type: ignore[misc]
    tryout._beside.cache_clear()
    held.forget()
    yield
    cache.clear()


@pytest.fixture(autouse=True)
def _no_torch(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whoever would know torch is played; and nobody is waited for."""
    monkeypatch.setattr(child, "PROGRAM", (sys.executable, str(Path(stand_in.__file__))))
    monkeypatch.setattr(later, "WAITED_S", 0.0)
    yield
    warm.end_all()


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Does what has been left with workers since it was called last, and says how much that was."""
    tickets: list[str] = []
    monkeypatch.setattr(app, "send_task", lambda task, args, **route: tickets.extend(args))

    def work() -> int:
        taken = [tickets.pop(0) for _ in range(len(tickets))]
        for ticket in taken:
            later.carry_out(ticket)
        return len(taken)

    return work


@pytest.fixture
def install(db: None, tmp_path: Path) -> Callable[..., ModelVersion]:
    """A conversation model that knows colours, installed; live unless it is said otherwise."""

    def made(name: str = "colours@1", *, stage: str = "champion", **kinds: Any) -> ModelVersion:
        path = str(fake.bundle(tmp_path / "bundles" / name, **kinds))
        return ModelVersion.objects.create(
            name=name, title=name, kind=ModelVersion.Kind.DIALOGUE, path=path, stage=stage, state="done"
        )

    return made


@pytest.fixture
def catalogue(stickers: list[Sticker], researcher: Player) -> dict[str, Sticker]:
    """Thirty shapes with proven queries in both languages, by name: red-circle, ..."""
    plays.play(stickers)
    Round.objects.update(state=Round.State.FOUND)
    return {sticker.name.removesuffix(".webp"): sticker for sticker in stickers}
