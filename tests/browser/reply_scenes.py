"""Chats to reply to, and what others sent, as the game would send them."""

from __future__ import annotations

import time
from typing import Any

from retrieval_engine.taxonomy import load
from tests.browser import scenes
from tests.browser.bonus_scenes import SAID, choice, groups

MEANT = {"en": ["joy", "relief", "amusement"], "zh": ["高兴", "松了口气", "好笑"]}


def offer(n: int) -> dict[str, Any]:
    held = scenes.picture(scenes.NAMES[n])
    return {"id": n + 1, "image": held["image"], "poster": held["poster"], "alt": held["alt"]}


def chat(language: str, sent: str = "") -> list[dict[str, Any]]:
    lines = [
        {"speaker": f"User_{1 + i % 2}", "text": text, "sticker": None, "is_asked": False}
        for i, text in enumerate(SAID[language])
    ]
    lines[1]["sticker"] = scenes.picture("frog_hungry")
    if sent:
        lines.append({"speaker": "User_2", "text": "", "sticker": scenes.picture(sent), "is_asked": True})
    return lines


def reply(language: str = "en", **more: Any) -> dict[str, Any]:
    return {
        "kind": "reply", "lease": "reply-1", "lease_until": time.time() + 600, "chat": chat(language),
        "speaker": "User_2", "offers": [offer(n) for n in range(12)], "groups": groups("intent", language),
        "scenarios": [choice(label, language) for label in load("scenario-2").labels.values()], "by_choice": False,
        **more,
    }  # fmt: skip


def said(name: str, sticker: str, likeness: str, n_points: int, intent: str) -> dict[str, Any]:
    return {
        "name": name, "sticker": scenes.picture(sticker), "also": [], "intent": intent, "likeness": likeness,
        "n_points": n_points,
    }  # fmt: skip


def replied(language: str = "en", **more: Any) -> dict[str, Any]:
    joy, relief, fun = MEANT[language]
    return {
        "kind": "replied", "lease": "reply-1", "chat": chat(language, "cat_table_flip"),
        "mine": said("", "cat_facepalm", "", 0, joy),
        "others": [
            said("moss", "cat_facepalm", "same", 40, joy),
            said("a_name_of_thirty_characters_long", "duck_cold", "named", 20, relief),
            said("", "ghost_waiting", "other", 0, fun),
        ],
        "sent_likeness": "named", "sent_points": 15, "n_points": 75, "n_awaited": 0, "by_choice": False,
        **more,
    }  # fmt: skip


def after_six(turn: dict[str, Any], language: str = "en") -> dict[str, Any]:
    return scenes.snapshot(turn, language=language, now=7)
