"""One way to turn a query or a sticker's text into tokens, for English and Chinese alike.

>>> tokenise("Nooooo  I'm so TIRED 😭")
['nooooo', 'no', 'im', 'so', 'tired', '😭']
>>> tokenise("我好難過")
['我', '好', '难过', '我好', '好难', '难', '过']
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import cache, lru_cache
from itertools import chain, pairwise
from typing import Final

import regex
import rjieba
from opencc import OpenCC

Tokenizer = Callable[[str], list[str]]
SHORT: Final = 200
"""Texts of so many characters are remembered once read; longer ones do not come twice, and would fill the memory."""

_GENDER_OR_VARIATION: Final = regex.compile("\u200d[\u2640\u2642]|[\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]")
_PIECE: Final = regex.compile(
    r"""(?P<emoji> \p{Regional_Indicator}{2} | \p{ExtPict}(?:\u200d\p{ExtPict})* | [0-9\#*]\u20e3 )
      | (?P<han> \p{Han}+ )
      | (?P<word> [\p{L}\p{M}\p{N}_--\p{Han}]+ )""",
    regex.V1 | regex.X,
)
_WORD: Final = re.compile(r"\w+")
_PLAIN_WORD: Final = re.compile(r"[a-z0-9_]+")
_APOSTROPHE: Final = regex.compile(r"(?<=\p{L})['\u2019](?=\p{L})")
_SPACE: Final = regex.compile(r"\s+")
_HAN: Final = regex.compile(r"\p{Han}")
_STRETCHED_END: Final = regex.compile(r"(\p{L})\1{2,}(?!\p{L})")
_STRETCHED: Final = regex.compile(r"(\p{L})\1{2,}")
_LAUGHTER: Final = regex.compile(r"(\p{L}{2,3}?)\1{2,}")
_HAN_RUN: Final = regex.compile(r"(\p{Han})\1{2,}")
_TRAILING_WORD: Final = regex.compile(r"[\p{L}\p{M}\p{N}_]+\Z")


@cache
def _simplifier() -> OpenCC:
    return OpenCC("t2s")


def normalise(text: str) -> str:
    """Fold what people write the same way into one form.

    NFKC, case folding, traditional to simplified Chinese, apostrophes inside words dropped ("don't" = "dont"), white
    space collapsed and stripped, emoji without skin tone, gender or variation selector. Idempotent.
    """
    return _remembered(text) if len(text) <= SHORT else _normalised(text)


def _normalised(text: str) -> str:
    while (folded := _folded(text)) != text:  # what one step takes away may leave the next one something to fold
        text = folded
    return text


_remembered = lru_cache(maxsize=65_536)(_normalised)


def _folded(text: str) -> str:
    if text.isascii() and text.isprintable():  # most of English, to which little can happen
        return " ".join(_APOSTROPHE.sub("", text.lower()).split() if "'" in text else text.lower().split())
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    if _HAN.search(folded):
        folded = str(_simplifier().convert(folded))
    folded = _GENDER_OR_VARIATION.sub("", _APOSTROPHE.sub("", folded))
    return _SPACE.sub(" ", folded).strip()


def tokenise(text: str) -> list[str]:
    """The tokens of a query or of a sticker's text, in reading order.

    * Letters and digits outside Chinese: whole words; a stretched one ("nooooo", "hahahaha") is followed by its folded
      form.
    * Chinese: the words rjieba finds, then the pairs of neighbours and the single characters that are no such word;
      queries are so short that without single characters half of what can be found is missed. A character said three
      times or more counts as said twice ("哈哈哈哈" = "哈哈").
    * Emoji: one token each; a joined sequence is followed by its first part ("❤️‍🔥" gives "❤‍🔥" and "❤").

    Punctuation gives nothing. Those of short texts are cached; about 1 µs for one seen before.
    """
    return list(_known(text) if len(text) <= SHORT else _tokens(text))


def _tokens(text: str) -> tuple[str, ...]:
    folded = normalise(text)
    if folded.isascii():
        return tuple(chain.from_iterable(map(_split_word, _PLAIN_WORD.findall(folded))))
    return tuple(chain.from_iterable(_SPLIT[kind](piece) for kind, piece in _pieces(folded)))


_known = lru_cache(maxsize=65_536)(_tokens)


def _split_emoji(sequence: str) -> list[str]:
    return [sequence, sequence.split("\u200d")[0]] if "\u200d" in sequence else [sequence]


def _split_han(run: str) -> list[str]:
    run = _HAN_RUN.sub(r"\1\1", run)
    words: list[str] = rjieba.cut(run)
    return words + [part for part in (*map("".join, pairwise(run)), *run) if part not in words]


@lru_cache(maxsize=65_536)
def _split_word(word: str) -> list[str]:
    return list(dict.fromkeys([word, *_unstretched(word)]))


def _unstretched(word: str) -> list[str]:
    """A letter said three times or more becomes one; inside a word, where English doubles ("cooool"), first two."""
    ended = _STRETCHED_END.sub(r"\1", word)
    return [_LAUGHTER.sub(r"\1\1", _STRETCHED.sub(times, ended)) for times in (r"\1\1", r"\1")]


_SPLIT: Final[dict[str, Tokenizer]] = {"emoji": _split_emoji, "han": _split_han, "word": _split_word}


def segment(text: str) -> list[str]:
    """The words of a text, each once where it stands: to count and to compare, not to search with.

    Chinese as rjieba cuts it, other words whole, an emoji one word; punctuation gives nothing.

    >>> segment("我好難過, so sad 😭")
    ['我', '好', '难过', 'so', 'sad', '😭']
    """
    folded = normalise(text)
    if folded.isascii():
        return _PLAIN_WORD.findall(folded)
    return [word for kind, piece in _pieces(folded) for word in (rjieba.cut(piece) if kind == "han" else [piece])]


def characters(text: str) -> list[str]:
    """As `segment`, with Chinese a character at a time.

    >>> characters("我好難過, so sad 😭")
    ['我', '好', '难', '过', 'so', 'sad', '😭']
    """
    return [word for kind, piece in _pieces(normalise(text)) for word in (piece if kind == "han" else [piece])]


def _pieces(text: str) -> list[tuple[str, str]]:
    return [(piece.lastgroup or "word", piece.group()) for piece in _PIECE.finditer(text)]


def words(text: str) -> list[str]:
    r"""The plain tokenizer of published BM25 rankings: every match of ``\w+`` in the lower-cased text."""
    return _WORD.findall(text.lower())


def unfinished_word(text: str) -> str:
    """The word still being typed at the end of `text`, or "" after a space, a full stop or an emoji. For completion."""
    tail = _TRAILING_WORD.search(unicodedata.normalize("NFKC", text))
    if tail is None:
        return ""
    run = normalise(tail.group())
    return rjieba.cut(run)[-1] if run and _HAN.match(run[-1]) else run


TOKENIZERS: Final[dict[str, Tokenizer]] = {"bilingual": tokenise, "words": words}
