"""Whether a player looks at all: sequential tests of ways of not looking against the least that an honest player does.

Page's cumulative sums (Page 1954, *Continuous inspection schemes*) of log likelihood ratios: each goes back to nothing
whenever the answers speak for the player, so that it also notices somebody who gives up trying. With a player's first
page it begins a third of the way up, from where a few good answers bring it down, so that who never looked at all is
noticed sooner (Lucas and Crosier 1982, *Fast initial response for CUSUM quality-control schemes*). Two ways are tried:
answers by chance, and half a heart, which finds half, presses the same plates on the other pages and writes again what
it wrote for other stickers. What others make of the player's words counts for chance only, and little: a dialect of
which others know little more than half is honest. Pure.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sticktionary.domain.quality.traces import UNLIKELY, Finding, Lookup, Play, Written, binomial_tail, rounded
from sticktionary.models import Flag

Kind = Flag.Kind

LEAST_EFFORT = 0.8  # of what others find, the least an honest player finds
LEAST_CLEAR = 0.6  # the same of what they write
HONEST_HABIT = 0.15  # share of pages on which an honest player, at a loss, presses the first plates or those of before
HONEST_AGAIN = 0.06  # share of rounds with nothing new; drawn from the published queries, one in a hundred has more
HEAD_START = math.log(10)  # a third of the way to:
ENOUGH = math.log(1000)  # Wald: wrongly once in a thousand for each way, for a player who does no more than the least


@dataclass(frozen=True)
class Way:
    """A way of not looking, by what it would show. None: says nothing of it."""

    name: str
    effort: float  # of what others find
    clear: float | None = None  # of what others would find from an average writer's words
    habit: float | None = None  # share of pages with the first plates, or those of the page before, in order
    again: float | None = None  # share of rounds whose words were all written before, for another sticker


WAYS = (Way("chance", effort=0.0, clear=0.0), Way("half", effort=0.4, habit=0.4, again=0.3))
Step = tuple[float, float]  # when, and the logarithm of the likelihood ratio


def at_random(play: Play) -> Finding | None:
    """The first way of not looking that explains some run of the answers far better than the least honest effort."""
    for way in WAYS:
        height, n = HEAD_START if play.is_whole else 0.0, 0
        for _, step in sorted(_steps(play, way)):
            height, n = (height + step, n + 1) if height + step > 0 else (0.0, 0)
            if height >= ENOUGH:
                evidence = {"pattern": way.name, "log_ratio": rounded(height), "steps": n}
                return Finding(Kind.RANDOM, evidence | _figures(play))
    return None


def _steps(play: Play, way: Way) -> Iterator[Step]:
    for lookup in play.lookups:
        if not lookup.is_absent:
            yield lookup.at, step_of_lookup(lookup, way)
    if way.habit is not None:
        for at, is_habit in _habits(play.lookups):
            yield at, _ratio(is_habit, way.habit, HONEST_HABIT)
    if way.again is not None:
        for at, is_again in _agains(play.rounds):
            yield at, _ratio(is_again, way.again, HONEST_AGAIN)
    if way.clear is not None:
        for round_ in play.rounds:
            for found, rate in round_.tries:
                yield round_.at, _step(found, 3 / 24, rate, (way.clear, LEAST_CLEAR))


def step_of_lookup(lookup: Lookup, way: Way) -> float:
    chance = lookup.n_picks / max(lookup.n_candidates, 1)
    return _step(lookup.is_found, chance, lookup.expected, (way.effort, LEAST_EFFORT))


def _step(is_found: bool, chance: float, expected: float, efforts: tuple[float, float]) -> float:
    """log P(answer | the way) - log P(answer | the least), each a share of the effort beyond chance."""
    chance = min(max(chance, 0.01), 0.5)
    beyond = max(expected - chance, 0.0)
    of_way, least = (chance + beyond * effort for effort in efforts)
    return _ratio(is_found, of_way, least)


def _ratio(is_so: bool, of_way: float, honest: float) -> float:
    return math.log(of_way / honest) if is_so else math.log((1 - of_way) / (1 - honest))


def _habits(lookups: Sequence[Lookup]) -> Iterator[tuple[float, bool]]:
    """Of each page with two plates or more: whether they are the first, or those of the page before, in order."""
    before: Sequence[int] = ()
    for lookup in sorted(lookups, key=lambda each: each.at):
        if len(plates := list(lookup.plates)) > 1:
            yield lookup.at, plates in (list(range(len(plates))), before)
        before = plates


def _agains(rounds: Sequence[Written]) -> Iterator[tuple[float, bool]]:
    """Of each round: whether all its words were written before, for other stickers."""
    stickers: dict[str, set[int]] = {}
    for round_ in sorted(rounds, key=lambda each: each.at):
        bare = {line.bare for line in round_.lines}
        yield round_.at, bool(bare) and all(stickers.get(text, set()) - {round_.sticker_id} for text in bare)
        for text in bare:
            stickers.setdefault(text, set()).add(round_.sticker_id)


def _figures(play: Play) -> dict[str, Any]:
    counted = [lookup for lookup in play.lookups if not lookup.is_absent]
    tries = [found for round_ in play.rounds for found, _ in round_.tries]
    habits, agains = list(_habits(play.lookups)), list(_agains(play.rounds))
    return {
        "n_found": sum(lookup.is_found for lookup in counted),
        "n_lookups": len(counted),
        "expected": rounded(sum(lookup.expected for lookup in counted)),
        "n_tries_found": sum(tries),
        "n_tries": len(tries),
        "n_habit": sum(is_habit for _, is_habit in habits),
        "n_pages": len(habits),
        "n_again": sum(is_again for _, is_again in agains),
        "n_rounds": len(agains),
    }


# --- gold ---

HONEST_GOLD = 0.7
FEWEST_GOLD = 4


def fails_gold(play: Play) -> Finding | None:
    gold = [lookup.is_found for lookup in play.lookups if lookup.is_gold and not lookup.is_absent]
    n_failed = len(gold) - sum(gold)
    p = binomial_tail(n_failed, len(gold), 1 - HONEST_GOLD)
    if len(gold) < FEWEST_GOLD or p > 10 * UNLIKELY:
        return None
    return Finding(Kind.GOLD_FAILED, {"n": n_failed, "of": len(gold), "p": p})
