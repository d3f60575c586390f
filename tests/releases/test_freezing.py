from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sticktionary.domain.releases import folders
from sticktionary.models import Player, Release, Sticker
from tests.releases.plays import frozen, looked_up, player, written


def folder(release: Release) -> Path:
    found = folders.folder_of(release)
    assert found is not None
    return found


def rows(release: Release, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder(release) / name).read_text(encoding="utf-8").splitlines()]


def queries(release: Release) -> dict[str, dict[str, Any]]:
    parts = [rows(release, f"queries/{part}.jsonl") for part in ("train", "validation", "test")]
    return {row["query"]: row for part in parts for row in part}


def test_a_found_query_is_in_with_its_proof(publisher: Player, stickers: list[Sticker]) -> None:
    anna, ben = player(), player()
    round_ = written(stickers[0], anna, "so done", "no, thanks")
    looked_up(round_, ben, 2, others=stickers[1:5])
    release = frozen(publisher)
    assert set(queries(release)) == {"so done", "no, thanks"}
    row = queries(release)["so done"]
    assert row["status"] == "found"
    assert 0 < row["p_find_low"] < row["p_find"] < row["p_find_high"] < 1
