"""MultiChat (IGSR): whole sessions of group chats in time order, in either of two forms, as JSON lines or a list.

A session a record, as this project's own `multichat/` files have it: `id`, `chat_id`, `ordinal`, `summary` and `turns`
of `{"speaker", "text", "sticker"}`, whose sticker is null or an object of `id`, `intent`, `style`, `gesture`,
`posture`, `facial_expression`, `verbal`, `appropriate`.

A sample a record, as the released files have it: `session_id`, `speaker`, `image_ids`, `text`, `fined_intent`, `style`,
`attribute` (the four with commas between), `summary`, and `dialogue_context`, which is all of the session before the
sticker with tabs between the turns. It tells no speakers, and stickers in it as a sentence that begins with the
sender's name; what a sample adds to the one before it in its session makes the next turns. Their speaker is
`rows.SOMEONE`. `form` goes with the style where that alone is in no label set; `related_history_session_ids` holds the
summaries of sessions that are read themselves, and is passed over.

A chat is the group that a file's name begins with, or `chat_id`; its sessions come in the order of their numbers, out
of all files. So chats are held until the last file is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import regex

from . import fields
from .reader import SPEAKER, STICKER, TEXT, Reader
from .report import Reason, Record, Spoiled
from .rows import SOMEONE, ChatRow, Row, SessionRow, TurnRow
from .stickerint import LANGUAGE, described, said_of_use

SESSION = ("session_id", "id")
CHAT = ("chat_id", "group")
CONTEXT = ("dialogue_context",)
SENT: Final = regex.compile(r"(\S+?)发送了表情包")
DIGITS: Final = regex.compile(r"\d+")


@dataclass
class _Session:
    row: SessionRow
    said: list[str] = field(default_factory=list)  # the context of its last sample, and that sample's sticker
    sender: str = ""


class MultiChat(Reader):
    KEYS = frozenset({"turns", *CONTEXT})
    language = "zh"

    def __init__(self, *told: Any, **named: Any) -> None:
        super().__init__(*told, **named)
        self._chats: dict[str, dict[str, _Session]] = {}
        self._langs: dict[str, str] = {}

    def take(self, record: Record) -> Iterator[Row]:
        row = fields.row_of(record.value)
        return self._session(row, record) if "turns" in row else self._sample(row, record)

    def close(self) -> Iterator[Row]:
        for chat_id, sessions in self._chats.items():
            told = [sessions[number].row for number in sorted(sessions, key=_in_order)]
            yield ChatRow(chat_id=chat_id, lang=self._langs[chat_id], sessions=told, source=self.source)
        self._chats.clear()

    def _keep(self, record: Record, row: dict[str, Any], session: SessionRow) -> _Session:
        chat_id = fields.name(row, CHAT) or record.path.stem.partition("_")[0]
        number = session.session_id or ""
        self._langs.setdefault(chat_id, fields.text(row, LANGUAGE) or self.lang)
        return self._chats.setdefault(chat_id, {}).setdefault(number, _Session(session))

    # --- a session a record ---

    def _session(self, row: dict[str, Any], record: Record) -> Iterator[Row]:
        number = fields.name(row, ("ordinal",)) or fields.name(row, SESSION)
        if number is None:
            raise Spoiled(Reason.NO_ID)
        turns, stickers = list[TurnRow](), list[Row]()
        lang = fields.text(row, LANGUAGE) or self.lang
        session = SessionRow(
            turns=turns, session_id=number, summary=fields.text(row, ("summary",)), part=fields.part_of(record)
        )
        for n, told in enumerate(fields.as_list(row["turns"], "turns"), 1):
            if not isinstance(told, dict):
                raise Spoiled(Reason.NOT_A_TURN, f"turn {n}")
            sticker = told.get("sticker")
            if isinstance(sticker, dict):
                gold = fields.name(sticker, ("id", *STICKER))
                if gold is None:
                    raise Spoiled(Reason.NO_STICKER, f"turn {n}")
                meant = described(sticker, gold, record, self.report, lang)
                sent, labels = {**told, "sticker": None, "sticker_id": gold}, said_of_use(sticker, meant, record, self)
                turn = self.turn(sent, record, f"turn {n}", **labels)
                stickers.append(meant)
            else:
                turn = self.turn(told, record, f"turn {n}")
            turns += [turn] if turn else []
        if not turns:
            raise Spoiled(Reason.NO_TURNS)
        if self._keep(record, row, session).row is not session:
            raise Spoiled(Reason.SEEN, number)
        return iter(stickers)

    # --- a sample a record ---

    def _sample(self, row: dict[str, Any], record: Record) -> Iterator[Row]:
        number, gold, speaker = fields.name(row, SESSION), fields.name(row, STICKER), fields.name(row, SPEAKER)
        if number is None:
            raise Spoiled(Reason.NO_ID)
        if gold is None:
            raise Spoiled(Reason.NO_STICKER)
        if speaker is None:
            raise Spoiled(Reason.NO_SPEAKER)
        lang = fields.text(row, LANGUAGE) or self.lang
        told, own = _as_told(row), fields.text(row, TEXT)
        sticker = described(row, gold, record, self.report, lang)
        labels = said_of_use(row, sticker, record, self)
        empty = SessionRow(turns=[], session_id=number, summary=fields.text(row, ("summary",)), part=sticker.part)
        session = self._keep(record, row, empty)
        new = _added(told, session)
        session.row.turns.extend(self._turns(new, record))
        session.row.turns.append(TurnRow(speaker=speaker, text=own, sticker_id=gold, **labels))
        session.said, session.sender = told, speaker
        return iter([sticker])

    def _turns(self, told: list[str], record: Record) -> Iterator[TurnRow]:
        for n, text in enumerate(told, 1):
            where = f"turn {n} of what it adds"
            if not text.strip():
                self.report.take_off(record, where, Reason.EMPTY_TURN)
            elif sent := SENT.match(text):
                self.report.take_off(record, where, Reason.IN_WORDS, sent[1])
            else:
                yield TurnRow(speaker=SOMEONE, text=text.strip())
        if any(text.strip() for text in told):
            self.report.take_off(record, "speaker", Reason.NO_NAMES)


def _as_told(row: dict[str, Any]) -> list[str]:
    value = fields.field(row, CONTEXT)
    if value is None or value == "":
        return []
    if not isinstance(value, str):
        raise Spoiled(Reason.WRONG_TYPE, "dialogue_context")
    fields.text(row, CONTEXT)
    return value.split("\t")


def _added(told: list[str], session: _Session) -> list[str]:
    """What the context says after the sticker of the sample before."""
    if not session.row.turns:
        return told
    n = len(session.said)
    if told[:n] != session.said:
        raise Spoiled(Reason.BROKEN_CONTEXT, session.row.session_id or "")
    sent = SENT.match(told[n]) if n < len(told) else None
    return told[n + 1 :] if sent and sent[1] == session.sender else told[n:]


def _in_order(number: str) -> tuple[int, str]:
    found = DIGITS.search(number)
    return (int(found[0]) if found else 0, number)
