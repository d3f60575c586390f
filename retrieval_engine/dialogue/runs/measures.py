"""How well a ranking answers a conversation, under names that say what they are.

Published tables call at least four different things P@N or mAP; here each has a name of its own. Of a query q with its
ranking best first, its one gold sticker, and Rel, all stickers that are right in some sense:

hit_at_k        whether one of Rel is among the first k: StickerInt's P@N
prec_at_k       the share of Rel among the first k
count_at_k      k times that: what MultiChat's code prints as P@N; can exceed 1
ap              the mean over Rel of the precision at its rank, over the full ranking; its mean over queries is `map`
legacy_mean_relevant_cos    the mean of max(score, 0) over Rel: MultiChat's mAP, a confidence and no ranking at all
legacy_pooled_pr_auc        area under one precision-recall curve of all pairs of query and sticker together

All but the last two are expected values under random tie breaking, in closed form (McSherry and Najork 2008, "Computing
information retrieval performance measures efficiently in the presence of tied scores"), so that chance is the same
measure with all scores equal, and a ranking that says nothing gets exactly that.

>>> scores, relevant = np.array([[3.0, 2.0, 2.0, 1.0]]), np.array([[False, True, False, True]])
>>> hit_at(scores, relevant, 2), prec_at(scores, relevant, 2), average_precision(scores, relevant)
(array([0.5]), array([0.25]), array([0.45833333]))
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.floating]
Relevant = NDArray[np.bool_]
Values = NDArray[np.float64]
Measure = Callable[[Scores, Relevant], Values]


class Tie(NamedTuple):
    """Stickers of one score: `better` stand before them, of which `found` are right; of the `tied` ones `right` are."""

    better: int
    found: int
    tied: int
    right: int


def ties(scores: Scores, relevant: Relevant) -> Iterator[Tie]:
    """The groups of equal scores of one query, `scores` [n], best first."""
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    starts = np.concatenate([[0], np.flatnonzero(ordered[1:] != ordered[:-1]) + 1])
    right = np.add.reduceat(relevant[order].astype(np.int64), starts)
    sizes = np.diff(starts, append=len(scores))
    found = np.cumsum(right) - right
    return (Tie(*map(int, row)) for row in zip(starts, found, sizes, right, strict=True))


def hit_at(scores: Scores, relevant: Relevant, k: int) -> Values:
    """P(one of the relevant is among the first `k`) of each row; both [n queries, n stickers]."""
    return _each(scores, relevant, lambda tie: 1.0 if tie.found else _hit_within(tie, k), until=k)


def prec_at(scores: Scores, relevant: Relevant, k: int) -> Values:
    """The expected share of relevant ones among the first `k`."""
    return _each(scores, relevant, lambda tie: tie.right * _share_within(tie, k) / k, until=k, add=True)


def count_at(scores: Scores, relevant: Relevant, k: int) -> Values:
    """The expected number of relevant ones among the first `k`."""
    return k * prec_at(scores, relevant, k)


def average_precision(scores: Scores, relevant: Relevant) -> Values:
    """The expected average precision over the whole ranking; with one relevant sticker the reciprocal rank. NaN for a
    query with none."""
    n_relevant = relevant.sum(axis=1)
    sums = _each(scores, relevant, _precision_within, until=scores.shape[1], add=True)
    return _ratio(sums, n_relevant)


def tied_share(scores: Scores, relevant: Relevant) -> float:
    """The share of queries in which a relevant sticker has the score of one that is not."""
    rows = zip(scores, relevant, strict=True)
    return float(np.mean([any(0 < tie.right < tie.tied for tie in ties(*row)) for row in rows]))


def chance(measure: Measure, relevant: Relevant) -> Values:
    """What `measure` gives for a random order."""
    return measure(np.zeros(relevant.shape), relevant)


def legacy_mean_relevant_cos(scores: Scores, relevant: Relevant) -> Values:
    """The mean of max(score, 0) over the relevant ones, of `scores` that are cosines. NaN for a query with none."""
    n_relevant = relevant.sum(axis=1)
    sums = (np.maximum(scores, 0) * relevant).sum(axis=1)
    return _ratio(sums, n_relevant)


def legacy_pooled_pr_auc(scores: Scores, relevant: Relevant) -> float:
    """Average precision of all pairs as if they were one query."""
    return float(average_precision(scores.reshape(1, -1), relevant.reshape(1, -1))[0])


def _each(
    scores: Scores, relevant: Relevant, worth: Callable[[Tie], float], *, until: int, add: bool = False
) -> Values:
    """Of each row the sum, or the greatest, of what its ties are worth that begin before place `until`."""
    if np.isnan(scores).any():
        raise ValueError("a score is not a number")
    found = np.zeros(len(scores))
    for row, (own, right) in enumerate(zip(scores, relevant, strict=True)):
        worths = [worth(tie) for tie in ties(own, right) if tie.better < until and (tie.right or not add)]
        found[row] = sum(worths) if add else max(worths, default=0.0)
    return found


def _ratio(sums: Values, counts: NDArray[np.int64]) -> Values:
    found: Values = np.divide(sums, counts, out=np.full(len(sums), np.nan), where=counts > 0)
    return found


def _share_within(tie: Tie, k: int) -> float:
    return min(1.0, max(0, k - tie.better) / tie.tied)


def _hit_within(tie: Tie, k: int) -> float:
    """1 - P(none of the right ones is among the first k - better of the tie): hypergeometric."""
    drawn = min(tie.tied, max(0, k - tie.better))
    misses = np.arange(drawn)
    return 1.0 - float(np.prod(np.clip(tie.tied - tie.right - misses, 0, None) / (tie.tied - misses)))


def _precision_within(tie: Tie) -> float:
    """The sum over places i of a tie of P(right there) x E[right up to there | right there] / (better + i)."""
    i = np.arange(tie.tied)
    others = i * (tie.right - 1) / (tie.tied - 1) if tie.tied > 1 else np.zeros(1)
    return float((tie.right / tie.tied * (tie.found + 1 + others) / (tie.better + 1 + i)).sum())


CUTOFFS: Final = (1, 3, 5, 10)
