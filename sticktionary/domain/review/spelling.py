"""A likelier spelling of an English query, without a network: from the words of proven queries, and from the common
words that the tokenizer of CLIP holds whole, which come with `open_clip`."""

from __future__ import annotations

import gzip
import re
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.util import find_spec
from pathlib import Path

from django.db.models import Q
from rapidfuzz import process
from rapidfuzz.distance import OSA

from sticktionary.domain.play.outcome import PROVEN
from sticktionary.models import Query, Round

FRESH_FOR_S = 1_800.0
MOST_READ = 20_000  # queries, the newest; enough to know the words in use
KNOWN = 2  # times seen, to be beyond doubt
SHORTEST = 4  # letters; shorter words have too many neighbours
LONG = 9  # letters, from which two slips are allowed
N_MERGES = 48_895  # as many as the tokenizer uses of the file
_WORD = re.compile(r"[A-Za-z]+(?:'[a-z]+)?")


@dataclass(frozen=True)
class Vocabulary:
    times: Counter[str]  # how often each word was written in queries that are proven
    common: Mapping[str, int] = field(default_factory=dict)  # common words by how common they are, 0 being the most

    def knows(self, word: str) -> bool:
        return self.times[word.lower()] >= KNOWN or word.lower() in self.common

    def nearest(self, word: str) -> str | None:
        """The word most often meant by this one: fewest slips (a letter more, less, other, or two swapped), then the
        most used. Hardly anybody slips at the first letter, so that one is taken as it is."""
        folded, slips = word.lower(), 1 if len(word) < LONG else 2
        lengths = range(len(folded) - slips, len(folded) + slips + 1)
        known = [each for length in lengths for each in self._drawers.get((folded[0], length), [])]
        near = process.extract(folded, known, scorer=OSA.distance, score_cutoff=slips, limit=None)
        best = min(near, key=lambda found: (found[1], *self._rarity(found[0])), default=None)
        return _cased_as(word, best[0]) if best else None

    @cached_property
    def _drawers(self) -> dict[tuple[str, int], list[str]]:
        """All known words by their first letter and their length, so that few are compared."""
        drawers: dict[tuple[str, int], list[str]] = {}
        for word in {*self.times, *self.common}:
            if self.knows(word):
                drawers.setdefault((word[0], len(word)), []).append(word)
        return drawers

    def _rarity(self, word: str) -> tuple[int, int, str]:
        return -self.times[word], self.common.get(word, len(self.common)), word


def suggestion(text: str, vocabulary: Vocabulary) -> str:
    """The text with its unknown words mended; empty when there is nothing to mend."""

    def mended(found: re.Match[str]) -> str:
        word = found[0]
        is_doubtful = len(word) >= SHORTEST and not word.isupper() and not vocabulary.knows(word)
        return (vocabulary.nearest(word) if is_doubtful else None) or word

    said = _WORD.sub(mended, text)
    return "" if said == text else said


def _cased_as(word: str, other: str) -> str:
    return other.capitalize() if word[0].isupper() else other


class _Shelf:
    """The vocabulary of this process, read anew now and then."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: tuple[float, Vocabulary] | None = None

    def vocabulary(self) -> Vocabulary:
        with self._lock:
            now = time.monotonic()
            if self._held is None or now - self._held[0] > FRESH_FOR_S:
                self._held = (now, read())
            return self._held[1]

    def forget(self) -> None:
        self._held = None


def read() -> Vocabulary:
    """The words of the newest proven queries and of those that stickers came with."""
    english = Query.objects.filter(round__language="en", removed_at=None)
    proven = Q(round__state__in=PROVEN) | Q(round__source=Round.Source.HOUSE)
    texts = english.filter(proven).order_by("-pk").values_list("text", flat=True)[:MOST_READ]
    return Vocabulary(Counter(word.lower() for text in texts for word in _WORD.findall(text)), common_words())


@cache
def common_words() -> dict[str, int]:
    """The whole words among the merges of CLIP's tokenizer, the most common first; none where it is not installed."""
    found = find_spec("open_clip")
    folder = Path(found.origin).parent if found and found.origin else Path()
    path = folder / "bpe_simple_vocab_16e6.txt.gz"
    if not path.is_file():
        return {}
    merges = gzip.decompress(path.read_bytes()).decode().split("\n")[1:N_MERGES]
    tokens = (merge.replace(" ", "") for merge in merges)
    words = dict.fromkeys(token[:-4] for token in tokens if token.endswith("</w>") and token[:-4].isalpha())
    return {word: place for place, word in enumerate(word for word in words if len(word) >= SHORTEST)}


shelf = _Shelf()
