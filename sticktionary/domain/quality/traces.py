"""What the tests of a player's own answers look at, and what they find. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

UNLIKELY = 1e-4  # for one player and one test; with thousands of players still fewer than one in a hundred wrongly


@dataclass(frozen=True)
class Lookup:
    """One answered lookup of somebody's round."""

    at: float  # seconds since the epoch
    seconds: float  # since it was dealt
    n_words: int  # to be read
    n_picks: int
    n_candidates: int
    is_found: bool
    expected: float  # how often others find it
    is_gold: bool = False
    is_absent: bool = False  # the target was left out: finding says nothing
    plates: Sequence[int] = ()  # where what was picked stood on the page, 0 first


@dataclass(frozen=True)
class Line:
    """One query as it was written. `bare` is its text without order, plural, particles, stretching and digits."""

    text: str
    bare: str
    seconds: float  # since the page was dealt or the line before
    is_pasted: bool = False
    is_seen: bool = False  # its writer had read it on another sticker's page, and it is no common phrase


@dataclass(frozen=True)
class Written:
    """One submitted round, and what became of it."""

    at: float
    seconds: float
    sticker_id: int
    lines: Sequence[Line]
    tries: Sequence[tuple[bool, float]] = ()  # of each retriever: found, and how often they find what others write


@dataclass(frozen=True)
class Play:
    """What is looked at of one player: the latest first or last, the order does not matter."""

    lookups: Sequence[Lookup] = ()
    rounds: Sequence[Written] = ()
    is_whole: bool = False  # from the player's very first page on, none left out


@dataclass(frozen=True)
class Finding:
    kind: str
    evidence: dict[str, Any] = field(default_factory=dict)


def binomial_tail(k: int, n: int, p: float) -> float:
    """P(at least k of n)."""
    from scipy import stats  # half a second to load, and only the worker counts

    return float(stats.binom.sf(k - 1, n, p)) if n else 1.0


def rounded(value: float, places: int = 1) -> float:
    """As it is written into the evidence."""
    return round(value, places)
