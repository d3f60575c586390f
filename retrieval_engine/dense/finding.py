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
CANDIDATES: Final = 3_000
"""At least so many rows are compared exactly, and two for each place asked for."""
FEW: Final = 4_096
"""So many allowed rows are compared exactly without asking their codes."""
PASSED_OVER: Final = 8_192
"""So many denied rows are taken out of what the codes name; of more, the codes are told beforehand, which is slower."""


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
    is_few = allowed is not None and len(allowed) <= FEW
    if codes is None or k is None or k > DEEPEST or is_few:
        found = np.flatnonzero(_chosen(rows, allowed, denied))
    elif allowed is None and (denied is None or len(denied) <= PASSED_OVER):
        found = _among_all(rows, codes, asked, k, denied)
    else:
        found = _among_chosen(rows, codes, asked, k, _chosen(rows, allowed, denied))
    return Ranking.best(rows.ids[found], rows.cosines(asked, found), k)


def _chosen(rows: Rows, allowed: RowNumbers | None, denied: RowNumbers | None) -> NDArray[np.bool_]:
    """Which of the rows a search is about."""
    chosen = rows.live() if allowed is None else np.zeros(rows.n, dtype=np.bool_)
    if allowed is not None:
        chosen[allowed] = True
    if denied is not None:
        chosen[denied] = False
    return chosen


def _among_all(rows: Rows, codes: Codes, query: Vectors, k: int, denied: RowNumbers | None) -> RowNumbers:
    """Rows among which are the `k` nearest of those held and not denied, as far as codes can tell: as many more are
    looked up as are denied, so that none is missing when these are taken out."""
    n = max(CANDIDATES, 2 * k)
    n_denied = 0 if denied is None else len(denied)
    found = np.append(codes.nearest(query, n + n_denied), np.arange(codes.n, rows.n))
    found = rows.only_live(found)
    if denied is not None:
        is_denied = np.zeros(rows.n, dtype=np.bool_)
        is_denied[denied] = True
        found = found[~is_denied[found]]
    if len(found) < n // 2:  # crowded out by vectors that are gone
        return _among_chosen(rows, codes, query, k, _chosen(rows, None, denied))
    return np.sort(found)


def _among_chosen(rows: Rows, codes: Codes, query: Vectors, k: int, chosen: NDArray[np.bool_]) -> RowNumbers:
    """The same among those that are True in `chosen` [n]."""
    fresh = np.arange(codes.n, rows.n)
    found = np.append(np.sort(codes.nearest(query, max(CANDIDATES, 2 * k), chosen)), fresh[chosen[fresh]])
    if len(found) < min(k, int(np.count_nonzero(chosen))):
        return np.flatnonzero(chosen)
    return found
