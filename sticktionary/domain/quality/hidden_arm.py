"""What the live results change in what people write: pages on which they were hidden against pages on which they were
not.

Which pages hide them is drawn by chance for each page, so that every player is their own comparison: the difference is
taken within each player who had both, hidden less shown, and averaged with the weight of an ordinary fixed-effects
estimate (n1 * n0 / (n1 + n0) for a player with n1 and n0 pages). It is the effect on a page of people like those who
play; it says nothing of newcomers, whose first pages always show results and are left out, nor of how playing on with
results teaches people over time. Intervals come from drawing the players anew (a bootstrap of clusters), since pages of
one player resemble each other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Length
from numpy.typing import NDArray

from sticktionary.domain import rules
from sticktionary.domain.play.outcome import COUNTS, PROVEN
from sticktionary.models import Query, Retrieval, Round

Floats = NDArray[np.float64]

N_MOST = 20_000  # pages, the newest
N_DRAWS = 1_000
FEWEST_PLAYERS, FEWEST_PAGES = 10, 30  # below, nothing is said
LONGEST_S = 600.0  # a page is held for ten minutes
MEASURES = ("found", "n_queries", "length", "seconds", "novelty", "known")
AT_ONCE = 2_000


@dataclass(frozen=True)
class Effect:
    """One measure, in the two arms and between them."""

    measure: str
    n_shown: int
    n_hidden: int
    n_players: int  # who had pages of both kinds
    shown: float | None = None
    hidden: float | None = None
    difference: float | None = None  # hidden less shown, within players
    low: float | None = None
    high: float | None = None

    @property
    def verdict(self) -> str:
        """Whether the results make a difference: too_few, unseen, more or less of it with them hidden."""
        if self.difference is None or self.low is None or self.high is None:
            return "too_few"
        if self.low <= 0 <= self.high:
            return "unseen"
        return "more" if self.difference > 0 else "less"


@dataclass(frozen=True)
class Page:
    player: int
    is_hidden: bool
    values: dict[str, float]  # by measure; what is not known of the page is not there


def effects(language: str) -> list[Effect]:
    """The effect on each measure in a language, over the newest pages."""
    pages = list(_pages(language))
    return [effect(measure, pages) for measure in MEASURES]


def effect(measure: str, pages: Sequence[Page]) -> Effect:
    """The effect on one measure; bare counts where there are too few pages to tell."""
    told = [page for page in pages if measure in page.values]
    values = np.array([page.values[measure] for page in told], dtype=np.float64)
    is_hidden = np.array([page.is_hidden for page in told], dtype=bool)
    _, players = np.unique([page.player for page in told], return_inverse=True)
    gaps, sizes = _within(values, is_hidden, players)
    n_shown, n_hidden = int((~is_hidden).sum()), int(is_hidden.sum())
    if len(gaps) < FEWEST_PLAYERS or min(n_shown, n_hidden) < FEWEST_PAGES:
        return Effect(measure, n_shown, n_hidden, len(gaps))
    low, high = _interval(gaps, sizes)
    return Effect(
        measure,
        n_shown,
        n_hidden,
        len(gaps),
        shown=float(values[~is_hidden].mean()),
        hidden=float(values[is_hidden].mean()),
        difference=float(np.average(gaps, weights=sizes)),
        low=low,
        high=high,
    )


def _within(values: Floats, is_hidden: NDArray[np.bool_], players: NDArray[Any]) -> tuple[Floats, Floats]:
    """Hidden less shown for each player who had both, and how much that player tells."""
    n = int(players.max()) + 1 if len(players) else 0
    n_hidden, n_shown = np.bincount(players[is_hidden], minlength=n), np.bincount(players[~is_hidden], minlength=n)
    both = (n_hidden > 0) & (n_shown > 0)
    hidden = np.bincount(players[is_hidden], values[is_hidden], n)[both] / n_hidden[both]
    shown = np.bincount(players[~is_hidden], values[~is_hidden], n)[both] / n_shown[both]
    return hidden - shown, (n_hidden * n_shown)[both] / (n_hidden + n_shown)[both]


def _interval(gaps: Floats, sizes: Floats) -> tuple[float, float]:
    """95 % of the estimates that other draws of as many players would have given."""
    dice = np.random.default_rng(20_250_601)  # the same pages give the same interval
    drawn = dice.integers(len(gaps), size=(N_DRAWS, len(gaps)))
    estimates = (gaps[drawn] * sizes[drawn]).sum(axis=1) / sizes[drawn].sum(axis=1)
    low, high = np.quantile(estimates, [0.025, 0.975])
    return float(low), float(high)


# --- reading pages ---


def _pages(language: str) -> Iterator[Page]:
    rounds = list(_drawn(language)[:N_MOST])
    for start in range(0, len(rounds), AT_ONCE):
        yield from _some(rounds[start : start + AT_ONCE])


def _drawn(language: str) -> QuerySet[Round]:
    """Submitted pages that could have been in either arm."""
    played = Round.objects.filter(source=Round.Source.PLAY)
    submitted = played.filter(language=language, submitted_at__isnull=False, labeler__isnull=False)
    submitted = submitted.exclude(state=Round.State.WITHDRAWN).order_by("-pk")
    if n_before := rules.current().hidden_after:
        earlier = played.filter(labeler=OuterRef("labeler"), pk__lt=OuterRef("pk")).order_by("pk")
        submitted = submitted.filter(Exists(earlier[n_before - 1 : n_before]))
    return submitted


def _some(rounds: Sequence[Round]) -> Iterator[Page]:
    ids = [round_.pk for round_ in rounds]
    texts, ranks = _texts(ids), _ranks(ids)
    for round_ in rounds:
        assert round_.submitted_at is not None
        assert round_.labeler_id is not None
        seconds = min((round_.submitted_at - round_.dealt_at).total_seconds(), LONGEST_S)
        values = {"seconds": seconds, **_of_texts(texts[round_.pk])}
        if answers := ranks[round_.pk]:
            values["found"] = fmean(rank > 0 for rank in answers)
        yield Page(round_.labeler_id, round_.results_hidden, values)


def _of_texts(texts: Sequence[tuple[int, float | None, bool]]) -> dict[str, float]:
    if not texts:
        return {}
    lengths, novelties, known = zip(*texts, strict=True)
    values = {"n_queries": float(len(texts)), "length": fmean(lengths), "known": fmean(known)}
    told = [novelty for novelty in novelties if novelty is not None]
    return values | ({"novelty": fmean(told)} if told else {})


def _texts(round_ids: Iterable[int]) -> defaultdict[int, list[tuple[int, float | None, bool]]]:
    """By round, of each query: its length, its novelty, and whether the search knew its words of another sticker when
    the page was dealt. Those are the words of results that were, or would have been, shown for it."""
    known = (
        Query.objects.filter(normalised=OuterRef("normalised"), removed_at=None)
        .filter(round__language=OuterRef("round__language"), round__submitted_at__lt=OuterRef("round__dealt_at"))
        .exclude(round__sticker=OuterRef("round__sticker"))
    )
    searchable = known.filter(round__source=Round.Source.HOUSE) | known.filter(round__state__in=PROVEN)
    held = Query.objects.filter(round_id__in=round_ids, removed_at=None).order_by("round_id", "position", "pk")
    rows = held.annotate(length=Length("text"), known=Exists(searchable))
    texts = defaultdict(list)
    for round_id, length, novelty, is_known in rows.values_list("round_id", "length", "novelty", "known"):
        texts[round_id].append((length, novelty, is_known))
    return texts


def _ranks(round_ids: Iterable[int]) -> defaultdict[int, list[int]]:
    ranks = defaultdict(list)
    for round_id, rank in Retrieval.objects.filter(COUNTS, round_id__in=round_ids).values_list("round_id", "rank"):
        ranks[round_id].append(rank)
    return ranks
