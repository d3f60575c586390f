"""Bonus pages as the game would send them, with the labels that players choose from."""

from __future__ import annotations

import time
from typing import Any

from retrieval_engine.taxonomy import Label, load
from tests.browser import scenes

SETS = {"emotion": "sticker820k-30", "style": "style-7", "intent": "goemotions-28", "scenario": "scenario-2"}
IN_CHAT = {"intent", "fits", "scenario"}
SAID = {
    "en": ["did you hear about friday?", "no, what", "they moved the deadline up", "to monday. this monday", "oh no"],
    "zh": ["你听说周五的事了吗", "没有，怎么了", "截止日期提前了", "提前到周一，就这个周一", "不是吧"],
}
OTHER = {"en": "zh", "zh": "en"}


def choice(label: Label, language: str) -> dict[str, str]:
    return {
        "id": label.id,
        "name": label.name[language],
        "other_name": label.name[OTHER[language]],
        "gloss": label.gloss[language],
    }


def groups(task: str, language: str) -> list[dict[str, Any]]:
    if task not in SETS:
        return []
    labels = load(SETS[task])
    named = [(group.id, group.name[language]) for group in labels.groups] or [(None, "")]
    return [
        {
            "name": name,
            "choices": [choice(label, language) for label in labels.labels.values() if label.parent == id],
        }
        for id, name in named
    ]


def chat(language: str) -> list[dict[str, Any]]:
    lines = [
        {"speaker": f"User_{1 + i % 2}", "text": text, "sticker": None, "is_asked": False}
        for i, text in enumerate(SAID[language])
    ]
    lines[1]["sticker"] = scenes.picture("frog_hungry")
    asked = {"speaker": "User_1", "text": "", "sticker": scenes.picture("cat_melting"), "is_asked": True}
    return [*lines, asked]


def bonus(task: str, language: str = "en", **more: Any) -> dict[str, Any]:
    return {
        "kind": "bonus", "lease": f"bonus-{task}", "lease_until": time.time() + 600, "task": task, "number": 1,
        "n_pages": 2, "sticker": scenes.picture("cat_melting"), "groups": groups(task, language),
        "chat": chat(language) if task in IN_CHAT else [], "printed": "", **more,
    }  # fmt: skip


def after_six(turn: dict[str, Any], language: str = "en") -> dict[str, Any]:
    return scenes.snapshot(turn, language=language, now=7)
