"""Planted worlds: conversations and pictures in which it is known what there is to be learned, and by which part.

Stickers are all combinations of a topic, an emotion and an action. A picture has its topic's colour and texture, a
pattern for its emotion somewhere in the upper half and one for its action in the lower; it is drawn anew, with other
noise and at another place, for each of its frames. Words are made up, a few for each topic, emotion and action.

Everything is drawn from a seed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..stickerclip.pictures import Frames
from ..training.release import Part
from .data.conversations import EMOTIONS, Conversations, Polarity, Session, Sticker, Turn, Use
from .data.gallery import Gallery
from .data.wording import all_texts
from .telling.providers import Table

TOPICS, ACTIONS = 12, 4
N_EVENTS, N_NOISE = 70, 60
SEEN_EVENTS: Final = 42
"""Events that training speaks of; the others are for the test."""
SIDE, GLYPH = 32, 8
TEXTURE, STRENGTH, NOISE = 0.15, 1.2, 0.15
N_FRAMES: Final = 6
LEVEL: Final = 51.0
"""Grey levels of one unit, so that two and a half units either way fit into a byte."""
GLAD: Final = ("surprise", "happiness")

Draw = np.random.Generator
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Words:
    """The world's words."""

    topic: list[list[str]]
    emotion: list[list[str]]
    action: list[list[str]]
    event: list[str]
    noise: list[str]

    @classmethod
    def made(cls, rng: Draw) -> Words:
        """Made-up words of three syllables, no two alike."""
        syllables = [first + second for first in "bdfgklmnprstvz" for second in "aeiou"]
        n = 2 * TOPICS + 4 * len(EMOTIONS) + 3 * ACTIONS + N_EVENTS + N_NOISE
        drawn = dict[str, None]()
        while len(drawn) < n:
            drawn["".join(rng.choice(syllables, 3))] = None
        all_words = iter(drawn)

        def some(how_many: int) -> list[str]:
            return [next(all_words) for _ in range(how_many)]

        return cls(
            [some(2) for _ in range(TOPICS)],
            [some(4) for _ in EMOTIONS],
            [some(3) for _ in range(ACTIONS)],
            some(N_EVENTS),
            some(N_NOISE),
        )

    def filler(self, n: int, rng: Draw) -> list[str]:
        """Words of conversations that mean nothing."""
        return [str(word) for word in rng.choice(self.noise[: N_NOISE // 2], n)]

    def other_filler(self, n: int, rng: Draw) -> list[str]:
        """Words that mean nothing and that no conversation has, so that summaries are found by their event alone."""
        return [str(word) for word in rng.choice(self.noise[N_NOISE // 2 :], n)]


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a sticker shows, as numbers."""

    topic: int
    emotion: int
    action: int


MEANINGS: Final = tuple(
    Meaning(topic, emotion, action)
    for topic in range(TOPICS)
    for emotion in range(len(EMOTIONS))
    for action in range(ACTIONS)
)


@dataclass(frozen=True, slots=True)
class World:
    """Conversations, their stickers' pictures, and what only a knowledge provider can tell."""

    gallery: Gallery
    words: Words
    knowledge: Table

    @property
    def conversations(self) -> Conversations:
        """All uses."""
        return self.gallery.conversations

    @property
    def texts(self) -> list[str]:
        """Every word there is, so that none of the test's is new to a tokenizer that is made of them."""
        lists = (*self.words.topic, *self.words.emotion, *self.words.action, self.words.event, self.words.noise)
        return [*all_texts(self.conversations), *(word for words in lists for word in words)]


def intentions(seed: int = 0, *, n_train: int = 160, n_test: int = 200) -> World:
    """Int-RA's: a dialogue names an event, and only knowledge says which emotion that is; the events of the test are
    others than those of training. Half of the stickers have no emotion in their picture: it stands in `verbal` alone,
    as it stands in `face` of the others."""
    rng = np.random.default_rng((seed, 0))
    words = Words.made(rng)
    is_erased = rng.permutation(np.arange(len(MEANINGS)) % 2 == 0)

    def told(place: int) -> dict[str, str]:
        name = "verbal" if is_erased[place] else "face"
        return {name: str(rng.choice(words.emotion[MEANINGS[place].emotion]))}

    stickers = [_sticker(place, told(place)) for place in range(len(MEANINGS))]

    def use(number: int, part: Part) -> Use:
        event = int(rng.integers(SEEN_EVENTS) if part == "train" else rng.integers(SEEN_EVENTS, N_EVENTS))
        turns = _chatter(words, rng, [words.event[event]])
        return _use(number, part, turns, _any_of_emotion(event % len(EMOTIONS), rng))

    uses = _both(n_train, n_test, use)
    return World(_gallery(stickers, uses, rng, is_erased), words, _knowledge(words))


def memories(seed: int = 0, *, n_train: int = 240, n_test: int = 200, n_earlier: int = 12) -> World:
    """IGSR's: the session names an event, and one of the summaries of earlier sessions says what it was like."""
    rng = np.random.default_rng((seed, 1))
    words = Words.made(rng)
    stickers = [_sticker(place, {}) for place in range(len(MEANINGS))]

    def use(number: int, part: Part) -> Use:
        events = rng.permutation(N_EVENTS)[:n_earlier]
        feelings = rng.integers(len(EMOTIONS), size=n_earlier)
        earlier = tuple(
            Session(f"ses_{number}_{at}", f"chat_{number}", at, (), _summary(words, int(event), int(feeling), rng))
            for at, (event, feeling) in enumerate(zip(events, feelings, strict=True))
        )
        about = int(rng.integers(n_earlier))
        turns = _chatter(words, rng, [words.event[events[about]]])
        return _use(number, part, turns, _any_of_emotion(int(feelings[about]), rng), earlier)

    return World(_gallery(stickers, _both(n_train, n_test, use), rng), words, Table({}))


def replies(seed: int = 0, *, n_train: int = 400, n_test: int = 200) -> World:
    """PBR's: one of four turns has a word each for emotion and action of the sticker that answers; its topic, which is
    its pack, is never named, so that the stickers of other packs with both answer as well. Utterances carry their
    polarity."""
    rng = np.random.default_rng((seed, 2))
    words = Words.made(rng)
    stickers = [_sticker(place, {}) for place in range(len(MEANINGS))]

    def use(number: int, part: Part) -> Use:
        place = int(rng.integers(len(MEANINGS)))
        meaning = MEANINGS[place]
        said = [str(rng.choice(words.emotion[meaning.emotion])), str(rng.choice(words.action[meaning.action]))]
        alike = [at for at, its in enumerate(MEANINGS) if replace(its, topic=meaning.topic) == meaning]
        made = _use(number, part, _chatter(words, rng, said, _polarity(meaning.emotion)), place)
        return replace(made, acceptable=frozenset(map(_id, alike)))

    return World(_gallery(stickers, _both(n_train, n_test, use), rng), words, Table({}))


def requests(seed: int = 0, *, n_train: int = 1_200, n_unseen: int = 84) -> World:
    """StickerCLIP's and StickerLLM's: one turn names topic, emotion and action of the sticker among two other words.
    Combinations of the test are never asked for in training; each of them is asked for once."""
    rng = np.random.default_rng((seed, 3))
    words = Words.made(rng)
    stickers = [_sticker(place, {}) for place in range(len(MEANINGS))]
    order = rng.permutation(len(MEANINGS))
    unseen, seen = order[:n_unseen], order[n_unseen:]

    def use(number: int, part: Part) -> Use:
        place = int(rng.choice(seen) if part == "train" else unseen[number - n_train])
        text = described_as(words, MEANINGS[place], rng)
        return _use(number, part, (Turn("User_1", text),), place)

    return World(_gallery(stickers, _both(n_train, n_unseen, use), rng), words, Table({}))


def described_as(words: Words, meaning: Meaning, rng: Draw) -> str:
    """A word each for topic, emotion and action, and two that mean nothing, in any order."""
    held = (words.topic[meaning.topic], words.emotion[meaning.emotion], words.action[meaning.action])
    return " ".join(rng.permutation([*(str(rng.choice(some)) for some in held), *words.filler(2, rng)]))


def _knowledge(words: Words) -> Table:
    """Of each event three words for its emotion."""
    return Table(
        {event: " ".join(words.emotion[at % len(EMOTIONS)][:3]) for at, event in enumerate(words.event)}, "planted@1"
    )


def _summary(words: Words, event: int, feeling: int, rng: Draw) -> str:
    told = rng.choice(words.emotion[feeling], 2, replace=False).tolist()
    return " ".join(rng.permutation([words.event[event], *told, *words.other_filler(2, rng)]))


def _chatter(words: Words, rng: Draw, said: Sequence[str], polarity: Polarity | None = None) -> tuple[Turn, ...]:
    """Four turns of which one, at any place, has the words `said`."""
    at = int(rng.integers(4))
    return tuple(
        Turn(
            f"User_{1 + number % 2}",
            " ".join(rng.permutation([*(said if number == at else ()), *words.filler(2, rng)])),
            polarity=(polarity or Polarity(0, 0)) if number == at else Polarity(0, 0),
        )
        for number in range(4)
    )


def _polarity(emotion: int) -> Polarity | None:
    name = EMOTIONS[emotion]
    return None if name == "neutral" else Polarity(float(name in GLAD), float(name not in GLAD))


def _any_of_emotion(emotion: int, rng: Draw) -> int:
    return int(rng.choice([place for place, meaning in enumerate(MEANINGS) if meaning.emotion == emotion]))


def _both(n_train: int, n_test: int, use: Callable[[int, Part], Use]) -> list[Use]:
    return [use(number, "train" if number < n_train else "test") for number in range(n_train + n_test)]


def _use(number: int, part: Part, turns: tuple[Turn, ...], place: int, earlier: tuple[Session, ...] = ()) -> Use:
    gold = _id(place)
    return Use(
        f"use_{number}", f"ses_{number}", f"chat_{number}", "en", part, "User_1", turns, gold,
        acceptable=frozenset({gold}), intent=EMOTIONS[MEANINGS[place].emotion], scenario="DR", earlier=earlier,
    )  # fmt: skip


def _id(place: int) -> str:
    return f"sticker_{place}"


def _sticker(place: int, told: dict[str, str]) -> Sticker:
    meaning = MEANINGS[place]
    return Sticker(
        _id(place),
        f"group_{place}",
        f"pack_{meaning.topic}",
        told,
        emotion=(name := EMOTIONS[meaning.emotion]),
        intents=(name,),
    )


# --- pictures ---


def _gallery(
    stickers: Sequence[Sticker], uses: Sequence[Use], rng: Draw, is_erased: NDArray[np.bool_] | None = None
) -> Gallery:
    erased = np.zeros(len(MEANINGS), dtype=bool) if is_erased is None else is_erased
    return Gallery(Conversations(stickers, uses), _frames(rng, erased))


def _frames(rng: Draw, is_erased: NDArray[np.bool_]) -> Frames:
    colours = rng.uniform(-1, 1, (TOPICS, 3, 1, 1))
    textures = rng.normal(0, TEXTURE, (TOPICS, 3, SIDE, SIDE))
    emotions, actions = (rng.choice([-STRENGTH, STRENGTH], (n, 3, GLYPH, GLYPH)) for n in (len(EMOTIONS), ACTIONS))
    pixels = rng.normal(0, NOISE, (len(MEANINGS), N_FRAMES, 3, SIDE, SIDE))
    for held, meaning, erased in zip(pixels, MEANINGS, is_erased, strict=True):
        held += 0.5 * colours[meaning.topic] + textures[meaning.topic]
        for frame in held:
            if not erased:
                _put(frame, emotions[meaning.emotion], 0, rng)
            _put(frame, actions[meaning.action], SIDE // 2, rng)
    levels = np.clip(127.5 + LEVEL * pixels, 0, 255).astype(np.uint8)
    flat = levels.transpose(0, 1, 3, 4, 2).reshape(-1, SIDE, SIDE, 3)
    counts = np.full(len(MEANINGS), N_FRAMES, dtype=np.int64)
    return Frames(np.ascontiguousarray(flat), np.cumsum(counts) - counts, counts, {})


def _put(frame: Floats, glyph: Floats, top: int, rng: Draw) -> None:
    """A pattern at a random place of the half that begins at row `top`."""
    row = top + int(rng.integers(SIDE // 2 - GLYPH + 1))
    column = int(rng.integers(SIDE - GLYPH + 1))
    frame[:, row : row + GLYPH, column : column + GLYPH] += glyph
