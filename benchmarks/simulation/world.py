"""A catalogue whose stickers have words that people know, and a clock and dice that are set by a seed."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

BEGIN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
N_PHRASES, N_DIALECT, N_MOODS = 8, 5, 60
FILLERS = ["again", "today", "please", "right now", "honestly", "as always"]
_SYLLABLES = [a + b for a in "bcdfghklmnprstvw" for b in ("a", "e", "i", "o", "u", "ar", "en", "ill", "oon")]


@dataclass
class Words:
    """What can be said of each sticker. A phrase is known to most people, a mood fits many stickers."""

    phrases: dict[int, list[str]] = field(default_factory=dict)
    dialect: dict[int, list[str]] = field(default_factory=dict)
    moods: dict[int, list[str]] = field(default_factory=dict)
    meant: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))  # by a text, the stickers it says
    rare: set[str] = field(default_factory=set)

    def stickers_said(self, text: str) -> tuple[str, set[int]]:
        """The phrase in a text and the stickers it may mean."""
        for filler in ("", *FILLERS):
            phrase = text.removesuffix(f" {filler}") if filler else text
            if phrase in self.meant:
                return phrase, self.meant[phrase]
        return text, set()


class Clock:
    def __init__(self) -> None:
        self.now = BEGIN

    def at(self, seconds: float) -> None:
        self.now = BEGIN + timedelta(seconds=seconds)


@contextmanager
def loaded(seed: int) -> Iterator[Clock]:
    """Time that is set by hand, dice that fall the same every time, nobody to announce anything to."""
    from django.db import connection

    from sticktionary.domain.play import chance

    clock, state = Clock(), random.getstate()
    random.seed(seed)  # SQLite's random order asks Python
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT setseed(%s)", [seed % 1000 / 1000])
    try:
        with (
            patch("django.utils.timezone.now", lambda: clock.now),
            patch.object(chance, "dice", random.Random(seed)),
            patch("sticktionary.domain.events._Letter.send", lambda letter: None),
        ):
            yield clock
    finally:
        random.setstate(state)


def words_for(dice: random.Random, stickers: Iterable[int]) -> Words:
    """Phrases of made-up words for each sticker."""
    words, held = Words(), set[str]()
    moods = [_new(dice, held, 1) for _ in range(N_MOODS)]
    for sticker in stickers:
        words.phrases[sticker] = [_new(dice, held, dice.choice((1, 2, 2, 3))) for _ in range(N_PHRASES)]
        words.dialect[sticker] = [_new(dice, held, dice.choice((1, 2))) for _ in range(N_DIALECT)]
        words.moods[sticker] = dice.sample(moods, 3)
        words.rare |= set(words.dialect[sticker])
        for text in words.phrases[sticker] + words.dialect[sticker] + words.moods[sticker]:
            words.meant[text].add(sticker)
    return words


def populate(dice: random.Random, n_stickers: int) -> Words:
    """Stickers in an empty database; the house knows three phrases of each, so that there is something to look up."""
    from sticktionary.domain import catalogue
    from sticktionary.models import Pack, Sticker

    pack = Pack.objects.create(slug="simulated", title="Simulated", source="simulation", licence="none")
    stickers = {each.pk: each for each in (Sticker.objects.create(pack=pack, **_looks(n)) for n in range(n_stickers))}
    words = words_for(dice, stickers)
    for number, sticker in stickers.items():
        catalogue.add_house_rounds(sticker, {"en": words.phrases[number][:3]})
    return words


def _looks(number: int) -> dict[str, Any]:
    return {
        "name": f"{number:04}.png",
        "sha256": f"{number:064x}",
        "perceptual_hash": f"{number * 2_654_435_761 % 2**64:016x}",
        "image": f"{number}.webp",
        "poster": f"{number}.webp",
        "width": 64,
        "height": 64,
    }


def _new(dice: random.Random, held: set[str], n_words: int) -> str:
    """A phrase that nothing else is called."""
    while True:
        text = " ".join("".join(dice.choices(_SYLLABLES, k=dice.choice((2, 3)))) for _ in range(n_words))
        if text not in held:
            held.add(text)
            return text
