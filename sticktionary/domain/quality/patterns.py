"""What a player's own answers give away: speed, sameness, rhythm. Pure: facts in, findings with figures out.

Whether somebody looks at all is in `effort`, what the tests look at in `traces`.

Each test asks how likely the figures are for an honest player and speaks only when that is very unlikely, so that a
quick hand, a good device, a rare dialect or a bad day is no finding. The thresholds were tuned on simulated players
(`python -m benchmarks spam`) and are stated with the reason beside each.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from itertools import combinations, pairwise
from statistics import variance
from typing import Any

from rapidfuzz import fuzz, process

from sticktionary.domain.quality import effort
from sticktionary.domain.quality.traces import UNLIKELY, Finding, Lookup, Play, Written, binomial_tail, rounded
from sticktionary.models import Flag

Kind = Flag.Kind


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
        Kind.TOO_FAST, {"n": len(fast), "of": len(answers), "median_s": rounded(fast[len(fast) // 2]), "p": p}
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

Times = Sequence[float]


def bot(play: Play) -> Finding | None:
    """A metronome, the same times again and again, or nobody who ever sleeps."""
    lookups, rounds = [each.seconds for each in play.lookups], [each.seconds for each in play.rounds]
    lines = [line.seconds for round_ in play.rounds for line in round_.lines if not line.is_pasted]
    for kinds in ([lookups], [rounds], [lookups, lines]):
        if evidence := _metronome(kinds):
            return Finding(Kind.BOT, evidence)
    for times in (lookups, rounds):
        if evidence := _same_times(times):
            return Finding(Kind.BOT, evidence)
    return _sleepless([lookup.at for lookup in play.lookups] + [round_.at for round_ in play.rounds])


def _metronome(kinds: Sequence[Times]) -> dict[str, Any] | None:
    """A chi-squared test of the variance of log times, each kind about its own mean, against the least a person has."""
    from scipy import stats  # half a second to load, and only the worker counts

    logs = [[math.log(max(seconds, 1e-3)) for seconds in times] for times in kinds if len(times) > 1]
    n = sum(len(times) for times in logs)
    if n < FEWEST_TIMES:
        return None
    squares, freedom = sum(variance(times) * (len(times) - 1) for times in logs), n - len(logs)
    p = float(stats.chi2.cdf(squares / HUMAN_SPREAD**2, freedom))
    if p > UNLIKELY:
        return None
    mean = math.exp(sum(sum(times) for times in logs) / n)
    spread = math.sqrt(squares / freedom)
    return {"pattern": "metronome", "n": n, "mean_s": rounded(mean), "spread": rounded(spread, 3), "p": p}


SAME_S, NEAR_S = 0.01, 0.5


def _same_times(times: Times) -> dict[str, Any] | None:
    """Times near each other are equal to the hundredth by chance one time in fifty; a script's few pauses always."""
    if len(times) < FEWEST_TIMES:
        return None
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
        Kind.BOT, {"pattern": "sleepless", "hours": rounded(hours), "pause_h": rounded(pause), "n": len(ordered)}
    )


# --- sameness ---

ON_MANY, SHARE_OF_ROUNDS = 5, 0.25  # stickers that got the same words
LINES, SHARE_OF_LINES = 12, 0.5  # lines that say again what the player wrote for another sticker
NEAR_SAME = 90
HONEST_ECHO = 0.12  # share of an honest player's lines that they have read before; of published queries at most 0.08


def repeats(play: Play) -> Finding | None:
    """The same words, or nearly, for many stickers; or other people's words for stickers they were not written for."""
    return _own_again(play.rounds) or _others_again(play.rounds)


def _own_again(rounds: Sequence[Written]) -> Finding | None:
    stickers: dict[str, set[int]] = {}
    lines = [(line, round_.sticker_id) for round_ in rounds for line in round_.lines]
    for line, sticker_id in sorted(lines, key=lambda each: (each[0].bare, each[1])):
        stickers.setdefault(_kin(line.bare, list(stickers)), set()).add(sticker_id)
    n_again = len(lines) - len(stickers)
    text, on = max(stickers.items(), key=lambda each: len(each[1]), default=("", set[int]()))
    one = len(on) >= ON_MANY and len(on) >= SHARE_OF_ROUNDS * len(rounds)
    many = len(lines) >= LINES and n_again >= SHARE_OF_LINES * len(lines)
    if not (one or many):
        return None
    evidence = {"text": text, "n_stickers": len(on), "n_rounds": len(rounds), "n_again": n_again, "n_lines": len(lines)}
    return Finding(Kind.REPEATS, {"pattern": "own", **evidence})


def _kin(bare: str, known: Sequence[str]) -> str:
    """The same words, or the nearest that are nearly the same, or else these themselves."""
    near = process.extractOne(bare, known, scorer=fuzz.ratio, score_cutoff=NEAR_SAME)
    return near[0] if near else bare


def _others_again(rounds: Sequence[Written]) -> Finding | None:
    lines = [line for round_ in rounds for line in round_.lines]
    seen = [line.text for line in lines if line.is_seen]
    p = binomial_tail(len(seen), len(lines), HONEST_ECHO)
    if p > UNLIKELY:
        return None
    return Finding(
        Kind.REPEATS, {"pattern": "others", "n": len(seen), "of": len(lines), "texts": sorted(set(seen))[:5], "p": p}
    )


HONEST_PASTE = 0.2


def pasted(play: Play) -> Finding | None:
    lines = [line for round_ in play.rounds for line in round_.lines]
    held = [line.text for line in lines if line.is_pasted]
    p = binomial_tail(len(held), len(lines), HONEST_PASTE)
    if p > UNLIKELY:
        return None
    return Finding(Kind.PASTED, {"n": len(held), "of": len(lines), "texts": sorted(set(held))[:5], "p": p})


Test = Callable[[Play], Finding | None]
TESTS: Sequence[Test] = (
    too_fast, burst, bot, repeats, pasted, effort.at_random, effort.fails_gold,
)  # fmt: skip


def findings(play: Play) -> list[Finding]:
    return [finding for test in TESTS if (finding := test(play))]
