"""Builds the pack on disk: pictures, queries, labels, rights."""

from __future__ import annotations

import json
from collections.abc import Sequence
from multiprocessing import Pool
from pathlib import Path

from .catalogue import STICKERS
from .encode import webp
from .texts import LANGUAGES, Texts, write_queries

HERE = Path(__file__).parent
PACK = HERE / "pack"
PACK_FACTS = {
    "slug": "starter",
    "title": {"en": "Starter pack", "zh": "入门图包"},
    "licence": "CC0-1.0",
    "source": "drawn by starter_pack/ in this repository",
}


def picture(sticker_id: str) -> bytes:
    return webp(*STICKERS[sticker_id].frames())


def _store(sticker_id: str) -> int:
    data = picture(sticker_id)
    (PACK / "stickers" / STICKERS[sticker_id].file).write_bytes(data)
    return len(data)


def draw_pictures(ids: Sequence[str], jobs: int) -> int:
    """Draws the stickers into the pack and returns their size in bytes."""
    folder = PACK / "stickers"
    folder.mkdir(parents=True, exist_ok=True)
    with Pool(jobs) as pool:
        total = sum(pool.imap_unordered(_store, ids, chunksize=4))
    for stale in set(folder.glob("*.webp")) - {folder / s.file for s in STICKERS.values()}:
        stale.unlink()
    return total


def write_texts(texts: Texts) -> None:
    """The queries of each language, one line of labels per sticker, and who may use it all."""
    for language in LANGUAGES:
        write_queries(PACK / f"sticker_queries_{language}.csv", texts.queries[language])
    lines = [json.dumps(texts.metadata(s), ensure_ascii=False) for s in STICKERS.values()]
    (PACK / "metadata.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (PACK / "pack.json").write_text(json.dumps(PACK_FACTS, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
