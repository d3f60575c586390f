"""The rankings that a hybrid search is made of, and what comes of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ..fusion import reciprocal_rank_fusion
from ..ranking import Ranking
from ..searcher import WEIGHTS
from ..searching import Hit


class Sides(NamedTuple):
    """A ranking by what people wrote, one by looks, one by what a generator would type."""

    lexical: Ranking
    dense: Ranking
    generated: Ranking


def score_at(ranking: Ranking, rank: int | None) -> float | None:
    """The score of a place, from 1."""
    return None if rank is None else float(ranking.scores[rank - 1])


def sides_of(answers: Mapping[str, Ranking]) -> Sides:
    """The sides among the answers; one that was not asked is empty."""
    return Sides(*(answers.get(side, Ranking.empty()) for side in Sides._fields))


def overall(sides: Sides, fused: Ranking | None, k: int | None) -> Ranking:
    """A single side keeps its own scores; several are fused: by the cluster, or here."""
    filled = [(side, weight) for side, weight in zip(sides, WEIGHTS, strict=True) if len(side.ids)]
    if len(filled) == 1 and (fused is None or k is not None):
        only = filled[0][0]
        return Ranking(only.ids[:k], only.scores[:k])
    if fused is not None:
        return Ranking(fused.ids[:k], fused.scores[:k])
    return reciprocal_rank_fusion([side for side, _ in filled], k, weights=[weight for _, weight in filled])


def hits(ranked: Ranking, sides: Sides) -> list[Hit]:
    """A ranking with what the sides know of each sticker in it."""
    by_text, by_image, by_generated = (side.ranks() for side in sides)
    pairs = zip(ranked.ids.tolist(), ranked.scores.tolist(), strict=True)
    return [
        Hit(id, score, rank, by_text.get(id), by_image.get(id), by_generated.get(id))
        for rank, (id, score) in enumerate(pairs, 1)
    ]
