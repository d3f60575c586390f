"""How well stickers are found: table 1 of Sticker820K, and by language against live search, words alone and fusion.

text_to_image/human_query            a person's query finds its sticker among the test stickers; the headline
text_to_image/human_query/catalogue  the same among all stickers of the release
text_to_image/all_fields             all that annotators say of a sticker, joined, as in the paper
text_to_image/description_only       its description alone
image_to_text/...                    a sticker finds one of its texts among all texts of that task and language

BM25 has the other queries of the sticker that is looked for, not the one that is asked, and all queries of every other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..dense import Vectors
from ..fusion import RRF_K
from ..lexical import LexicalIndex
from ..metrics import Places, chance_of_first
from ..searcher import DEPTH
from ..text import normalise, tokenise
from ..training.figures import Figure, difference, intervals
from ..training.release import Sticker
from .texts import JOINT

CUTOFFS: Final = (1, 5, 10, 50)
N_ASKED: Final = 20_000
"""Queries that are asked at most."""
AT_ONCE: Final = 256
LIVE, WORDS, GAIN, FUSION = "live", "bm25", "gain", "fusion"
HUMAN: Final = "human_query"
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Method:
    """Something that makes vectors: of texts, and `pictures` [n stickers, d] of all stickers of the release."""

    name: str
    encode: Callable[[Sequence[str]], Vectors]
    pictures: Vectors
    fused_name: str = ""
    """What its fusion with BM25 is called; empty where that is not measured."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A text that must find the sticker at a place."""

    sticker: int
    text: str
    language: str


def asked_of(stickers: Sequence[Sticker], places: Sequence[int], task: str) -> list[Asked]:
    """The texts of a task for the stickers at `places`, without repetition within a sticker."""
    return [Asked(place, text, of) for place in places for of, text in _texts(stickers[place], task)]


def _texts(sticker: Sticker, task: str) -> Iterator[tuple[str, str]]:
    if task == HUMAN:
        yield from {(q.language, normalise(q.text)): (q.language, q.text) for q in sticker.queries}.values()
        return
    for language in sorted({query.language for query in sticker.queries}):
        told = sticker.told(language)
        wanted = (
            list(told.values()) if task == "all_fields" else [told[name] for name in ("description",) if name in told]
        )
        if wanted:
            yield language, JOINT.join(wanted)


class Evaluation:
    """Figures of `methods` on the test stickers, those whose places are `test`."""

    def __init__(self, stickers: Sequence[Sticker], test: Sequence[int], methods: Sequence[Method], ours: str) -> None:
        self._stickers, self._test, self._methods, self._ours = stickers, list(test), methods, ours
        self.figures = list[Figure]()
        self.examples = list[dict[str, Any]]()

    def measure(self, told: Callable[[int, int], None] = lambda done, n: None) -> None:
        """Fill `figures` and `examples`; `told` hears how many tables of how many are done."""
        asked = {task: _sample(asked_of(self._stickers, self._test, task)) for task in TASKS}
        everything = range(len(self._stickers))
        parts = [partial(self._by_text, f"text_to_image/{HUMAN}/catalogue", asked[HUMAN], everything)]
        for task in TASKS:
            parts.append(partial(self._by_text, f"text_to_image/{task}", asked[task], self._test))
            parts.append(partial(self._by_picture, f"image_to_text/{task}", asked[task]))
        for number, part in enumerate(parts, 1):
            part()
            told(number, len(parts))

    def _by_text(self, task: str, asked: Sequence[Asked], gallery: Sequence[int]) -> None:
        """Every text looks for its sticker in `gallery` (places)."""
        if not asked:
            return
        with_words = HUMAN in task
        found = _places(self._stickers, asked, gallery, self._methods, with_words=with_words)
        chance = chance_of_first(len(gallery), 1)
        for method, places in found.items():
            self._add(task, method, [a.language for a in asked], places, chance, len(gallery))
        if LIVE in found and with_words:
            self._add_gain(task, [a.language for a in asked], found[self._ours], found[LIVE], len(gallery))
        if task == f"text_to_image/{HUMAN}":
            self._show(asked, found[self._ours])

    def _by_picture(self, task: str, asked: Sequence[Asked]) -> None:
        """Every sticker looks for one of its texts, in each language and in all together."""
        if not asked:
            return
        for language in [*sorted({a.language for a in asked}), "all"]:
            of = [a for a in asked if language in (a.language, "all")]
            texts = list(dict.fromkeys(a.text for a in of))
            column = {text: place for place, text in enumerate(texts)}
            own = {sticker: [column[a.text] for a in of if a.sticker == sticker] for sticker in {a.sticker for a in of}}
            chance = np.mean([chance_of_first(len(texts), len(set(columns))) for columns in own.values()], axis=0)
            for method in self._methods:
                places = _first_of_own(method.pictures[list(own)] @ method.encode(texts).T, list(own.values()))
                self._add_row(task, method.name, language, places, chance, len(texts))

    def _add(
        self, task: str, method: str, languages: Sequence[str], places: Places, chance: Floats, n_gallery: int
    ) -> None:
        for language, chosen in _by_language(languages):
            self._add_row(task, method, language, places.of(chosen), chance, n_gallery)

    def _add_row(self, task: str, method: str, language: str, places: Places, chance: Floats, n_gallery: int) -> None:
        names, values = _values(places)
        low, high = intervals(values)
        tied, by_chance = float((places.tied > 1).mean()), _chances(chance)
        for column, name in enumerate(names):
            mean, bounds = float(values[:, column].mean()), (float(low[column]), float(high[column]))
            row = Figure(task, method, language, name, mean, *bounds, by_chance[name], len(values), n_gallery, 0, tied)
            self.figures.append(row)

    def _add_gain(self, task: str, languages: Sequence[str], ours: Places, live: Places, n_gallery: int) -> None:
        """What is won over the live model, query by query."""
        for language, chosen in _by_language(languages):
            (names, mine), (_, theirs) = _values(ours.of(chosen)), _values(live.of(chosen))
            for column, name in enumerate(names):
                gain, low, high = difference(mine[:, column].tolist(), theirs[:, column].tolist())
                row = Figure(task, GAIN, language, name, gain, low, high, 0.0, int(chosen.sum()), n_gallery)
                self.figures.append(row)

    def _show(self, asked: Sequence[Asked], places: Places) -> None:
        """A few queries and what they find."""
        method = next(method for method in self._methods if method.name == self._ours)
        for at in np.linspace(0, len(asked) - 1, min(len(asked), N_SHOWN)).astype(int):
            query, scores = asked[at], method.pictures[self._test] @ method.encode([asked[at].text])[0]
            found = [self._stickers[self._test[i]].id for i in np.argsort(-scores, kind="stable")[:5]]
            shown = {"sticker_id": self._stickers[query.sticker].id, "language": query.language, "texts": [query.text]}
            self.examples.append(shown | {"found": found, "rank": int(places.better[at]) + 1})


TASKS: Final = (HUMAN, "all_fields", "description_only")
N_SHOWN: Final = 12


def _sample(asked: list[Asked]) -> list[Asked]:
    """At most `N_ASKED` of them, drawn the same each time."""
    if len(asked) <= N_ASKED:
        return asked
    return [asked[i] for i in sorted(np.random.default_rng(0).permutation(len(asked))[:N_ASKED].tolist())]


def _by_language(languages: Sequence[str]) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Each language and all together, with which queries are of it."""
    of = np.array(languages)
    for language in sorted(set(languages)):
        yield language, of == language
    yield "all", np.ones(len(of), dtype=bool)


def _values(places: Places) -> tuple[list[str], Floats]:
    """The metrics' names, and each query's value of each [n, metrics]."""
    columns = {f"recall_at_{k}[exact]": places.hits(k) for k in CUTOFFS}
    columns["mean_recall"] = np.mean([places.hits(k) for k in (1, 5, 10)], axis=0)
    columns |= {"mrr": places.reciprocal_ranks(), "ndcg_at_10": places.gains(10)}
    return list(columns), np.stack(list(columns.values()), axis=1)


def _chances(first: Floats) -> Mapping[str, float]:
    """What each metric is by chance, from the chances of the first relevant item's rank."""
    ranks = np.arange(1, len(first) + 1)
    hits = {k: float(first[:k].sum()) for k in CUTOFFS}
    found = {f"recall_at_{k}[exact]": value for k, value in hits.items()}
    found["mean_recall"] = (hits[1] + hits[5] + hits[10]) / 3
    return found | {"mrr": float((first / ranks).sum()), "ndcg_at_10": float((first / np.log2(1 + ranks))[:10].sum())}


def _places(
    stickers: Sequence[Sticker],
    asked: Sequence[Asked],
    gallery: Sequence[int],
    methods: Sequence[Method],
    *,
    with_words: bool,
) -> dict[str, Places]:
    """By method, where each text finds its sticker."""
    column = {place: at for at, place in enumerate(gallery)}
    relevant = np.array([column[a.sticker] for a in asked], dtype=np.int64)
    words = _Words([stickers[place] for place in gallery]) if with_words else None
    vectors = {method.name: method.encode([a.text for a in asked]) for method in methods}
    found: dict[str, list[Places]] = {}
    for start in range(0, len(asked), AT_ONCE):
        of = slice(start, start + AT_ONCE)
        lexical = words.scores(asked[of], relevant[of]) if words else None
        if lexical is not None:
            found.setdefault(WORDS, []).append(Places.by(lexical, relevant[of]))
        for method in methods:
            dense = (vectors[method.name][of] @ method.pictures[list(gallery)].T).astype(np.float64)
            found.setdefault(method.name, []).append(Places.by(dense, relevant[of]))
            if lexical is not None and method.fused_name:
                fused = _fused_part(lexical) + _fused_part(dense)
                found.setdefault(method.fused_name, []).append(Places.by(fused, relevant[of]))
    return {name: Places.joined(parts) for name, parts in found.items()}


def _fused_part(scores: Floats) -> Floats:
    """What each item gets from one side of reciprocal rank fusion: 1 / (k + rank), ties by place; 0 where unranked."""
    order = np.argsort(-scores, axis=1, kind="stable")
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, order, np.arange(1, scores.shape[1] + 1)[None], axis=1)
    return np.where(np.isfinite(scores) & (ranks <= DEPTH), 1.0 / (RRF_K + ranks), 0.0)


class _Words:
    """BM25 over the queries of stickers, in which the text that is asked is no query of the sticker it looks for."""

    def __init__(self, stickers: Sequence[Sticker]) -> None:
        self._stickers = stickers
        self._index = LexicalIndex.of((at, self._document(at)) for at in range(len(stickers)))

    def scores(self, asked: Sequence[Asked], relevant: NDArray[np.int64]) -> Floats:
        """[asked, stickers], -inf where nothing matches."""
        found = np.full((len(asked), len(self._stickers)), -np.inf)
        for row, (query, at) in enumerate(zip(asked, relevant.tolist(), strict=True)):
            self._index.put(at, self._document(at, without=query.text))
            ranking = self._index.search(tokenise(query.text), None)
            found[row, ranking.ids] = ranking.scores
            self._index.put(at, self._document(at))
        return found

    def _document(self, at: int, without: str = "") -> list[str]:
        gone = normalise(without)
        texts = dict.fromkeys(q.text for q in self._stickers[at].queries if normalise(q.text) != gone)
        return tokenise(", ".join(texts))


def _first_of_own(scores: NDArray[np.floating], own: Sequence[Sequence[int]]) -> Places:
    """The place of each row's best own column among those that are not its own."""
    scores = np.array(scores, dtype=np.float64)
    best = np.array([row[columns].max() for row, columns in zip(scores, own, strict=True)])
    for row, columns in enumerate(own):
        scores[row, columns] = -np.inf
    return Places((scores > best[:, None]).sum(axis=1), (scores == best[:, None]).sum(axis=1) + 1)
