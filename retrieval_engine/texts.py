"""The texts of a catalogue under BM25: in all languages together, and in each alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from threading import RLock, Thread
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from .lexical import Counted, LexicalIndex, TermPart
from .ranking import Ranking
from .text import Tokenizer, unfinished_word

Text = str | Mapping[str, str]
"""All text of a sticker, or its text by language ({"en": ..., "zh": ...}), "" for what is of no language."""
CHANGES_MOST: Final = 2_000
"""So many changes, or 2 % of the catalogue, are taken over into the flat part of an index at once."""
BESIDE_FROM: Final = 20_000
"""From so many stickers on that is done in a thread of its own, while people search."""

ALL: Final = "all.npz"
OF_LANGUAGE: Final = "language-"


class Texts:
    """Safe with one writing and many reading threads. A `tokenizer` must not read across lines: all languages together
    have the tokens of each."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenise = tokenizer
        self._indexes: dict[str | None, LexicalIndex] = {None: LexicalIndex()}
        self._lock = RLock()  # of who writes
        self._compacting: Thread | None = None

    @classmethod
    def of(cls, entries: Iterable[tuple[int, Text, int | None]], tokenizer: Tokenizer) -> Self:
        """The texts of many stickers at once, each given as id, text and pack: many times faster than one after the
        other."""
        texts, counted = cls(tokenizer), defaultdict[str | None, Counted](Counted)
        for id, text, pack in entries:
            for language, tokens in texts._tokens(text).items():
                counted[language].add(id, tokens, pack)
        texts._indexes |= {language: LexicalIndex.adopted(counted.pop(language)) for language in [*counted]}
        return texts

    def save(self, folder: Path) -> None:
        """Write a snapshot into a folder that is there."""
        if (compacting := self._compacting) is not None:
            compacting.join()
        with self._lock:
            for language, index in self._indexes.items():
                index.save(folder / (ALL if language is None else f"{OF_LANGUAGE}{language}.npz"))

    @classmethod
    def open(cls, folder: Path, tokenizer: Tokenizer) -> Self:
        """What was saved there, by the same tokenizer. ValueError for a folder without a snapshot."""
        texts = cls(tokenizer)
        texts._indexes[None] = LexicalIndex.open(folder / ALL)
        for path in sorted(folder.glob(f"{OF_LANGUAGE}*.npz")):
            texts._indexes[path.stem.removeprefix(OF_LANGUAGE)] = LexicalIndex.open(path)
        return texts

    def __len__(self) -> int:
        return len(self._indexes[None])

    def __contains__(self, id: object) -> bool:
        return id in self._indexes[None]

    def put(self, id: int, text: Text, pack: int | None = None) -> None:
        """Add or replace the text of a sticker; text by language is searched in all together and in each alone."""
        tokens = self._tokens(text)
        with self._lock:
            for language in self._indexes.keys() - tokens.keys():
                self._indexes[language].remove(id)
            for language, terms in tokens.items():
                if language not in self._indexes:
                    self._indexes = {**self._indexes, language: LexicalIndex()}
                self._indexes[language].put(id, terms, pack=pack)
            self._keep_up()

    def _tokens(self, text: Text) -> dict[str | None, list[str]]:
        if isinstance(text, str):
            return {None: self._tokenise(text)}
        tokens: dict[str | None, list[str]] = {language: self._tokenise(part) for language, part in text.items()}
        whole = [token for part in tokens.values() for token in part]
        return {language: part for language, part in tokens.items() if language} | {None: whole}

    def remove(self, id: int) -> bool:
        """Take a sticker out; False if there was none."""
        with self._lock:
            removed = [index.remove(id) for index in self._indexes.values()]
        return any(removed)

    def ids_of(self, pack: int) -> NDArray[np.int64]:
        """The stickers of a pack."""
        return self._indexes[None].ids_of(pack)

    def search(
        self,
        query: str,
        k: int,
        *,
        language: str | None = None,
        pack: int | None = None,
        allow: Collection[int] | None = None,
        deny: Collection[int] | None = None,
        partial: bool = False,
    ) -> Ranking:
        """The best `k` stickers; `language` searches its texts alone where there are some, `pack` and `allow` keep
        those alone, `deny` leaves those out, `partial` takes the last word as still being typed."""
        tokens, unfinished = self._tokenise(query), unfinished_word(query) if partial else ""
        return self._index(language).search(tokens, k, pack=pack, allow=allow, deny=deny, unfinished=unfinished)

    def explain(self, query: str, id: int, *, language: str | None) -> tuple[TermPart, ...]:
        """What each term adds to the score of sticker `id`."""
        return tuple(self._index(language).explain(self._tokenise(query), id))

    def _index(self, language: str | None) -> LexicalIndex:
        index = self._indexes.get(language)
        return self._indexes[None] if index is None or not len(index) else index

    def _keep_up(self) -> None:
        for index in self._indexes.values():
            if index.n_changes <= max(CHANGES_MOST, len(index) // 50):
                continue
            if len(index) < BESIDE_FROM:
                index.compact()
            elif self._compacting is None:
                self._compacting = Thread(target=self._compact, args=(index,), daemon=True)
                self._compacting.start()

    def _compact(self, index: LexicalIndex) -> None:
        try:
            index.compact()
        finally:
            self._compacting = None
