"""The published StickerQueries form: `sticker_id,labeled_queries`, a file for each language.

Of a sticker: the queries it came with, as they came; then those of play, by round, that say something new.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from retrieval_engine.data import StickerQueries, csv_lines, writable
from sticktionary.domain.releases.about import File
from sticktionary.domain.releases.by_number import ByNumber
from sticktionary.domain.releases.files import Output
from sticktionary.domain.releases.sieve import Taken
from sticktionary.models import Round

COLUMNS = {"sticker_id": "string", "labeled_queries": "string"}
AT_ONCE = 65_536  # queries
Said = tuple[int, bool, str, str]  # sticker, whether it came with it, text, normalised


class Lists:
    """Queries by sticker as they come in; kept as columns, since there may be millions."""

    def __init__(self) -> None:
        self._held: defaultdict[str, list[pa.RecordBatch]] = defaultdict(list)  # by language

    def take(self, taken: Taken) -> None:
        languages, queries = taken.of_round("language", taken.queries), taken.queries
        columns = {
            "sticker": taken.of_round("sticker_id", queries),
            "is_played": pc.not_equal(taken.of_round("source", queries), Round.Source.HOUSE.value),
            "text": queries["text"],
            "normalised": queries["normalised"],
        }
        for language in languages.unique().to_pylist():
            self._held[language].append(pa.RecordBatch.from_pydict(columns).filter(pc.equal(languages, language)))

    def stickers(self) -> set[int]:
        """Those of which something is said, in whatever language."""
        batches = [batch for held in self._held.values() for batch in held]
        return {id for batch in batches for id in batch["sticker"].unique().to_pylist()}

    def rows(self, language: str, names: Mapping[int, str]) -> Iterator[StickerQueries]:
        """By name. What is held of the language stays."""
        if language not in self._held:
            return
        held = pa.Table.from_batches(self._held[language]).combine_chunks()
        order = {id: place for place, id in enumerate(sorted(names, key=lambda id: (names[id], id)))}
        for sticker_id, said in groupby(_in_order(held, order), itemgetter(0)):
            if queries := tuple(_texts(said)):
                yield StickerQueries(names[sticker_id], queries)

    def write(self, folder: Path, names: Mapping[int, str], languages: Sequence[str]) -> list[File]:
        return [self._write(folder, language, names) for language in languages]

    def _write(self, folder: Path, language: str, names: Mapping[int, str]) -> File:
        with Output(folder, f"sticker_queries_{language}.csv") as out:
            for line in csv_lines(self.rows(language, names)):
                out.write(line.encode())
                out.n_rows += 1
        out.n_rows -= 1  # the header
        return out.entry(COLUMNS)


def _in_order(held: pa.Table, order: Mapping[int, int]) -> Iterator[Said]:
    """By sticker in this order, what came with it first, else as it came in."""
    place = ByNumber(order, pa.int64()).of(held["sticker"]).to_numpy()
    sorted_ = np.argsort(2 * place + held["is_played"].to_numpy(), kind="stable")
    for start in range(0, len(held), AT_ONCE):
        rows = held.take(sorted_[start : start + AT_ONCE])
        yield from zip(*(column.to_pylist() for column in rows.columns), strict=True)


def _texts(said: Iterable[Said]) -> Iterator[str]:
    heard = set[str]()
    for _sticker, is_played, text, normalised in said:
        if not (is_played and normalised in heard) and (kept := writable(text)):
            yield kept
        heard.add(normalised)
