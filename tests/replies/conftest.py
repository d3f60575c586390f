from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.cache import cache

from sticktionary.domain.lab import tryout
from sticktionary.domain.search.live import catalogue_search
from sticktionary.models import Player, Round, Sticker
from tests.lab import plays
from tests.lab.conftest import _no_worker, _own_folders, researcher, stickers

__all__ = ["_no_worker", "_own_folders", "researcher", "stickers"]


@pytest.fixture(autouse=True)
def _nothing_from_before() -> Iterator[None]:
    """Neither calls that were counted nor a catalogue that another test had read."""
    cache.clear()
    catalogue_search.__init__()  # type: ignore[misc]
    tryout._beside.cache_clear()
    yield
    cache.clear()


@pytest.fixture
def catalogue(stickers: list[Sticker], researcher: Player) -> dict[str, Sticker]:
    """Thirty shapes with proven queries in both languages, by name: red-circle, ..."""
    plays.play(stickers)
    Round.objects.update(state=Round.State.FOUND)
    return {sticker.name.removesuffix(".webp"): sticker for sticker in stickers}
