"""Pairs of players who agree more than their skill and the stickers explain. Pure, with false-discovery control.

For every two players who met often enough, whichever of them wrote, the finds are compared with what the two do with
everybody else: logit P(found) = base + the retriever's lead + the writer's lead + the sticker's lead, each lead taken
from answers that are not this pair's and shrunk towards nothing where there are few (a Rasch model with known leads).
The number of finds is then Poisson-binomial; what is not known of the leads is integrated out, on each side for itself,
so that a pair is not accused of the uncertainty about it. One-sided; over all pairs tested, Benjamini and Hochberg keep
the share of false ones among the accused below `FALSE_SHARE`.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit

FEWEST = 6  # rounds that one wrote and the other looked up
FALSE_SHARE = 0.01
PRIOR = 4.0  # answers as the average player gives them, added to everybody's own
UNRELATED = 0.5  # median of where the searcher puts the target, as a share of the page: words that say nothing of it

Pair = tuple[int, int]  # two players, the lower number first
Side = tuple[np.ndarray, float]  # logits of the finds where one of them looks up, and what moves them all alike
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(9)


@dataclass(frozen=True)
class Meeting:
    """One retriever's answer to one writer's round, with the target among the candidates."""

    round_id: int
    writer: int
    finder: int
    sticker: int
    is_found: bool
    machine_share: float | None = None  # where the searcher put the target: 0 first, 1 last
    at: float = 0.0  # seconds since the epoch

    @property
    def pair(self) -> Pair:
        return min(self.writer, self.finder), max(self.writer, self.finder)


@dataclass(frozen=True)
class Agreement:
    """What two players made of each other's rounds, against what is expected of them."""

    met: list[Meeting]
    n_found: int
    expected: float
    p: float


@dataclass(frozen=True)
class Suspicion:
    pair: Pair
    n_found: int
    n: int
    expected: float
    p: float
    n_others_found: int  # other retrievers of the same rounds
    n_others: int
    p_others: float  # of Fisher's exact test against them
    is_code: bool  # words that say nothing of the sticker, which the two find and others do not
    rounds: tuple[int, ...]


class _Tally:
    """Finds out of answers, as a lead over the average with its variance."""

    def __init__(self, base: float) -> None:
        self.base = base
        self.found: Counter[int] = Counter()
        self.n: Counter[int] = Counter()

    def add(self, who: int, is_found: bool) -> None:
        self.n[who] += 1
        self.found[who] += is_found

    def lead(self, who: int, minus_found: int, minus_n: int) -> tuple[float, float]:
        """In logits, without some of the answers."""
        n = self.n[who] - minus_n + PRIOR
        rate = (self.found[who] - minus_found + PRIOR * self.base) / n
        rate = min(max(rate, 0.02), 0.98)
        return float(logit(rate) - logit(self.base)), 1 / (n * rate * (1 - rate))


def suspicions(
    meetings: Iterable[Meeting], *, fewest: int = FEWEST, false_share: float = FALSE_SHARE
) -> list[Suspicion]:
    """The pairs that agree above chance, the most striking first."""
    from statsmodels.stats.multitest import multipletests  # a second to load, and only the worker counts

    facts = sorted(meetings, key=lambda meeting: (meeting.round_id, meeting.finder))
    tested = every_pair(facts, fewest=fewest)
    if not tested:
        return []
    rejected = multipletests([each.p for each in tested], alpha=false_share, method="fdr_bh")[0]
    of_round: dict[int, list[Meeting]] = defaultdict(list)
    for meeting in facts:
        of_round[meeting.round_id].append(meeting)
    held = [_suspicion(each, of_round) for each, is_held in zip(tested, rejected, strict=True) if is_held]
    return sorted(held, key=lambda each: (each.p, each.pair))


def every_pair(facts: Sequence[Meeting], *, fewest: int = FEWEST) -> list[Agreement]:
    """All pairs that met often enough, with how likely their agreement is."""
    if not facts:
        return []
    base = min(max(sum(meeting.is_found for meeting in facts) / len(facts), 0.05), 0.95)
    finders, writers, stickers = _Tally(base), _Tally(base), _Tally(base)
    pairs: dict[Pair, list[Meeting]] = defaultdict(list)
    for meeting in facts:
        finders.add(meeting.finder, meeting.is_found)
        writers.add(meeting.writer, meeting.is_found)
        stickers.add(meeting.sticker, meeting.is_found)
        pairs[meeting.pair].append(meeting)
    return [_agreement(met, (finders, writers, stickers)) for _, met in sorted(pairs.items()) if len(met) >= fewest]


def _agreement(met: list[Meeting], tallies: tuple[_Tally, _Tally, _Tally]) -> Agreement:
    sides = [
        _side([each for each in met if each.finder == finder], tallies) for finder in {each.finder for each in met}
    ]
    n_found = sum(meeting.is_found for meeting in met)
    expected = sum(float(expit(leads).sum()) for leads, _ in sides)
    return Agreement(met, n_found, round(expected, 2), excess(n_found, *sides))


def _suspicion(pair: Agreement, of_round: dict[int, list[Meeting]]) -> Suspicion:
    met = pair.met
    others = [each for meeting in met for each in of_round[meeting.round_id] if each.finder != meeting.finder]
    n_others_found = sum(each.is_found for each in others)
    p_others = fisher(pair.n_found, len(met), n_others_found, len(others))
    return Suspicion(
        pair=met[0].pair,
        n_found=pair.n_found,
        n=len(met),
        expected=pair.expected,
        p=pair.p,
        n_others_found=n_others_found,
        n_others=len(others),
        p_others=p_others,
        is_code=p_others < 0.01 and _is_unrelated(met),
        rounds=tuple(meeting.round_id for meeting in met if meeting.is_found),
    )


def _side(met: list[Meeting], tallies: tuple[_Tally, _Tally, _Tally]) -> Side:
    """The logit of each find as the two's play with others has it, and what is uncertain about all of them alike."""
    finders, writers, stickers = tallies
    n_found = sum(meeting.is_found for meeting in met)
    finder, finder_variance = finders.lead(met[0].finder, n_found, len(met))
    writer, writer_variance = writers.lead(met[0].writer, n_found, len(met))
    leads = []
    for meeting in met:
        sticker, _ = stickers.lead(meeting.sticker, int(meeting.is_found), 1)
        leads.append(logit(finders.base) + finder + writer + sticker)
    return np.array(leads), math.sqrt(finder_variance + writer_variance)


def excess(n_found: int, *sides: Side) -> float:
    """P(at least so many finds) of independent tries with these logits, those of a side all moved alike by a normal
    error."""
    mass = np.ones(1)
    for leads, sd in sides:
        mass = np.convolve(mass, _mixed(leads, sd))
    return float(np.clip(mass[n_found:].sum(), 0.0, 1.0))


def _mixed(leads: np.ndarray, sd: float) -> np.ndarray:
    """How likely each number of finds is on one side, the error integrated out."""
    given = [_counts(expit(leads + sd * node)) for node in _NODES]
    return np.asarray(_WEIGHTS @ np.array(given) / _WEIGHTS.sum())


def _counts(chances: np.ndarray) -> np.ndarray:
    """A Poisson-binomial, by convolution."""
    mass = np.ones(1)
    for chance in chances:
        mass = np.convolve(mass, (1 - chance, chance))
    return mass


def fisher(n_found: int, n: int, n_others_found: int, n_others: int) -> float:
    """Whether the two find more of the same rounds than others do, one-sided."""
    from scipy import stats

    table = [[n_found, n - n_found], [n_others_found, n_others - n_others_found]]
    return float(stats.fisher_exact(table, alternative="greater").pvalue)


def _is_unrelated(met: list[Meeting]) -> bool:
    shares = [each.machine_share for each in met if each.is_found and each.machine_share is not None]
    return bool(shares) and float(np.median(shares)) >= UNRELATED
