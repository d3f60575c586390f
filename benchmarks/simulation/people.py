"""Kinds of players: how they write, how they pick, how long they take. Honest ones differ in skill, pace and words."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from benchmarks.simulation.world import FILLERS, Words

Lines = list[tuple[str, float]]  # texts with the seconds each took
Picks = tuple[list[int], float]  # sticker ids, best first, with the seconds


@dataclass
class Person:
    """An honest player. `knows` is the share of phrases they understand, `tells` that of their lines that say it."""

    kind: str
    dice: random.Random
    words: Words
    knows: float = 0.85
    tells: float = 0.8
    pace: float = 1.0  # of their device and hands: 0.5 is twice as fast as most
    rare: float = 0.0  # share of lines in a dialect
    pages: int = 60  # then they leave
    breaks_h: tuple[float, float] = (3.0, 20.0)
    is_honest: bool = True
    read: list[str] = field(default_factory=list)  # what they have seen when looking up
    ignorance: dict[str, bool] = field(default_factory=dict)
    partner: Person | None = None  # to whom the sticker is told by another way
    told: dict[str, int] = field(default_factory=dict)

    # --- honest play ---

    def write(self, sticker: int, avoid: Sequence[str]) -> Lines:
        n = self.dice.choice((1, 2, 2, 3))
        texts = dict.fromkeys(self.line(sticker) for _ in range(n))
        return [(text, self.writing_s(text)) for text in texts]

    def line(self, sticker: int) -> str:
        if self.dice.random() < self.rare:
            return self.dice.choice(self.words.dialect[sticker])
        if self.dice.random() < self.tells:
            phrases = self.words.phrases[sticker]
            text = self.dice.choices(phrases, [1 / (n + 2) for n in range(len(phrases))])[0]
            return f"{text} {self.dice.choice(FILLERS)}" if self.dice.random() < 0.3 else text
        if self.dice.random() < 0.5:
            return self.dice.choice(self.words.moods[sticker])
        return self.nonsense(2)  # a way to put it that nobody else has

    def look_up(self, texts: Sequence[str], candidates: Sequence[int]) -> Picks:
        self.read += texts
        votes = [sticker for text in texts for sticker in self.understood(text) if sticker in candidates]
        ranked = sorted(set(votes), key=lambda sticker: (-votes.count(sticker), self.dice.random()))
        if not ranked and self.dice.random() < 0.7:
            ranked = self.dice.sample(list(candidates), min(2, len(candidates)))
        return ranked[:3], self.looking_s(texts, len(ranked[:3]))

    def understood(self, text: str) -> set[int]:
        phrase, stickers = self.words.stickers_said(text)
        known = self.knows
        if phrase in self.words.rare:
            known = 1.0 if self.rare else 0.4
        return stickers if self.ignorance.setdefault(phrase, self.dice.random() < known) else set()

    def writing_s(self, text: str) -> float:
        return self.pace * (self.dice.lognormvariate(math.log(6), 0.5) + len(text) / self.dice.uniform(3, 6))

    def looking_s(self, texts: Sequence[str], n_picks: int) -> float:
        n_words = sum(len(text.split()) for text in texts)
        return self.pace * (self.dice.lognormvariate(math.log(5), 0.55) + 0.25 * n_words + 0.8 * n_picks)

    def after_page_s(self) -> float:
        return self.pace * self.dice.lognormvariate(math.log(3), 0.4)

    def break_s(self) -> float:
        """Between sessions of 12 to 24 pages."""
        return self.dice.uniform(*self.breaks_h) * 3600

    def session(self) -> int:
        return self.dice.randint(12, 24)

    def nonsense(self, n: int) -> str:
        return " ".join("".join(self.dice.choices("bdfgklmnprstvaeiou", k=6)) for _ in range(n))

    def anything(self) -> str:
        """Somebody's phrase for some other sticker."""
        return self.dice.choice(self.words.phrases[self.dice.choice(list(self.words.phrases))])


class Lazy(Person):
    """Every other page without looking; then one of a few words for anything."""

    def write(self, sticker: int, avoid: Sequence[str]) -> Lines:
        if self.dice.random() < 0.5:
            return super().write(sticker, avoid)
        text = self.dice.choice(["lol", "so cute", "mood", "funny", "haha yes", "same here"])
        return [(text, self.dice.uniform(2, 5))]

    def look_up(self, texts: Sequence[str], candidates: Sequence[int]) -> Picks:
        if self.dice.random() < 0.5:
            return super().look_up(texts, candidates)
        return list(candidates[:3]), self.dice.uniform(1.5, 4)


class Copying(Person):
    """Looks up honestly and writes what they have read there, whatever the sticker."""

    def write(self, sticker: int, avoid: Sequence[str]) -> Lines:
        if not self.read:
            return super().write(sticker, avoid)
        return [(self.dice.choice(self.read), self.dice.uniform(3, 6))]


class Random(Person):
    """Takes a human's time and does not look: any three, any words."""

    def write(self, sticker: int, avoid: Sequence[str]) -> Lines:
        return [(self.anything(), self.dice.lognormvariate(math.log(8), 0.4))]

    def look_up(self, texts: Sequence[str], candidates: Sequence[int]) -> Picks:
        return self.dice.sample(list(candidates), min(3, len(candidates))), self.looking_s(texts, 3)


class Spammer(Person):
    """One line for everything, with a number behind it; clicks the first plates."""

    def write(self, sticker: int, avoid: Sequence[str]) -> Lines:
        return [(f"best deals of the week {self.dice.randint(1, 99)}", self.dice.uniform(1, 3))]

    def look_up(self, texts: Sequence[str], candidates: Sequence[int]) -> Picks:
        return list(candidates[:3]), self.dice.uniform(0.8, 2.5)


class Bot(Random):
    """A script that acts every five seconds, give or take 3 %, and never sleeps."""

    def write(self, sticker: int, avoid: Sequence[str]) -> Lines:
        return [(self.anything(), self.tick())]

    def look_up(self, texts: Sequence[str], candidates: Sequence[int]) -> Picks:
        return self.dice.sample(list(candidates), min(3, len(candidates))), self.tick()

    def tick(self) -> float:
        return 5 * self.dice.uniform(0.97, 1.03)

    def after_page_s(self) -> float:
        return 1.0

    def break_s(self) -> float:
        return 5.0


class CleverBot(Bot):
    """Searches as well as people do; it is only too regular, give or take 15 %."""

    def write(self, sticker: int, avoid: Sequence[str]) -> Lines:
        return [(self.line(sticker), self.tick())]

    def look_up(self, texts: Sequence[str], candidates: Sequence[int]) -> Picks:
        picks, _ = Person.look_up(self, texts, candidates)
        return picks, self.tick()

    def tick(self) -> float:
        return 5 * self.dice.uniform(0.85, 1.15)


class Colluder(Person):
    """Honest with everybody, but tells a partner by another way which sticker the nonsense on the page is for."""

    def write(self, sticker: int, avoid: Sequence[str]) -> Lines:
        code = self.nonsense(2)
        assert self.partner is not None
        self.partner.told[code] = sticker
        return [(code, self.writing_s(code))]

    def look_up(self, texts: Sequence[str], candidates: Sequence[int]) -> Picks:
        known = next((self.told[text] for text in texts if text in self.told), None)
        if known is None or known not in candidates:
            return super().look_up(texts, candidates)
        return [known], self.looking_s(texts, 1)


Make = Callable[[random.Random, Words], list[Person]]
TOWN = {
    "honest, skilled": 8, "honest, average": 8, "honest, weak": 6, "honest, quick": 3, "minority dialect": 4,
    "newcomer": 6, "lazy": 3, "copying": 3, "random": 5, "spammer": 5, "bot": 5, "clever bot": 3, "colluding": 2,
}  # fmt: skip
VILLAGE = {"honest, average": 4, "honest, skilled": 2, "honest, weak": 2, "minority dialect": 2, "colluding": 2}
SPAM = {"random", "spammer", "bot", "clever bot"}
HONEST = {"honest, skilled", "honest, average", "honest, weak", "honest, quick", "minority dialect", "newcomer"}
TRAITS: dict[str, tuple[type[Person], dict[str, Any]]] = {
    "honest, skilled": (Person, {"knows": 0.97, "tells": 0.92}),
    "honest, average": (Person, {"knows": 0.88, "tells": 0.8}),
    "honest, weak": (Person, {"knows": 0.7, "tells": 0.6}),
    "honest, quick": (Person, {"knows": 0.95, "tells": 0.9, "pace": 0.45}),
    "minority dialect": (Person, {"knows": 0.85, "tells": 0.85, "rare": 0.7}),
    "newcomer": (Person, {"knows": 0.75, "tells": 0.65, "pace": 1.6, "pages": 18}),
    "lazy": (Lazy, {}),
    "copying": (Copying, {}),
    "random": (Random, {}),
    "spammer": (Spammer, {}),
    "bot": (Bot, {}),
    "clever bot": (CleverBot, {}),
    "colluding": (Colluder, {}),
}


def people(dice: random.Random, words: Words, numbers: dict[str, int], pages: int) -> list[Person]:
    """So many of each kind, each with dice of their own and a little different from the next."""
    made = []
    for kind, n in numbers.items():
        of, traits = TRAITS[kind]
        for _ in range(n):
            person = of(kind, random.Random(dice.random()), words, **{"pages": pages} | traits)
            made.append(_varied(person, dice))
    pair = [person for person in made if person.kind == "colluding"]
    for one, other in zip(pair[::2], pair[1::2], strict=True):
        one.partner, other.partner = other, one
    return made


def _varied(person: Person, dice: random.Random) -> Person:
    return replace(
        person,
        is_honest=person.kind in HONEST,
        pace=person.pace * dice.lognormvariate(0, 0.2),
        knows=min(0.99, person.knows * dice.uniform(0.95, 1.05)),
    )
