"""What the model is asked in each language, how a sticker's queries are written as one answer, and how one is read.

An answer is `q1, q2, ...`: what a StickerQueries file holds of a sticker, so that the model learns the form of the data
itself (StickerQueries, section 6).

>>> read("So tired, so tired, 好累, need   a nap, and so on and on", "en")
['so tired', 'need a nap', 'and so on and on']
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
import regex

from ..data import SEPARATOR, writable
from ..text import normalise

PROMPTS: Final = {
    "en": "What would people type to find this sticker? Write short English search queries, separated by commas.",
    "zh": "想找这张贴纸时，人们会输入什么？请用中文写出简短的搜索词，用逗号隔开。",
}
DESCRIBE: Final = "Describe this picture in one sentence."
MAX_LENGTH: Final = 60
"""Characters of a query, as in the game."""

_BREAK: Final = regex.compile(r",\s|[，、；\n]")
_MARK: Final = regex.compile(r"^\s*(?:(?:\d{1,2}[.)]|[-*•])\s+)?[\"'“‘「]*|[\"'”’」.\s]*$")
"""Numbers, bullets, quotation marks and full stops around a query."""
_LETTER: Final = regex.compile(r"\p{L}")
_HAN: Final = regex.compile(r"\p{Han}")
_UNSEEN: Final = regex.compile(r"[\p{C}\ufffd--\u200d]", regex.V1)
"""What is no character that people type; the joiner holds emoji together."""
_FOREIGN: Final = {
    "en": regex.compile(r"[\p{L}--[\p{Latin}\p{Greek}\p{Common}\p{Inherited}]]", regex.V1),
    "zh": regex.compile(r"[\p{L}--[\p{Han}\p{Latin}\p{Common}\p{Inherited}]]", regex.V1),
}
"""Letters that no query of a language holds; Greek is for faces such as (◕ω◕)."""


def form(query: str) -> str:
    """A query as it is learned: NFKC, lower case, without what would end it in a list. May be empty."""
    return writable(unicodedata.normalize("NFKC", query).lower())


def distinct(queries: Iterable[str]) -> list[str]:
    """Their forms, the first of those that read alike."""
    forms = {normalise(query): query for query in reversed([form(query) for query in queries])}
    return [query for meaning, query in reversed(forms.items()) if meaning]


def answer(queries: Sequence[str], weights: Sequence[float], most: int, rng: np.random.Generator) -> str:
    """At most `most` of a sticker's queries in a new order, those of more weight more often among them.

    A new order each time, or the model would learn the order in which people were asked.
    """
    shares = np.maximum(np.asarray(weights, dtype=float), 1e-6)
    chosen = rng.choice(len(queries), size=min(most, len(queries)), replace=False, p=shares / shares.sum())
    return SEPARATOR.join(queries[place] for place in chosen)


def read(text: str, language: str, *, is_whole: bool = True) -> list[str]:
    """The queries of an answer: distinct, in their language, no longer than people may type. Of an answer that was cut
    short the last is left out."""
    whole = _BREAK.split(text)[: None if is_whole else -1]
    parts = (_MARK.sub("", part) for part in whole)
    return [query for query in distinct(parts) if len(query) <= MAX_LENGTH and fits(query, language)]


def fits(query: str, language: str) -> bool:
    """Whether a query is written as people of that language write; one in emoji and digits alone fits them all."""
    if _UNSEEN.search(query):
        return False
    if language in _FOREIGN and _FOREIGN[language].search(query):
        return False
    return language != "zh" or not _LETTER.search(query) or bool(_HAN.search(query))
