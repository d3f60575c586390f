"""JSON lines in: an object a line, or documents and queries as {"id", "text"}. What is wrong is named by its line."""

from __future__ import annotations

import codecs
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final, NoReturn

from .data import DataError

MAX_LINE: Final = 64 * 2**20
"""Bytes of a line at most, so that something that is no text at all does not fill the memory."""
Id = str | int


@dataclass(frozen=True, slots=True)
class TextLine:
    """One line of a documents or queries file; `id` as given, a string or a whole number. `sticker` names a picture
    where the line does, and `line` is its number in the file, from 1."""

    id: Id
    text: str
    sticker: str = ""
    line: int = field(default=0, compare=False)


@contextmanager
def _opened(path: str) -> Iterator[BinaryIO]:
    if path == "-":
        yield sys.stdin.buffer
        return
    with open(path, "rb") as file:
        yield file


def read_jsonl(path: Path | str) -> Iterator[tuple[int, dict[str, Any]]]:
    """(line number, object) for each line that is not blank; "-" is standard input.

    UTF-8, with or without a byte order mark; lines end in "\\n" or "\\r\\n". `DataError` names the first line that is
    no JSON object, gives a key twice or is longer than `MAX_LINE`. One line is held at a time.
    """
    with _opened(str(path)) as file:
        number = 0
        while line := file.readline(MAX_LINE + 1):
            number += 1
            if len(line) > MAX_LINE:
                raise DataError(f"{path}:{number}: longer than {MAX_LINE // 2**20} MiB")
            if number == 1:
                line = line.removeprefix(codecs.BOM_UTF8)
            if line.strip():
                yield number, _json_object(line, f"{path}:{number}")


def _json_object(line: bytes, where: str) -> dict[str, Any]:
    try:
        value = _DECODER.decode(line.decode())
    except UnicodeDecodeError as error:
        raise DataError(f"{where}: not UTF-8 (byte {error.start + 1} of the line)") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{where}: not JSON ({error})") from error
    if not isinstance(value, dict):
        raise DataError(f"{where}: not a JSON object")
    return value


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"{next(key for key in found if keys.count(key) > 1)!r} is given twice")
    return found


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_each_key_once, parse_constant=_no_number)


def read_texts(path: Path | str) -> Iterator[TextLine]:
    """The `{"id", "text"}` lines of a file of documents or queries; of other keys only "sticker" is looked at.

    `DataError`, naming the line, where one is missing, of another type (id: string or whole number; text: string, may
    be empty) or half of a character, or an id comes twice. Only the ids are kept.
    """
    lines: dict[Id, int] = {}
    for number, row in read_jsonl(path):
        line = _text_line(row, number, f"{path}:{number}")
        if (before := lines.setdefault(line.id, number)) != number:
            raise DataError(f"{path}:{number}: id {line.id!r} was given before, on line {before}")
        yield line


def _text_line(row: dict[str, Any], number: int, where: str) -> TextLine:
    id, text, sticker = row.get("id"), row.get("text"), row.get("sticker")
    if not isinstance(id, str | int) or isinstance(id, bool):
        raise DataError(f"{where}: {'no id' if id is None else 'id must be a string or a whole number'}")
    if not isinstance(text, str):
        raise DataError(f"{where}: {'no text' if text is None else 'text must be a string'}")
    if not isinstance(sticker, str | None):
        raise DataError(f"{where}: sticker must be the name of a file")
    for part, of in ((str(id), "id"), (text, "text")):
        if not is_whole(part):
            raise DataError(f"{where}: {of} holds half of a character (a surrogate without its other half)")
    return TextLine(id, text, sticker or "", number)


def is_whole(text: str) -> bool:
    """Whether `text` can be written as UTF-8: half of a surrogate pair cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
