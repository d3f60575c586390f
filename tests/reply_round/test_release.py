"""Replies in a release: a row for each, and what they make acceptable; only what belongs to it, as of its watermark."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from sticktionary.domain.chats import conversations as chats_in
from sticktionary.domain.people import leaving
from sticktionary.domain.releases import conversations, replies, taken_back
from sticktionary.domain.releases.scope import Scope
from sticktionary.models import Conversation, Player, Reply, Sanction, Sticker, Tombstone, Utterance
from tests.conversations.test_release import rows, scope
from tests.game.conftest import make_player
from tests.reply_round.conftest import chat, replied

pytestmark = pytest.mark.usefixtures("without_gold")


def written(folder: Path, of: Scope | None = None) -> list[dict[str, Any]]:
    replies.write(folder, of or scope())
    path = folder / "replies.jsonl"
    return rows(folder, "replies.jsonl") if path.exists() else []


def acceptable(folder: Path, of: Scope | None = None) -> list[str]:
    conversations.write(folder, of or scope())
    [sample] = rows(folder, "samples.jsonl")
    return list(sample["acceptable"])


def test_without_replies_nothing_is_written(shelf: list[Sticker], tmp_path: Path) -> None:
    chat(shelf[0])
    assert replies.write(tmp_path, scope()) == []
    assert list(tmp_path.iterdir()) == []


def test_a_row_for_each_reply(shelf: list[Sticker], tmp_path: Path) -> None:
    [place] = chat(shelf[0])
    one = replied("anna", place, shelf[1], shelf[2])
    two = replied("ben", place, shelf[2])
    Reply.objects.filter(pk=one.pk).update(words="so happy", offered=[shelf[3].pk])
    now = timezone.now()
    three = Reply.objects.create(
        utterance=place, player=make_player("cara"), language="en", state="passed", why="no_sticker",
        dealt_at=now, lease_until=now, answered_at=now,
    )  # fmt: skip
    common = {
        "v": 1, "sample_id": f"smp_{place.pk}", "turn_id": f"turn_{place.pk}", "session_id": f"ses_{place.session_id}",
        "chat_id": f"chat_{Conversation.objects.get().pk}", "lang": "en", "is_gold": False, "consent": "ok",
        "part": "train", "why": None, "also": [], "intent": {"fine": "joy", "coarse": "joy"},
        "taxonomy": "goemotions-28@1", "scenario": "DR", "words": None, "offered": [],
    }  # fmt: skip
    passed = {"status": "passed", "why": "no_sticker", "pick": None, "intent": None, "taxonomy": None, "scenario": None}
    found = written(tmp_path)
    assert [row.pop("part") in {"train", "validation", "test"} for row in found] == [True] * 3
    common.pop("part")
    assert found == [
        common | {
            "reply_id": f"rep_{one.pk}", "replier": f"anon_{one.player_id}", "status": "accepted", "pick": "0002.png",
            "also": ["0003.png"], "words": "so happy", "offered": ["0004.png"],
        },
        common | {
            "reply_id": f"rep_{two.pk}", "replier": f"anon_{two.player_id}", "status": "accepted", "pick": "0003.png",
        },
        common | {"reply_id": f"rep_{three.pk}", "replier": f"anon_{three.player_id}"} | passed,
    ]  # fmt: skip


def test_what_two_people_would_send_is_acceptable_with_its_twins(shelf: list[Sticker], tmp_path: Path) -> None:
    [place] = chat(shelf[0])
    Sticker.objects.filter(pk=shelf[4].pk).update(twin_of=shelf[2])
    replied("anna", place, shelf[1], shelf[2])
    replied("ben", place, shelf[2], shelf[5])
    replied("cara", place, shelf[3], shelf[5])
    assert acceptable(tmp_path) == ["0001.png", "0003.png", "0005.png"]


def test_who_is_left_out_makes_nothing_acceptable(shelf: list[Sticker], tmp_path: Path) -> None:
    [place] = chat(shelf[0])
    one, two = replied("anna", place, shelf[1]), replied("ben", place, shelf[1])
    without = scope(left_out=frozenset({two.player_id}))
    assert acceptable(tmp_path / "chats", without) == ["0001.png"]
    [row] = written(tmp_path / "replies", without)
    assert (row["reply_id"], row["status"]) == (f"rep_{one.pk}", "raw")


def test_what_comes_after_the_watermark_is_not_there(shelf: list[Sticker], tmp_path: Path) -> None:
    [place] = chat(shelf[0])
    replied("anna", place, shelf[1])
    late = replied("ben", place, shelf[1])
    moment = timezone.now()
    Reply.objects.filter(pk=late.pk).update(answered_at=moment + timedelta(seconds=1))
    then = scope(watermark_at=moment)
    assert [row["status"] for row in written(tmp_path / "replies", then)] == ["raw"]
    assert acceptable(tmp_path / "chats", then) == ["0001.png"]


def test_withdrawn_chats_and_stickers_take_their_replies_with_them(shelf: list[Sticker], tmp_path: Path) -> None:
    [place] = chat(shelf[0])
    replied("anna", place, shelf[1])
    replied("ben", place, shelf[2])
    names = dict(Sticker.objects.exclude(pk=shelf[1].pk).values_list("pk", "name"))
    assert [row["pick"] for row in written(tmp_path / "sticker", scope(names=names))] == ["0003.png"]
    gold = dict(Sticker.objects.exclude(pk=shelf[0].pk).values_list("pk", "name"))
    assert written(tmp_path / "gold", scope(names=gold)) == []
    Tombstone.objects.create(kind="conversation", subject=Conversation.objects.get().pk)
    assert written(tmp_path / "chat") == []


def test_typed_words_are_published_as_the_scan_leaves_them(shelf: list[Sticker], tmp_path: Path) -> None:
    [place] = chat(shelf[0])
    row = replied("anna", place, shelf[1])
    Reply.objects.filter(pk=row.pk).update(words="ask anna")
    asked: list[tuple[str, int, str]] = []

    def clean(where: str, number: int, text: str) -> str:
        asked.append((where, number, text))
        return text.replace("anna", "[name]")

    [found] = written(tmp_path, scope(clean=clean))
    assert found["words"] == "ask [name]"
    assert asked == [("reply", row.pk, "ask anna")]


@pytest.mark.parametrize("is_excluded", [False, True])
def test_who_leaves_leaves_replies_unless_they_were_left_out(
    anna: Player, shelf: list[Sticker], tmp_path: Path, is_excluded: bool
) -> None:
    [place] = chat(shelf[0])
    row = replied("anna", place, shelf[1])
    if is_excluded:
        Sanction.objects.create(player=anna, step="excluded", reason="bots", at=timezone.now())
    leaving.delete_account(player_id=anna.pk)
    found = written(tmp_path)
    stones = {stone.id for stone in taken_back.rows(timezone.now(), {}) if stone.kind == "reply"}
    if is_excluded:
        assert (found, stones) == ([], {f"rep_{row.pk}"})
    else:
        assert ([each["replier"] for each in found], stones) == (["anon_None"], set())


def test_an_erased_chat_is_not_asked_about_nor_released(shelf: list[Sticker], tmp_path: Path) -> None:
    [place] = chat(shelf[0])
    replied("anna", place, shelf[1])
    admin = Player.objects.create_superuser("admin", password="x", display_name="admin")
    chats_in.erase(actor=admin, conversation_id=Conversation.objects.get().pk, why="asked for")
    assert written(tmp_path) == []
    assert set(Utterance.objects.values_list("text", flat=True)) == {""}
