"""The published StickerQueries form: `sticker_id,labeled_queries`, a file for each language.

Of a sticker: the queries it came with, as they came; then those of play, by round, that say something new.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from retrieval_engine.data import StickerQueries, csv_lines, writable
from sticktionary.domain.releases.about import File
from sticktionary.domain.releases.files import Output
from sticktionary.models import Round

COLUMNS = {"sticker_id": "string", "labeled_queries": "string"}


class Lists:
    """Queries by sticker as they come in; kept as bytes, since there may be millions."""

    def __init__(self) -> None:
        self._house: defaultdict[tuple[int, str], bytearray] = defaultdict(bytearray)
        self._played: defaultdict[tuple[int, str], bytearray] = defaultdict(bytearray)

    def add(self, sticker_id: int, language: str, source: str, text: str, normalised: str) -> None:
        held = self._house if source == Round.Source.HOUSE else self._played
        held[sticker_id, language] += f"{writable(text)}\0{normalised}\n".encode()

    def of(self, sticker_id: int, language: str) -> list[str]:
        key = (sticker_id, language)
        texts, said = list[str](), set[str]()
        for text, normalised in _pairs(self._house.get(key)):
            texts.append(text)
            said.add(normalised)
        for text, normalised in _pairs(self._played.get(key)):
            if normalised not in said:
                texts.append(text)
                said.add(normalised)
        return [text for text in texts if text]

    def rows(self, language: str, names: Mapping[int, str]) -> Iterator[StickerQueries]:
        with_queries = {id for id, its in (*self._house, *self._played) if its == language}
        for name, sticker_id in sorted((names[id], id) for id in with_queries):
            if queries := self.of(sticker_id, language):
                yield StickerQueries(name, tuple(queries))

    def write(self, folder: Path, names: Mapping[int, str], languages: Sequence[str]) -> list[File]:
        return [self._write(folder, language, names) for language in languages]

    def _write(self, folder: Path, language: str, names: Mapping[int, str]) -> File:
        with Output(folder, f"sticker_queries_{language}.csv") as out:
            for line in csv_lines(self.rows(language, names)):
                out.write(line.encode())
                out.n_rows += 1
        out.n_rows -= 1  # the header
        return out.entry(COLUMNS)


def _pairs(held: bytearray | None) -> Iterator[tuple[str, str]]:
    for line in (held or b"").decode().split("\n")[:-1]:
        text, _null, normalised = line.partition("\0")
        yield text, normalised
