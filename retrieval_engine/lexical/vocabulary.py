"""The terms of a catalogue that changes: their numbers, in how many documents they stand, and what that is worth."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..ranking import Ranking

FEW: Final = 4_096
"""Document frequencies below it are counted, and their logarithm taken once; those above are few."""


class Vocabulary:
    """One thread at a time; the index locks."""

    def __init__(self, terms: Sequence[str] = (), document_frequencies: NDArray[np.int32] | None = None) -> None:
        self.terms = list(terms)
        self._numbers = {term: number for number, term in enumerate(terms)}  # of all terms that were ever held
        self._df = array("i", [0]) * len(terms)
        if document_frequencies is not None:
            self._df = array("i", document_frequencies.astype(np.int32).tobytes())
        self.n_live = len(self._df) - self._df.count(0)
        self._sorted: list[str] | None = None  # the terms in alphabetical order, their numbers beside them
        self._sorted_numbers = array("i")
        self._mean_idf: float | None = None

    def number(self, term: str) -> int | None:
        """The number of a term that was ever held."""
        return self._numbers.get(term)

    def number_of(self, term: str) -> int:
        """The number of a term, a new one where it has none."""
        number = self._numbers.get(term)
        if number is None:
            number = self._numbers[term] = len(self.terms)
            self.terms.append(term)
            self._df.append(0)
            if self._sorted is not None:
                place = bisect_left(self._sorted, term)
                self._sorted.insert(place, term)
                self._sorted_numbers.insert(place, number)
        return number

    def count_in(self, numbers: Iterable[int]) -> None:
        """One more document holds these terms."""
        df = self._df
        for number in numbers:
            df[number] += 1
            self.n_live += df[number] == 1
        self._mean_idf = None

    def count_out(self, numbers: Iterable[int]) -> None:
        """One document less holds these terms."""
        df = self._df
        for number in numbers:
            df[number] -= 1
            self.n_live -= df[number] == 0
        self._mean_idf = None

    def df(self, number: int) -> int:
        """So many documents hold the term."""
        return self._df[number]

    @property
    def document_frequencies(self) -> NDArray[np.int32]:
        """By number, as of now."""
        return np.array(self._df, dtype=np.int32)

    def mean_idf(self, n_documents: int) -> float:
        """The mean over all terms held of ln(N - df + 0.5) - ln(df + 0.5), before the epsilon rule."""
        if self._mean_idf is None:
            df = self.document_frequencies
            n_terms = np.bincount(df[df < FEW], minlength=1)
            n_terms[0] = 0
            counted = np.flatnonzero(n_terms)
            sums = [n_terms[counted] * _idf(counted, n_documents), _idf(df[df >= FEW], n_documents)]
            self._mean_idf = math.fsum(map(math.fsum, sums)) / self.n_live
        return self._mean_idf

    def completions(self, prefix: str, n: int) -> list[int]:
        """The numbers of the `n` most frequent terms that begin with `prefix`, ties in alphabetical order."""
        if self._sorted is None:
            self._sorted = sorted(self._numbers)
            self._sorted_numbers = array("i", map(self._numbers.__getitem__, self._sorted))
        start = bisect_left(self._sorted, prefix)
        end = bisect_left(self._sorted, prefix + "\U0010ffff", start)
        numbers = np.array(self._sorted_numbers[start:end], dtype=np.int64)
        df = np.frombuffer(self._df, dtype=np.int32)[numbers] if len(numbers) else numbers
        best = Ranking.best(np.arange(len(numbers)), df.astype(np.float64), n)
        return [int(numbers[place]) for place, df in zip(best.ids, best.scores, strict=True) if df]


def _idf(document_frequencies: NDArray[np.integer], n_documents: int) -> NDArray[np.float64]:
    return np.asarray(np.log(n_documents - document_frequencies + 0.5) - np.log(document_frequencies + 0.5))
