"""A world of coloured shapes to learn in seconds, and releases made of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from retrieval_engine.encoder import Clip
from retrieval_engine.training.release import Query, Sticker
from retrieval_engine.untrained import small_clip

COLOURS = {"red": (220, 40, 40), "green": (40, 200, 60), "blue": (50, 60, 220), "yellow": (230, 220, 40)}
SHAPES = {"tall": (10, 32), "wide": (32, 10), "big": (30, 30), "small": (10, 10)}
NAMES = [f"{colour} {shape}" for colour in COLOURS for shape in SHAPES]
TINY: dict[str, Any] = {
    "embed_dim": 32,
    "vision_cfg": {"layers": 1, "width": 64, "head_width": 32, "patch_size": 8, "image_size": 32},
    "text_cfg": {"context_length": 12, "vocab_size": 300, "width": 32, "heads": 2, "layers": 1},
}


def picture(colour: str, shape: str) -> bytes:
    image = Image.new("RGB", (40, 40), "white")
    width, height = SHAPES[shape]
    image.paste(COLOURS[colour], (20 - width // 2, 20 - height // 2, 20 + width // 2, 20 + height // 2))
    image.save(file := BytesIO(), "PNG")
    return file.getvalue()


def moving(*colours: str) -> bytes:
    images = [Image.open(BytesIO(picture(colour, "big"))) for colour in colours]
    images[0].save(file := BytesIO(), "GIF", save_all=True, append_images=images[1:])
    return file.getvalue()


def query(text: str, number: int = 0, *, weight: float = 1.0, language: str = "en") -> Query:
    return Query(number, text, language, weight, "somebody", number)


def sticker(id: str, *texts: str, folder: Path = Path(), **rest: Any) -> Sticker:
    """Named for its colour and shape."""
    told = {"part": "train", "group": id, **rest}
    return Sticker(id, folder / f"{id.replace(' ', '-')}.png", queries=tuple(map(query, texts)), **told)


def stickers(folder: Path) -> list[Sticker]:
    """Sixteen, with their pictures in `folder`, each asked for in two ways."""
    for name in NAMES:
        (folder / f"{name.replace(' ', '-')}.png").write_bytes(picture(*name.split()))
    return [sticker(name, name, f"{' '.join(reversed(name.split()))} one", folder=folder) for name in NAMES]


def clip(seed: int = 0, architecture: dict[str, Any] = TINY) -> Clip:
    return small_clip("tiny", architecture, [*NAMES, "one"], seed=seed)


def weights(clip: Clip) -> torch.Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in clip.model.parameters()])


def release(folder: Path, parts: Sequence[str] = ("train",) * 10 + ("validation",) * 2 + ("test",) * 4) -> Path:
    """A frozen release of the sixteen, as the desk writes it: English and Chinese queries, what was picked wrongly."""
    (folder / "queries").mkdir(parents=True)
    (folder / "manifest.json").write_text('{"number": 3, "title": "Shapes", "watermark_at": "2026-11-01"}')
    rows: dict[str, list[dict[str, Any]]] = {"stickers.jsonl": []}
    for number, (made, part) in enumerate(zip(stickers(folder), parts, strict=True)):
        of = {"sticker_id": made.id, "split": part}
        rows["stickers.jsonl"].append({**of, "file": made.picture.name, "dup_cluster": made.id, "printed_text": ""})
        colour, shape = made.id.split()
        texts = [
            ("en", made.id),
            ("en", f"{shape} {colour} one"),
            ("zh", f"{colour}的{shape}"),
            ("zh", f"{shape}{colour}"),
        ]
        for place, (language, text) in enumerate(texts):
            told = {"query_id": 10 * number + place, "query": text, "language": language, "weight": 1.0}
            told |= {"labeler": "p1", "position": place, "status": "found", "sticker_id": made.id}
            rows.setdefault(f"queries/{part}.jsonl", []).append(told)
    for name, lines in rows.items():
        (folder / name).write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
    return folder
