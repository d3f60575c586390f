"""What each kind of value is: its proper form, and the stub that stands in without weights or people.

Knowledge is what Int-RA asks of COMET about the speaker: five relations, each a short phrase. A summary is a session in
one to five sentences (MultiChat). Sentiment is how much of an utterance is glad and how much is not (PBR).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from typing import Final

from ...text import segment
from ..data.conversations import Polarity, Turn
from .providers import By, anything

RELATIONS: Final = ("xIntent", "xNeed", "xWant", "xEffect", "xReact")
"""Of ATOMIC: why the speaker does it, needs before, wants after, what comes of it, how they feel."""
MOST_WORDS: Final = 16
"""Of each relation's phrase."""
_GLAD: Final = (
    "good great happy glad love nice fun funny yay cool thanks thank wow best sweet cute haha lol yes win won "
    "好 棒 开心 高兴 喜欢 爱 谢谢 哈哈 可爱 赞 厉害 恭喜 太好了 耶 快乐 😀 😂 🤣 😍 🥰 😊 👍 🎉 ❤ 😄"
)
_NOT_GLAD: Final = (
    "bad sad tired angry hate sorry cry crying awful sick hurt afraid scared lost fail failed ugh no worst annoying "
    "坏 难过 累 生气 讨厌 烦 哭 伤心 怕 害怕 糟 糟糕 痛 疼 失败 无语 讨厌 气死 😭 😢 😡 😠 😞 😔 😱 😨 👎 💔"
)
POSITIVE: Final = frozenset(_GLAD.split())
NEGATIVE: Final = frozenset(_NOT_GLAD.split())


def knowledge(text: str) -> str:
    """Phrases of the five relations, of a JSON object or of plain text, each cut to 16 words. `ValueError` for another
    object."""
    text = text.strip()
    if not text.startswith("{"):
        return " ".join(anything(text).split()[: MOST_WORDS * len(RELATIONS)])
    told = json.loads(text)
    if not set(told) <= set(RELATIONS) or not all(isinstance(phrase, str) for phrase in told.values()):
        raise ValueError(f"relations must be among {', '.join(RELATIONS)}, each with a phrase")
    return "; ".join(" ".join(told[name].split()[:MOST_WORDS]) for name in RELATIONS if told.get(name))


def sentiment(text: str) -> str:
    """Two numbers, glad and not, 0 or more, as "p n". `ValueError` for anything else."""
    polarity(text)
    return text


def polarity(text: str) -> Polarity:
    """What `sentiment` checks, as numbers; an empty text says that nothing is known."""
    if not text:
        return Polarity(0.0, 0.0)
    positive, negative = map(float, text.split())
    if not (0 <= positive < float("inf") and 0 <= negative < float("inf")):
        raise ValueError(f"no sentiment: {text}")
    return Polarity(positive, negative)


@dataclass(frozen=True, slots=True)
class WordList:
    """Sentiment by counting words of a short list in English and Chinese."""

    positive: frozenset[str] = POSITIVE
    negative: frozenset[str] = NEGATIVE
    name: str = "words@1"
    by: By = "stub"

    def __call__(self, inputs: Sequence[str], language: str) -> list[str]:
        return [self._of(segment(text)) for text in inputs]

    def _of(self, words: Sequence[str]) -> str:
        counts = Counter(words)
        positive, negative = (sum(counts[word] for word in held) for held in (self.positive, self.negative))
        return f"{positive} {negative}"


@dataclass(frozen=True, slots=True)
class SalientTurns:
    """A summary of the lines of a session that say most: the first, the last, and between them those whose words are
    rarest in the session, in their order."""

    most: int = 4
    name: str = "salient-turns@1"
    by: By = "stub"

    def __call__(self, inputs: Sequence[str], language: str) -> list[str]:
        return [self._of([line for line in text.splitlines() if line.strip()]) for text in inputs]

    def _of(self, lines: Sequence[str]) -> str:
        if len(lines) <= self.most:
            return "\n".join(lines)
        words = [frozenset(segment(line)) for line in lines]
        held_by = Counter(word for held in words for word in held)
        weights = [sum(log(len(lines) / held_by[word]) for word in held) for held in words]
        between = sorted(range(1, len(lines) - 1), key=lambda i: (-weights[i], i))[: self.most - 2]
        return "\n".join(lines[i] for i in (0, *sorted(between), len(lines) - 1))


def as_lines(turns: Sequence[Turn]) -> str:
    """A session as a summariser is shown it: a line a turn."""
    return "\n".join(f"{turn.speaker}: {' '.join(turn.text.split())}" for turn in turns if turn.text.strip())
