"""PBR's data: StickerChat's pairs of a context and the sticker that answers it, beside what is told of DSTC10-MOD and
of SER30K, and how sentiment is spread over them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import hypot
from pathlib import Path
from typing import Final

from .. import taxonomy
from ..data import DataError
from ..dialogue.data.conversations import Sticker
from ..dialogue.telling.knowing import WordList, polarity
from ..papers import Line
from ..text import segment
from .converted import sessions
from .table import PARTS, Bin, DatasetTable, StickerLine, counted, line, lines_of, share

N_BINS: Final = 15
N_BEFORE: Final = 20
"""Utterances before the sticker whose sentiment counts."""
SEVEN: Final = "ser30k-7"
SIDES: Final = {"positive": 1.0, "negative": 0.0, "neutral": 0.5}
NO_PACKS: Final = "packs and stickers that nobody sent, since these chats name only those that were"


@dataclass(frozen=True, slots=True)
class Pair:
    """A context and its sticker. `gladness` is P of P + N = 1 of what was said, none where nothing tells it; `shown`
    is the same of the sticker."""

    part: str
    dialogue: str
    said: tuple[str, ...]
    sticker: str
    pack: str | None
    gladness: float | None
    shown: float | None


Pairs = list[Pair]


@dataclass(frozen=True, slots=True)
class _Held:
    """The pairs, and of a release its stickers, and the uses that make none."""

    pairs: Pairs
    stickers: tuple[Sticker, ...] | None = None
    dropped: Mapping[str, int] = field(default_factory=dict)


def stickerchat(path: Path) -> DatasetTable:
    """A pair for each sticker that was sent after some words, of a release or of chats that were converted. `DataError`
    where there is none."""
    held = _Held(list(_of_chats(path))) if path.is_file() else _of_release(path)
    if not held.pairs:
        raise DataError(f"{path}: no sticker was sent after any words; there are no pairs")
    rows = {part: [pair for pair in held.pairs if pair.part == part] for part in PARTS}
    lines = (
        line("pairs of context and sticker", rows, len, (320_168, 10_000, 10_000, None)),
        line("stickers that were sent", rows, lambda some: len({(pair.pack, pair.sticker) for pair in some})),
        line("packs of these", rows, lambda some: len({pair.pack for pair in some if pair.pack})),
        *_collection(held.stickers or ()),
        line("utterances before the sticker, mean", rows, _mean_said),
        line("utterances before the sticker, most", rows, _most_said, (None, None, None, N_BEFORE)),
        line("dialogues (DSTC10-MOD)", rows, _n_dialogues, (None, None, None, 45_000)),
        line("words per utterance (DSTC10-MOD)", rows, _words_each, (None, None, None, 11.46)),
        line("pairs with sentiment in their words", rows, lambda some: sum(pair.gladness is not None for pair in some)),
        line("pairs with sentiment in their sticker", rows, lambda some: sum(pair.shown is not None for pair in some)),
    )
    missing = (NO_PACKS,) if held.stickers is None else ()
    return DatasetTable(
        "StickerChat, DSTC10-MOD and SER30K as PBR uses them",
        lines,
        {"classes of emotion (SER30K: disgust 211, fear 826)": counted(each.emotion for each in held.stickers or ())},
        missing=(*missing, *(f"{n} uses of a sticker, {reason}" for reason, n in held.dropped.items())),
        bins={"gladness of dialogues, and how far their stickers are from it (1.414 at most)": _bins(held.pairs)},
    )


# --- where pairs come from ---


def _of_release(folder: Path) -> _Held:
    from ..dialogue.data import reading  # which reads its files with this package

    names = {row.sticker_id for row in lines_of(folder / "stickers.jsonl", StickerLine)}
    held = reading.read(folder, has_picture=names)
    pairs = []
    for use in held.uses:
        gold, turns = held[use.gold], use.turns(N_BEFORE)
        felt = [(turn.polarity.positive, turn.polarity.negative) for turn in turns if turn.polarity]
        glad = _gladness(felt, [turn.text for turn in turns if not turn.polarity])
        shown = taxonomy.load(SEVEN).view(gold.emotion, taxonomy.POLARITY) if gold.emotion else ""
        said = tuple(turn.text for turn in turns if turn.text)
        pairs.append(Pair(use.part, use.session, said, gold.id, gold.pack, glad, SIDES.get(shown)))
    return _Held(pairs, held.stickers, held.dropped)


def _of_chats(path: Path) -> Iterator[Pair]:
    for number, (part, chat, session) in enumerate(sessions(path)):
        for n, turn in enumerate(session.turns):
            before = [*session.turns[max(0, n - N_BEFORE) : n], *([turn] if turn.text else [])][-N_BEFORE:]
            said = tuple(each.text for each in before if each.text)
            if turn.sticker_id is not None and said:
                felt = [(each.polarity.pos, each.polarity.neg) for each in before if each.polarity]
                glad = _gladness(felt, [each.text for each in before if not each.polarity])
                yield Pair(part, f"{chat.chat_id}/{number}", said, turn.sticker_id, turn.sticker_pack, glad, None)


def _gladness(felt: Sequence[tuple[float, float]], unasked: Sequence[str]) -> float | None:
    """Of what people said of the turns, and of the words of those that nobody was asked about."""
    told = [polarity(text) for text in WordList()(unasked, "")]
    positive = sum(p for p, _n in felt) + sum(each.positive for each in told)
    return share(positive, positive + sum(n for _p, n in felt) + sum(each.negative for each in told))


# --- figures ---


def _collection(stickers: Sequence[Sticker]) -> Iterator[Line]:
    """Of all that there are, sent or not, on no side of a split."""
    facts = (
        ("stickers", len(stickers), 174_695),
        ("packs", len({each.pack for each in stickers}), 3_516),
        ("stickers with words on them (of DSTC10-MOD's 307)", sum(bool(each.printed_text) for each in stickers), 228),
    )
    if stickers:
        yield from (Line(name, (None, None, None, n), (None, None, None, told)) for name, n, told in facts)


def _mean_said(pairs: Pairs) -> float | None:
    return share(sum(len(pair.said) for pair in pairs), len(pairs))


def _most_said(pairs: Pairs) -> int:
    return max((len(pair.said) for pair in pairs), default=0)


def _n_dialogues(pairs: Pairs) -> int:
    return len({pair.dialogue for pair in pairs})


def _words_each(pairs: Pairs) -> float | None:
    texts = [text for pair in pairs for text in pair.said]
    return share(sum(len(segment(text)) for text in texts), len(texts))


def _bins(pairs: Iterable[Pair]) -> tuple[Bin, ...]:
    """Dialogues by their gladness, and the mean distance of (P, N) between a dialogue and its sticker in each."""
    held: list[Pairs] = [[] for _ in range(N_BINS)]
    for pair in pairs:
        if pair.gladness is not None:
            held[min(int(pair.gladness * N_BINS), N_BINS - 1)].append(pair)
    return tuple(Bin(n / N_BINS, (n + 1) / N_BINS, len(own), _distance(own)) for n, own in enumerate(held))


def _distance(pairs: Pairs) -> float | None:
    apart = [
        hypot(pair.gladness - pair.shown, pair.gladness - pair.shown)
        for pair in pairs
        if pair.gladness is not None and pair.shown is not None
    ]
    return share(sum(apart), len(apart))
