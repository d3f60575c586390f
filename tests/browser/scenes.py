"""Snapshots as the game would send them, to be played to the page in place of the server: also the rare ones."""

from __future__ import annotations

import time
from typing import Any

NAMES = [
    "cat_melting", "cat_haha", "cat_smirk", "cat_facepalm", "cat_sorry", "cat_kiss",
    "cat_peek", "cat_table_flip", "cat_pretend_working", "capybara_side_eye", "duck_proud", "frog_clap",
    "bao_angry", "bao_cry_river", "capybara_furious", "duck_cold", "duck_morning_coffee", "ghost_tearing_up",
    "capybara_sick", "frog_hungry", "robot_awkward", "ghost_waiting", "capybara_slacking", "robot_dead_inside",
]  # fmt: skip
PAID = {1: 100, 2: 60, 3: 30}
WORDS = {
    "en": [
        "my bank app on a monday",
        "reading the replies",
        "horror film, cushion ready",
        "when the group chat goes quiet",
        "nope",
    ],
    "zh": ["老板在群里@所有人", "假装自己不在线", "社恐发作", "看到群消息的我", "不敢看"],
}
WORN = {"en": ["cat", "melting", "too hot", "tired"], "zh": ["小猫", "融化", "太热", "好累"]}


def picture(name: str, moves: bool = False) -> dict[str, Any]:
    url = f"/static/img/demo/{name}.webp"
    return {"image": url, "poster": url, "alt": name.replace("_", ", "), "moves": moves}


def plate(n: int) -> dict[str, Any]:
    return {**picture(NAMES[n]), "alt": ""}


def queries(language: str, n: int, nudged: int | None = None) -> list[dict[str, Any]]:
    return [
        {"id": i + 1, "text": WORDS[language][i], "nudges": ["only_drawn"] if i == nudged else []} for i in range(n)
    ]


def snapshot(
    turn: dict[str, Any], *, language: str = "en", now: int = 3, notices: list[Any] | None = None
) -> dict[str, Any]:
    ranks = [2, 1, 1, 0, 3, 1]
    tabs = [
        {
            "number": i,
            "state": "done" if i < now else "now" if i == now else "ahead",
            "rank": ranks[i - 1] if i < now else None,
        }
        for i in range(1, 7)
    ]
    return {
        "language": language, "name": "moss", "points": 304, "is_guest": False,
        "tabs": tabs, "turn": turn, "notices": notices or [],
    }  # fmt: skip


def label(language: str = "en", n: int = 2, **more: Any) -> dict[str, Any]:
    return {
        "kind": "label", "lease": "label-lease", "lease_until": time.time() + 600, "sticker": picture("cat_melting"),
        "worn_out": WORN[language], "queries": queries(language, n, nudged=n - 1 if n else None),
        "results_hidden": False, "practice": False, "coach": "", **more,
    }  # fmt: skip


def find(language: str = "en", n: int = 3, **more: Any) -> dict[str, Any]:
    return {
        "kind": "find", "lease": "find-lease", "lease_until": time.time() + 600, "queries": queries(language, n),
        "candidates": [plate(i) for i in range(24)], "can_wait": False, "practice": False, "writer": "moss_owl",
        "suggestions": [], "coach": "", **more,
    }  # fmt: skip


def line(code: str, n_points: int | None, **values: Any) -> dict[str, Any]:
    return {"code": code, "n_points": n_points, "values": values}


def found(language: str = "en", outcome: str = "first", **more: Any) -> dict[str, Any]:
    place = {"first": 1, "second": 2, "third": 3}.get(outcome, 0)
    there = outcome in {"first", "second", "third", "missed"}
    return {
        "kind": "found", "lease": "found-lease", "outcome": outcome, "target": picture("cat_peek") if there else None,
        "target_letter": "g" if there else "", "queries": queries(language, 3), "picks": ["b", "d", "k"],
        "pictures": [plate(1), plate(3), plate(10)], "candidates": [plate(i) for i in range(24)], "gave_away": None,
        "lines": [line(f"right_{place}", PAID[place], rank=place)] if place else [], "n_points": PAID.get(place, 0),
        "others": [line("other_found", None, name="kit_o", rank=2), line("machine", None, rank=4)] if there else [],
        "writer": "moss_owl", "practice": False, "suggestions": [], "coach": "", **more,
    }  # fmt: skip


def written(language: str = "en", state: str = "open", **more: Any) -> dict[str, Any]:
    return {
        "kind": "written", "round": 7, "sticker": picture("cat_melting"), "queries": queries(language, 3), "lines": [],
        "n_points": 0, "state": state, "practice": False, "machine_rank": None, "coach": "", **more,
    }  # fmt: skip


def summary(language: str = "en") -> dict[str, Any]:
    ranks, paid = [2, 1, 1, 0, None, 3], [84, 100, 120, 0, 0, 36]
    pages = [
        {
            "number": i + 1, "role": "labeler" if i % 2 == 0 else "retriever",
            "sticker": picture(NAMES[i]) if i != 3 else None,
            "queries": WORDS[language][: 1 + i % 3], "writer": "", "rank": ranks[i], "n_points": paid[i],
        }
        for i in range(6)
    ]  # fmt: skip
    return {
        "kind": "summary", "sitting": 38, "pages": pages, "n_points": 340, "streak_days": 12, "found_this_week": 412,
        "goal_this_week": 1000, "to_next": 24,
        "neighbours": [
            {"place": 16 + i, "name": name, "n_points": 2310 - 65 * i, "is_me": i == 2}
            for i, name in enumerate(["hanna_b", "oolong", "moss", "tamsin", "moss_owl"])
        ],
    }  # fmt: skip


def waiting(n_writing: int = 2) -> dict[str, Any]:
    return {"kind": "waiting", "since": time.time(), "n_writing": n_writing}


def nothing(code: str) -> dict[str, Any]:
    return {"kind": "nothing", "code": code}


def results(number: int, rank: int | None = 3, n: int = 24) -> dict[str, Any]:
    names = [name for name in NAMES if name != "cat_melting"]
    if rank is not None and rank <= n:
        names.insert(rank - 1, "cat_melting")
    hits = [{**hit(name), "is_target": name == "cat_melting"} for name in names[:n]]
    return {"type": "results", "number": number, "hits": hits, "target_rank": rank, "ms": 12.0}


def hit(name: str) -> dict[str, Any]:
    shown = picture(name)
    return {key: shown[key] for key in ("image", "poster", "alt")}


def notice(number: int, kind: str = "found", rank: int = 1, n_points: int = 142) -> dict[str, Any]:
    return {
        "id": number, "kind": kind, "sticker": picture("frog_hungry"), "queries": ["lunch cannot come soon enough"],
        "partner": "kit_o", "rank": rank, "n_points": n_points,
    }  # fmt: skip
