"""What a searcher asks of a Qdrant collection: rankings by each side and their fusion, in one request.

The cluster orders equal scores as it likes. Rankings here are in the order of scores, then ids: some more than wanted
are asked for, and where those do not reach beyond the last tie, more again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from qdrant_client import QdrantClient, models

from ..fusion import RRF_K
from ..ranking import Ranking
from ..searcher import GENERATED_WEIGHT
from .journal import DENSE, SPARSE
from .layout import Layout

TIED: Final = 64
"""So many more are asked for than wanted."""
TIED_MOST: Final = 20_000
"""Among more equals than this the order is the cluster's."""
ALL_EQUAL: Final = 1e-20
"""Scores nearer to 0 are 0: see `words.NEXT_TO_NOTHING`."""
Asked = dict[str, models.SparseVector | list[float]]
"""The query vector of each side (lexical, dense, generated) that can find anything."""


class Wanted(NamedTuple):
    """A request and how many places of its ranking are wanted."""

    request: models.QueryRequest
    depth: int


def request(query: models.SparseVector | list[float], depth: int, layout: Layout) -> Wanted:
    """The ranking of one side, `depth` places of it."""
    searched = models.QueryRequest(
        query=query, using=_using(query), params=_params(query, layout), limit=depth + TIED, with_payload=False
    )
    return Wanted(searched, depth)


def fusion(asked: Asked, k: int, depth: int, layout: Layout) -> Wanted:
    """The best `k` by the reciprocal ranks of all sides, of which `depth` places take part.

    Qdrant's own fusion counts places from 0, so its constant is one more than ours, and a weight divides the place
    instead of multiplying the part. With a side that counts less, each side's parts are therefore worked out alone and
    added up by a formula.
    """
    sides = {side: _prefetch(query, depth, layout) for side, query in asked.items()}
    rrf = models.RrfQuery(rrf=models.Rrf(k=RRF_K + 1))
    if "generated" not in sides:
        prefetch, query = list(sides.values()), rrf
        return Wanted(models.QueryRequest(prefetch=prefetch, query=query, limit=k + TIED, with_payload=False), k)
    parts: list[models.Expression] = [
        models.MultExpression(mult=[GENERATED_WEIGHT if side == "generated" else 1.0, f"$score[{place}]"])
        for place, side in enumerate(sides)
    ]
    fused = models.QueryRequest(
        prefetch=[models.Prefetch(prefetch=[side], query=rrf, limit=depth) for side in sides.values()],
        query=models.FormulaQuery(formula=models.SumExpression(sum=parts)),
        limit=k + TIED,
        with_payload=False,
    )
    return Wanted(fused, k)


def _prefetch(query: models.SparseVector | list[float], depth: int, layout: Layout) -> models.Prefetch:
    return models.Prefetch(query=query, using=_using(query), params=_params(query, layout), limit=depth)


def _using(query: models.SparseVector | list[float]) -> str:
    return SPARSE if isinstance(query, models.SparseVector) else DENSE


def _params(query: models.SparseVector | list[float], layout: Layout) -> models.SearchParams | None:
    return None if isinstance(query, models.SparseVector) else layout.dense_search()


def filter_of(pack: int | None, allow: Collection[int] | None, deny: Collection[int] | None) -> models.Filter | None:
    """Of one pack, only these, not those; the cluster keeps to it while it searches, so that nothing is lost."""
    must: list[models.Condition] = []
    if pack is not None:
        must.append(models.FieldCondition(key="pack", match=models.MatchValue(value=pack)))
    if allow is not None:
        must.append(models.HasIdCondition(has_id=[int(id) for id in allow]))
    must_not: list[models.Condition] = [models.HasIdCondition(has_id=[int(id) for id in deny])] if deny else []
    return models.Filter(must=must, must_not=must_not) if must or must_not else None


def ask(
    client: QdrantClient, name: str, wanted: Mapping[str, Wanted], kept: models.Filter | None
) -> dict[str, Ranking]:
    """All rankings that are wanted, ties by id, of the stickers that the filter keeps."""
    rankings: dict[str, Ranking] = {}
    left = dict(wanted)
    while left:
        requests = [each.request.model_copy(update={"filter": kept}) for each in left.values()]
        answers = client.query_batch_points(name, requests)
        for (side, each), answer in zip(list(left.items()), answers, strict=True):
            limit = each.request.limit or 0
            if _ends_in_a_tie(answer.points, each) and limit < TIED_MOST:
                left[side] = each._replace(request=each.request.model_copy(update={"limit": 4 * limit}))
            else:
                rankings[side] = _ranking(answer.points, each.depth)
                del left[side]
    return rankings


def _ends_in_a_tie(points: Sequence[models.ScoredPoint], wanted: Wanted) -> bool:
    is_cut = 0 < wanted.depth <= len(points) == wanted.request.limit
    return is_cut and _score(points[wanted.depth - 1]) == _score(points[-1])


def _score(point: models.ScoredPoint) -> float:
    return 0.0 if abs(point.score) < ALL_EQUAL else point.score


def _ranking(points: Sequence[models.ScoredPoint], depth: int) -> Ranking:
    ids = np.array([point.id for point in points], dtype=np.int64)
    return Ranking.best(ids, np.array([_score(point) for point in points], dtype=np.float64), depth)
