"""Stored lists of candidates: one right sticker among others, drawn once and kept, so that models are asked the same.

The released loaders of SRS and PBR take a pack's first nine stickers every time, and fill short packs with grey
pictures: easy to learn by place, and easy to tell from a sticker. Here the others are drawn uniformly from the right
one's pack, near duplicates left out; short packs are filled from those that look most alike, and the list says so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
from msgspec import Struct

from ...dense import Vectors
from ...paper_tables.table import lines_of
from .conversations import Use
from .shelves import Places, Shelved

PROTOCOL: Final = "pack10@1"


class Candidates(Struct, frozen=True, omit_defaults=True):
    """A line of candidates.jsonl. `list` holds stickers in the order in which they are shown, the right one at
    `gold_index`; `padded` of them come from other packs."""

    sample_id: str
    protocol: str
    list: tuple[str, ...]
    gold_index: int
    seed: int
    padded: int = 0
    v: int = 1


def draw(
    uses: Iterable[Use], gallery: Shelved, *, n: int = 10, protocol: str = PROTOCOL, looks: Vectors | None = None
) -> list[Candidates]:
    """A list of `n` for each use (fewer where there are no more stickers), the same each time it is drawn. `looks`
    [stickers, d] are vectors by which the packs that are most alike are found; without them packs come in order."""
    near = _nearest_packs(gallery, looks)
    return [_drawn(use, gallery, near, n, protocol) for use in uses]


def write(rows: Iterable[Candidates], path: Path) -> None:
    """As JSON lines."""
    path.write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))


def read(path: Path) -> dict[str, Candidates]:
    """By use. `DataError` names a line of another form."""
    return {row.sample_id: row for row in lines_of(path, Candidates)}


def places(rows: Sequence[Candidates], gallery: Shelved) -> Places:
    """int64 [n, longest]: the stickers of each list, filled up with -1."""
    longest = max((len(row.list) for row in rows), default=0)
    place = gallery.conversations.place
    padded = [[*(place[id] for id in row.list), *[-1] * (longest - len(row.list))] for row in rows]
    return np.array(padded, dtype=np.int64).reshape(len(rows), longest)


def _drawn(use: Use, gallery: Shelved, near: Sequence[Places], n: int, protocol: str) -> Candidates:
    seed = int.from_bytes(hashlib.sha256(f"{protocol}/{use.id}".encode()).digest()[:4], "big")
    rng, gold = np.random.default_rng(seed), gallery.conversations.place[use.gold]
    others, padded = list[int](), 0
    for number, pack in enumerate(near[gallery.packs[gold]]):
        members = np.flatnonzero(gallery.packs == pack)
        apart = rng.permutation(members[gallery.groups[members] != gallery.groups[gold]])[: n - 1 - len(others)]
        others += apart.tolist()
        padded += len(apart) if number else 0
        if len(others) == n - 1:
            break
    at = int(rng.integers(len(others) + 1))
    shown = [*others[:at], gold, *others[at:]]
    ids = tuple(gallery.stickers[place].id for place in shown)
    return Candidates(use.id, protocol, ids, at, seed, padded)


def _nearest_packs(gallery: Shelved, looks: Vectors | None) -> list[Places]:
    """For each pack all packs, itself first, then the nearest by the cosine of their mean vectors."""
    n = int(gallery.packs.max(initial=-1)) + 1
    if looks is None:
        return [np.roll(np.arange(n), -pack) for pack in range(n)]
    means = np.stack([looks[gallery.packs == pack].mean(axis=0) for pack in range(n)])
    means /= np.linalg.norm(means, axis=1, keepdims=True).clip(1e-9)
    cosines = means @ means.T
    np.fill_diagonal(cosines, 2.0)
    return list(np.argsort(-cosines, axis=1, kind="stable"))
