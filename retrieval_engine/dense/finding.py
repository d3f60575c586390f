"""One search: which vectors are compared with the query, and the ranking that comes of it."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..ranking import Ranking
from .codes import Codes
from .rows import RowNumbers, Rows, Vectors, unit

DEEPEST: Final = 10_000
"""Beyond so many places a ranking is of everything, and exact."""
CANDIDATES: Final = 4_000
"""At least so many rows are compared exactly, and two for each place asked for."""
FEW: Final = 4_096
"""So many allowed rows are compared exactly without asking their codes."""


class State(NamedTuple):
    """What a reader takes at entry and keeps to."""

    rows: Rows
    codes: Codes | None  # of the first of the rows


def direction(query: NDArray[np.floating], rows: Rows) -> Vectors:
    if query.shape != (rows.dim,):
        raise ValueError(f"a query of shape {query.shape} among vectors of {rows.dim} numbers")
    return unit(query)


def ranked(
    state: State, query: NDArray[np.floating], k: int | None, allowed: RowNumbers | None, denied: RowNumbers | None
) -> Ranking:
    """The `k` nearest to `query` [d], all with None, of the rows allowed and not denied."""
    rows, codes = state
    if not rows.n_live:
        return Ranking.empty()
    asked = direction(query, rows)
    chosen = None if allowed is None and denied is None else _chosen(rows, allowed, denied)
    is_few = allowed is not None and len(allowed) <= FEW
    if codes is None or k is None or k > DEEPEST or is_few:
        found = np.flatnonzero(rows.live() if chosen is None else chosen)
    else:
        found = _candidates(rows, codes, asked, k, chosen)
    return Ranking.best(rows.ids[found], rows.cosines(asked, found), k)


def _chosen(rows: Rows, allowed: RowNumbers | None, denied: RowNumbers | None) -> NDArray[np.bool_]:
    """Which of the rows a search is about."""
    chosen = rows.live() if allowed is None else np.zeros(rows.n, dtype=np.bool_)
    if allowed is not None:
        chosen[allowed] = True
    if denied is not None:
        chosen[denied] = False
    return chosen


def _candidates(rows: Rows, codes: Codes, query: Vectors, k: int, chosen: NDArray[np.bool_] | None) -> RowNumbers:
    """Rows among which are the `k` nearest, as far as codes can tell: of those chosen, or of all that are held."""
    n = max(CANDIDATES, 2 * k)
    found = codes.nearest(query, n, chosen)
    if chosen is None:
        found = rows.only_live(found)
        if len(found) < n // 2:  # crowded out by vectors that are gone
            found = codes.nearest(query, n, rows.live())
    fresh = np.arange(codes.n, rows.n)
    fresh = rows.only_live(fresh) if chosen is None else fresh[chosen[fresh]]
    found = np.append(np.sort(found), fresh)
    n_chosen = rows.n_live if chosen is None else int(np.count_nonzero(chosen))
    if len(found) < min(k, n_chosen):
        return np.flatnonzero(rows.live() if chosen is None else chosen)
    return found
