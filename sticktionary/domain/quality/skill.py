"""How likely a sticker is found from somebody's words, and what each answer says of all three. Pure.

The model is the one-parameter item response model (Rasch 1960) with a floor for lucky picks (Birnbaum 1968; Lord 1980,
*Applications of Item Response Theory*, ch. 2), its items made of a sticker and of who wrote for it:

    P(find) = floor + (1 - floor) / (1 + exp(-(BASE + finder + writer - difficulty)))

`floor` is what picks without looking would find: picks / candidates. Each of the three is a normal belief on the logit
scale that begins at 0 with a standard deviation of 1. An answer moves them by assumed-density filtering (Opper 1998;
Glickman 1999; Herbrich et al. 2006): the exact mean and variance of their sum given the answer, by Gauss-Hermite
quadrature, are shared out in proportion to how uncertain each of them was. There is no drift: nobody forgets.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BASE = 1.2  # an average pair finds an average sticker 77 times out of 100; the difficulties take up what is off
PLAIN_FLOOR = 1 / 24  # one pick without looking
Z95 = 1.959964
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(32)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()
_GRID = np.linspace(BASE - 7.5, BASE + 7.5, 121)
_PRIOR_OF_ROUND = -((_GRID - BASE) ** 2) / 4  # two unknowns of variance 1: its writer and its sticker


class Belief(NamedTuple):
    """A normal belief about one of the three, in logits; 0 is the average."""

    mean: float = 0.0
    sd: float = 1.0

    @property
    def low(self) -> float:
        return self.mean - Z95 * self.sd

    @property
    def high(self) -> float:
        return self.mean + Z95 * self.sd


def sigmoid(logits: Floats | float) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.asarray(logits, dtype=np.float64))))


def logit(shares: Floats | float) -> Floats:
    """What `sigmoid` takes to a share between 0 and 1, both left out."""
    odds = np.asarray(shares, dtype=np.float64)
    return np.asarray(np.log(odds / (1 - odds)))


def p_find(ease: float, floor: float = PLAIN_FLOOR) -> float:
    """How likely a find is when `ease` is finder + writer - difficulty."""
    return float(floor + (1 - floor) * sigmoid(BASE + ease))


def floor_of(n_picks: int, n_candidates: int) -> float:
    return min(1.0, max(1, n_picks) / n_candidates) if n_candidates else 0.0


def update(
    finder: Belief, writer: Belief, sticker: Belief, *, found: bool, floor: float
) -> tuple[Belief, Belief, Belief]:
    """The three beliefs after one answer."""
    mean = BASE + finder.mean + writer.mean - sticker.mean
    variance = finder.sd**2 + writer.sd**2 + sticker.sd**2
    new_mean, new_variance = _moments(mean, variance, found=found, floor=floor)
    shift, shrink = (new_mean - mean) / variance, (variance - new_variance) / variance**2
    return (
        _moved(finder, shift, shrink),
        _moved(writer, shift, shrink),
        _moved(sticker, -shift, shrink),
    )


def _moments(mean: float, variance: float, *, found: bool, floor: float) -> tuple[float, float]:
    """Mean and variance of the sum once the answer is known."""
    points = mean + sqrt(variance) * _NODES
    finds = floor + (1 - floor) * sigmoid(points)
    mass = _WEIGHTS * (finds if found else 1 - finds)
    mass /= mass.sum()
    new_mean = float((mass * points).sum())  # no product of BLAS, whose last bit may depend on where an array lies
    return new_mean, float((mass * (points - new_mean) ** 2).sum())


def _moved(belief: Belief, shift: float, shrink: float) -> Belief:
    variance = belief.sd**2
    return Belief(belief.mean + variance * shift, sqrt(variance * (1 - variance * shrink)))


# --- how believable a round is ---

_AVERAGE_FINDS = PLAIN_FLOOR + (1 - PLAIN_FLOOR) * sigmoid(_GRID)


@dataclass(frozen=True)
class Answers:
    """Answers of many rounds in columns, those of a round beside each other; `round` counts up from 0."""

    round: NDArray[np.int64]
    found: NDArray[np.bool_]
    floor: Floats
    skill: Floats  # of who answered
    sd: Floats
    weight: Floats  # 0 to 1: how much of the answer counts


@dataclass(frozen=True)
class Finds:
    """P(find) of each round, and the 95 % interval that its answers leave."""

    p: Floats
    low: Floats
    high: Floats


def finds(answers: Answers, n_rounds: int, at_once: int = 256) -> Finds:
    """How likely the average player finds each round's sticker from its words: the posterior of

        P = PLAIN_FLOOR + (1 - PLAIN_FLOOR) * sigmoid(ease),    ease ~ Normal(BASE, 2)

    given its answers alone, each taken for what its player's skill makes of it (whose own uncertainty flattens the
    curve, MacKay 1992) and raised to its weight. What else is known of the writer and the sticker is left out: a round
    speaks for itself, and the same facts give the same figure. `at_once` keeps the arrays in the processor's cache.
    """
    p, low, high = np.empty(n_rounds), np.empty(n_rounds), np.empty(n_rounds)
    for start in range(0, n_rounds, at_once):
        end = min(start + at_once, n_rounds)
        here = slice(*np.searchsorted(answers.round, [start, end]))
        mass = _posterior(answers, here, start, end - start)
        p[start:end] = (mass * _AVERAGE_FINDS).sum(axis=1)
        below = np.cumsum(mass, axis=1)
        low[start:end], high[start:end] = _quantile(mass, below, 0.025), _quantile(mass, below, 0.975)
    return Finds(p, low, high)


def _posterior(answers: Answers, here: slice, first: int, n_rounds: int) -> Floats:
    """The mass of each round on the grid."""
    owners = answers.round[here] - first
    flat = 1 / np.sqrt(1 + np.pi * answers.sd[here] ** 2 / 8)
    logits = (_GRID[None, :] + answers.skill[here, None]) * flat[:, None]
    floor = answers.floor[here, None]
    found = floor + (1 - floor) * sigmoid(logits)
    said = np.log(np.where(answers.found[here, None], found, np.maximum(1 - found, 1e-12)))
    logs = np.tile(_PRIOR_OF_ROUND, (n_rounds, 1))
    if len(owners):
        starts = np.flatnonzero(np.r_[True, owners[1:] != owners[:-1]])
        logs[owners[starts]] += np.add.reduceat(said * answers.weight[here, None], starts, axis=0)
    mass: Floats = np.exp(logs - logs.max(axis=1, keepdims=True))
    mass /= mass.sum(axis=1, keepdims=True)
    return mass


def _quantile(mass: Floats, below: Floats, share: float) -> Floats:
    """The P below which a share of each row's mass lies, in proportion between grid points. `below`: its sums."""
    at = np.argmax(below >= share, axis=1)
    rows = np.arange(len(mass))
    before = np.where(at > 0, below[rows, np.maximum(at - 1, 0)], 0.0)
    part = (share - before) / mass[rows, at]
    ease = _GRID[at] + (part - 0.5) * (_GRID[1] - _GRID[0])
    return PLAIN_FLOOR + (1 - PLAIN_FLOOR) * sigmoid(ease)
