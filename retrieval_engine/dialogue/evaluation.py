"""What a model's ranking comes to, as the rows of a run's report: each figure with its interval, its chance, and how
many conversations it rests on.

Tasks are `reply/gallery`, the whole gallery ranked, and `reply/candidates`, stored lists with one right sticker; each
also for supplements and direct replies alone (`.../SR`, `.../DR`). What is right: [exact] the sticker that was sent,
[acceptable] it or what says the same, [intent] what is mostly used for what the sender meant, [intent_any] what is
ever used for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..training.figures import Figure, intervals
from . import candidates, measures
from .candidates import Candidates
from .conversations import Use
from .gallery import Gallery, Places
from .measures import CUTOFFS, Measure, Relevant, Scores

LISTED: Final = (1, 2, 3, 5)
"""Cut-offs of candidate lists: those of SRS and PBR, and of MOD."""
Score = Callable[[Sequence[Use], Places | None], Scores]
"""[n, m] of uses and candidates [n, m], or over the whole gallery."""


def figures(
    name: str, score: Score, gallery: Gallery, uses: Sequence[Use], lists: Mapping[str, Candidates] | None = None
) -> list[Figure]:
    """All figures of one method on `uses`; with `lists` by use, those of candidates as well."""
    rows = [*_gallery(name, score(uses, None), gallery, uses)]
    listed = [use for use in uses if lists and use.id in lists]
    if lists and listed:
        rows += _lists(name, score, gallery, listed, [lists[use.id] for use in listed])
    return rows


def relevance(gallery: Gallery, uses: Sequence[Use]) -> dict[str, Relevant]:
    """bool [n uses, n stickers] of each sense of what is right."""
    stickers = gallery.stickers
    senses: dict[str, Callable[[Use, int], bool]] = {
        "exact": lambda use, at: stickers[at].id == use.gold,
        "acceptable": lambda use, at: stickers[at].id in use.acceptable or stickers[at].id == use.gold,
        "intent": lambda use, at: bool(use.intent) and stickers[at].intents[:1] == (use.intent,),
        "intent_any": lambda use, at: use.intent in stickers[at].intents,
    }
    return {
        name: np.array([[holds(use, at) for at in range(len(stickers))] for use in uses], dtype=bool).reshape(
            len(uses), len(stickers)
        )
        for name, holds in senses.items()
    }


def _gallery(name: str, scores: Scores, gallery: Gallery, uses: Sequence[Use]) -> Iterator[Figure]:
    right = relevance(gallery, uses)
    for task, chosen in _scenarios("reply/gallery", uses):
        for sense, relevant in right.items():
            yield from _rows(task, name, uses, chosen, scores, relevant, _of_gallery(sense))


def _lists(
    name: str, score: Score, gallery: Gallery, uses: Sequence[Use], rows: Sequence[Candidates]
) -> Iterator[Figure]:
    places = candidates.places(rows, gallery)
    scores = score(uses, places)
    relevant = np.arange(places.shape[1])[None] == np.array([row.gold_index for row in rows])[:, None]
    n = places.shape[1]
    asked: dict[str, Measure] = {f"r{n}_at_{k}": _at(measures.hit_at, k) for k in LISTED}
    for task, chosen in _scenarios("reply/candidates", uses):
        yield from _rows(task, name, uses, chosen, scores, relevant, asked | {f"map_{n}": measures.average_precision})


def _of_gallery(sense: str) -> dict[str, Measure]:
    if sense == "exact":
        found: dict[str, Measure] = {f"recall_at_{k}[exact]": _at(measures.hit_at, k) for k in CUTOFFS}
        return found | {"map[exact]": measures.average_precision}
    named = {"hit": measures.hit_at, "prec": measures.prec_at, "count": measures.count_at}
    found = {f"{what}_at_{k}[{sense}]": _at(measure, k) for what, measure in named.items() for k in CUTOFFS}
    return found | {f"map[{sense}]": measures.average_precision}


def _at(measure: Callable[[Scores, Relevant, int], NDArray[np.float64]], k: int) -> Measure:
    return lambda scores, relevant: measure(scores, relevant, k)


def _scenarios(task: str, uses: Sequence[Use]) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """The task on all uses, and on those of each scenario that there are."""
    of = np.array([use.scenario or "" for use in uses])
    yield task, np.ones(len(uses), dtype=bool)
    for scenario in ("SR", "DR"):
        if (of == scenario).any():
            yield f"{task}/{scenario}", of == scenario


def _rows(
    task: str, name: str, uses: Sequence[Use], chosen: NDArray[np.bool_], scores: Scores, relevant: Relevant,
    asked: Mapping[str, Measure],
) -> Iterator[Figure]:  # fmt: skip
    """A row for each measure and language, and for all; uses for which nothing is right are dropped, and counted."""
    languages = np.array([use.language for use in uses])
    for language in [*sorted(set(languages[chosen].tolist())), "all"]:
        of = chosen if language == "all" else chosen & (languages == language)
        kept = of & relevant.any(axis=1)
        if not kept.any():
            continue
        own, right = scores[kept], relevant[kept]
        n, n_dropped, tied = int(kept.sum()), int(of.sum() - kept.sum()), measures.tied_share(own, right)
        values = np.stack([measure(own, right) for measure in asked.values()], axis=1)
        by_chance = [float(measures.chance(measure, right).mean()) for measure in asked.values()]
        bounds = intervals(values).T.tolist()
        for metric, mean, (low, high), blind in zip(asked, values.mean(0).tolist(), bounds, by_chance, strict=True):
            yield Figure(task, name, language, metric, mean, low, high, blind, n, scores.shape[1], n_dropped, tied)
