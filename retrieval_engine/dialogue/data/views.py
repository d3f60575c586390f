"""What each model would learn from, and what it leaves out: views of the conversations of a release or a planted world.

A view is a pure function of the conversations. Every use of a sticker is in it, or is counted in `dropped` with the
reason; what is kept although something of it is missing, which the model does without or asks a provider for, is
counted in `lacking`. Nothing here needs torch.

    int_ra      context, knowledge, intent, sticker, attributes, scenario
    igsr        context, memories, intent, sticker
    pbr, srs    context, candidates, polarity, emotion of the sticker
    mmbert      context, sticker, negative, words on it, emotion of the use
    stickerllm  words that ask for the sticker, sticker, what is said of it
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from msgspec import Struct

from ...training.release import Part
from . import candidates, wording
from .conversations import ATTRIBUTES, Conversations, Session, Sticker, Use
from .shelves import Shelves

N_CANDIDATES: Final = 10
NO_INTENT: Final = "what the sticker was meant for: the loss of the intent leaves it out"
ALONE_IN_PACK: Final = "its pack holds no other sticker to tell it from"
ALONE: Final = "the training side holds no other sticker to tell it from"


class Said(Struct, frozen=True, omit_defaults=True):
    """A turn: words, a sticker, or both."""

    speaker: str
    text: str = ""
    sticker: str | None = None


class Felt(Struct, frozen=True):
    """What people said of the turns together: two sums of no fixed scale."""

    positive: float
    negative: float


class Sample(Struct, frozen=True, kw_only=True):
    """What all views tell of a use. `context` ends with the sender's own words beside the sticker."""

    id: str
    part: Part
    language: str
    context: list[Said]
    speaker: str
    sticker: str


class IntRaSample(Sample, frozen=True, kw_only=True):
    """`knowledge` is none without a provider; of `attributes` one that is none was never said, or is not there."""

    knowledge: str | None
    intent: str | None
    attributes: dict[str, str | None]
    scenario: str | None


class IgsrSample(Sample, frozen=True, kw_only=True):
    """`memories` are summaries of the sessions before, oldest first; the model chooses among them."""

    memories: list[str]
    intent: str | None


class PackSample(Sample, frozen=True, kw_only=True):
    """PBR's and SRS's. `candidates` stand as they are shown, the right one at `right`; `padded` of them are of other
    packs. `polarity` is none where nobody was asked; `emotion` is one of SER30K's seven."""

    candidates: tuple[str, ...]
    right: int
    padded: int
    polarity: Felt | None
    emotion: str | None


class MmbertSample(Sample, frozen=True, kw_only=True):
    """`negative` is one of the wrong stickers that can be drawn: training draws anew at every step. `emotion` is what
    the sticker was sent for."""

    negative: str
    printed_text: str
    emotion: str | None


class StickerLlmSample(Sample, frozen=True, kw_only=True):
    """`words` ask for the sticker; the rest is said of it."""

    words: str
    printed_text: str
    emotion: str | None
    style: str | None
    queries: tuple[str, ...]


@dataclass(frozen=True)
class View:
    """The uses that a model learns from, as they are and as its samples, in the same order."""

    name: str
    uses: tuple[Use, ...]
    dropped: Mapping[str, int]
    lacking: Mapping[str, int]
    sample: Callable[[Use], Sample] = field(repr=False)

    def of(self, part: Part) -> list[Use]:
        """The uses on a side of the split."""
        return [use for use in self.uses if use.part == part]

    @cached_property
    def samples(self) -> tuple[Sample, ...]:
        """Made when they are asked for."""
        return tuple(map(self.sample, self.uses))


@dataclass(frozen=True, slots=True)
class Told:
    """What providers say where nobody did: knowledge about a use, and the summary of a session."""

    knowledge: Callable[[Use], str] | None = None
    summary: Callable[[Session], str] | None = None


def view(name: str, conversations: Conversations, *, n_turns: int | None = None, told: Told | None = None) -> View:
    """What the recipe `name` learns from; `n_turns` is how far back it reads, else as far as its paper does. Raises
    `ValueError` for a name that is none of `NAMES`.

    `dropped` begins with what the conversations themselves left out.
    """
    if name not in _MODELS:
        raise ValueError(f"there is no view for {name!r}; there are {', '.join(NAMES)}")
    kind, usual = _MODELS[name]
    model = kind(conversations, n_turns or usual, told or Told())
    kept, dropped, lacking = list[Use](), Counter(conversations.dropped), Counter[str]()
    for use in conversations.uses:
        if reason := model.against(use):
            dropped[reason] += 1
        else:
            kept.append(use)
            lacking.update(model.lacks(use))
    return View(name, tuple(kept), dict(dropped), dict(lacking), model.sample)


class _Model:
    """How a model sees a use: `against` is why it cannot learn from it, `lacks` what it has to do without."""

    def __init__(self, conversations: Conversations, n_turns: int, told: Told) -> None:
        self.held, self.n_turns, self.told = conversations, n_turns, told

    def against(self, use: Use) -> str:
        return ""

    def lacks(self, use: Use) -> Iterator[str]:
        yield from ()

    def sample(self, use: Use) -> Sample:
        raise NotImplementedError

    def sticker(self, use: Use) -> Sticker:
        return self.held[use.gold]

    def common(self, use: Use) -> dict[str, Any]:
        context = [Said(turn.speaker, turn.text, turn.sticker) for turn in use.turns(self.n_turns)]
        told = {"id": use.id, "part": use.part, "language": use.language, "context": context}
        return told | {"speaker": use.speaker, "sticker": use.gold}


class _IntRa(_Model):
    def lacks(self, use: Use) -> Iterator[str]:
        if not use.intent:
            yield NO_INTENT
        if not any(wording.attributes(self.sticker(use))):
            yield "attributes of the sticker: a learned vector stands for each"
        if not use.scenario:
            yield "the scenario: counted with neither in the report"
        if self.told.knowledge is None:
            yield "knowledge about the speaker: no provider was asked"

    def sample(self, use: Use) -> Sample:
        return IntRaSample(
            **self.common(use),
            knowledge=self.told.knowledge(use) if self.told.knowledge else None,
            intent=use.intent,
            attributes=dict(zip(ATTRIBUTES, wording.attributes(self.sticker(use)), strict=True)),
            scenario=use.scenario,
        )


class _Igsr(_Model):
    def lacks(self, use: Use) -> Iterator[str]:
        if not use.intent:
            yield NO_INTENT
        if not use.earlier:
            yield "an earlier session: nothing is remembered"
        elif not self._memories(use):
            yield "a summary of any earlier session: a provider makes them"

    def _memories(self, use: Use) -> list[str]:
        summed = (session.summary or self._made(session) for session in use.earlier)
        return [text for text in summed if text]

    def _made(self, session: Session) -> str:
        return self.told.summary(session) if self.told.summary else ""

    def sample(self, use: Use) -> Sample:
        return IgsrSample(**self.common(use), memories=self._memories(use), intent=use.intent)


class _Pack(_Model):
    def __init__(self, conversations: Conversations, n_turns: int, told: Told) -> None:
        super().__init__(conversations, n_turns, told)
        self._in_pack = Counter(sticker.pack for sticker in conversations.stickers)
        self._alike = Counter((sticker.pack, sticker.group) for sticker in conversations.stickers)

    @cached_property
    def _lists(self) -> dict[str, candidates.Candidates]:
        drawn = candidates.draw(self.held.uses, Shelves(self.held), n=N_CANDIDATES)
        return {row.sample_id: row for row in drawn}

    def n_others(self, use: Use) -> int:
        """Stickers of its pack that are no near duplicates of it."""
        gold = self.sticker(use)
        return self._in_pack[gold.pack] - self._alike[gold.pack, gold.group]

    def against(self, use: Use) -> str:
        return "" if self.n_others(use) else ALONE_IN_PACK

    def lacks(self, use: Use) -> Iterator[str]:
        if self.n_others(use) < N_CANDIDATES - 1:
            yield f"a pack of {N_CANDIDATES}: fewer stand beside it in training, its list is filled from other packs"
        if not any(turn.polarity for turn in use.turns(self.n_turns)):
            yield "the polarity of its turns: a provider tells it"
        if self.sticker(use).emotion is None:
            yield "the emotion of its sticker: its loss leaves it out"

    def sample(self, use: Use) -> Sample:
        drawn = self._lists[use.id]
        felt = [turn.polarity for turn in use.turns(self.n_turns) if turn.polarity]
        polarity = Felt(sum(each.positive for each in felt), sum(each.negative for each in felt)) if felt else None
        return PackSample(
            **self.common(use),
            candidates=drawn.list,
            right=drawn.gold_index,
            padded=drawn.padded,
            polarity=polarity,
            emotion=self.sticker(use).emotion,
        )


class _Mmbert(_Model):
    def __init__(self, conversations: Conversations, n_turns: int, told: Told) -> None:
        super().__init__(conversations, n_turns, told)
        seen = {use.gold for use in conversations.of("train")}
        self._seen = [sticker for sticker in conversations.stickers if sticker.id in seen]
        self._groups = {sticker.group for sticker in self._seen}

    def against(self, use: Use) -> str:
        is_known = self.sticker(use).group in self._groups
        return "" if len(self._groups) - is_known else ALONE

    def _wrong(self, use: Use) -> str:
        """A sticker seen in training that is no near duplicate of the right one; the same each time."""
        gold, drawn = self.sticker(use), int.from_bytes(hashlib.sha256(use.id.encode()).digest()[:8], "big")
        others = (self._seen[(drawn + n) % len(self._seen)] for n in range(len(self._seen)))
        return next(other.id for other in others if other.group != gold.group)

    def lacks(self, use: Use) -> Iterator[str]:
        if not use.intent:
            yield NO_INTENT
        if not self.sticker(use).printed_text:
            yield "words on the sticker: that task leaves it out"

    def sample(self, use: Use) -> Sample:
        return MmbertSample(
            **self.common(use),
            negative=self._wrong(use),
            printed_text=self.sticker(use).printed_text,
            emotion=use.intent,
        )


class _StickerLlm(_Model):
    def lacks(self, use: Use) -> Iterator[str]:
        if not self.sticker(use).printed_text:
            yield "words on the sticker: its picture alone counts"

    def sample(self, use: Use) -> Sample:
        gold = self.sticker(use)
        return StickerLlmSample(
            **self.common(use),
            words=wording.spoken(use.turns(self.n_turns), self.held, " / ", speakers=self.n_turns > 1),
            printed_text=gold.printed_text,
            emotion=gold.emotion,
            style=gold.style,
            queries=gold.queries,
        )


_MODELS: Final[dict[str, tuple[type[_Model], int]]] = {
    "int_ra": (_IntRa, 6),
    "igsr": (_Igsr, 6),
    "pbr": (_Pack, 20),
    "srs": (_Pack, 15),
    "mmbert": (_Mmbert, 6),
    "stickerllm": (_StickerLlm, 1),
}
NAMES: Final = tuple(_MODELS)
