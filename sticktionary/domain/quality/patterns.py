"""What a player's own answers give away: speed, sameness, rhythm, chance. Pure: facts in, findings with figures out.

Each test asks how likely the figures are for an honest player and speaks only when that is very unlikely, so that a
quick hand, a good device, a rare dialect or a bad day is no finding. The thresholds were tuned on simulated players
(`python -m benchmarks spam`) and are stated with the reason beside each.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import combinations, pairwise
from statistics import stdev
from typing import Any

from rapidfuzz import fuzz

from sticktionary.models import Flag

Kind = Flag.Kind
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


@dataclass(frozen=True)
class Line:
    """One query as it was written. `bare` is its text without order, plural, particles, stretching and digits."""

    text: str
    bare: str
    seconds: float  # since the page was dealt or the line before
    is_pasted: bool = False
    is_seen: bool = False  # its writer had read it before, on another sticker's page


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


@dataclass(frozen=True)
class Finding:
    kind: str
    evidence: dict[str, Any] = field(default_factory=dict)


# --- speed ---

LOOK_S, WORD_S, PICK_S = 0.6, 0.1, 0.35  # to see a page at all, to read a word (600 a minute), to aim and press
KEYS_PER_S = 20.0  # more than record typists; several characters of Chinese may come at once from an input method
HONEST_HASTE = 0.05  # share of an honest player's answers below the floor: a slip, a line sent again after an outage


def least_seconds(lookup: Lookup) -> float:
    """What no reader is faster than, on any device."""
    return LOOK_S + WORD_S * lookup.n_words + PICK_S * lookup.n_picks


def too_fast(play: Play) -> Finding | None:
    answers = [(lookup.seconds, least_seconds(lookup)) for lookup in play.lookups]
    answers += [
        (line.seconds, LOOK_S + len(line.text) / KEYS_PER_S)
        for round_ in play.rounds
        for line in round_.lines
        if not line.is_pasted
    ]
    fast = sorted(seconds for seconds, least in answers if seconds < least)
    p = binomial_tail(len(fast), len(answers), HONEST_HASTE)
    if p > UNLIKELY or len(fast) < 5:
        return None
    return Finding(
        Kind.TOO_FAST, {"n": len(fast), "of": len(answers), "median_s": _round(fast[len(fast) // 2]), "p": p}
    )


MOST_A_MINUTE = 15  # pages; four seconds for a page with its result is beyond anybody


def burst(play: Play) -> Finding | None:
    ends = sorted([lookup.at for lookup in play.lookups] + [round_.at for round_ in play.rounds])
    most = max((sum(start <= end < start + 60 for end in ends) for start in ends), default=0)
    return Finding(Kind.BURST, {"n": most, "limit": MOST_A_MINUTE}) if most > MOST_A_MINUTE else None


# --- rhythm ---

HUMAN_SPREAD = 0.25  # of the logarithms of one person's times; measured people are at 0.3 to 0.8
FEWEST_TIMES = 10
PAUSE_H, SPAN_H, FEWEST_A_DAY = 4.0, 36.0, 60


def bot(play: Play) -> Finding | None:
    """A metronome, the same times again and again, or nobody who ever sleeps."""
    seconds = [lookup.seconds for lookup in play.lookups]
    for test in (_metronome, _same_times):
        for times in (seconds, [round_.seconds for round_ in play.rounds]):
            if len(times) >= FEWEST_TIMES and (evidence := test(times)):
                return Finding(Kind.BOT, evidence)
    return _sleepless([lookup.at for lookup in play.lookups] + [round_.at for round_ in play.rounds])


def _metronome(times: Sequence[float]) -> dict[str, Any] | None:
    """A chi-squared test of the variance of log times against the least a person has."""
    from scipy import stats  # half a second to load, and only the worker counts

    spread = stdev(math.log(max(seconds, 1e-3)) for seconds in times)
    p = float(stats.chi2.cdf((len(times) - 1) * (spread / HUMAN_SPREAD) ** 2, len(times) - 1))
    if p > UNLIKELY:
        return None
    mean = sum(times) / len(times)
    return {"pattern": "metronome", "n": len(times), "mean_s": _round(mean), "spread": _round(spread, 3), "p": p}


SAME_S, NEAR_S = 0.01, 0.5


def _same_times(times: Sequence[float]) -> dict[str, Any] | None:
    """Times near each other are equal to the hundredth by chance one time in fifty; a script's few pauses always."""
    gaps = [abs(first - second) for first, second in combinations(times, 2)]
    near, same = sum(gap < NEAR_S for gap in gaps), sum(gap < SAME_S for gap in gaps)
    p = binomial_tail(same, near, 2 * SAME_S / NEAR_S)  # twice, as pairs that share a time are not independent
    if p > UNLIKELY / 100 or same < len(times):
        return None
    return {"pattern": "same_times", "n": len(times), "same": same, "near": near, "p": p}


def _sleepless(ends: Iterable[float]) -> Finding | None:
    ordered = sorted(ends)
    hours = (ordered[-1] - ordered[0]) / 3600 if ordered else 0.0
    if len(ordered) < FEWEST_A_DAY or hours < SPAN_H:
        return None
    pause = max(later - earlier for earlier, later in pairwise(ordered)) / 3600
    if pause >= PAUSE_H:
        return None
    return Finding(
        Kind.BOT, {"pattern": "sleepless", "hours": _round(hours), "pause_h": _round(pause), "n": len(ordered)}
    )


# --- sameness ---

ON_MANY, SHARE_OF_ROUNDS = 5, 0.25  # stickers that got the same words
LINES, SHARE_OF_LINES = 12, 0.5  # lines that say again what the player wrote for another sticker
NEAR_SAME = 90
HONEST_ECHO = 0.2  # share of an honest player's lines that they have read somewhere before: there are common phrases


def repeats(play: Play) -> Finding | None:
    """The same words, or nearly, for many stickers; or other people's words for stickers they were not written for."""
    return _own_again(play.rounds) or _others_again(play.rounds)


def _own_again(rounds: Sequence[Written]) -> Finding | None:
    stickers: dict[str, set[int]] = {}
    lines = [(line, round_.sticker_id) for round_ in rounds for line in round_.lines]
    for line, sticker_id in sorted(lines, key=lambda each: (each[0].bare, each[1])):
        stickers.setdefault(_kin(line.bare, stickers), set()).add(sticker_id)
    n_again = len(lines) - len(stickers)
    text, on = max(stickers.items(), key=lambda each: len(each[1]), default=("", set[int]()))
    one = len(on) >= ON_MANY and len(on) >= SHARE_OF_ROUNDS * len(rounds)
    many = len(lines) >= LINES and n_again >= SHARE_OF_LINES * len(lines)
    if not (one or many):
        return None
    evidence = {"text": text, "n_stickers": len(on), "n_rounds": len(rounds), "n_again": n_again, "n_lines": len(lines)}
    return Finding(Kind.REPEATS, {"pattern": "own", **evidence})


def _kin(bare: str, known: Iterable[str]) -> str:
    return next((other for other in known if fuzz.ratio(bare, other) >= NEAR_SAME), bare)


def _others_again(rounds: Sequence[Written]) -> Finding | None:
    lines = [line for round_ in rounds for line in round_.lines]
    seen = [line.text for line in lines if line.is_seen]
    p = binomial_tail(len(seen), len(lines), HONEST_ECHO)
    if p > UNLIKELY:
        return None
    return Finding(
        Kind.REPEATS, {"pattern": "others", "n": len(seen), "of": len(lines), "texts": sorted(seen)[:5], "p": p}
    )


HONEST_PASTE = 0.2


def pasted(play: Play) -> Finding | None:
    lines = [line for round_ in play.rounds for line in round_.lines]
    held = [line.text for line in lines if line.is_pasted]
    p = binomial_tail(len(held), len(lines), HONEST_PASTE)
    if p > UNLIKELY:
        return None
    return Finding(Kind.PASTED, {"n": len(held), "of": len(lines), "texts": sorted(held)[:5], "p": p})


# --- chance ---

LEAST_EFFORT = 0.8  # of what others find, the least an honest player finds: H0 of the sequential test
LEAST_CLEAR = 0.6  # the same of what they write: a dialect of which others know little more than half is honest
ENOUGH = math.log(500)  # Wald: wrongly once in five hundred, for a player who does no more than the least
HONEST_GOLD = 0.7
FEWEST_GOLD = 4


def at_random(play: Play) -> Finding | None:
    """Page's cumulative sum of log likelihood ratios: chance against the least an honest player does. It goes back to
    nothing whenever the answers speak for the player, so that it also notices somebody who gives up trying."""
    steps = [(lookup.at, _step_of_lookup(lookup)) for lookup in play.lookups if not lookup.is_absent]
    steps += [
        (round_.at, _step(found, 3 / 24, rate, LEAST_CLEAR)) for round_ in play.rounds for found, rate in round_.tries
    ]
    height, n = 0.0, 0
    for _, step in sorted(steps):
        height, n = (height + step, n + 1) if height + step > 0 else (0.0, 0)
        if height >= ENOUGH:
            return Finding(Kind.RANDOM, _figures(play) | {"log_ratio": _round(height), "steps": n})
    return None


def _step_of_lookup(lookup: Lookup) -> float:
    return _step(lookup.is_found, lookup.n_picks / max(lookup.n_candidates, 1), lookup.expected, LEAST_EFFORT)


def _step(is_found: bool, chance: float, expected: float, effort: float) -> float:
    """log P(answer | chance) - log P(answer | an honest player who does the least)."""
    chance = min(max(chance, 0.01), 0.5)
    honest = chance + max(expected - chance, 0.0) * effort
    return math.log(chance / honest) if is_found else math.log((1 - chance) / (1 - honest))


def _figures(play: Play) -> dict[str, Any]:
    counted = [lookup for lookup in play.lookups if not lookup.is_absent]
    tries = [found for round_ in play.rounds for found, _ in round_.tries]
    return {
        "n_found": sum(lookup.is_found for lookup in counted),
        "n_lookups": len(counted),
        "expected": _round(sum(lookup.expected for lookup in counted)),
        "n_tries_found": sum(tries),
        "n_tries": len(tries),
    }


def fails_gold(play: Play) -> Finding | None:
    gold = [lookup.is_found for lookup in play.lookups if lookup.is_gold and not lookup.is_absent]
    n_failed = len(gold) - sum(gold)
    p = binomial_tail(n_failed, len(gold), 1 - HONEST_GOLD)
    if len(gold) < FEWEST_GOLD or p > 10 * UNLIKELY:
        return None
    return Finding(Kind.GOLD_FAILED, {"n": n_failed, "of": len(gold), "p": p})


Test = Callable[[Play], Finding | None]
TESTS: Sequence[Test] = (
    too_fast, burst, bot, repeats, pasted, at_random, fails_gold,
)  # fmt: skip


def findings(play: Play) -> list[Finding]:
    return [finding for test in TESTS if (finding := test(play))]


def binomial_tail(k: int, n: int, p: float) -> float:
    """P(at least k of n)."""
    from scipy import stats

    return float(stats.binom.sf(k - 1, n, p)) if n else 1.0


def _round(value: float, places: int = 1) -> float:
    return round(value, places)
