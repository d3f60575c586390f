"""What a find is worth. Pure: numbers in, numbers out."""

from __future__ import annotations

from collections.abc import Sequence

BASE = {1: 100, 2: 60, 3: 30}
WRONG_PICK_ABOVE = -10
RIGHTLY_NONE = 100
PRACTICE = 20
CONFIRMED = 10  # an answer on a bonus page that another player confirms
NOVELTY_OF_NEW, NOVELTY_OF_WORN = 1.5, 0.5
FORESEEN = 2  # rounds for which words stand that the query generator is sure of


def base(rank: int) -> int:
    """100, 60 or 30 for a find at the first, second or third try; 0 for none."""
    return BASE.get(rank, 0)


def query_novelty(n_earlier: int, likelihood: float = 0.0) -> float:
    """0.5 + 1 / (1 + n + 2 p), n being the earlier rounds of the same sticker and language that hold the same
    normalised query, p how likely the query generator would type it, from 0 to 1: 1.5 for words that nobody has used
    yet and no machine expects, 1.0 for the second to use them, then ever nearer to 0.5."""
    n_like_it = n_earlier + FORESEEN * likelihood
    return NOVELTY_OF_WORN + (NOVELTY_OF_NEW - NOVELTY_OF_WORN) / (1 + n_like_it)


def round_novelty(novelties: Sequence[float]) -> float:
    """The mean over a round's queries, to two places, as it is shown."""
    return round(sum(novelties) / len(novelties), 2) if novelties else NOVELTY_OF_WORN


def labeler_points(rank: int, novelty: float) -> int:
    """base(rank) x novelty, for every retriever who counts."""
    return round(base(rank) * novelty)


def accepted_points(novelty: float) -> int:
    """Words that nobody found the sticker with, yet a reviewer accepts: as for one find at the third pick."""
    return labeler_points(3, novelty)


def retriever_points(*, rank: int, none_of_these: bool, target_absent: bool) -> int:
    """base(rank), less 10 for each wrong pick above the true one; 100 for rightly saying that it was not there."""
    if target_absent:
        return RIGHTLY_NONE if none_of_these else 0
    return base(rank) + WRONG_PICK_ABOVE * (rank - 1) if rank else 0
