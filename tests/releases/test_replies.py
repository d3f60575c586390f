"""Replies to chats in a release that is frozen whole: documented, checked, read by the engine."""

from __future__ import annotations

import json

from retrieval_engine.dialogue.data.reading import read
from sticktionary.domain.releases.columns import COMMON, OF_TABLE
from sticktionary.models import Player, Sticker
from tests.releases.plays import frozen
from tests.releases.reading import folder, rows
from tests.reply_round.conftest import PLAIN, chat, replied, set_rules


def test_a_release_tells_who_would_send_what(publisher: Player, stickers: list[Sticker]) -> None:
    set_rules(**PLAIN)
    places = [place for n in range(3) for place in chat(stickers[n], key=f"chat{n}")]
    for place in places:
        replied("anna", place, stickers[5])
        replied("ben", place, stickers[6], stickers[5])
    release = frozen(publisher)
    where = folder(release)
    found = rows(release, "replies.jsonl")
    assert release.manifest["counts"]["n_replies"] == len(found) == 6
    assert {row["status"] for row in found} == {"accepted"}
    assert len({row["replier"] for row in found}) == 2
    assert set(found[0]) <= COMMON.keys() | OF_TABLE["replies"].keys()
    ids = {row["sample_id"] for row in rows(release, "samples.jsonl")}
    assert {row["sample_id"] for row in found} == ids
    assert "replies_rows" in [
        table["name"] for table in json.loads((where / "croissant.json").read_text())["recordSet"]
    ]
    assert "replies.jsonl" in (where / "README.md").read_text()
    assert all(len(use.acceptable) == 2 for use in read(where).uses)
