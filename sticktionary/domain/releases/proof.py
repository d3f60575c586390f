"""How far a round's queries are believed: the chance that somebody finds the sticker with them, and how sure that is.

Before anybody has looked, every chance is as likely as any other; each retriever who found the sticker, or did not,
counts with their weight. What is known then is a beta distribution, Beta(1 + found, 1 + missed): its mean and the middle
95 % of it are what a release states.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from sticktionary.domain.releases.selection import Answer, Status

PRIOR = 1.0
MIDDLE = (0.025, 0.975)
PLACES = 6


@dataclass(frozen=True, slots=True)
class Proof:
    n_retrievers: int
    n_found: int
    best_rank: int  # 0: nobody found it
    p_find: float
    p_find_low: float
    p_find_high: float


def proof_of(answers: Sequence[Answer]) -> Proof:
    found = [answer for answer in answers if answer.rank]
    n_weighed = round(sum(answer.weight for answer in answers), 2)
    p_find, low, high = chance(round(sum(answer.weight for answer in found), 2), n_weighed)
    best = min((answer.rank for answer in found), default=0)
    return Proof(len(answers), len(found), best, p_find, low, high)


@lru_cache(maxsize=65_536)
def chance(n_found: float, n: float) -> tuple[float, float, float]:
    """The mean and the middle of what is known of the chance after `n` lookups, by weight, of which `n_found` found."""
    from scipy.special import betaincinv  # slow to load, and the web process does without

    a, b = PRIOR + n_found, PRIOR + n - n_found
    low, high = (float(betaincinv(a, b, place)) for place in MIDDLE)
    return round(a / (a + b), PLACES), round(low, PLACES), round(high, PLACES)


def belief(status: Status, proof: Proof, labeler_weight: float) -> float:
    """The weight of a query in training: the labeler's, by the chance to find the sticker with it. A reviewer's word
    stands for a find, and what came with a sticker is believed until somebody has looked it up."""
    taken_at_its_word = status == Status.REVIEWED or (status == Status.HOUSE and not proof.n_retrievers)
    return round(labeler_weight * (1.0 if taken_at_its_word else proof.p_find), PLACES)
