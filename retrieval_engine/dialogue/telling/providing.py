"""Asking a provider beforehand for everything that a release's models will ask, so that neither training nor serving
waits for it. What was answered is kept as it comes: a command that was stopped goes on where it was.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from ...data import DataError
from ..data import reading, wording
from ..data.conversations import Conversations
from ..settings import IntRaSettings
from . import answers
from .knowing import as_lines
from .providers import AT_ONCE, Kind, Provided

N_TURNS: Final = IntRaSettings().n_turns
OF_PICTURES: Final[frozenset[Kind]] = frozenset({"attributes", "caption"})
Wanted = Mapping[str, Sequence[str]]
"""Inputs by language."""


def wanted(kind: Kind, conversations: Conversations, *, n_turns: int = N_TURNS, digests: Sequence[str] = ()) -> Wanted:
    """What models ask of a kind, each once: knowledge and queries about the last turns before each sticker, summaries
    of earlier sessions that have none, sentiment of turns nobody judged, what pictures by `digests` show."""
    if kind in OF_PICTURES:
        spoken = sorted({use.language for use in conversations.uses})
        return {language: list(dict.fromkeys(digests)) for language in spoken}
    found = defaultdict[str, dict[str, None]](dict)
    for language, text in _asked(kind, conversations, n_turns):
        if text:
            found[language][text] = None
    return {language: list(found[language]) for language in sorted(found)}


def _asked(kind: Kind, conversations: Conversations, n_turns: int) -> Iterator[tuple[str, str]]:
    for use in conversations.uses:
        if kind in {"knowledge", "query"}:
            yield use.language, wording.asked(use, conversations, n_turns)
        elif kind == "summary":
            yield from ((use.language, as_lines(session.turns)) for session in use.earlier if not session.summary)
        else:
            yield from ((use.language, turn.text) for turn in use.turns(len(use.context) + 1) if turn.polarity is None)


def pictures(folder: Path, conversations: Conversations) -> dict[str, Path]:
    """The pictures of a release's stickers, in their order, by the SHA-256 of their files."""
    return {hashlib.sha256(path.read_bytes()).hexdigest(): path for path in reading.pictures(folder, conversations)}


def read(folder: Path) -> Conversations:
    """The conversations of a release, whichever of its pictures are there. Raises `DataError`."""
    if not folder.is_dir():
        raise DataError(f"{folder}: there is no such folder")
    return reading.read(folder)


def fill(provided: Provided, inputs: Wanted, told: Callable[[int, int], None] = lambda n, of: None) -> Counter[str]:
    """Ask for what is not kept yet; how many values came from whom, and of what went wrong how often. `told` hears how
    many of how many inputs are done."""
    counts, n_done = Counter[str](), 0
    total = sum(map(len, inputs.values()))
    for language, texts in inputs.items():
        missing = [text for text in texts if not provided.has(text, language)]
        counts["kept"] += len(texts) - len(missing)
        n_done += len(texts) - len(missing)
        for start in range(0, len(missing), AT_ONCE):
            part = missing[start : start + AT_ONCE]
            counts.update(value.problem or "made" for value in provided(part, language))
            n_done += len(part)
            told(n_done, total)
    return +counts


def described(
    conversations: Conversations, attributes: Provided, digests: Sequence[str], language: str
) -> Conversations:
    """With the attributes that nobody said told by a provider; `digests` are those of the stickers' pictures, in their
    order. What people said stays as it is."""
    values = attributes(digests, language)
    stickers = [
        replace(sticker, attributes=_joined(value.text) | dict(sticker.attributes))
        for sticker, value in zip(conversations.stickers, values, strict=True)
    ]
    return Conversations(stickers, conversations.uses, conversations.dropped)


def _joined(text: str) -> dict[str, str]:
    return {name: ", ".join(words) for name, words in answers.attributes_of(text).items()}
