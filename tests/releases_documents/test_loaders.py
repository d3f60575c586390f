"""Releases are read as they are by what strangers read datasets with, in a process that knows nothing of ours."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sticktionary.domain.people import moderation
from sticktionary.domain.releases import documents
from sticktionary.models import Pack, Release, Task
from tests.annotation.conftest import GIVEN, answered_by, chat
from tests.game.conftest import make_sticker
from tests.releases import plays
from tests.releases_documents import folders

STRANGER = Path(__file__).with_name("stranger.py")


def read(folder: Path, home: Path) -> Any:
    """What the libraries find, with no network and caches of their own."""
    known = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
    own = {"HF_HOME": str(home / "hf"), "CROISSANT_CACHE": str(home / "croissant"), "HOME": str(home)}
    command = [sys.executable, str(STRANGER), str(folder)]
    done = subprocess.run(
        command, env={**known, **own, "HF_HUB_OFFLINE": "1"}, cwd=home, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_library_reads_the_same_from_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "release"
    made = folders.usual()
    documents.write(folder, folders.make(folder, made))
    found = read(folder, tmp_path)
    languages = {"en": 4, "zh": 2}
    n_queries = {"queries": 6, "languages": languages}
    lines = {"splits": 4}
    assert found["datasets"] == {
        "default": {"train": 3, "validation": 1, "test": 2},
        "languages": languages,
        "tables": {"queries": 6, "pairs": 6, "stickers": 4},
        "lines": lines,
    }
    assert (found["polars"], found["duckdb"]) == (n_queries, n_queries)
    assert found["croissant"] == {
        "errors": [],
        "warnings": [],
        "rows": {"queries": 6, "pairs": 6, "stickers": 4, **lines},
        "languages": languages,
        "texts": sorted(text for rows in made.queries.values() for _id, text, _sticker, _language in rows),
    }


def play(pack: Pack) -> None:
    """A little of everything: found and missed, in both languages, words that came with a sticker, a conversation, and
    every kind of annotation."""
    stickers = [make_sticker(number, pack) for number in range(1, 31)]
    ada, ben, cho = (plays.player() for _ in range(3))
    for number, sticker in enumerate(stickers):
        language = "zh" if number % 3 == 0 else "en"
        texts = (f"第{number}个", f"好{number}") if language == "zh" else (f"number {number}", f"it is {number}")
        round_ = plays.written(sticker, ada, *texts, language=language)
        plays.looked_up(round_, ben, 1 + number % 3, others=stickers[:5])
        plays.looked_up(round_, cho, number % 2, others=stickers[:5])
        plays.written(sticker, None, f"house {number}", source="house", state="found")
    used = chat(stickers[0])
    for task in Task:
        for player in (ben, cho):
            told = used if task.needs_conversation else None
            answered_by(player.username, task, stickers[0], GIVEN[task], utterance=told)


@pytest.fixture
def release(db: None, settings: Any, tmp_path: Path) -> Release:
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.MEDIA_ROOT.mkdir()
    pack = Pack.objects.create(slug="cast", title="Cast", source="here", licence="CC0", may_publish_pictures=True)
    play(pack)
    return plays.frozen(moderation.make_admin(username="ada", password="seven quiet otters", language="en"))


def test_every_library_reads_the_same_from_a_frozen_release(release: Release, settings: Any, tmp_path: Path) -> None:
    found = read(settings.RELEASES_DIR / release.path, tmp_path)
    counts = release.manifest["counts"]
    n_queries, languages = counts["n_queries"], {"en": counts["n_queries_en"], "zh": counts["n_queries_zh"]}
    assert n_queries == 90
    assert found["datasets"]["default"] == {name: counts[f"n_{name}"] for name in ("train", "validation", "test")}
    assert found["datasets"]["tables"] == {"queries": 90, "pairs": 90, "stickers": 30, "retrievals": 60}
    assert found["datasets"]["lines"] == {
        "annotation_labels": len(Task),
        "annotations": 2 * len(Task),
        "samples": 1,
        "sessions": 1,
        "splits": 30,
        "turns": 4,
    }
    assert found["pandas"] == {"queries": 90, "lines": 90, "languages": languages, "lists": 90}
    assert [found[name]["queries"] for name in ("polars", "duckdb")] == [90, 90]
    assert [found[name]["languages"] for name in ("datasets", "polars", "duckdb", "croissant")] == [languages] * 4
    assert (found["croissant"]["errors"], found["croissant"]["warnings"]) == ([], [])
    assert found["croissant"]["rows"] == {**found["datasets"]["tables"], **found["datasets"]["lines"]}


def test_every_column_of_a_frozen_release_is_described(release: Release, settings: Any) -> None:
    folder = settings.RELEASES_DIR / release.path
    card = (folder / "README.md").read_text(encoding="utf-8")
    described = [line for line in card.splitlines() if line.startswith("| `")]
    assert len(described) > 60
    assert [line for line in described if line.endswith("|  |")] == []
