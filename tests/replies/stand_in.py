"""In the place of the process that knows torch: speaks its lines. A sticker is of the colour that its queries name."""

from __future__ import annotations

import base64
import json
import struct
import sys
from pathlib import Path
from typing import Any

COLOURS = ("red", "blue", "green")


def show() -> None:
    for line in sys.stdin:
        told = json.loads(line)
        colour = _colour(told)
        if colour is None:
            _say({"id": told["id"], "error": "no colour that is known"})
        else:
            _say({"id": told["id"], "vector": _encoded(colour), "heat": [[0.0, 1.0], [0.5, 0.0]]})


def answer(stickers: str) -> None:
    """With the stickers of the colours that are named; some words make it fall over, or say that it cannot."""
    held = {told["id"]: _colour(told) for told in map(json.loads, Path(stickers).read_text().splitlines())}
    _say({"ready": "colours", "n_stickers": len(held)})
    for line in sys.stdin:
        asked = json.loads(line)
        said = asked["turns"][-1].get("text", "")
        if said == "fall over":
            sys.exit("it fell over")
        if said == "nonsense":
            _say({"id": asked["id"], "error": "line 1: nonsense"})
            continue
        found = sorted(id for id, colour in held.items() if colour and colour in said and id in asked["allow"])
        replies = [{"id": id, "score": 1.5, "match": 0.5} for id in found[: asked.get("k", 10)]]
        _say({"id": asked["id"], "answer": {"replies": replies, "searches": True}})


def _say(line: dict[str, Any]) -> None:
    print(json.dumps(line), flush=True)


def _colour(told: dict[str, Any]) -> str | None:
    words = " ".join(told.get("queries", ()))
    return next((colour for colour in COLOURS if colour in words), None)


def _encoded(colour: str) -> str:
    """[4]: none, then one for each colour."""
    numbers = (float(n == COLOURS.index(colour) + 1) for n in range(4))
    return base64.b64encode(struct.pack("<4f", *numbers)).decode()


if __name__ == "__main__":
    verb, _bundle, *rest = sys.argv[1:]
    show() if verb == "show" else answer(*rest)
