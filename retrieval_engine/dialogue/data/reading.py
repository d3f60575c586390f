"""The conversations of a frozen release: its common tables, with what annotators said of stickers and their uses."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self, TypeVar

from msgspec import Struct

from ... import taxonomy
from ...data import DataError
from ...paper_tables.table import lines_of
from ...training.release import Part
from .conversations import ATTRIBUTES, Conversations, Polarity, Scenario, Session, Sticker, Turn, Use

SEVEN: Final = "ser30k-7"
TAKEN_BACK: Final = "it was taken back since"
Kept = TypeVar("Kept")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What was taken back since the release was frozen: whole chats, stickers, and what people typed, by id."""

    chats: frozenset[str] = frozenset()
    stickers: frozenset[str] = frozenset()
    queries: frozenset[int] = frozenset()

    @classmethod
    def read(cls, path: Path) -> Self:
        """Of the JSON file that an order names. Raises `DataError`."""
        try:
            told = json.loads(path.read_text(encoding="utf-8"))
            return cls(*(frozenset(told.get(name, ())) for name in ("chats", "stickers", "queries")))
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise DataError(f"{path}: {error}") from error


class _Sticker(Struct):
    sticker_id: str
    file: str | None
    pack_id: str
    dup_cluster: str
    printed_text: str = ""


class _Polarity(Struct):
    pos: float
    neg: float


class _Turn(Struct):
    turn_id: str
    speaker: str
    text: str
    sticker_id: str | None
    polarity: _Polarity | None = None


class _Session(Struct):
    session_id: str
    chat_id: str
    ordinal: int
    turn_ids: list[str]
    summary: str


class _Intent(Struct):
    fine: str


class _Sample(Struct):
    sample_id: str
    session_id: str
    context_turns: list[str]
    history_sessions: list[str]
    speaker: str
    own_text: str
    gold: str
    acceptable: list[str]
    scenario: Scenario | None
    intent: _Intent | None
    appropriate: bool | None
    lang: str
    part: Part
    scenario_by: str = ""


class _Label(Struct):
    task: str
    target: dict[str, Any]
    lang: str
    taxonomy: str
    value: dict[str, Any] | None


class _Query(Struct):
    sticker_id: str
    query: str
    status: str
    query_id: int = 0


def read(folder: Path, *, has_picture: Collection[str] | None = None, left_out: LeftOut | None = None) -> Conversations:
    """The conversations of the release in `folder`. Stickers without a picture are no part of the gallery: a release
    carries those it may, `has_picture` names what is at hand besides. `DataError` names a line that is spoiled, and a
    release without conversations."""
    gone = left_out or LeftOut()
    source = _Source(folder, gone.chats)
    tables = _Tables(folder, source)
    samples = [source.filled(row) for row in lines_of(folder / "samples.jsonl", _Sample)]
    if not samples:
        raise DataError(f"{folder}: nothing in samples.jsonl; this release holds no conversations")
    uses = [tables.use(sample) for sample in samples]
    there = {use.id for use in uses if use.chat not in gone.chats}
    intents = _intents(sample for sample in samples if sample.sample_id in there)
    stickers = list(_stickers(folder, has_picture or (), intents, gone, source))
    known, dropped, kept = {sticker.id for sticker in stickers}, Counter[str](), list[Use]()
    for use in uses:
        if use.id not in there or use.gold in gone.stickers:
            dropped[TAKEN_BACK] += 1
        elif reason := _reason_against(use, known):
            dropped[reason] += 1
        else:
            kept.append(use)
    return Conversations(stickers, kept, dropped)


def pictures(folder: Path, conversations: Conversations, others: Mapping[str, Path] | None = None) -> list[Path]:
    """The picture of each sticker, in their order: the release's own, or what `others` has at hand."""
    files = {row.sticker_id: row.file for row in lines_of(folder / "stickers.jsonl", _Sticker)}
    at_hand = others or {}
    return [folder / own if (own := files[s.id]) is not None else at_hand[s.id] for s in conversations.stickers]


def _reason_against(use: Use, known: Collection[str]) -> str:
    if use.gold not in known:
        return "the sticker has no picture here"
    if use.appropriate is False:
        return "annotators say that the sticker does not fit"
    if not use.last_words:
        return "nobody says a word before the sticker"
    return ""


class _Source:
    """What came with the chats: it holds where people here said nothing."""

    def __init__(self, folder: Path, gone: Collection[str]) -> None:
        self.polarities: dict[str, _Polarity] = {}
        self.stickers = defaultdict[str, dict[str, str]](dict)
        self._uses = defaultdict[str, dict[str, Any]](dict)
        for row in lines_of(folder / "source_labels.jsonl", _Label):
            if row.value is not None and row.target["dialogue_id"] not in gone:
                self._take(row.task, row.taxonomy, row.target, row.value)

    def _take(self, task: str, reference: str, target: Mapping[str, Any], value: dict[str, Any]) -> None:
        if task == "polarity":
            self.polarities[target["turn_id"]] = _Polarity(value["pos"], value["neg"])
        elif task in {"style", "attribute"}:
            self.stickers[target["sticker_id"]] |= _said(task, reference, value)
        elif "sample_id" in target:
            self._uses[target["sample_id"]][task] = value

    def filled(self, row: _Sample) -> _Sample:
        """With what annotators did not say."""
        told = self._uses.get(row.sample_id, {})
        if row.intent is None and "intent" in told:
            row.intent = _Intent(told["intent"]["fine"])
        if row.appropriate is None and "appropriateness" in told:
            row.appropriate = told["appropriateness"]["ok"]
        if row.scenario_by != "annotators" and "scenario" in told:
            row.scenario = told["scenario"]["label"]
        return row


class _Tables:
    """Turns and sessions by id."""

    def __init__(self, folder: Path, source: _Source) -> None:
        self._turns = {row.turn_id: _turn(row, source) for row in lines_of(folder / "turns.jsonl", _Turn)}
        rows = list(lines_of(folder / "sessions.jsonl", _Session))
        self._sessions = {row.session_id: self._session(row) for row in rows}

    def _session(self, row: _Session) -> Session:
        turns = tuple(_known(self._turns, id, row.session_id) for id in row.turn_ids)
        return Session(row.session_id, row.chat_id, row.ordinal, turns, row.summary)

    def use(self, row: _Sample) -> Use:
        session = _known(self._sessions, row.session_id, row.sample_id)
        return Use(
            row.sample_id, row.session_id, session.chat, row.lang, row.part, row.speaker,
            context=tuple(_known(self._turns, id, row.sample_id) for id in row.context_turns),
            gold=row.gold,
            own_text=row.own_text,
            acceptable=frozenset((row.gold, *row.acceptable)),
            intent=row.intent.fine if row.intent else None,
            scenario=row.scenario,
            appropriate=row.appropriate,
            earlier=tuple(_known(self._sessions, id, row.sample_id) for id in row.history_sessions),
        )  # fmt: skip


def _known(table: Mapping[str, Kept], id: str, by: str) -> Kept:
    try:
        return table[id]
    except KeyError:
        raise DataError(f"{by} names {id}, which is not in the release") from None


def _turn(row: _Turn, source: _Source) -> Turn:
    told = row.polarity or source.polarities.get(row.turn_id)
    polarity = Polarity(told.pos, told.neg) if told else None
    return Turn(row.speaker, row.text, row.sticker_id, polarity)


def _intents(samples: Iterable[_Sample]) -> dict[str, tuple[str, ...]]:
    """By sticker, what it was used for, most often first, then in alphabetical order. (A sticker has several intents;
    both papers' code takes one of them without saying which.)"""
    counts = defaultdict[str, Counter[str]](Counter)
    for sample in samples:
        if sample.intent is not None:
            counts[sample.gold][sample.intent.fine] += 1
    return {id: tuple(sorted(held, key=lambda name: (-held[name], name))) for id, held in counts.items()}


def _stickers(
    folder: Path, has_picture: Collection[str], intents: Mapping[str, tuple[str, ...]], gone: LeftOut,
    source: _Source,
) -> Iterator[Sticker]:  # fmt: skip
    labels, queries = _labels(folder), _queries(folder, gone.queries)
    for row in lines_of(folder / "stickers.jsonl", _Sticker):
        if row.sticker_id not in gone.stickers and (row.file is not None or row.sticker_id in has_picture):
            said = source.stickers.get(row.sticker_id, {}) | labels.get(row.sticker_id, {})
            yield Sticker(
                row.sticker_id, row.dup_cluster, row.pack_id,
                attributes={name: said[name] for name in ATTRIBUTES if name in said},
                style=said.get("style"),
                emotion=said.get("emotion"),
                intents=intents.get(row.sticker_id, ()),
                printed_text=row.printed_text,
                queries=tuple(queries.get(row.sticker_id, ())),
            )  # fmt: skip


def _labels(folder: Path) -> dict[str, dict[str, str]]:
    """By sticker, what its annotators say together of it alone, not of a use of it."""
    found = defaultdict[str, dict[str, str]](dict)
    for row in lines_of(folder / "annotation_labels.jsonl", _Label):
        if row.value is not None and row.target.keys() == {"sticker_id"}:
            found[row.target["sticker_id"]] |= _said(row.task, row.taxonomy, row.value)
    return found


def _said(task: str, reference: str, value: Mapping[str, Any]) -> dict[str, str]:
    if task == "attribute":
        return {name: ", ".join(value[name]) for name in ATTRIBUTES if value.get(name) is not None}
    if task == "style":
        return {"style": value["label"]}
    if task == "emotion":
        chosen = value.get("primary") or value["labels"][0]
        return {"emotion": taxonomy.load(reference.partition("@")[0]).view(chosen, SEVEN)}
    return {}


def _queries(folder: Path, gone: Collection[int]) -> dict[str, list[str]]:
    """What people typed for each sticker and others found it by, on the training side."""
    found = defaultdict[str, list[str]](list)
    for row in lines_of(folder / "queries" / "train.jsonl", _Query):
        if row.status != "unproven" and row.query_id not in gone:
            found[row.sticker_id].append(row.query)
    return found
