"""StickerInt's and MultiChat's tables. The one counts contexts that end with a sticker, the other whole sessions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from msgspec import Struct

from ..data import DataError
from ..dialogue.data.foreign.rows import ChatRow, SessionRow, TurnRow
from ..label_agreement import Agreement, agreement
from ..papers import Line
from ..text import segment
from . import converted
from .table import PARTS, DatasetTable, Row, StickerLine, counted, line, lines_of, share

LATIN: Final = re.compile(r"[A-Za-z]{2,}")
CONTEXT: Final = 200
"""Turns before a sticker that are its context, as in a release."""
PRINTED: Final = "stickers with words on them, since chats alone do not tell it"
AGREED: Final = "agreement of annotators, since the chats hold what these say together"
SSIM: Final = "how alike the pictures are (SSIM), since a release need not hold them"


class Said(Struct):
    speaker: str
    text: str = ""
    sticker: str | None = None


class Use(Struct):
    """A line of stickerint/."""

    id: str
    lang: str
    context: list[Said]
    speaker: str
    text: str
    scenario: str
    sticker: str
    intent: str | None


class Meant(Struct):
    id: str
    intent: str | None
    style: str | None


class MultiChatTurn(Struct):
    speaker: str
    text: str
    sticker: Meant | None


class Session(Struct):
    """A line of multichat/."""

    chat_id: str
    lang: str
    turns: list[MultiChatTurn]
    samples: list[int]


class SampleLine(Struct):
    sample_id: str
    session_id: str


class SessionLine(Struct):
    session_id: str
    chat_id: str


@dataclass(frozen=True, slots=True)
class Talk:
    chat: str
    language: str
    texts: list[str]
    stickers: list[str]
    speakers: frozenset[str]
    n_turns: int
    scenario: str = ""  # SR or DR
    n_samples: int = 1


Talks = list[Talk]
Counts = tuple[tuple[str, int], ...]


def stickerint(path: Path) -> DatasetTable:
    """Contexts that end with a sticker, of a release or of converted chats. `DataError` where there is none."""
    if path.is_file():
        rows, intents = _of_chats(path, _talks_of_uses), _intents_of_chats(path)
        return _stickerint(rows, intents, {}, None, (SSIM, PRINTED, AGREED))
    uses = _parts(path, "stickerint", Use)
    chat_of = _chats(path)
    talks = {part: [_talk_of_use(use, chat_of) for use in held] for part, held in uses.items()}
    intents = counted(use.intent for held in uses.values() for use in held)
    return _stickerint(talks, intents, _agreed(path, "intent", "scenario"), path, (SSIM,))


def _stickerint(
    rows: dict[str, Talks], intents: Counts, agreed: dict[str, Agreement], folder: Path | None,
    missing: tuple[str, ...],
) -> DatasetTable:  # fmt: skip
    lines = (
        line("conversations", rows, len, (1_269, 155, 154, 1_578)),
        line("sticker as supplement (SR)", rows, lambda held: _n_of(held, "SR"), (816, 102, 99, 1_017)),
        line("sticker as reply (DR)", rows, lambda held: _n_of(held, "DR"), (453, 53, 55, 561)),
        line("utterances in words", rows, _n_texts, (8_745, 1_105, 1_216, 11_066)),
        line("utterances, the stickers that were chosen among them", rows, _n_with_gold, (None, None, None, 12_644)),
        line("words", rows, _n_words, (47_895, 5_950, 5_778, 59_623)),
        line("stickers", rows, _n_stickers, (774, 127, 124, 1_025)),
        line("users", rows, _n_users, (48, 41, 40, None)),
        line("utterances per conversation", rows, _texts_each, (6.89, 7.13, 7.9, None)),
        line("the same with the sticker that was chosen", rows, _with_gold_each, (None, None, None, 8.01)),
        line("users per conversation", rows, _users_each, (2.91, 2.71, 2.78, None)),
        line("words per utterance", rows, _words_each, (5.48, 5.39, 4.75, None)),
        line("Chinese ones with English words", rows, _n_latin, (None, None, None, 841)),
        line("groups", rows, _n_chats, (None, None, None, 4)),
        *_of_folder(rows, folder),
    )  # fmt: skip
    return DatasetTable("StickerInt (Int-RA)", lines, {"intents": intents}, agreed, missing)


def _of_folder(rows: dict[str, Talks], folder: Path | None) -> Iterator[Line]:
    if folder is not None:
        yield line("stickers with words on them", rows, _with_words(folder), (None, None, None, 702))
        yield _annotators(folder, "intent", "scenario")


def multichat(path: Path) -> DatasetTable:
    """Whole sessions with stickers, of a release or of converted chats. `DataError` where there is none."""
    if path.is_file():
        held = [turn for _part, _chat, session in converted.sessions(path) for turn in session.turns if turn.sticker_id]
        counts = {"intents": counted(turn.intent for turn in held), "styles": counted(turn.style for turn in held)}
        return DatasetTable("MultiChat (IGSR)", _multichat(_of_chats(path, _talk_of_part)), counts, missing=(AGREED,))
    sessions = _parts(path, "multichat", Session)
    rows = {part: [_talk_of_session(session) for session in held] for part, held in sessions.items()}
    sent = [turn.sticker for held in sessions.values() for session in held for turn in session.turns if turn.sticker]
    counts = {"intents": counted(meant.intent for meant in sent), "styles": counted(meant.style for meant in sent)}
    lines = (*_multichat(rows), _annotators(path, "style", "intent"))
    agreed = _agreed(path, "style", "intent")
    return DatasetTable("MultiChat (IGSR)", lines, counts, agreed, kappas={"style": 0.919, "intent": 0.832})


def _multichat(rows: dict[str, Talks]) -> tuple[Line, ...]:
    return (
        line("sessions", rows, len, (1_120, 238, 184, 1_542)),
        line("samples", rows, lambda held: sum(talk.n_samples for talk in held), (3_447, 1_290, 1_114, 5_851)),
        line("utterances", rows, _n_turns, (30_092, 9_711, 10_389, 50_192)),
        line("stickers", rows, _n_stickers, (1_295, 637, 658, 2_182)),
        line("users", rows, _n_users, (71, 60, 63, None)),
        line("utterances of the longest", rows, _longest, (428, 423, 436, None)),
        line("utterances per session", rows, _turns_each, (26.87, 40.8, 56.46, None)),
        line("users per session", rows, _users_each, (5.13, 6.56, 7.14, None)),
        line("groups", rows, _n_chats, (None, None, None, 5)),
    )


def _parts(folder: Path, form: str, kind: type[Row]) -> dict[str, list[Row]]:
    rows = {part: list(lines_of(folder / form / f"{part}.jsonl", kind)) for part in PARTS}
    if not any(rows.values()):
        raise DataError(f"{folder}: nothing in {form}/*.jsonl; this release holds no such conversations")
    return rows


# --- of converted chats ---


def _of_chats(path: Path, talks_of: Callable[[ChatRow, SessionRow], Iterator[Talk]]) -> dict[str, Talks]:
    rows: dict[str, Talks] = {part: [] for part in PARTS}
    for part, chat, session in converted.sessions(path):
        rows[part] += talks_of(chat, session)
    return rows


def _intents_of_chats(path: Path) -> Counts:
    held = (turn for _part, _chat, session in converted.sessions(path) for turn in session.turns)
    return counted(turn.intent for turn in held if turn.sticker_id)


def _talks_of_uses(chat: ChatRow, session: SessionRow) -> Iterator[Talk]:
    """One for each sticker that words come before, as a release's."""
    for n, turn in enumerate(session.turns):
        before = session.turns[max(0, n - CONTEXT) : n]
        if turn.sticker_id is not None and (turn.text or any(each.text for each in before)):
            derived = "SR" if turn.text or (n and before[-1].speaker == turn.speaker and before[-1].text) else "DR"
            yield _talk(chat, [*before, turn], turn.scenario or derived)


def _talk_of_part(chat: ChatRow, session: SessionRow) -> Iterator[Talk]:
    if n_samples := sum(turn.sticker_id is not None for turn in session.turns):
        yield _talk(chat, session.turns, "", n_samples)


def _talk(chat: ChatRow, turns: Sequence[TurnRow], scenario: str, n_samples: int = 1) -> Talk:
    return Talk(
        chat=chat.chat_id,
        language=chat.lang,
        texts=[turn.text for turn in turns if turn.text],
        stickers=[f"{turn.sticker_pack or ''}/{turn.sticker_id}" for turn in turns if turn.sticker_id],
        speakers=frozenset(turn.speaker for turn in turns),
        n_turns=len(turns),
        scenario=scenario,
        n_samples=n_samples,
    )


# --- of a release ---


def _chats(folder: Path) -> dict[str, str]:
    """Of each sample its chat: a speaker's name means the same person within one chat only."""
    chat_of = {row.session_id: row.chat_id for row in lines_of(folder / "sessions.jsonl", SessionLine)}
    return {row.sample_id: chat_of[row.session_id] for row in lines_of(folder / "samples.jsonl", SampleLine)}


def _talk_of_use(use: Use, chat_of: Mapping[str, str]) -> Talk:
    said = [*use.context, Said(use.speaker, use.text, use.sticker)]
    return Talk(
        chat=chat_of[use.id],
        language=use.lang,
        texts=[turn.text for turn in said if turn.text],
        stickers=[turn.sticker for turn in said if turn.sticker],
        speakers=frozenset(turn.speaker for turn in said),
        n_turns=len(said),
        scenario=use.scenario,
    )


def _talk_of_session(session: Session) -> Talk:
    return Talk(
        chat=session.chat_id,
        language=session.lang,
        texts=[turn.text for turn in session.turns if turn.text],
        stickers=[turn.sticker.id for turn in session.turns if turn.sticker],
        speakers=frozenset(turn.speaker for turn in session.turns),
        n_turns=len(session.turns),
        n_samples=len(session.samples),
    )


def _n_of(talks: Talks, scenario: str) -> int:
    return sum(talk.scenario == scenario for talk in talks)


def _n_texts(talks: Talks) -> int:
    return sum(len(talk.texts) for talk in talks)


def _n_with_gold(talks: Talks) -> int:
    return _n_texts(talks) + len(talks)


def _with_gold_each(talks: Talks) -> float | None:
    return share(_n_with_gold(talks), len(talks))


def _n_words(talks: Talks) -> int:
    return sum(len(segment(text)) for talk in talks for text in talk.texts)


def _n_latin(talks: Talks) -> int:
    chinese = (talk for talk in talks if talk.language == "zh")
    return sum(bool(LATIN.search(text)) for talk in chinese for text in talk.texts)


def _n_turns(talks: Talks) -> int:
    return sum(talk.n_turns for talk in talks)


def _texts_each(talks: Talks) -> float | None:
    return share(_n_texts(talks), len(talks))


def _words_each(talks: Talks) -> float | None:
    return share(_n_words(talks), _n_texts(talks))


def _turns_each(talks: Talks) -> float | None:
    return share(_n_turns(talks), len(talks))


def _longest(talks: Talks) -> int:
    return max((talk.n_turns for talk in talks), default=0)


def _n_stickers(talks: Talks) -> int:
    return len({name for talk in talks for name in talk.stickers})


def _n_users(talks: Talks) -> int:
    return len({(talk.chat, who) for talk in talks for who in talk.speakers})


def _users_each(talks: Talks) -> float | None:
    return share(sum(len(talk.speakers) for talk in talks), len(talks))


def _n_chats(talks: Talks) -> int:
    return len({talk.chat for talk in talks})


def _with_words(folder: Path) -> Callable[[Talks], int]:
    printed = {row.sticker_id for row in lines_of(folder / "stickers.jsonl", StickerLine) if row.printed_text}
    return lambda talks: len({name for talk in talks for name in talk.stickers} & printed)


# --- how far annotators agree ---


class Target(Struct):
    sticker_id: str
    turn_id: str | None = None


class AnswerLine(Struct):
    """A line of annotations.jsonl."""

    task: str
    target: Target
    lang: str
    value: dict[str, object]
    role: str
    annotator: str = ""


def _agreed(folder: Path, *tasks: str) -> dict[str, Agreement]:
    """Of what players said, in the order they said it; a reviewer's word is no annotator's."""
    units: dict[str, dict[tuple[str, str | None], list[str]]] = {task: {} for task in tasks}
    for row in lines_of(folder / "annotations.jsonl", AnswerLine):
        if row.task in units and row.role == "judge":
            said = str(row.value.get("fine") or row.value.get("label"))
            units[row.task].setdefault((row.target.sticker_id, row.target.turn_id), []).append(said)
    return {task: agreement(list(held.values())) for task, held in units.items() if held}


def _annotators(folder: Path, *tasks: str) -> Line:
    """How many answered; those who left have no name."""
    rows = lines_of(folder / "annotations.jsonl", AnswerLine)
    n = len({row.annotator for row in rows if row.task in tasks and row.role == "judge" and row.annotator})
    return Line("annotators", (None, None, None, n), (None, None, None, 5))
