"""Reciprocal rank fusion: one ranking out of several whose scores cannot be compared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from .ranking import Ranking

RRF_K: Final = 10
"""How little the very first places count over the next. Cormack, Clarke and Büttcher 2009 have 60, for many systems
that each see every document; here a sticker without words has one side alone to come first by."""


def fused_part(rank: int | None, k: int = RRF_K) -> float:
    """What a place in one ranking (from 1, None for unranked) adds to the fused score: 1 / (k + rank), or 0."""
    return 0.0 if rank is None else 1.0 / (k + rank)


def reciprocal_rank_fusion(
    rankings: Sequence[Ranking], n: int | None = None, *, k: int = RRF_K, weights: Sequence[float] | None = None
) -> Ranking:
    """The best `n` by the sum over the rankings of weight / (k + rank); ids missing from a ranking get nothing from it.

    `weights` has one for each ranking; without, each counts 1. Ties go to the lower id. Cormack, Clarke and Büttcher
    2009, "Reciprocal rank fusion outperforms Condorcet".
    """
    if not rankings:
        return Ranking.empty()
    ids, place = np.unique(np.concatenate([ranking.ids for ranking in rankings]), return_inverse=True)
    weighted = zip(rankings, weights or [1.0] * len(rankings), strict=True)
    parts = np.concatenate([weight / (k + np.arange(1, len(ranking.ids) + 1)) for ranking, weight in weighted])
    return Ranking.best(ids, np.bincount(place, weights=parts, minlength=len(ids)).astype(np.float64), n)
