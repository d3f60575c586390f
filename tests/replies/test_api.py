"""Conversations answered for programs: by words alone, which are always there."""

from __future__ import annotations

import pytest

from sticktionary.models import Player, Sticker
from tests.lab.test_api import Program, secret_of

ASKED = {"turns": [{"speaker": "anna", "text": "what about a red bar"}], "speaker": "ben"}


@pytest.fixture
def program(researcher: Player) -> Program:
    return Program(secret_of(researcher, "reply"))


def test_a_conversation_is_answered_by_words_alone_while_no_model_is_live(
    program: Program, catalogue: dict[str, Sticker]
) -> None:
    told = program.post("/replies", ASKED | {"k": 3}).json()
    assert told["stickers"][0]["sticker"] == catalogue["red-bar"].pk
    assert (told["model"], told["language"], told["notes"]) == ("bm25", "en", [])
