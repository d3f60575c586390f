"""A likelier spelling of an English query, from the words that proven queries hold: no dictionary, no network."""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from dataclasses import dataclass

from django.db.models import Q
from rapidfuzz import process
from rapidfuzz.distance import OSA

from sticktionary.domain.outcome import PROVEN
from sticktionary.models import Query, Round

FRESH_FOR_S = 1_800.0
MOST_READ = 20_000  # queries, the newest; enough to know the words in use
KNOWN = 2  # times seen, to be beyond doubt
SHORTEST = 4  # letters; shorter words have too many neighbours
LONG = 9  # letters, from which two slips are allowed
_WORD = re.compile(r"[A-Za-z]+(?:'[a-z]+)?")


@dataclass(frozen=True)
class Vocabulary:
    """How often each word was written in queries that are proven."""

    times: Counter[str]

    def knows(self, word: str) -> bool:
        return self.times[word.lower()] >= KNOWN

    def nearest(self, word: str) -> str | None:
        """The word most often meant by this one: fewest slips (a letter more, less, other, or two swapped), then the
        most used. Hardly anybody slips at the first letter, so that one is taken as it is."""
        folded, slips = word.lower(), 1 if len(word) < LONG else 2
        known = [each for each, n in self.times.items() if n >= KNOWN and each[0] == folded[0]]
        near = process.extract(folded, known, scorer=OSA.distance, score_cutoff=slips, limit=8)
        best = min(near, key=lambda found: (found[1], -self.times[found[0]], found[0]), default=None)
        return _cased_as(word, best[0]) if best else None


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
    return Vocabulary(Counter(word.lower() for text in texts for word in _WORD.findall(text)))


shelf = _Shelf()
