"""How far rounds' queries are believed: who looked them up, who found the sticker, and how likely somebody does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sticktionary.domain.quality import skill
from sticktionary.domain.quality.finding import Finders
from sticktionary.domain.quality.skill import Answers
from sticktionary.domain.releases.by_number import each_once
from sticktionary.domain.releases.selection import Status

SKILL = pa.struct([("mean", pa.float64()), ("sd", pa.float64())])
PLACES = 4  # more would say more than is known, and let the last bits of a machine's arithmetic be seen

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Proof:
    """Of each round of a chunk, in its order."""

    n_retrievers: NDArray[np.int64]
    n_found: NDArray[np.int64]
    best_rank: NDArray[np.int64]  # 0: nobody found it

    def of(self, is_in: NDArray[np.bool_]) -> Proof:
        return Proof(self.n_retrievers[is_in], self.n_found[is_in], self.best_rank[is_in])


@dataclass(frozen=True)
class Chances:
    """P(find) of each round and its 95 % interval; not a number where nobody has looked."""

    p: Floats
    low: Floats
    high: Floats


def count(lookups: pa.RecordBatch, n_rounds: int) -> Proof:
    """`lookups` with the place of their round, their rank, and whether it counts."""
    answers = lookups.filter(lookups["counts"])
    place, rank = answers["place"].to_numpy(), answers["rank"].to_numpy()
    found = rank > 0
    best = np.full(n_rounds, np.iinfo(np.int64).max)
    np.minimum.at(best, place[found], rank[found])
    n_found = np.bincount(place[found], minlength=n_rounds)
    return Proof(np.bincount(place, minlength=n_rounds), n_found, np.where(n_found > 0, best, 0))


def chances(lookups: pa.RecordBatch, n_rounds: int, finders: Finders) -> Chances:
    """The chance that the average player finds the sticker, for each round with its lookups (`quality.skill`)."""
    answers = lookups.filter(lookups["counts"])
    asked, owner = np.unique(answers["place"].to_numpy(), return_inverse=True)
    skills = each_once(answers["player_id"], lambda id: finders.skill_of(id)._asdict(), SKILL)
    facts = Answers(
        round=owner,
        found=answers["rank"].to_numpy() > 0,
        floor=_floors(answers),
        skill=pc.struct_field(skills, "mean").to_numpy(),
        sd=pc.struct_field(skills, "sd").to_numpy(),
        weight=each_once(answers["player_id"], finders.weight_of, pa.float64()).to_numpy(),
    )
    finds = skill.finds(facts, len(asked))
    return Chances(*(_rounded(column, asked, n_rounds) for column in (finds.p, finds.low, finds.high)))


def _floors(answers: pa.RecordBatch) -> Floats:
    """What picks without looking would find (`skill.floor_of`)."""
    n_picks, n_candidates = (pc.list_value_length(answers[name]).to_numpy() for name in ("picks", "candidates"))
    return np.where(n_candidates > 0, np.minimum(1.0, np.maximum(1, n_picks) / np.maximum(1, n_candidates)), 0.0)


def _rounded(column: Floats, asked: NDArray[np.int64], n_rounds: int) -> Floats:
    everywhere = np.full(n_rounds, np.nan)
    everywhere[asked] = np.round(column, PLACES)
    return everywhere


def belief(status: pa.Array, chance: Floats, labeler_weight: Floats) -> Floats:
    """The weight of queries in training: the labeler's, by the chance to find the sticker with them. A reviewer's word
    stands for a find, and what nobody has looked up yet is taken at its word."""
    is_taken_at_its_word = np.isnan(chance) | np.asarray(pc.equal(status, Status.REVIEWED.value))
    return np.round(labeler_weight * np.where(is_taken_at_its_word, 1.0, chance), PLACES)
