"""Is the pack on disk complete?  Looks at the files themselves, not at the code that wrote them."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from PIL import Image

from .render import SIZE
from .texts import ENOUGH_QUERIES, LABELS, LANGUAGES

ENOUGH_STICKERS = 320
ENOUGH_MOVING = 0.25
MAX_BYTES = 9_000_000
OPTIONAL = ("gesture", "verbal")


def faults(pack: Path) -> list[str]:
    """A line for everything that is missing; none when the pack is complete."""
    return [
        *_picture_faults(pack),
        *(line for lang in LANGUAGES for line in _query_faults(pack, lang)),
        *_label_faults(pack),
    ]


def summary(pack: Path) -> str:
    files = _pictures(pack)
    moving = sum(_frames(f) > 1 for f in files)
    return f"{len(files)} stickers, {moving} of them moving, {_bytes(pack) / 1e6:.2f} MB"


def _pictures(pack: Path) -> list[Path]:
    return sorted((pack / "stickers").glob("*.webp"))


def _frames(path: Path) -> int:
    with Image.open(path) as im:
        return int(getattr(im, "n_frames", 1))


def _bytes(pack: Path) -> int:
    return sum(f.stat().st_size for f in pack.rglob("*") if f.is_file())


def _picture_faults(pack: Path) -> list[str]:
    files, found = _pictures(pack), []
    for f in files:
        with Image.open(f) as im:
            if im.size != (SIZE, SIZE):
                found.append(f"{f.name}: {im.size[0]} x {im.size[1]} px, {SIZE} x {SIZE} wanted")
    if len(files) < ENOUGH_STICKERS:
        found.append(f"{len(files)} stickers, {ENOUGH_STICKERS} wanted")
    if sum(_frames(f) > 1 for f in files) < ENOUGH_MOVING * len(files):
        found.append("fewer than a quarter of the stickers move")
    if _bytes(pack) > MAX_BYTES:
        found.append(f"{_bytes(pack)} bytes, at most {MAX_BYTES} wanted")
    return found


def _query_faults(pack: Path, language: str) -> list[str]:
    path = pack / f"sticker_queries_{language}.csv"
    if not path.exists():
        return [f"{path.name} is not there"]
    with path.open(encoding="utf-8", newline="") as source:
        queries = {row["sticker_id"]: row["labeled_queries"].split(", ") for row in csv.DictReader(source)}
    counts = {f.name: len(set(queries.get(f.name, []))) for f in _pictures(pack)}
    return [
        f"{name}: {n} distinct {language} queries, {ENOUGH_QUERIES} wanted"
        for name, n in counts.items()
        if n < ENOUGH_QUERIES
    ]


def _label_faults(pack: Path) -> list[str]:
    path = pack / "metadata.jsonl"
    if not path.exists():
        return [f"{path.name} is not there"]
    facts = {row["sticker"]: row for row in map(json.loads, path.read_text(encoding="utf-8").splitlines())}
    needed = [c for c in LABELS if c not in OPTIONAL]
    empty = {f.name: [c for c in needed if not facts.get(f.name, {}).get(c)] for f in _pictures(pack)}
    return [f"{name}: no {', '.join(columns)}" for name, columns in empty.items() if columns]
