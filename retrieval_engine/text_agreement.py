"""How alike the queries are that several people wrote for one sticker: the StickerQueries paper's table 4, defined.

Every measure scores a pair of texts. A pair counts in both directions, a sticker is the mean of its pairs, a language
the mean of its stickers; intervals are percentiles of a bootstrap over stickers with a fixed seed. Beside each figure
stands its **baseline**: the same score on pairs of different stickers. Embeddings of short texts are alike whatever
they say, so only the distance from the baseline means something.

How a pair is made (`variant`):

* `list`: all queries of one annotator, joined by ", ", against all of another.
* `best`: each query against the nearest of the other annotator's, both ways (greedy, as BERTScore does with tokens).
* `within`: single queries of a sticker against each other, where nobody knows who wrote which.
* `halves`: the queries of a sticker in two random halves, joined; the other stand-in for annotators.

Measures: BLEU (Papineni 2002; sentence level, orders 1 and 2, exponential smoothing, as sacrebleu, 0 to 100), ROUGE-L
(Lin 2004; F1 of the longest common subsequence, on our own tokens, because the usual tokenizer deletes Chinese),
Jaccard of normalised queries, and with weights the cosine of embeddings and BERTScore (Zhang 2020); see `embedding`.

>>> queries = {"a.png": [["so sad", "crying"], ["sad"]], "b.png": [["party"], ["party time"]]}
>>> [row] = agreement(queries, [RougeL()], ["list"])
>>> round(row.estimate.value, 4), row.baseline.value, row.n_stickers, row.n_pairs
(0.5833, 0.0, 2, 2)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import combinations, pairwise
from math import exp, log
from random import Random
from typing import Final, Literal, NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from .text import Tokenizer, characters, normalise, segment

Variant = Literal["list", "best", "within", "halves"]
Annotators = Sequence[Sequence[str]]  # of one sticker: what each of them wrote
T = TypeVar("T")

N_RESAMPLES: Final = 1_000
SEED: Final = 20_261_121
PAIRS_MOST: Final = 100  # of a sticker: a fixed random choice of more
BASELINE_PAIRS: Final = 3  # with other stickers, for each sticker
KEPT: Final = 8_192  # texts whose tokens are kept: those of one sticker come one after another
TOKENS: Final[dict[str, dict[str, Tokenizer]]] = {
    "en": {"words": segment},
    "zh": {"characters": characters, "words": segment},
}


class Measure(Protocol):
    """Scores a pair of texts. `prepare` hears of all texts beforehand, for measures that are quicker in one go."""

    name: str

    def prepare(self, texts: Sequence[str]) -> None: ...

    def __call__(self, first: str, second: str) -> float: ...


@dataclass(frozen=True, slots=True)
class Estimate:
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Row:
    """One measure of one variant. `n_stickers` are those with a pair."""

    measure: str
    variant: str
    n_stickers: int
    n_pairs: int
    estimate: Estimate
    baseline: Estimate  # the same on pairs of different stickers


# --- measures of words ---


class Said(NamedTuple):
    """What is counted of a text: its tokens in their order, as a set, and its pairs of neighbours."""

    order: list[str]
    tokens: frozenset[str]
    pairs: list[tuple[str, str]]


@cache
def _reader(tokenizer: Tokenizer) -> Callable[[str], Said]:
    """Measures with the same tokens share what they read."""

    @lru_cache(KEPT)
    def read(text: str) -> Said:
        order = tokenizer(text)
        return Said(order, frozenset(order), list(pairwise(order)))

    return read


class OfTokens:
    """A measure of two texts' tokens: 0 where they have none in common, which is how it is with most pairs."""

    def __init__(self, name: str, tokenizer: Tokenizer, score: Callable[[Said, Said], tuple[float, float]]) -> None:
        self.name = name
        self._said, self._score = _reader(tokenizer), score

    def prepare(self, texts: Sequence[str]) -> None:
        pass

    def __call__(self, first: str, second: str) -> float:
        return self.both_ways(first, second)[0]

    def both_ways(self, first: str, second: str) -> tuple[float, float]:
        """The score of the first against the second, and of the second against the first."""
        one, other = self._said(first), self._said(second)
        return (0.0, 0.0) if one.tokens.isdisjoint(other.tokens) else self._score(one, other)

    def nearest(self, first: Sequence[str], second: Sequence[str]) -> tuple[list[float], list[float]]:
        """Of each text the highest score against one of the other side's."""
        ones, others = list(map(self._said, first)), list(map(self._said, second))
        best, best_of_others = [0.0] * len(ones), [0.0] * len(others)
        for here, one in enumerate(ones):
            for there, other in enumerate(others):
                if not one.tokens.isdisjoint(other.tokens):
                    forth, back = self._score(one, other)
                    best[here], best_of_others[there] = max(best[here], forth), max(best_of_others[there], back)
        return best, best_of_others


class Bleu(OfTokens):
    """Sentence BLEU of orders 1 and 2 with exponential smoothing, 0 to 100, on our tokens; 0 for a text without any.

    To the last bit what sacrebleu says with an effective order; that is made for whole corpora, and a pair of queries
    takes it many times as long.
    """

    def __init__(self, tokens: str = "words", tokenizer: Tokenizer = segment) -> None:
        super().__init__(f"BLEU ({tokens})", tokenizer, _bleu)


def _bleu(one: Said, other: Said) -> tuple[float, float]:
    n_tokens, n_pairs = _in_common(one.order, other.order), _in_common(one.pairs, other.pairs)
    n, n_other = len(one.order), len(other.order)
    return _bleu_of(n_tokens, n_pairs, n, n_other), _bleu_of(n_tokens, n_pairs, n_other, n)


def _bleu_of(n_tokens: int, n_pairs: int, n: int, n_reference: int) -> float:
    """Of a text of n tokens, given how many of them and of its pairs the reference has, too."""
    precision = 100.0 * n_tokens / n
    brevity = exp(1 - n_reference / n) if n < n_reference else 1.0
    if n == 1:
        return brevity * exp(log(precision))
    of_pairs = 100.0 * n_pairs / (n - 1) if n_pairs else 100.0 / (2.0 * (n - 1))
    return brevity * exp((log(precision) + log(of_pairs)) / 2)


def _in_common(first: Sequence[T], second: Sequence[T]) -> int:
    """How many both have; what one has twice counts twice where the other has it twice."""
    shared = set(first).intersection(second)
    return sum(min(first.count(each), second.count(each)) for each in shared)


class RougeL(OfTokens):
    """F1 of the longest common subsequence of tokens, 0 to 1; 0 for a text without any."""

    def __init__(self, tokens: str = "words", tokenizer: Tokenizer = segment) -> None:
        super().__init__(f"ROUGE-L ({tokens})", tokenizer, _rouge_l)


def _rouge_l(first: Said, second: Said) -> tuple[float, float]:
    one, other = first.order, second.order
    # 2PR / (P + R) with P = common / len(one), R = common / len(other)
    f1 = 2 * common_length(one, other) / (len(one) + len(other))
    return f1, f1


def common_length(first: Sequence[str], second: Sequence[str]) -> int:
    """The length of the longest common subsequence, a whole row of the table at a time as bits of a number (Hyyrö
    2004): what is 0 in `row` has grown by one there.

    >>> common_length("a b c d".split(), "b x d a".split())
    2
    """
    places: dict[str, int] = {}
    for n, token in enumerate(second):
        places[token] = places.get(token, 0) | 1 << n
    full = (1 << len(second)) - 1
    row = full
    for token in first:
        here = row & places.get(token, 0)
        row = (row + here | row - here) & full
    return len(second) - row.bit_count()


class Jaccard:
    """The share of all queries of a pair that both have, normalised. For `list` alone: it splits the lists again."""

    name = "Jaccard"

    def prepare(self, texts: Sequence[str]) -> None:
        pass

    def __call__(self, first: str, second: str) -> float:
        one, other = (set(filter(None, map(normalise, text.split(", ")))) for text in (first, second))
        return len(one & other) / len(one | other) if one | other else 0.0


def measures_of(language: str) -> list[Measure]:
    """The measures that need no weights; Chinese by characters first, then by words."""
    tokens = TOKENS.get(language, TOKENS["en"]).items()
    return [*(Bleu(*named) for named in tokens), *(RougeL(*named) for named in tokens)]


# --- pairs ---


def singles(annotators: Annotators) -> list[list[str]]:
    """Each query as if somebody else had written it; the same one once."""
    return [[query] for query in dict.fromkeys(query for queries in annotators for query in queries)]


def halves(annotators: Annotators, random: Random) -> list[list[str]]:
    """The queries in two random halves; none of fewer than two."""
    queries = [query for [query] in singles(annotators)]
    random.shuffle(queries)
    middle = len(queries) // 2
    return [queries[:middle], queries[middle:]] if middle else []


def _regrouped(queries: Mapping[str, Annotators], variant: Variant) -> dict[str, list[list[str]]]:
    random = Random(SEED)
    regroup: Callable[[Annotators], list[list[str]]] = {
        "within": singles,
        "halves": lambda annotators: halves(annotators, random),
    }.get(variant, lambda annotators: [list(held) for held in annotators if held])
    return {name: regroup(queries[name]) for name in sorted(queries)}


def _joined(queries: Sequence[str]) -> str:
    return ", ".join(queries)


def _both_ways(measure: Measure, first: str, second: str) -> float:
    if isinstance(measure, OfTokens):
        return sum(measure.both_ways(first, second)) / 2
    return (measure(first, second) + measure(second, first)) / 2


def _nearest(measure: Measure, first: Sequence[str], second: Sequence[str]) -> float:
    best, best_of_others = _highest(measure, first, second)
    return (sum(best) / len(best) + sum(best_of_others) / len(best_of_others)) / 2


def _highest(measure: Measure, first: Sequence[str], second: Sequence[str]) -> tuple[list[float], list[float]]:
    if isinstance(measure, OfTokens):
        return measure.nearest(first, second)
    best = [max(measure(query, other) for other in second) for query in first]
    return best, [max(measure(other, query) for query in first) for other in second]


def score(measure: Measure, first: Sequence[str], second: Sequence[str], variant: Variant) -> float:
    """What a measure says of two annotators."""
    if variant == "best":
        return _nearest(measure, first, second)
    return _both_ways(measure, _joined(first), _joined(second))


# --- figures ---


def agreement(
    queries: Mapping[str, Annotators],
    measures: Iterable[Measure],
    variants: Iterable[Variant],
    *,
    pairs_most: int = PAIRS_MOST,
    seed: int = SEED,
) -> list[Row]:
    """Each measure in each variant, with its baseline; variants for which no sticker has a pair are left out. Of a
    sticker with more than `pairs_most` pairs that many are compared, always the same ones."""
    rows = []
    measures = list(measures)
    for variant in variants:
        groups = _regrouped(queries, variant)
        pairs = _pairs(groups, pairs_most, seed)
        if not any(pairs.values()):
            continue
        chance = _chance_pairs(groups, seed)
        for measure in measures:
            if isinstance(measure, Jaccard) and variant != "list":
                continue
            measure.prepare(_texts(groups, variant))
            rows.append(_row(measure, variant, pairs, chance, seed))
    return rows


Pair = tuple[list[str], list[str]]


def _pairs(groups: Mapping[str, list[list[str]]], most: int, seed: int) -> dict[str, list[Pair]]:
    random = Random(seed)
    found = {}
    for name, annotators in groups.items():
        pairs = list(combinations(annotators, 2))
        found[name] = random.sample(pairs, most) if len(pairs) > most else pairs
    return found


def _chance_pairs(groups: Mapping[str, list[list[str]]], seed: int) -> dict[str, list[Pair]]:
    """For each sticker some pairs of one of its annotators and one of another sticker's."""
    random = Random(seed)
    names = [name for name, annotators in groups.items() if annotators]
    if len(names) < 2:
        return {}
    found: dict[str, list[Pair]] = {name: [] for name in names}
    for place, name in enumerate(names):
        for _ in range(BASELINE_PAIRS):
            other = names[(place + random.randrange(1, len(names))) % len(names)]
            found[name].append((random.choice(groups[name]), random.choice(groups[other])))
    return found


def _texts(groups: Mapping[str, list[list[str]]], variant: Variant) -> list[str]:
    lists = [held for annotators in groups.values() for held in annotators]
    texts = (query for held in lists for query in held) if variant == "best" else map(_joined, lists)
    return list(dict.fromkeys(texts))


def _row(
    measure: Measure, variant: Variant, pairs: Mapping[str, list[Pair]], chance: Mapping[str, list[Pair]], seed: int
) -> Row:
    by_sticker, by_chance = (
        [float(np.mean([score(measure, *pair, variant) for pair in held])) for held in made.values() if held]
        for made in (pairs, chance)
    )
    n_pairs = sum(map(len, pairs.values()))
    return Row(measure.name, variant, len(by_sticker), n_pairs, estimate(by_sticker, seed), estimate(by_chance, seed))


def estimate(values: Sequence[float], seed: int = SEED) -> Estimate:
    """The mean with its 95 % interval by bootstrap; NaN without values."""
    if not values:
        return Estimate(float("nan"), float("nan"), float("nan"))
    held: NDArray[np.float64] = np.asarray(values)
    means = [held[places].mean() for places in _resamples(len(held), seed)]
    low, high = np.percentile(means, [2.5, 97.5])
    return Estimate(float(held.mean()), float(low), float(high))


@lru_cache(4)
def _resamples(n: int, seed: int) -> NDArray[np.int32]:
    """Places of n values drawn anew; the same for all measures of as many stickers."""
    return np.random.default_rng(seed).integers(0, n, (N_RESAMPLES, n), np.int32)
