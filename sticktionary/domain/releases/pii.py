"""The scan for personal data: ways to reach somebody, long numbers, players' names.

What it finds is left out or masked, and reported without being said again.

A name is taken for one only where it cannot be an ordinary word: a word that came with a sticker, or that several
players wrote, tells nobody who is meant.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import regex
from numpy.typing import NDArray

from retrieval_engine.text import normalise
from sticktionary.domain.play import contact
from sticktionary.domain.releases.pseudonyms import Pseudonyms

NAME = "name"
KINDS = [*contact.KINDS, NAME]
FEWEST_LETTERS, FEWEST_HAN = 4, 2  # of a name that can be told from a word
MANY = 3  # players who wrote a word that is somebody's name, too
LONGEST = 24

_MAYBE = re.compile(r"[\d@.:：qQvVwW微]")  # every hint begins with one of these; five times as quick to ask
_HINT = re.compile(r"[\d@.:：]|qq|微信|wechat|weixin|vx|v信", re.I)  # without one of these there is no contact data
_SIGN = r"(?i)[\p{Nd}@.:：]|qq|微信|wechat|we.x.n|vx|v信"  # the same for a whole column, or a little more
_ACCOUNT = re.compile(r"(?:qq|微信|wechat|weixin|vx|v信)\s*(?:号|id|账号|[:：])\s*[:：]?\s*[a-z][\w-]{4,}", re.I)
_NUMBER = re.compile(r"\d(?:[\s-]?\d){5,}")
_HAN_RUN = regex.compile(r"\p{Han}{2,}")
_WORD = regex.compile(r"[\p{L}\p{M}\p{N}_]+")


def places(text: str) -> list[tuple[str, int, int]]:
    """Where the text says how to reach somebody."""
    if not _MAYBE.search(text) or not _HINT.search(text):
        return []
    found = list(contact.places(text))
    found += [("account", hit.start(), hit.end()) for hit in _ACCOUNT.finditer(text)]
    numbers = (hit for hit in _NUMBER.finditer(text) if len(set(re.findall(r"\d", hit.group()))) > 2)
    return _outermost([*found, *(("number", hit.start(), hit.end()) for hit in numbers)])


def _outermost(found: Iterable[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
    """Without what lies within another: an e-mail address ends in what could be a link."""
    kept: list[tuple[str, int, int]] = []
    for place in sorted(found, key=lambda place: (place[1], -place[2])):
        if not kept or place[2] > kept[-1][2]:
            kept.append(place)
    return kept


def masked(text: str, found: Iterable[tuple[str, int, int]]) -> str:
    """The text with the kind of what was there in its place; of what overlaps, one."""
    out, done = [], 0
    for kind, start, end in sorted(found, key=lambda place: (place[1], -place[2])):
        if start >= done:
            out.append(f"{text[done:start]}[{kind}]")
        done = max(done, end)
    return "".join([*out, text[done:]])


class Names:
    """Players' names, to be looked for in normalised texts: as whole words, in Chinese within a run of characters."""

    def __init__(self, names: Iterable[str]) -> None:
        keys = {normalise(name) for name in names}
        self._names = {key for key in keys if _is_telling(key)}
        self._spans = sorted({key.count(" ") + 1 for key in self._names if not _HAN_RUN.fullmatch(key)})
        self._han = sorted({len(key) for key in self._names if _HAN_RUN.fullmatch(key)})
        self._first_words = pa.array(sorted({key.split(" ")[0] for key in self._names}), pa.string())

    def among(self, normalised: str) -> set[str]:
        words, held = normalised.split(), self._names
        spans = (words[i : i + n] for n in self._spans for i in range(len(words) - n + 1))
        found = {key for span in spans if (key := " ".join(span)) in held}
        if self._han and not normalised.isascii():
            for run in _HAN_RUN.findall(normalised):
                parts = (run[i : i + n] for n in self._han for i in range(len(run) - n + 1))
                found |= {part for part in parts if part in held}
        return found

    def may_be_in(self, normalised: pa.Array) -> pa.Array:
        """Which of a column of texts have to be looked at: they have the first word of a name, or other letters."""
        words = pc.split_pattern(normalised, " ")
        begins = pc.filter(pc.list_parent_indices(words), pc.is_in(words.flatten(), self._first_words))
        may_be = np.zeros(len(normalised), np.bool_)
        may_be[begins.to_numpy()] = True
        return pc.or_(may_be, pc.invert(pc.string_is_ascii(normalised))) if self._han else pa.array(may_be)

    def __bool__(self) -> bool:
        return bool(self._names)


def _is_telling(key: str) -> bool:
    if _HAN_RUN.fullmatch(key):
        return len(key) >= FEWEST_HAN
    return len(key) >= FEWEST_LETTERS and bool(_WORD.search(key))


def named(names: Names, written: Iterable[tuple[int, int | None, str]]) -> tuple[list[int], set[str]]:
    """Queries in which somebody is named, and the names that are ordinary words. `written` has each query with its
    number, its writer (none: it came with the sticker) and its normalised text."""
    hits: defaultdict[str, list[int]] = defaultdict(list)
    writers: defaultdict[str, set[int]] = defaultdict(set)
    ordinary = set[str]()
    for number, writer, normalised in written:
        for name in names.among(normalised):
            hits[name].append(number)
            if writer is not None:
                writers[name].add(writer)
            if writer is None or len(writers[name]) >= MANY:
                ordinary.add(name)
    return sorted({number for name, found in hits.items() if name not in ordinary for number in found}), ordinary


class Scan:
    """Goes through all texts of a release and keeps count.

    `named` says where names stand, by place and row. Places it does not speak of are searched with `is_naming`, so that
    a release that is made again finds the names that were there when it was made first.
    """

    def __init__(
        self,
        rule: Literal["leave_out", "mask"],
        pseudonyms: Pseudonyms,
        named: Mapping[str, Collection[int]],
        is_naming: Callable[[str], bool] = lambda text: False,
    ) -> None:
        self._rule, self._pseudonyms, self._is_naming = rule, pseudonyms, is_naming
        self._named = {where: set(numbers) for where, numbers in named.items()}
        self._known = frozenset(named)
        self._n_scanned: Counter[str] = Counter()
        self._hits: dict[tuple[str, int], tuple[list[str], str]] = {}

    def clean(self, where: str, number: int, text: str) -> str:
        """The text as it may be published; "" where it may not."""
        self._n_scanned[where] += 1
        is_named = self._names_somebody(where, number, text)
        found = places(text)
        if not found and not is_named:
            return text
        kinds = sorted({kind for kind, _start, _end in found} | ({NAME} if is_named else set()))
        kept = "" if is_named or self._rule == "leave_out" else masked(text, found)
        self._hits[where, number] = (kinds, "masked" if kept else "left_out")
        return kept

    def clean_all(self, where: str, numbers: pa.Array, texts: pa.Array) -> dict[int, str]:
        """Of a column of texts those that are not published as they are, by their place; "" where they may not be."""
        suspects = self._suspects(where, numbers, texts)
        self._n_scanned[where] += len(texts) - len(suspects)
        held = zip(suspects.tolist(), numbers.take(suspects).to_pylist(), texts.take(suspects).to_pylist(), strict=True)
        cleaned = ((place, text, self.clean(where, number, text)) for place, number, text in held)
        return {place: kept for place, text, kept in cleaned if kept != text}

    def _suspects(self, where: str, numbers: pa.Array, texts: pa.Array) -> NDArray[np.int64]:
        """Places of texts that have to be looked at."""
        if where not in self._known:
            return np.arange(len(texts))
        are_named = pc.is_in(numbers, pa.array(sorted(self._named[where]), pa.int64()))
        return np.flatnonzero(pc.or_(pc.match_substring_regex(texts, _SIGN), are_named))

    def _names_somebody(self, where: str, number: int, text: str) -> bool:
        if where in self._known:
            return number in self._named[where]
        if is_named := self._is_naming(text):
            self._named.setdefault(where, set()).add(number)
        return is_named

    def named(self) -> dict[str, list[int]]:
        """Where names stood, for when the release is made again."""
        places = sorted(self._known | self._n_scanned.keys())
        return {where: sorted(self._named.get(where, ())) for where in places}

    def report(self) -> dict[str, Any]:
        """What was looked for and found, each hit by a number that means something in this release only."""
        hits = [
            {"where": where, "id": self._pseudonyms.of("pii", where, number), "kinds": kinds, "done": done}
            for (where, number), (kinds, done) in self._hits.items()
        ]
        done = Counter(done for _kinds, done in self._hits.values())
        return {
            "looked_for": KINDS,
            "rule": self._rule,
            "n_scanned": dict(sorted(self._n_scanned.items())),
            "n_found": dict(sorted(Counter(kind for kinds, _done in self._hits.values() for kind in kinds).items())),
            "n_left_out": done["left_out"],
            "n_masked": done["masked"],
            "hits": sorted(hits, key=lambda hit: (hit["where"], hit["id"])),
        }
