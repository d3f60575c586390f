"""What would become of each chat of a file: the one decision that a dry run prints and an import carries out."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal

from django.utils.translation import gettext as _
from msgspec import Meta, Struct

from sticktionary.domain.chats import choosing, foreign, linking, reading
from sticktionary.domain.chats.labels import Label, masked
from sticktionary.domain.chats.masking import Mask
from sticktionary.domain.chats.shapes import BadLine, Chat, Noted, Session, Turn, Wanted
from sticktionary.models import Conversation, Utterance

BATCH = 50  # chats that are looked up at once
BATCH_TURNS = 2_000

Line = tuple[int, int, str, str, int | None]  # session, place in it, speaker, text, sticker


class Options(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a file of chats is to be taken in."""

    language: Annotated[str, Meta(max_length=20)] = ""  # where the lines say none
    source: Annotated[str, Meta(max_length=300)] = ""  # the same
    licence: Annotated[str, Meta(max_length=120)] = ""  # the same
    key_prefix: Annotated[str, Meta(max_length=40)] = ""  # before each number
    paper_filter: bool = False
    least_words: Annotated[int, Meta(ge=0, le=10_000)] = 20  # before a sticker, with the filter
    gap_minutes: Annotated[int, Meta(ge=0, le=1_000_000)] = 0  # of silence that end a session; 0: as the file says
    skip_bad: bool = False
    format: Literal["", "stickerint", "multichat", "stickerchat", "mod"] = ""  # "": JSON lines of our own
    file_name: Annotated[str, Meta(max_length=200)] = ""  # of another format, whose chats are numbered after it


@dataclass(frozen=True, slots=True)
class ReadySession:
    started_at: datetime | None
    ended_at: datetime | None
    summary: str
    turns: list[tuple[str, str, int | None, datetime | None]]  # speaker, text, sticker, time
    labels: list[tuple[int, Label]]  # by the place of the turn, from 0


@dataclass(frozen=True, slots=True)
class Ready:
    """A chat as it would be kept."""

    line: int
    key: str
    language: str
    source: str
    licence: str
    sessions: list[ReadySession]
    masked: Counter[str] = field(default_factory=Counter)

    def lines(self) -> list[Line]:
        numbered = ((n, session) for n, session in enumerate(self.sessions, 1))
        return [
            (number, place, speaker, text, sticker)
            for number, session in numbered
            for place, (speaker, text, sticker, _at) in enumerate(session.turns, 1)
        ]


@dataclass(frozen=True, slots=True)
class Same:
    """A chat that is there already, word for word."""

    line: int
    key: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A chat that the filter leaves out."""

    line: int
    key: str


Examined = Ready | Same | LeftOut | BadLine | Noted
Item = Chat | BadLine | Noted


def examine(path: Path, options: Options) -> Iterator[Examined]:
    """What would become of each chat, in the file's order, and the lines that will not do; nothing is written."""
    for batch in _batches(_read(path, options)):
        yield from _judged(batch, options)


def _read(path: Path, options: Options) -> Iterator[Item]:
    if not options.format:
        return reading.read(path, language=options.language)
    name = options.file_name or path.name
    return foreign.read(path, format=options.format, name=name, language=options.language)


def _batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    batch: list[Item] = []
    n_turns = 0
    for item in items:
        batch.append(item)
        n_turns += item.n_turns if isinstance(item, Chat) else 0
        if len(batch) >= BATCH or n_turns >= BATCH_TURNS:
            yield batch
            batch, n_turns = [], 0
    yield batch


def _judged(batch: list[Item], options: Options) -> Iterator[Examined]:
    chats = [item for item in batch if isinstance(item, Chat)]
    stickers = linking.found(turn.sticker for chat in chats for turn in _turns(chat) if turn.sticker)
    keys = [options.key_prefix + chat.key for chat in chats]
    there = dict(Conversation.objects.filter(key__in=keys).values_list("key", "is_active"))
    stored = _stored(key for key, is_active in there.items() if is_active)
    for item in batch:
        if isinstance(item, BadLine | Noted):
            yield item
            continue
        if options.paper_filter and not choosing.passes(item, options.least_words):
            yield LeftOut(item.line, item.key)
            continue
        if bad := [*_bad(item, options.key_prefix + item.key, there, stickers)]:
            yield from bad
            continue
        yield _settled(_ready(item, options, stickers), there, stored)


def _turns(chat: Chat) -> Iterator[Turn]:
    return (turn for session in chat.sessions for turn in session.turns)


def _stored(keys: Iterable[str]) -> dict[str, list[Line]]:
    """What is kept of the chats of these numbers."""
    columns = ("session__conversation__key", "session__number", "number", "speaker", "text", "sticker_id")
    rows = Utterance.objects.filter(session__conversation__key__in=list(keys))
    held: defaultdict[str, list[Line]] = defaultdict(list)
    for key, *line in rows.order_by("session__number", "number").values_list(*columns):
        held[key].append((line[0], line[1], line[2], line[3], line[4]))
    return held


def _bad(chat: Chat, key: str, there: dict[str, bool], stickers: dict[Wanted, int | str]) -> Iterator[BadLine]:
    if len(key) > reading.MAX_KEY:
        yield BadLine(chat.line, _("Its chat_id is empty or longer than %(n)d characters.") % {"n": reading.MAX_KEY})
    if there.get(key) is False:
        yield BadLine(chat.line, _("Chat %(key)s was taken back; it does not come in again.") % {"key": key})
    missing = {(turn.line, stickers[turn.sticker]) for turn in _turns(chat) if turn.sticker}
    yield from (BadLine(line, reason) for line, reason in sorted(missing, key=str) if isinstance(reason, str))


def _ready(chat: Chat, options: Options, stickers: dict[Wanted, int | str]) -> Ready:
    appeared = dict.fromkeys(turn.speaker for turn in _turns(chat))
    mask = Mask({speaker: chat.names[speaker] for speaker in (*appeared, *(chat.names.keys() - appeared))})
    gap = timedelta(minutes=options.gap_minutes)
    cut = [part for s in chat.sessions for part in (choosing.split_by_gap(s, gap) if gap else [s]) if part.turns]
    sessions = [_masked(session, mask, stickers) for session in cut]
    source, licence = chat.source or options.source, chat.licence or options.licence or "unknown"
    return Ready(chat.line, options.key_prefix + chat.key, chat.language, source, licence, sessions, mask.counts)


def _masked(session: Session, mask: Mask, stickers: dict[Wanted, int | str]) -> ReadySession:
    turns, labels = [], list[tuple[int, Label]]()
    for place, turn in enumerate(session.turns):
        sticker = stickers[turn.sticker] if turn.sticker else None
        assert not isinstance(sticker, str)
        turns.append((mask.pseudonyms[turn.speaker], mask(turn.text), sticker, turn.at))
        labels += [(place, masked(label, mask)) for label in turn.labels]
    times = [turn.at for turn in session.turns if turn.at]
    return ReadySession(times[0] if times else None, times[-1] if times else None, mask(session.summary), turns, labels)


def _settled(ready: Ready, there: dict[str, bool], stored: dict[str, list[Line]]) -> Examined:
    if ready.key not in there:
        return ready
    if _words(stored.get(ready.key, ())) == _words(ready.lines()):  # sessions may have been divided anew since
        return Same(ready.line, ready.key)
    return BadLine(ready.line, _("Another chat has the number %(key)s already.") % {"key": ready.key})


def _words(lines: Iterable[Line]) -> list[tuple[str, str, int | None]]:
    return [(speaker, text, sticker) for _session, _place, speaker, text, sticker in lines]
