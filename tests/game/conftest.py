from __future__ import annotations

from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone
from PIL import Image, ImageDraw

from sticktionary.domain import catalogue
from sticktionary.domain.people import accounts
from sticktionary.domain.search.following import freshness
from sticktionary.domain.search.live import catalogue_search
from sticktionary.models import Pack, Player, Sticker

ENGLISH = ["so done with today", "monday again", "send help", "left on read", "tiny victory", "this is fine"]
CHINESE = ["不想上班", "又是周一", "救命啊", "已读不回", "小小胜利", "无所谓了"]


def draw_file(number: int) -> str:
    """A file of its own look below MEDIA_ROOT."""
    image = Image.new("RGBA", (64, 64), (0, 0, 0, 0))
    ImageDraw.Draw(image).ellipse((4, 4, 20 + number % 40, 20 + number // 40), fill=(number * 37 % 256, 90, 160, 255))
    data = BytesIO()
    image.save(data, "WEBP")
    name = f"{sha256(data.getvalue()).hexdigest()}.webp"
    Path(settings.MEDIA_ROOT, name).write_bytes(data.getvalue())
    return name


def make_sticker(number: int, pack: Pack | None = None, *, queries: int = 0, **fields: object) -> Sticker:
    pack = pack or Pack.objects.get_or_create(slug="cast", defaults={"title": "Cast"})[0]
    path = str(fields.get("image") or draw_file(number))
    sticker = Sticker.objects.create(
        pack=pack,
        name=f"{number:04}.png",
        sha256=f"{number:064x}",
        **({"perceptual_hash": f"{number:016x}", "image": path, "poster": path, "width": 64, "height": 64} | fields),
    )
    if queries:
        lists = {"en": ENGLISH, "zh": CHINESE}
        catalogue.add_house_rounds(sticker, {language: texts[:queries] for language, texts in lists.items()})
    return sticker


def make_player(name: str, language: str = "en", *, practised: bool = True, **fields: object) -> Player:
    fields = {"practised_at": timezone.now()} | fields if practised else fields
    player = Player.objects.create(username=name, display_name=name, language=language, **fields)
    accounts.give_consent(player_id=player.pk, language=language)
    return player


@pytest.fixture
def stickers(db: None) -> list[Sticker]:
    """Thirty stickers, with queries for house rounds."""
    return [make_sticker(number, queries=3) for number in range(1, 31)]


@pytest.fixture
def anna(db: None) -> Player:
    return make_player("anna")


@pytest.fixture
def ben(db: None) -> Player:
    return make_player("ben")


@pytest.fixture(autouse=True)
def _search_of_its_own() -> None:
    """Search lives in the process; each test's catalogue is another one."""
    catalogue_search.__init__()  # type: ignore[misc]
    freshness.__init__()  # type: ignore[misc]
