"""The conversations of a release: sessions, turns, a sample for each use of a sticker, and the same in the forms of
StickerInt (a context and its sticker) and MultiChat (a whole session with what was said before it)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct
from msgspec.json import Encoder

from sticktionary.domain.annotation.answers import Value
from sticktionary.domain.chats import feeling
from sticktionary.domain.chats.summing import Summary
from sticktionary.domain.releases import source_labels
from sticktionary.domain.releases.about import File
from sticktionary.domain.releases.chat_rows import (
    Attributes,
    Intent,
    Meant,
    MultiChatRow,
    MultiChatTurn,
    Polarity,
    Remembered,
    Said,
    SampleRow,
    SessionRow,
    SourceLabelRow,
    StickerIntRow,
    TurnRow,
)
from sticktionary.domain.releases.chats import Alike, Chat, Together, chats, scenario
from sticktionary.domain.releases.files import Output, write_json
from sticktionary.domain.releases.replied import Replied
from sticktionary.domain.releases.rows import columns_of, schema_of
from sticktionary.domain.releases.scope import Scope
from sticktionary.domain.releases.splits import PARTS
from sticktionary.models import ChatSession, Task, Utterance

CONTEXT = 200  # turns before a sticker that a sample names: the nearest
TABLES: dict[str, type[Struct]] = {
    "sessions.jsonl": SessionRow,
    "turns.jsonl": TurnRow,
    "samples.jsonl": SampleRow,
    "source_labels.jsonl": SourceLabelRow,
    **{f"stickerint/{part}.jsonl": StickerIntRow for part in PARTS},
    **{f"multichat/{part}.jsonl": MultiChatRow for part in PARTS},
}

encode = Encoder().encode


def write(folder: Path, scope: Scope) -> list[File]:
    """Write the files, chat by chat; none where there are no conversations."""
    found = chats(scope)
    first = next(found, None)
    if first is None:
        return []
    forms = Forms(scope)
    with ExitStack() as stack:
        outs = {path: stack.enter_context(Output(folder, path)) for path in TABLES}
        for chat in _each(first, found):
            n_rows = sum(_put(outs[path], row) for path, row in forms.rows(chat))
            scope.told(n_rows)
    files = [outs[path].entry(columns_of(schema_of(row))) for path, row in TABLES.items()]
    reports = (("stickerint", forms.stickerint), ("multichat", forms.multichat))
    return files + [write_json(folder, f"{form}/report.json", dict(sorted(n.items()))) for form, n in reports]


def _each(first: Chat, others: Iterable[Chat]) -> Iterator[Chat]:
    yield first
    yield from others


def _put(out: Output, row: Struct) -> int:
    out.write(encode(row) + b"\n")
    out.n_rows += 1
    return 1


class Forms:
    """A chat in each form. `stickerint` and `multichat` count what went into these and what did not, and why."""

    def __init__(self, scope: Scope) -> None:
        self._scope, self._names, self._parts = scope, scope.names, scope.parts
        self._together, self._alike = Together(scope), Alike(scope)
        self._replied = Replied(scope, self._alike)
        self.stickerint: Counter[str] = Counter(n_samples=0, n_without_context=0, n_not_appropriate=0)
        self.multichat: Counter[str] = Counter(n_sessions=0, n_samples=0, n_without_sticker=0)

    def rows(self, chat: Chat) -> Iterator[tuple[str, Struct]]:
        self._together.load(chat)
        self._replied.load(chat.row)
        yield from (("source_labels.jsonl", row) for row in source_labels.rows(chat, self._scope))
        for place, (session, turns) in enumerate(chat.sessions):
            yield "sessions.jsonl", _session_row(chat, session, turns)
            yield from (("turns.jsonl", self._turn_row(chat, turn)) for turn in turns)
            yield from self._samples(chat, place)
            yield from self._whole(chat, place)

    def _name(self, turn: Utterance) -> str | None:
        return self._names.get(turn.sticker_id) if turn.sticker_id else None

    def _turn_row(self, chat: Chat, turn: Utterance) -> TurnRow:
        name = self._name(turn)
        left_out = turn.sticker_id is not None and name is None
        ids = (f"turn_{turn.pk}", f"ses_{turn.session_id}", chat.name)
        language = chat.row.language
        held = chat.polarities.get(turn.pk)
        polarity = Polarity(*feeling.SIDES[held]) if held else None
        return TurnRow(1, *ids, turn.number, turn.speaker, turn.text, name, left_out, None, polarity, language)

    # --- a sample for each use ---

    def _samples(self, chat: Chat, place: int) -> Iterator[tuple[str, Struct]]:
        _session, turns = chat.sessions[place]
        for n, turn in enumerate(turns):
            if (name := self._name(turn)) is not None:
                sample = self._sample(chat, place, n, name)
                yield "samples.jsonl", sample
                if self._is_good(sample, turns, n):
                    yield f"stickerint/{chat.part}.jsonl", self._stickerint(chat, turns, n, sample)

    def _sample(self, chat: Chat, place: int, n: int, name: str) -> SampleRow:
        session, turns = chat.sessions[place]
        turn, language = turns[n], chat.row.language
        assert turn.sticker_id is not None
        told = {task: self._together.of_use(task, turn, language) for task in (Task.INTENT, Task.FITS, Task.SCENARIO)}
        said, fits = told[Task.SCENARIO], told[Task.FITS]
        return SampleRow(
            v=1,
            sample_id=f"smp_{turn.pk}",
            session_id=f"ses_{session.pk}",
            context_turns=[f"turn_{before.pk}" for before in turns[max(0, n - CONTEXT) : n]],
            history_sessions=[f"ses_{earlier.pk}" for earlier, _turns in chat.sessions[:place]],
            speaker=turn.speaker,
            own_text=turn.text,
            gold=name,
            acceptable=sorted({*self._alike.of(turn.sticker_id), *self._replied.accepted(turn.pk)}),
            scenario=said["label"] if said else scenario(turns, n),
            scenario_by="annotators" if said else "derived",
            intent=_intent(told[Task.INTENT]),
            appropriate=fits["ok"] if fits else None,
            n_annotators=max(self._together.n_of_use(task, turn, language) for task in told),
            lang=language,
            part=chat.part,
            sticker_split=self._parts[turn.sticker_id],
        )

    def _is_good(self, sample: SampleRow, turns: list[Utterance], n: int) -> bool:
        """Whether it is one of StickerInt's kind: words before the sticker, and nobody doubts that it fits."""
        has_context = bool(sample.own_text) or any(turn.text for turn in turns[max(0, n - CONTEXT) : n])
        if not has_context:
            self.stickerint["n_without_context"] += 1
        elif sample.appropriate is False:
            self.stickerint["n_not_appropriate"] += 1
        else:
            self.stickerint["n_samples"] += 1
            return True
        return False

    def _stickerint(self, chat: Chat, turns: list[Utterance], n: int, sample: SampleRow) -> StickerIntRow:
        sticker_id = turns[n].sticker_id
        assert sticker_id is not None
        return StickerIntRow(
            id=sample.sample_id,
            lang=sample.lang,
            context=[Said(turn.speaker, turn.text, self._name(turn)) for turn in turns[max(0, n - CONTEXT) : n]],
            speaker=sample.speaker,
            text=sample.own_text,
            scenario=sample.scenario,
            sticker=sample.gold,
            intent=sample.intent.fine if sample.intent else None,
            intent_coarse=sample.intent.coarse if sample.intent else None,
            attributes=self._attributes(sticker_id, sample.lang),
            appropriate=sample.appropriate,
        )

    def _attributes(self, sticker_id: int, language: str) -> Attributes:
        def words(task: str) -> list[str] | None:
            value = self._together.of_sticker(task, sticker_id, language)
            return value["words"] if value else None

        style = self._together.of_sticker(Task.STYLE, sticker_id, language)
        in_words = (words(Task.GESTURE), words(Task.POSTURE), words(Task.FACE), words(Task.VERBAL))
        return Attributes(style["label"] if style else None, *in_words)

    # --- whole sessions ---

    def _whole(self, chat: Chat, place: int) -> Iterator[tuple[str, Struct]]:
        session, turns = chat.sessions[place]
        told = [MultiChatTurn(turn.speaker, turn.text, self._meant(turn, chat.row.language)) for turn in turns]
        samples = [n for n, turn in enumerate(told) if turn.sticker is not None]
        if not samples:
            self.multichat["n_without_sticker"] += 1
            return
        self.multichat["n_sessions"] += 1
        self.multichat["n_samples"] += len(samples)
        memory = [Remembered(f"ses_{held.pk}", held.summary) for held, _turns in chat.sessions[:place] if held.summary]
        ids = (f"ses_{session.pk}", chat.name, session.number, chat.row.language, _users(turns))
        yield f"multichat/{chat.part}.jsonl", MultiChatRow(*ids, told, session.summary, memory, samples)

    def _meant(self, turn: Utterance, language: str) -> Meant | None:
        name = self._name(turn)
        if name is None or turn.sticker_id is None:
            return None
        intent = _intent(self._together.of_use(Task.INTENT, turn, language))
        fits, held = self._together.of_use(Task.FITS, turn, language), self._attributes(turn.sticker_id, language)
        words = (held.style, held.gesture, held.posture, held.facial_expression, held.verbal)
        return Meant(name, intent.fine if intent else None, *words, fits["ok"] if fits else None)


def _session_row(chat: Chat, session: ChatSession, turns: list[Utterance]) -> SessionRow:
    summary = chat.summaries.get(session.pk, Summary())
    return SessionRow(
        v=1,
        session_id=f"ses_{session.pk}",
        chat_id=chat.name,
        ordinal=session.number,
        start=_time(session.started_at),
        end=_time(session.ended_at),
        users=_users(turns),
        turn_ids=[f"turn_{turn.pk}" for turn in turns],
        summary=session.summary,
        summary_by=summary.by,
        summary_drafted_by=summary.drafted_by,
        lang=chat.row.language,
        source=chat.row.source,
        license=chat.row.licence,
        part=chat.part,
    )


def _users(turns: list[Utterance]) -> list[str]:
    return sorted({turn.speaker for turn in turns}, key=lambda name: (len(name), name))


def _time(at: datetime | None) -> str | None:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else None


def _intent(value: Value | None) -> Intent | None:
    return Intent(value["fine"], value["coarse"]) if value else None
