"""Embeddings to measure dense search on: a CLIP's own, of drawings changed in many ways, and drawn at random.

The real ones are the starter CLIP's, of the starter pack's drawings and those of folders named in
`STICKTIONARY_BENCH_DRAWINGS` (colon between them), turned, cut, recoloured and laid over each other; their queries
are what people typed: the starter pack's, and those of the CSVs below the folders in `STICKTIONARY_BENCH_QUERIES`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from retrieval_engine.data import read_queries_csv
from retrieval_engine.dense import Vectors, unit
from retrieval_engine.serving import Bundle

STARTER: Final = Path(__file__).parent.parent / "starter_pack"
SIDE: Final = 64
SHADES: Final = 9
CHUNK: Final = 4_096
Chunks = Iterator[tuple[NDArray[np.int64], Vectors]]


def _folders(name: str) -> list[Path]:
    return [Path(folder) for folder in os.environ.get(name, "").split(":") if folder]


# --- a CLIP's own ---


def drawings() -> list[Image.Image]:
    """Every drawing there is, with its transparency, half as large again as the model sees it."""
    folders = [STARTER / "pack", *_folders("STICKTIONARY_BENCH_DRAWINGS")]
    files = sorted(file for folder in folders for file in folder.rglob("*") if file.suffix in {".webp", ".png"})
    held = []
    for file in files:
        with Image.open(file) as image:
            held.append(image.convert("RGBA").resize((SIDE * 3 // 2, SIDE * 3 // 2), Image.Resampling.BILINEAR))
    return held


def queries(bundle: Bundle, most: int = 2_000) -> Vectors:
    """What people typed, every text once, `most` of them drawn at random, through the text tower."""
    folders = [STARTER, *_folders("STICKTIONARY_BENCH_QUERIES")]
    files = sorted(file for folder in folders for file in folder.rglob("*queries_*.csv"))
    texts = sorted({query for file in files for row in read_queries_csv(file) for query in row.queries})
    chosen = np.random.default_rng(0).permutation(len(texts))[:most]
    return bundle.encode([texts[place] for place in chosen.tolist()])


def pictures(rng: np.random.Generator, held: list[Image.Image], n: int) -> NDArray[np.float32]:
    """`n` changed drawings [n, 3, SIDE, SIDE], from 0 to 1."""
    drawn = np.stack([np.asarray(_changed(rng, held)) for _ in range(n)]).astype(np.float32) / 255
    contrast = rng.uniform(0.6, 1.4, (n, 1, 1, 1))
    tint = rng.uniform(0.7, 1.25, (n, 1, 1, 3))
    recoloured = (drawn - 0.5) * contrast + 0.5
    return np.clip(recoloured * tint, 0, 1).astype(np.float32).transpose(0, 3, 1, 2)


def _changed(rng: np.random.Generator, held: list[Image.Image]) -> Image.Image:
    ground = Image.new("RGBA", (SIDE, SIDE), (*rng.integers(160, 256, 3).tolist(), 255))
    if rng.random() < 0.5:
        ground = Image.new("RGBA", (SIDE, SIDE), (255, 255, 255, 255))
    for _ in range(int(rng.choice([1, 2, 3], p=[0.6, 0.3, 0.1]))):
        piece = held[int(rng.integers(len(held)))]
        if rng.random() < 0.5:
            piece = piece.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        piece = piece.rotate(float(rng.normal(0, 15)), Image.Resampling.BILINEAR)
        side = int(SIDE * rng.uniform(0.55, 1.25))
        place = tuple(rng.integers(min(0, SIDE - side), max(0, SIDE - side) + 1, 2).tolist())
        ground.paste(scaled := piece.resize((side, side), Image.Resampling.BILINEAR), place, scaled)
    return ground.convert("RGB")


def real(bundle: Bundle, n: int, seed: int = 0) -> Chunks:
    """`n` embeddings of changed drawings."""
    held, rng, spec = drawings(), np.random.default_rng(seed), bundle.manifest.image
    mean, std = (np.array(part, dtype=np.float32)[:, None, None] for part in (spec.mean, spec.std))
    for start in range(0, n, CHUNK):
        size = min(CHUNK, n - start)
        yield np.arange(start, start + size), unit(bundle.run_image((pictures(rng, held, size) - mean) / std))


# --- drawn at random ---


class Drawn:
    """Vectors around 2,000 centres, most of their variance in few directions, and texts that lie far from pictures."""

    def __init__(self, dim: int = 512, n_centres: int = 2_000, seed: int = 0) -> None:
        self._seed, self._dim = seed, dim
        rng = np.random.default_rng((seed, 0))
        shares = np.arange(1, dim + 1) ** -0.5
        turned = np.linalg.qr(rng.standard_normal((dim, dim)))[0]
        self._basis = (turned * (shares / np.linalg.norm(shares))).T.astype(np.float32)
        self._centres = rng.standard_normal((n_centres, dim)).astype(np.float32) @ self._basis
        self._gap = unit(rng.standard_normal(dim))

    def pictures(self, n: int) -> Chunks:
        """`n` pictures."""
        rng = np.random.default_rng((self._seed, 1))
        for start in range(0, n, CHUNK):
            size = min(CHUNK, n - start)
            yield np.arange(start, start + size), unit(0.8 * self._gap + self._meant(rng, size))

    def queries(self, n: int) -> dict[str, Vectors]:
        """`n` pictures that are not in the catalogue, and as many texts."""
        rng = np.random.default_rng((self._seed, 2))
        noise = rng.standard_normal((n, self._dim)).astype(np.float32) @ self._basis
        texts = unit(0.6 * self._meant(rng, n) + noise - 0.8 * self._gap)
        return {"text": texts, "image": unit(0.8 * self._gap + self._meant(rng, n))}

    def _meant(self, rng: np.random.Generator, n: int) -> NDArray[np.float32]:
        around = rng.standard_normal((n, self._dim), dtype=np.float32) @ self._basis
        return np.asarray(self._centres[rng.integers(len(self._centres), size=n)] + 0.7 * around, dtype=np.float32)


def kept(file: Path, n: int, dim: int) -> Chunks:
    """The first `n` embeddings of a NumPy file."""
    held = np.load(file, mmap_mode="r")
    assert held.shape[1] == dim
    for start in range(0, min(n, len(held)), CHUNK):
        end = min(start + CHUNK, n, len(held))
        yield np.arange(start, end), np.array(held[start:end])
