"""A frozen release with conversations in its files, without the application: the least that a run learns from."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from PIL import Image

EMOTIONS: Final = ("surprise", "happiness", "disgust", "fear", "sadness", "anger", "neutral")
N_PACKS, N_IN_PACK = 4, 7
WORDS: Final = ("wow", "yay", "yuck", "help", "sigh", "grr", "okay")
"""What is said before a sticker of each emotion."""
COLOURS: Final = ((200, 60, 60), (60, 200, 60), (60, 60, 200), (180, 180, 40))
SENDER: Final = "User_1"


def write(folder: Path, *, n_uses: int = 48, intents: bool = True, labelled: bool = True) -> Path:
    """Four packs of a sticker of each emotion; a use for each of them in turn, of which one in six is for validation
    and one in six for the test, in chats of two sessions."""
    for name in ("stickers", "queries"):
        (folder / name).mkdir(parents=True)
    (folder / "manifest.json").write_text('{"number": 3, "title": "Chats", "watermark_at": "2026-11-21"}\n')
    stickers = [(pack, at) for pack in range(N_PACKS) for at in range(N_IN_PACK)]
    lines(folder / "stickers.jsonl", (_sticker(folder, *each) for each in stickers))
    lines(folder / "queries" / "train.jsonl", (_query(number, *each) for number, each in enumerate(stickers)))
    if labelled:
        lines(folder / "annotation_labels.jsonl", (row for each in stickers for row in _labels(*each)))
    uses = [(number, *stickers[number % len(stickers)]) for number in range(n_uses)]
    lines(folder / "sessions.jsonl", (row for use in uses for row in _sessions(*use)))
    lines(folder / "turns.jsonl", (row for use in uses for row in _turns(*use)))
    lines(folder / "samples.jsonl", (_sample(*use, intents) for use in uses))
    return folder


def lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def id_of(pack: int, at: int) -> str:
    return f"stk_{pack}_{at}"


def _sticker(folder: Path, pack: int, at: int) -> dict[str, Any]:
    image, file = Image.new("RGB", (32, 32), COLOURS[pack]), f"stickers/{id_of(pack, at)}.png"
    image.paste((30 * at, 255 - 30 * at, 128), (4 * at, 4 * at, 4 * at + 8, 4 * at + 8))
    image.save(folder / file)
    printed = WORDS[at].upper() if pack % 2 else ""
    told = {"sticker_id": id_of(pack, at), "file": file, "pack_id": f"pack_{pack}", "printed_text": printed}
    return told | {"dup_cluster": id_of(pack, at), "media": {"kind": "static"}}


def _query(number: int, pack: int, at: int) -> dict[str, Any]:
    told = {"query_id": number, "sticker_id": id_of(pack, at), "query": f"{EMOTIONS[at]} {pack}", "language": "en"}
    return told | {"weight": 1.0, "status": "proven", "labeler": "p1", "position": 0}


def _labels(pack: int, at: int) -> Iterable[dict[str, Any]]:
    target = {"target": {"sticker_id": id_of(pack, at)}, "lang": ""}
    yield target | {"task": "emotion", "taxonomy": "ser30k-7@1", "value": {"labels": [EMOTIONS[at]]}}
    if pack:
        yield target | {"task": "attribute", "taxonomy": "attributes-4@1", "value": {"face": [EMOTIONS[at]]}}


def _sessions(number: int, pack: int, at: int) -> Iterable[dict[str, Any]]:
    for ordinal, summary in ((1, "They met." if number % 2 else ""), (2, "")):
        ids = [f"turn_{number}_{ordinal}_{i}" for i in range(2)]
        told = {"session_id": f"ses_{number}_{ordinal}", "chat_id": f"chat_{number}", "ordinal": ordinal}
        yield told | {"turn_ids": ids, "summary": summary}


def _turns(number: int, pack: int, at: int) -> Iterable[dict[str, Any]]:
    said = {(1, 0): f"about pack {pack}", (1, 1): "see you", (2, 0): WORDS[at], (2, 1): f"say something of {pack}"}
    for (ordinal, i), text in said.items():
        told = {"turn_id": f"turn_{number}_{ordinal}_{i}", "session_id": f"ses_{number}_{ordinal}"}
        polarity = {"pos": 1, "neg": 0} if number % 3 == 0 and ordinal == 2 else None
        yield told | {"speaker": f"User_{1 + i}", "text": text, "sticker_id": None, "polarity": polarity}


def _sample(number: int, pack: int, at: int, intents: bool) -> dict[str, Any]:
    part = {4: "validation", 5: "test"}.get(number % 6, "train")
    told: dict[str, Any] = {
        "sample_id": f"smp_{number}",
        "session_id": f"ses_{number}_2",
        "speaker": SENDER,
        "own_text": "",
    }
    told |= {"context_turns": [f"turn_{number}_2_0", f"turn_{number}_2_1"], "history_sessions": [f"ses_{number}_1"]}
    told |= {"gold": id_of(pack, at), "acceptable": [id_of(pack, at)], "scenario": ("SR", "DR")[number % 2]}
    intent = {"fine": EMOTIONS[at], "coarse": EMOTIONS[at]} if intents else None
    return told | {"intent": intent, "appropriate": True, "lang": ("en", "zh")[number % 7 == 0], "part": part}
