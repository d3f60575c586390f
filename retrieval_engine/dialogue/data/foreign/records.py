"""The records of a file one after the other: its lines, or the elements of a list or an object that is the whole file.

No more than one record is held at a time. A line with which something is wrong is a record that says what; a list
or object that is no JSON cannot be read on, and is a `DataError`.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NoReturn, TextIO

from ....data import DataError
from .report import Reason, Record, Spoiled

MAX_RECORD: Final = 64 * 2**20
"""Bytes of a line, and characters of an element, at most."""
PIECE: Final = 2**18
BLANK: Final = re.compile(r"[ \t\r\n]*")


def records(path: Path, *, keyed: bool = False) -> Iterator[Record]:
    """Of JSON lines, of a list, or with `keyed` of an object with a record by each key. `DataError` for a file that
    is none of these, is not UTF-8, or has nothing in it."""
    first = _first_character(path)
    if first == "[" or (keyed and first == "{"):
        found = _elements(path)
    elif first == "{":
        found = _lines(path)
    else:
        raise DataError(f"{path}: {'not JSON' if first else 'nothing in it'}")
    yield from found


def _first_character(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(PIECE).removeprefix(codecs.BOM_UTF8).lstrip()
    return start[:1].decode("ascii", "replace")


def _lines(path: Path) -> Iterator[Record]:
    with path.open("rb") as file:
        number = 0
        while line := file.readline(MAX_RECORD + 1):
            number += 1
            is_too_long = len(line) > MAX_RECORD
            while is_too_long and line and not line.endswith(b"\n"):
                line = file.readline(PIECE)
            if is_too_long:
                yield Record(path, number, Spoiled(Reason.SPOILED, f"longer than {MAX_RECORD // 2**20} MiB"))
            elif line.strip():
                told = line.removeprefix(codecs.BOM_UTF8) if number == 1 else line
                yield Record(path, number, _decoded(told))


def _decoded(line: bytes) -> Any:
    """What it holds, or what is wrong with it."""
    try:
        return _DECODER.decode(line.decode())
    except UnicodeDecodeError as error:
        return Spoiled(Reason.SPOILED, f"not UTF-8 at byte {error.start + 1} of the line")
    except (ValueError, RecursionError) as error:
        return Spoiled(Reason.SPOILED, f"not JSON: {error}")


def _elements(path: Path) -> Iterator[Record]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        try:
            yield from _Document(path, file).elements()
        except UnicodeDecodeError as error:
            raise DataError(f"{path}: not UTF-8 ({error.reason})") from error


class _Document:
    """A list or an object, decoded an element at a time from a window on its text."""

    def __init__(self, path: Path, file: TextIO) -> None:
        self._path, self._file = path, file
        self._text, self._at, self._line, self._is_whole = "", 0, 1, False

    def elements(self) -> Iterator[Record]:
        is_keyed = self._next() == "{"
        self._pass(1)
        close = "}" if is_keyed else "]"
        n = 0
        while (mark := self._next()) != close:
            if n:
                if mark != ",":
                    self._fail(f"expected a comma or {close}")
                self._pass(1)
                self._next()
            n += 1
            key = self._key() if is_keyed else ""
            line, value = self._line, self._value()
            yield Record(self._path, line, value, key)
        self._pass(1)
        if self._next():
            self._fail("something after its end")

    def _key(self) -> str:
        key = self._value()
        if not isinstance(key, str) or self._next() != ":":
            self._fail("expected a key")
        self._pass(1)
        self._next()
        return key

    def _value(self) -> Any:
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
            except (ValueError, RecursionError) as error:
                if self._is_whole or len(self._text) - self._at > MAX_RECORD:
                    self._fail(str(error))
            else:
                if end < len(self._text) or self._is_whole:  # else a number might go on
                    self._pass(end - self._at)
                    return value
            self._more()

    def _next(self) -> str:
        """The next character that is not blank, which is not passed; empty at the end."""
        while True:
            blank = BLANK.match(self._text, self._at)
            self._pass(blank.end() - self._at if blank else 0)
            if self._at < len(self._text) or self._is_whole:
                return self._text[self._at : self._at + 1]
            self._more()

    def _more(self) -> None:
        """As much again as is held, so that a long element is not tried too often."""
        piece = self._file.read(max(PIECE, len(self._text) - self._at))
        self._text, self._at, self._is_whole = self._text[self._at :] + piece, 0, not piece

    def _pass(self, n: int) -> None:
        self._line += self._text.count("\n", self._at, self._at + n)
        self._at += n

    def _fail(self, what: str) -> NoReturn:
        raise DataError(f"{self._path}:{self._line}: not JSON ({what})")


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


_DECODER: Final = json.JSONDecoder(parse_constant=_no_number)
