"""What a model's ranking comes to, as the rows of a run's report: each figure with its interval, its chance, and how
many conversations it rests on.

Tasks are `reply/gallery`, the whole gallery ranked, and `reply/candidates`, stored lists with one right sticker; each
also for supplements and direct replies alone (`.../SR`, `.../DR`). What is right: [exact] the sticker that was sent,
[acceptable] it or what says the same, [intent] what is mostly used for what the sender meant, [intent_any] what is
ever used for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...training.figures import Figure, intervals
from ..data import candidates
from ..data.candidates import Candidates
from ..data.conversations import Use
from ..data.gallery import Gallery, Places
from . import measures
from .measures import CUTOFFS, Measure, Relevant, Scores

GALLERY, LISTS = "reply/gallery", "reply/candidates"
LISTED: Final = (1, 2, 3, 5)
"""Cut-offs of candidate lists: those of SRS and PBR, and of MOD."""
Score = Callable[[Sequence[Use], Places | None], Scores]
"""[n, m] of uses and candidates [n, m], or over the whole gallery."""
Mask = NDArray[np.bool_]
Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Measured:
    """A figure and what it is the mean of: `values` by use, in the order of `uses`."""

    figure: Figure
    uses: tuple[str, ...]
    values: Values


class _Asked(NamedTuple):
    """A measure of one sense of what is right, with what a random order gives, by use."""

    metric: str
    measure: Measure
    relevant: Relevant
    chance: Values


def figures(
    name: str, score: Score, gallery: Gallery, uses: Sequence[Use], lists: Mapping[str, Candidates] | None = None
) -> list[Figure]:
    """All figures of one method on `uses`; with `lists` by use, those of candidates as well."""
    return [each.figure for each in Bench(gallery, uses, lists).measure(name, score)]


class Bench:
    """The same conversations for every method: what is right for each, and what chance would give."""

    def __init__(self, gallery: Gallery, uses: Sequence[Use], lists: Mapping[str, Candidates] | None = None) -> None:
        self.gallery, self.uses = gallery, list(uses)
        self._listed = [use for use in uses if lists and use.id in lists]
        self._rows = [lists[use.id] for use in self._listed] if lists else []
        self._places = candidates.places(self._rows, gallery)
        self._in_gallery = [
            asked
            for sense, relevant in relevance(gallery, uses).items()
            for asked in _asked(_of_gallery(sense), relevant)
        ]
        n = self._places.shape[1]
        by_place = np.arange(n)[None] == np.array([row.gold_index for row in self._rows], dtype=np.int64)[:, None]
        among: dict[str, Measure] = {f"r{n}_at_{k}": _at(measures.hit_at, k) for k in LISTED}
        self._in_lists = _asked(among | {f"map_{n}": measures.average_precision}, by_place) if self._listed else []

    def measure(self, name: str, score: Score) -> list[Measured]:
        """All figures of one method."""
        if not self.uses:
            return []
        found = [*_figures(GALLERY, name, self.uses, score(self.uses, None), self._in_gallery)]
        if self._listed:
            found += _figures(LISTS, name, self._listed, score(self._listed, self._places), self._in_lists)
        return found


def gains(name: str, ours: Sequence[Measured], theirs: Sequence[Measured]) -> list[Figure]:
    """The mean of ours - theirs on the same uses, with its 95 % interval by paired bootstrap, as figures of the method
    `name`. Chance is 0."""
    others = {_key(each.figure): each for each in theirs}
    alike = dict[tuple[str, ...], list[tuple[Measured, Values]]]()
    for each in ours:
        other = others.get(_key(each.figure))
        if other is not None and other.uses == each.uses:
            alike.setdefault(each.uses, []).append((each, each.values - other.values))
    return [figure for pairs in alike.values() for figure in _gained(name, pairs)]


def _gained(name: str, pairs: Sequence[tuple[Measured, Values]]) -> Iterator[Figure]:
    bounds = intervals(np.stack([gaps for _, gaps in pairs], axis=1)).T.tolist()
    for (each, gaps), (low, high) in zip(pairs, bounds, strict=True):
        value = float(gaps.mean())
        yield replace(each.figure, method=name, value=value, low=low, high=high, chance=0.0, tied=None)


def _key(figure: Figure) -> tuple[str, str, str]:
    return figure.task, figure.language, figure.metric


def relevance(gallery: Gallery, uses: Sequence[Use]) -> dict[str, Relevant]:
    """bool [n uses, n stickers] of each sense of what is right."""
    place, stickers = gallery.conversations.place, gallery.stickers
    mostly, ever = dict[str, list[int]](), dict[str, list[int]]()
    for at, sticker in enumerate(stickers):
        for intent in sticker.intents[:1]:
            mostly.setdefault(intent, []).append(at)
        for intent in sticker.intents:
            ever.setdefault(intent, []).append(at)
    senses: dict[str, Callable[[Use], Sequence[int]]] = {
        "exact": lambda use: [place[use.gold]],
        "acceptable": lambda use: [place[id] for id in {use.gold, *use.acceptable} if id in place],
        "intent": lambda use: mostly.get(use.intent or "", []),
        "intent_any": lambda use: ever.get(use.intent or "", []),
    }
    return {name: _marked([right(use) for use in uses], len(stickers)) for name, right in senses.items()}


def _marked(rows: Sequence[Sequence[int]], n: int) -> Relevant:
    found = np.zeros((len(rows), n), dtype=bool)
    for row, places in zip(found, rows, strict=True):
        row[list(places)] = True
    return found


def _asked(named: Mapping[str, Measure], relevant: Relevant) -> list[_Asked]:
    return [_Asked(metric, measure, relevant, measures.chance(measure, relevant)) for metric, measure in named.items()]


def _of_gallery(sense: str) -> dict[str, Measure]:
    if sense == "exact":
        found: dict[str, Measure] = {f"recall_at_{k}[exact]": _at(measures.hit_at, k) for k in CUTOFFS}
        return found | {"map[exact]": measures.average_precision}
    named = {"hit": measures.hit_at, "prec": measures.prec_at, "count": measures.count_at}
    found = {f"{what}_at_{k}[{sense}]": _at(measure, k) for what, measure in named.items() for k in CUTOFFS}
    return found | {f"map[{sense}]": measures.average_precision}


def _at(measure: Callable[[Scores, Relevant, int], NDArray[np.float64]], k: int) -> Measure:
    return lambda scores, relevant: measure(scores, relevant, k)


def _figures(task: str, name: str, uses: Sequence[Use], scores: Scores, asked: Sequence[_Asked]) -> Iterator[Measured]:
    """Each use is measured once; figures are means over all uses, and over those of each scenario and language that
    there are. Uses for which nothing is right are dropped, and counted."""
    tied = {id(each.relevant): _is_tied(scores, each.relevant) for each in asked}
    values = [each.measure(scores, each.relevant) for each in asked]
    languages, ids = np.array([use.language for use in uses]), np.array([use.id for use in uses], dtype=object)
    for part, chosen in _scenarios(task, uses):
        for language in [*sorted(set(languages[chosen].tolist())), "all"]:
            of = chosen if language == "all" else chosen & (languages == language)
            yield from _rows(part, name, language, of, ids, scores.shape[1], asked, values, tied)


def _scenarios(task: str, uses: Sequence[Use]) -> Iterator[tuple[str, Mask]]:
    """The task on all uses, and on those of each scenario that there are."""
    of = np.array([use.scenario or "" for use in uses])
    yield task, np.ones(len(uses), dtype=bool)
    for scenario in ("SR", "DR"):
        if (of == scenario).any():
            yield f"{task}/{scenario}", of == scenario


def _rows(
    task: str, name: str, language: str, of: Mask, ids: NDArray[np.object_], n_gallery: int,
    asked: Sequence[_Asked], values: Sequence[Values], tied: Mapping[int, Mask],
) -> Iterator[Measured]:  # fmt: skip
    """A row for each measure on the uses `of`; those that count the same uses share the draws of their intervals."""
    alike = dict[bytes, list[int]]()
    for at, each in enumerate(asked):
        alike.setdefault((of & each.relevant.any(axis=1)).tobytes(), []).append(at)
    for content, own in alike.items():
        kept = np.frombuffer(content, dtype=bool)
        if not kept.any():
            continue
        table, names = np.stack([values[at][kept] for at in own], axis=1), tuple(ids[kept].tolist())
        n, n_dropped = int(kept.sum()), int(of.sum() - kept.sum())
        for at, column, (low, high) in zip(own, table.T, intervals(table).T.tolist(), strict=True):
            mean, blind = float(column.mean()), float(asked[at].chance[kept].mean())
            share = float(tied[id(asked[at].relevant)][kept].mean())
            row = Figure(task, name, language, asked[at].metric, mean, low, high, blind, n, n_gallery, n_dropped, share)
            yield Measured(row, names, column)


def _is_tied(scores: Scores, relevant: Relevant) -> Mask:
    return np.array([measures.tied_share(scores[[row]], relevant[[row]]) > 0 for row in range(len(scores))], dtype=bool)
