"""How well held-out queries find their sticker: BM25, CLIP and their fusion on the same split, with chance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .metrics import Place, Places, chance_recall, chance_reciprocal_rank, place
from .searcher import Searcher
from .searching import Mode, TextEncoder
from .training.figures import intervals

CUTOFFS: Final = (1, 5, 10, 50)
MODES: Final[tuple[Mode, ...]] = ("lexical", "dense", "hybrid")


@dataclass(frozen=True, slots=True)
class HeldOut:
    """A query that must find sticker `id`, and its language."""

    query: str
    id: int
    language: str


@dataclass(frozen=True, slots=True)
class Figures:
    """Means over `n_queries`: recall at each of `CUTOFFS`, and the reciprocal rank. `tied` is the share with a tie;
    `bounds` are the 95 % intervals by bootstrap over the queries, by the metric's name, none for what was not measured.
    """

    n_queries: int
    recall: dict[int, float]
    mrr: float
    tied: float
    bounds: dict[str, tuple[float, float]] = field(default_factory=dict)

    @classmethod
    def of(cls, places: Places) -> Figures:
        """The figures of one or more queries' places."""
        columns = {f"recall_at_{k}": places.hits(k) for k in CUTOFFS} | {"mrr": places.reciprocal_ranks()}
        low, high = intervals(np.stack(list(columns.values()), axis=1)).tolist()
        recall = {k: float(columns[f"recall_at_{k}"].mean()) for k in CUTOFFS}
        tied = float((places.tied > 1).mean())
        bounds = dict(zip(columns, zip(low, high, strict=True), strict=True))
        return cls(len(places.better), recall, float(columns["mrr"].mean()), tied, bounds)


def build_searcher(
    texts: Mapping[int, str], vectors: Mapping[int, NDArray[np.floating]], encoder: TextEncoder | None
) -> Searcher:
    """A searcher over stickers with these texts (their kept queries) and image vectors."""
    searcher = Searcher(encoder)
    for id, text in texts.items():
        searcher.put(id, text, vectors.get(id))
    return searcher


def evaluate(searcher: Searcher, queries: Iterable[HeldOut]) -> dict[str, dict[str, Figures]]:
    """Figures by language (and "all") and mode. Ties count by their expected value; what is not found is last.

    ValueError without queries, or for a sticker that the searcher does not hold.
    """
    queries = list(queries)
    if not queries:
        raise ValueError("no queries are held out: there is nothing to measure")
    of = np.array([query.language for query in queries])
    places = {mode: _places(searcher, queries, mode) for mode in MODES}
    return {
        language: {mode: Figures.of(places[mode].of((of == language) | (language == "all"))) for mode in MODES}
        for language in [*sorted(set(of.tolist())), "all"]
    }


def _places(searcher: Searcher, queries: Sequence[HeldOut], mode: Mode) -> Places:
    found = [_place(searcher, query, mode) for query in queries]
    return Places(np.array([place.better for place in found]), np.array([place.tied for place in found]))


def _place(searcher: Searcher, held_out: HeldOut, mode: Mode) -> Place:
    if held_out.id not in searcher:
        raise ValueError(f"sticker {held_out.id} is not in the catalogue")
    hits = searcher.search(held_out.query, len(searcher), mode=mode)
    scores = np.full(len(searcher), -np.inf)
    scores[: len(hits)] = [hit.score for hit in hits]
    at = next((i for i, hit in enumerate(hits) if hit.id == held_out.id), len(searcher) - 1)
    return place(scores, at)


def chance(n: int) -> Figures:
    """What a random order of `n` stickers gives."""
    return Figures(0, {k: chance_recall(n, k) for k in CUTOFFS}, chance_reciprocal_rank(n), 1.0)


def as_json(figures: Mapping[str, Mapping[str, Figures]], n_stickers: int) -> dict[str, Any]:
    """The figures and chance as plain data, rounded to four places."""
    rows = {language: {mode: _row(row) for mode, row in modes.items()} for language, modes in figures.items()}
    return {"n_stickers": n_stickers, "chance": _row(chance(n_stickers)), **rows}


def _row(figures: Figures) -> dict[str, Any]:
    recall = {f"recall_at_{k}": round(value, 4) for k, value in figures.recall.items()}
    row = {"n_queries": figures.n_queries, **recall, "mrr": round(figures.mrr, 4), "tied": round(figures.tied, 4)}
    bounds = {name: [round(low, 4), round(high, 4)] for name, (low, high) in figures.bounds.items()}
    return row | ({"intervals": bounds} if bounds else {})


def table(figures: Mapping[str, Mapping[str, Figures]], n_stickers: int) -> str:
    """The figures as a Markdown table, the MRR with its interval, chance in the last line."""
    head = "| language | retriever | queries | " + " | ".join(f"R@{k}" for k in CUTOFFS) + " | MRR |"
    lines = [head, "| --- " * (len(CUTOFFS) + 4) + "|"]
    for language, modes in figures.items():
        lines += [_line(language, NAMES.get(mode, mode), row) for mode, row in modes.items()]
    return "\n".join([*lines, _line("any", "chance", chance(n_stickers))])


def _line(language: str, name: str, row: Figures) -> str:
    numbers = " | ".join(f"{value:.3f}" for value in (*row.recall.values(), row.mrr))
    bounds = " [{:.3f}, {:.3f}]".format(*row.bounds["mrr"]) if "mrr" in row.bounds else ""
    return f"| {language} | {name} | {row.n_queries or ''} | {numbers}{bounds} |"


NAMES: Final = {"lexical": "BM25", "dense": "CLIP", "hybrid": "fusion"}
