"""BM25 as a dot product of sparse vectors: what of a score lies in the document and what in the query.

    score(q, D) = sum over the dimensions t of  weight(t, D) * worth(t, q)
    weight(t, D) = tf (k1 + 1) / (tf + k1 (1 - b + b |D| / avgdl))        written with the document
    worth(t, q)  = times t is in q * idf(t)                               sent with the query

idf is of the moment at which a query is asked. The average length in a weight is that of the moment at which it was
written. What that costs is bounded: d ln weight / d ln avgdl = (k1 b |D| / avgdl) / (tf + k1 (1 - b + b |D| / avgdl))
lies between 0 and 1, so when the average has moved by a share x (`Statistics.drift`), no weight is off by more than x
of itself, nor is a score whose idfs are positive. Weights are written anew when it has moved too far.

Each field (all words, those of a language, generated ones) is a document collection of its own with dimensions of its
own. Beginnings of words are dimensions, too: a half-typed word is one look-up, whatever it may become.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from itertools import islice
from typing import Any, Final, NamedTuple, Self
from uuid import UUID, uuid5

from ..lexical import MAX_TERMS, TermPart
from ..text import Tokenizer
from ..texts import Text

K1: Final = 1.5
B: Final = 0.75
EPSILON: Final = 0.25
WORDS: Final = "words"
GENERATED: Final = "generated"
LONGEST_BEGINNING: Final = 12
"""Letters of a beginning that are kept; what is typed beyond is not looked at before the word is done."""
NEXT_TO_NOTHING: Final = 1e-30
"""Instead of an idf of exactly 0: a server leaves out what scores 0, and a match is one whatever it scores."""
NAMESPACE: Final = UUID("5c2f7d1e-6d0b-5f0a-9b1c-7e2a4d8c9f31")

Fields = Mapping[str, Sequence[str]]
"""The tokens of a sticker by field."""
Found = Mapping["Dimension", tuple[int, int]]
"""The number and the document frequency of each dimension that occurs."""


class Dimension(NamedTuple):
    """A word of a field, or the beginning of one."""

    field: str
    term: str
    is_beginning: bool = False

    @property
    def id(self) -> str:
        """Its point in the vocabulary: a name-based UUID, so that everybody finds it without a table."""
        return _uuid(f"{self.field}\0{int(self.is_beginning)}\0{self.term}")


@lru_cache(maxsize=65_536)
def _uuid(name: str) -> str:
    return str(uuid5(NAMESPACE, name))


def field_of(kind: str, language: str | None) -> str:
    """`kind` is WORDS or GENERATED; without a language, those of all languages together."""
    return kind if language is None else f"{kind}:{language}"


def fields_of(text: Text, generated: Text, tokenise: Tokenizer) -> dict[str, list[str]]:
    """The tokens of a sticker by field; nothing for generated text that it has none of."""
    fields: dict[str, list[str]] = {}
    for kind, said in ((WORDS, text), (GENERATED, generated)):
        if kind == GENERATED and not said:
            continue
        fields[kind] = tokenise(said if isinstance(said, str) else "\n".join(said.values()))
        for language, part in () if isinstance(said, str) else said.items():
            fields[field_of(kind, language)] = tokenise(part)
    return fields


def frequencies(field: str, tokens: Sequence[str]) -> dict[Dimension, int]:
    """How often each dimension is in a document; a beginning as often as the most frequent word that begins so."""
    words = Counter(tokens)
    held = {Dimension(field, word): n for word, n in words.items()}
    for word, n in words.items():
        for length in range(1, min(len(word), LONGEST_BEGINNING) + 1):
            beginning = Dimension(field, word[:length], is_beginning=True)
            held[beginning] = max(n, held.get(beginning, 0))
    return held


def dimensions(fields: Fields) -> set[Dimension]:
    return {dimension for field, tokens in fields.items() for dimension in frequencies(field, tokens)}


@dataclass(slots=True)
class Statistics:
    """What BM25 has to know of one field."""

    n: int = 0  # documents
    n_tokens: int = 0
    weighed: float = 1.0  # the average length in the weights that are written
    mean_idf: float = 0.0
    n_terms: dict[int, int] = field(default_factory=dict)  # by their document frequency

    @property
    def average(self) -> float:
        """The average length now; 1 where there are no tokens."""
        return self.n_tokens / self.n if self.n_tokens else 1.0

    @property
    def drift(self) -> float:
        """By what share the average length has moved away from that in the weights."""
        return max(self.average / self.weighed, self.weighed / self.average) - 1

    def weight(self, frequency: int, length: int) -> float:
        """What a document of this length that holds a term so often gives to a score, but for the idf."""
        return frequency * (K1 + 1) / (frequency + K1 * (1 - B + B * length / self.weighed))

    def idf(self, document_frequency: int) -> float:
        """rank-bm25's: that of a term in more than half of the documents is epsilon times the mean of all terms."""
        idf = math.log(self.n - document_frequency + 0.5) - math.log(document_frequency + 0.5)
        return idf if idf >= 0 else EPSILON * self.mean_idf

    def count(self, length: int, by: int) -> None:
        """Take in (`by` 1) or leave out (-1) a document."""
        self.n += by
        self.n_tokens += by * length

    def move(self, document_frequency: int, to: int) -> None:
        """A term is now in another number of documents."""
        for frequency, by in ((document_frequency, -1), (to, 1)):
            if frequency:
                n = self.n_terms.pop(frequency, 0) + by
                if n:
                    self.n_terms[frequency] = n

    def settle(self) -> None:
        """Work out the mean idf once all changes are counted."""
        n = sum(self.n_terms.values())
        idfs = ((math.log(self.n - df + 0.5) - math.log(df + 0.5), times) for df, times in self.n_terms.items())
        self.mean_idf = math.fsum(idf * times for idf, times in idfs) / n if n else 0.0

    def as_payload(self) -> dict[str, Any]:
        """As it lies beside the collection."""
        return asdict(self) | {"n_terms": {str(df): n for df, n in self.n_terms.items()}}

    @classmethod
    def of_payload(cls, held: Mapping[str, Any]) -> Self:
        """What `as_payload` has written, with or without `n_terms`, which only who writes needs."""
        return cls(**dict(held) | {"n_terms": {int(df): n for df, n in held.get("n_terms", {}).items()}})


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a query, the last of them perhaps half-typed, which then replaces itself among the others."""

    tokens: Sequence[str]
    unfinished: str = ""

    @property
    def times(self) -> dict[str, int]:
        """How often each whole word is asked for; of a text of thousands of words, those that come first."""
        return dict(islice(Counter(token for token in self.tokens if token != self.unfinished).items(), MAX_TERMS))

    def dimensions(self, kind: str, language: str | None) -> set[Dimension]:
        """What has to be looked up: in the field of the language, and in that of all, should nobody speak it."""
        fields = {field_of(kind, None), field_of(kind, language)}
        wanted = {Dimension(field, term) for field in fields for term in self.times}
        if self.unfinished:
            wanted |= {dimension for field in fields for dimension in self._half_typed(field)}
        return wanted

    def _half_typed(self, field: str) -> tuple[Dimension, Dimension]:
        beginning = Dimension(field, self.unfinished[:LONGEST_BEGINNING], is_beginning=True)
        return beginning, Dimension(field, self.unfinished)

    def worths(self, field: str, statistics: Statistics, found: Found) -> dict[int, float]:
        """What each dimension of the query counts, by its number.

        A half-typed word counts the idf of all words that it begins, taken as one; the very word what it is worth by
        itself, where that is more.
        """
        worths = {
            found[dimension][0]: times * statistics.idf(found[dimension][1])
            for term, times in self.times.items()
            if (dimension := Dimension(field, term)) in found
        }
        if self.unfinished:
            beginning, whole = self._half_typed(field)
            number, df = found.get(beginning, (-1, 0))
            if df:
                worths[number] = statistics.idf(df)
                if whole in found and (more := statistics.idf(found[whole][1]) - worths[number]) > 0:
                    worths[found[whole][0]] = more
        return {number: worth or NEXT_TO_NOTHING for number, worth in worths.items()}

    def parts(self, field: str, statistics: Statistics, found: Found, tokens: Sequence[str]) -> Iterator[TermPart]:
        """What each word adds to the score of a sticker with these tokens, in the query's order, repeats merged."""
        held = Counter(tokens)
        for term, times in Counter(self.tokens).items():
            if held[term] and (dimension := Dimension(field, term)) in found:
                idf, frequency = statistics.idf(found[dimension][1]), held[term]
                yield TermPart(term, idf, frequency, times * idf * statistics.weight(frequency, len(tokens)))


def field_asked(statistics: Mapping[str, Statistics], kind: str, language: str | None) -> str:
    """The field of a language where any sticker has some of it, else that of all languages."""
    field = field_of(kind, language)
    return field if field in statistics and statistics[field].n else kind
