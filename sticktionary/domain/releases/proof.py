"""How far a round's queries are believed: who looked them up, who found the sticker, and how likely somebody does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sticktionary.domain.quality import skill
from sticktionary.domain.quality.skill import Answers
from sticktionary.domain.releases.selection import Answer, Status

PLACES = 4  # more would say more than is known, and let the last bits of a machine's arithmetic be seen
Chance = tuple[float, float, float]  # P(find) and its 95 % interval
UNKNOWN = (None, None, None)


@dataclass(frozen=True, slots=True)
class Proof:
    n_retrievers: int
    n_found: int
    best_rank: int  # 0: nobody found it
    chance: Chance | tuple[None, None, None] = UNKNOWN


def count(answers: Sequence[Answer]) -> Proof:
    ranks = [answer.rank for answer in answers if answer.rank]
    return Proof(len(answers), len(ranks), min(ranks, default=0))


def chances(rounds: Sequence[Sequence[Answer]]) -> list[Chance]:
    """The chance that the average player finds the sticker, for each round with its answers (`quality.skill`)."""
    answers = [answer for of_round in rounds for answer in of_round]
    facts = Answers(
        round=np.repeat(np.arange(len(rounds)), [len(of_round) for of_round in rounds]),
        found=np.array([answer.rank > 0 for answer in answers], dtype=np.bool_),
        floor=np.array([skill.floor_of(answer.n_picks, answer.n_candidates) for answer in answers], dtype=np.float64),
        skill=np.array([answer.skill.mean for answer in answers], dtype=np.float64),
        sd=np.array([answer.skill.sd for answer in answers], dtype=np.float64),
        weight=np.array([answer.weight for answer in answers], dtype=np.float64),
    )
    finds = skill.finds(facts, len(rounds))
    columns = (np.round(column, PLACES).tolist() for column in (finds.p, finds.low, finds.high))
    return list(zip(*columns, strict=True))


def belief(status: Status, proof: Proof, labeler_weight: float) -> float:
    """The weight of a query in training: the labeler's, by the chance to find the sticker with it. A reviewer's word
    stands for a find, and what nobody has looked up yet is taken at its word."""
    chance = proof.chance[0]
    return round(labeler_weight * (1.0 if status == Status.REVIEWED or chance is None else chance), PLACES)
