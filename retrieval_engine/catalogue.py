"""A catalogue in files: stickers with their queries by language, for training and evaluation."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from .data import DataError, hold_out, read_queries_csv
from .dense import Vectors
from .evaluate import HeldOut
from .searcher import Searcher
from .serving import Bundle
from .training import release

_LANGUAGE: Final = re.compile(r"_(en|zh)(?=[_.])")
BATCH: Final = 64


@dataclass(frozen=True, slots=True)
class Sticker:
    """A picture and its queries by language."""

    file: Path
    queries: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def all_queries(self) -> tuple[str, ...]:
        """The queries of every language, one after the other."""
        return tuple(query for queries in self.queries.values() for query in queries)


def read_stickers(folder: Path, csvs: Sequence[Path]) -> list[Sticker]:
    """The stickers of `folder` that StickerQueries CSVs name, in order of file name, with their queries by language.

    The language is the "_en" or "_zh" in a CSV's name, else "und". `DataError` for a sticker without a picture.
    """
    queries: dict[str, dict[str, tuple[str, ...]]] = {}
    for csv in csvs:
        found = _LANGUAGE.search(csv.name)
        language = found[1] if found else "und"
        for row in read_queries_csv(csv):
            by_language = queries.setdefault(row.sticker_id, {})
            by_language[language] = (*by_language.get(language, ()), *row.queries)
    missing = [id for id in queries if not (folder / id).is_file()]
    if missing:
        raise DataError(f"{folder}: no picture for {len(missing)} of {len(queries)} stickers, the first {missing[0]}")
    return [Sticker(folder / id, queries[id]) for id in sorted(queries)]


def split(stickers: Iterable[Sticker], share: float, *, seed: int = 0) -> tuple[list[Sticker], list[HeldOut]]:
    """The stickers with what to learn from, and the queries held out; a sticker's number is its place in the list."""
    kept, held = list[Sticker](), list[HeldOut]()
    for id, sticker in enumerate(stickers):
        parts = {language: hold_out(queries, share, seed=seed) for language, queries in sticker.queries.items()}
        held += [HeldOut(query, id, language) for language, (_, out) in parts.items() for query in out]
        kept.append(Sticker(sticker.file, {lang: tuple(keep) for lang, (keep, _) in parts.items()}))
    return kept, held


def learnable(sticker: Sticker) -> release.Sticker:
    """The sticker as something to train on, alone in its group."""
    asked = [(language, query) for language, queries in sticker.queries.items() for query in queries]
    queries = tuple(release.Query(n, query, language, 1.0, "", n) for n, (language, query) in enumerate(asked))
    return release.Sticker(sticker.file.name, sticker.file, "train", sticker.file.name, queries)


def searcher_of(stickers: Sequence[Sticker], bundle: Bundle | None) -> Searcher:
    """A searcher over stickers by their place in the list: BM25 over their queries, CLIP over their pictures."""
    searcher = Searcher(bundle)
    vectors = encode_files([sticker.file for sticker in stickers], bundle) if bundle else [None] * len(stickers)
    for id, (sticker, vector) in enumerate(zip(stickers, vectors, strict=True)):
        searcher.put(id, {lang: ", ".join(queries) for lang, queries in sticker.queries.items()}, vector)
    return searcher


def encode_files(files: Sequence[Path], bundle: Bundle) -> Vectors:
    """Unit vectors [len(files), d] of pictures, some at a time."""
    parts = [bundle.encode_stickers(files[i : i + BATCH]) for i in range(0, len(files), BATCH)]
    return np.concatenate(parts) if parts else np.empty((0, bundle.dim), dtype=np.float32)
