"""Chats out of JSON lines: one conversation a line, or one turn a line. A line that will not do is named, with why.

    {"chat_id": "c1", "lang": "en", "sessions": [{"summary": "...", "turns": [
        {"speaker": "anna", "text": "so tired", "at": "2026-11-21T09:00:00Z"},
        {"speaker": "ben", "sticker_id": "hug.png"}]}]}

    {"chat_id": "c1", "lang": "en", "session_id": "s1", "speaker": "anna", "text": "so tired"}
    {"chat_id": "c1", "lang": "en", "session_id": "s1", "speaker": "ben", "sticker_id": "hug.png"}

Turns of a chat stand together, and so do those of a session; no more than one chat is held in memory. A turn may bring
labels with it, which are its source's word: see `labels.Labels`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import msgspec
import regex
from django.utils.translation import gettext as _
from msgspec import Struct

from sticktionary.domain.chats.labels import Labels, labels_of
from sticktionary.domain.chats.shapes import BadLine, Chat, Session, Turn, Wanted
from sticktionary.models.players import Language

MAX_LINE = 4 * 2**20  # bytes
MAX_TURNS = 20_000  # of one chat
MAX_TEXT = 8_000  # characters of one turn
MAX_KEY = 120

_UNSEEN = regex.compile(r"[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}--[\n\u200d]]", regex.V1)


# --- what a line may hold; other keys are passed over ---


class TurnRow(Labels, kw_only=True):
    speaker: str | int | None = None
    speaker_name: str = ""
    text: str | None = None
    sticker_id: str | None = None  # a file name, or 64 hexadecimal digits of its SHA-256
    sticker_sha256: str | None = None
    sticker_pack: str | None = None
    at: str | float | int | None = None
    turn_id: str | int | None = None


class SessionRow(Struct, kw_only=True):
    turns: list[TurnRow]
    session_id: str | int | None = None
    summary: str = ""


class Row(TurnRow, kw_only=True):
    """A whole conversation when it has `sessions` or `turns`, else one turn."""

    chat_id: str | int
    lang: str = ""
    source: str = ""
    license: str = ""
    speakers: dict[str, list[str]] = {}  # other names of a speaker, to be found in the texts
    sessions: list[SessionRow] | None = None
    turns: list[TurnRow] | None = None
    session_id: str | int | None = None

    @property
    def is_whole(self) -> bool:
        return self.sessions is not None or self.turns is not None


_decoder = msgspec.json.Decoder(Row)


class Spoiled(Exception):
    """What is wrong with a line."""


# --- reading ---


def read(path: Path, *, language: str = "") -> Iterator[Chat | BadLine]:
    """The chats of a file in order; `language` is theirs where a line says none. A chat with a bad line is not among
    them: its bad lines are."""
    with path.open("rb") as file:
        reader = Reader(language)
        for number, content in _lines(file):
            yield from reader.take(number, content)
        yield from reader.close()


class Reader:
    """Gathers turns into chats. Of what it has read it keeps the numbers of the chats and the one that is open."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._seen: set[str] = set()
        self._open: Chat | None = None
        self._passed_over = ""  # the number of a chat that could not even be opened

    def take(self, number: int, content: bytes | None) -> Iterator[Chat | BadLine]:
        try:
            row = _decode(content)
            if self._open is None or self._open.key != _key(row) or row.is_whole:
                yield from self.close()
                if not row.is_whole and self._passed_over == _key(row):
                    return
                self._passed_over = _key(row)
                self._open = _opened(row, number, self.language, self._seen)
            _add(self._open, row, number)
        except Spoiled as spoiled:
            if self._open is not None:
                self._open.is_spoiled = True
            yield BadLine(number, str(spoiled))
            return
        if row.is_whole:
            yield from self.close()

    def close(self) -> Iterator[Chat]:
        """The open chat, unless a line of it was bad."""
        chat, self._open = self._open, None
        if chat is not None and not chat.is_spoiled:
            yield chat


def _lines(file: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    """(number, line) of those that are not blank; None for one that is too long, which is never held whole."""
    number = 0
    while content := file.readline(MAX_LINE + 1):
        number += 1
        if len(content) > MAX_LINE and not content.endswith(b"\n"):
            while content and not content.endswith(b"\n"):
                content = file.readline(MAX_LINE)
            yield number, None
        elif content.strip():
            yield number, content.removeprefix(b"\xef\xbb\xbf") if number == 1 else content


def _decode(content: bytes | None) -> Row:
    if content is None:
        raise Spoiled(_("The line is longer than %(n)d MB.") % {"n": MAX_LINE // 2**20})
    try:
        return _decoder.decode(content)
    except msgspec.ValidationError as error:
        raise Spoiled(_("It does not have the form of a conversation or a turn: %(what)s") % {"what": error}) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Spoiled(_("It is not JSON: %(what)s") % {"what": error}) from error


def _key(row: Row) -> str:
    return str(row.chat_id).strip()


def _opened(row: Row, number: int, language: str, seen: set[str]) -> Chat:
    """A new chat of this row's number. Its number is taken even when something else is wrong with it."""
    key, told = _key(row), _language(row.lang or language)
    is_new = key not in seen
    seen.add(key)
    if not 0 < len(key) <= MAX_KEY:
        raise Spoiled(_("Its chat_id is empty or longer than %(n)d characters.") % {"n": MAX_KEY})
    if not is_new:
        raise Spoiled(_("Chat %(key)s was there before; its turns have to stand together.") % {"key": key})
    if not told:
        raise Spoiled(_("No language is given, neither in the line nor for the file."))
    if told not in Language.values:
        raise Spoiled(_("Nobody plays in the language “%(language)s” here.") % {"language": row.lang or language})
    return Chat(number, clean(key), told, clean(row.source)[:300], clean(row.license)[:120])


def _language(told: str) -> str:
    """zh of zh-Hans or zh_CN."""
    return told.strip().lower().replace("_", "-").split("-")[0]


def _add(chat: Chat, row: Row, number: int) -> None:
    """Put into the chat what a line holds: all its sessions, or one turn."""
    if row.sessions is not None and row.turns is not None:
        raise Spoiled(_("It has both sessions and turns; only one of them can be."))
    for speaker, names in row.speakers.items():
        chat.names.setdefault(clean(speaker), set()).update(names)
    if row.lang and _language(row.lang) != chat.language:
        raise Spoiled(_("The chat was in another language before."))
    if row.is_whole:
        rows = row.sessions if row.sessions is not None else [SessionRow(turns=row.turns or [])]
        chat.sessions = [_session(chat, session, number) for session in rows]
        if not chat.n_turns:
            raise Spoiled(_("There is no turn in it."))
        return
    _session_of(chat, row).turns.append(_turn(chat, row, number, ""))


def _session(chat: Chat, row: SessionRow, number: int) -> Session:
    turns = [_turn(chat, turn, number, _("Turn %(n)d: ") % {"n": n}) for n, turn in enumerate(row.turns, 1)]
    return Session(turns, clean(row.summary)[:MAX_TEXT], "" if row.session_id is None else str(row.session_id))


def _session_of(chat: Chat, row: Row) -> Session:
    """The session a single turn belongs to: the last one, or a new one where its number is another."""
    id = "" if row.session_id is None else str(row.session_id)
    if chat.sessions and chat.sessions[-1].id == id:
        return chat.sessions[-1]
    if any(session.id == id for session in chat.sessions):
        raise Spoiled(_("Session %(id)s was over before; its turns have to stand together.") % {"id": id})
    chat.sessions.append(Session([], id=id))
    return chat.sessions[-1]


def _turn(chat: Chat, row: TurnRow, number: int, where: str) -> Turn:
    speaker = clean("" if row.speaker is None else str(row.speaker))
    text, sticker = clean(row.text or ""), _wanted(row)
    if not speaker:
        raise Spoiled(where + _("There is no speaker."))
    if not text and sticker is None:
        raise Spoiled(where + _("There is neither a text nor a sticker."))
    if len(text) > MAX_TEXT:
        raise Spoiled(where + _("The text is longer than %(n)d characters.") % {"n": MAX_TEXT})
    _count(chat, row, where)
    chat.names.setdefault(speaker, set()).update({speaker, clean(row.speaker_name)} - {""})
    chat.last_at = at = _time(row.at, chat.last_at, where)
    told = tuple(labels_of(row, has_sticker=sticker is not None))
    return Turn(number, speaker, text, sticker, at if row.at else None, told)


def _count(chat: Chat, row: TurnRow, where: str) -> None:
    chat.n_turns += 1
    if chat.n_turns > MAX_TURNS:
        raise Spoiled(where + _("A chat has at most %(n)d turns.") % {"n": MAX_TURNS})
    if row.turn_id is not None and str(row.turn_id) in chat.turn_ids:
        raise Spoiled(where + _("turn_id %(id)s was there before.") % {"id": row.turn_id})
    chat.turn_ids.add(str(row.turn_id))


def _wanted(row: TurnRow) -> Wanted | None:
    name, digest = clean(row.sticker_id or ""), clean(row.sticker_sha256 or "").lower()
    if regex.fullmatch(r"[0-9a-fA-F]{64}", name):
        name, digest = "", name.lower()
    return Wanted(name, digest, clean(row.sticker_pack or "")) if name or digest else None


def _time(value: str | float | None, last: datetime | None, where: str) -> datetime | None:
    """A time as ISO 8601 or in seconds since 1970, without a zone taken as UTC; `last` where none is told."""
    if value is None or value == "":
        return last
    try:
        at = datetime.fromisoformat(value.strip()) if isinstance(value, str) else datetime.fromtimestamp(value, UTC)
        at = at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise Spoiled(where + _("“%(value)s” is not a time.") % {"value": str(value)[:60]}) from error
    if last is not None and at < last:
        raise Spoiled(where + _("Its time is before that of the turn before it."))
    return at


def clean(text: str) -> str:
    """The text without what cannot be seen or kept."""
    return str(_UNSEEN.sub("", text)).strip()
