from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group

from sticktionary.domain import jobs
from sticktionary.domain.chats import conversations
from sticktionary.domain.chats.conversations import Options
from sticktionary.models import ConversationImport, Pack, Player, Sticker


@pytest.fixture(autouse=True)
def _own_folders(settings: Any, tmp_path: Path) -> None:
    for name in ("MEDIA_ROOT", "UPLOADS_DIR", "EXPORTS_DIR", "MODELS_DIR", "RELEASES_DIR"):
        setattr(settings, name, tmp_path / name.lower())
        (tmp_path / name.lower()).mkdir()


def make_sticker(name: str, pack: str = "cast", **fields: object) -> Sticker:
    shelf = Pack.objects.get_or_create(slug=pack, defaults={"title": pack})[0]
    n = Sticker.objects.count() + 1
    picture = {"image": f"{n}.webp", "poster": f"{n}.webp", "width": 64, "height": 64}
    return Sticker.objects.create(pack=shelf, name=name, sha256=f"{n:064x}", **(picture | fields))


@pytest.fixture
def hug(db: None) -> Sticker:
    return make_sticker("hug.png")


@pytest.fixture
def cry(db: None) -> Sticker:
    return make_sticker("cry.png")


def turn(speaker: str, text: str = "", **fields: object) -> dict[str, Any]:
    return {"speaker": speaker, "text": text, **fields}


def chat(key: str, *turns: dict[str, Any], **fields: object) -> dict[str, Any]:
    return {"chat_id": key, "lang": "en", "turns": list(turns), **fields}


def small_chat(key: str) -> dict[str, Any]:
    return chat(key, turn("anna", "so tired"), turn("ben", sticker_id="hug.png"))


def lines(path: Path, *rows: object) -> Path:
    """A file of JSON lines; a string or bytes stands in it as it is."""
    told = [
        row if isinstance(row, bytes) else (row if isinstance(row, str) else json.dumps(row)).encode() for row in rows
    ]
    path.write_bytes(b"\n".join(told) + b"\n")
    return path


Importer = Callable[..., ConversationImport]


@pytest.fixture
def imported(db: None, tmp_path: Path) -> Importer:
    def run(*rows: object, dry_run: bool = False, **options: Any) -> ConversationImport:
        path = lines(tmp_path / "chats.jsonl", *rows)
        told = Options(**options)
        job = conversations.start_import(
            actor=None, path=path, label=path.name, options=told, dry_run=dry_run, queue=False
        )
        assert jobs.carry_out(ConversationImport, job.pk, conversations.run)
        job.refresh_from_db()
        return job

    return run


@pytest.fixture
def admin(db: None) -> Player:
    player = Player.objects.create_user(username="admin", password="longwinded")
    player.groups.add(Group.objects.get(name="admin"))
    return player
