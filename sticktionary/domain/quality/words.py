"""Words that are meant to hurt, and whether a query holds one. The lists are kept in `word_lists`.

English is matched by whole words, so that Scunthorpe can be written; Chinese, which has no spaces, by substring. Both
lists hold for everybody, and a query is normalised before, with its stretched letters folded.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

import regex
from django.utils.translation import gettext as _

from sticktionary.domain.errors import Refused
from sticktionary.models import AbusiveWord

FRESH_FOR_S = 5.0

_HAN = regex.compile(r"\p{Han}")
_STRETCHED = regex.compile(r"(\p{L})\1{2,}")
_BETWEEN_HAN = regex.compile(r"(?<=\p{Han})[^\p{L}\p{N}]+(?=\p{Han})")


@dataclass(frozen=True)
class Lists:
    words: frozenset[str]  # with spaces around, as they are looked for
    parts: frozenset[str]

    def found_in(self, normalised: str) -> str:
        """The first word of the lists that a normalised query holds; empty when there is none."""
        for line in _readings(normalised):
            for held in sorted(self.words):
                if held in line:
                    return held.strip()
        bare = _BETWEEN_HAN.sub("", normalised)
        return next((part for part in sorted(self.parts) if part in bare), "")


def _readings(normalised: str) -> list[str]:
    """The words of a query with spaces around, as typed and with stretched letters folded to two and to one."""
    spaced = _spaced(normalised)
    return [spaced, _STRETCHED.sub(r"\1\1", spaced), _STRETCHED.sub(r"\1", spaced)]


def _spaced(normalised: str) -> str:
    words = " ".join(re.findall(r"[^\W_]+", normalised))
    return f" {words} "


def lists_of(texts: list[str]) -> Lists:
    """Normalised words sorted by how they are looked for."""
    parts = {text for text in texts if _HAN.search(text)}
    words = {_spaced(text) for text in texts if text not in parts}
    return Lists(frozenset(words - {"  "}), frozenset(parts))


_held: tuple[float, Lists] | None = None


def found_in(normalised: str) -> str:
    """The abusive word in a normalised query, if any. Every process reads the lists again after a few seconds."""
    global _held
    now = time.monotonic()
    if _held is None or now - _held[0] > FRESH_FOR_S:
        _held = (now, lists_of(list(AbusiveWord.objects.values_list("normalised", flat=True))))
    return _held[1].found_in(normalised)


def require_harmless(normalised: str) -> None:
    """Refuse what holds an abusive word: nobody who would look it up has to read it."""
    if found_in(normalised):
        raise Refused("abusive", _("That could hurt somebody. Please find other words."))


def forget() -> None:
    """Read the lists again at the next call."""
    global _held
    _held = None
