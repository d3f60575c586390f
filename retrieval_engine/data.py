"""The published StickerQueries CSVs in and out, and splits that keep groups together."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

HEADER: Final = ("sticker_id", "labeled_queries")
SEPARATOR: Final = ", "

G = TypeVar("G", bound=Hashable)


class DataError(ValueError):
    """A file that cannot be read; the message names the file, the line and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class StickerQueries:
    """One line of a StickerQueries CSV: a sticker's file name and what people typed for it, in order."""

    sticker_id: str
    queries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """A line that would not come out as it is: its number in the file (from 1), what it becomes, and why."""

    line: int
    read: str
    written: str
    reason: str


def writable(query: str) -> str:
    """The form in which `query` survives the CSV, whose separator is a comma and a space ("no, thanks" -> "no,thanks").

    White space is collapsed and stripped, and the comma loses the space after it. "" for a query with nothing in it.
    """
    if "," not in query:
        return " ".join(query.split())
    return ",".join(" ".join(part.split()) for part in query.split(",")).strip()


def read_queries_csv(path: Path | str) -> list[StickerQueries]:
    """Read a `sticker_id,labeled_queries` CSV in UTF-8.

    A comma with a space separates queries; a bare comma belongs to the query ("旋转,转圈圈" is one). White space around
    queries, empty ones, repeats within a line and blank lines are dropped. A sticker on two lines gives two items.
    Raises `DataError`, naming the line.
    """
    return list(iterate_queries_csv(path))


def iterate_queries_csv(path: Path | str) -> Iterator[StickerQueries]:
    """As `read_queries_csv`, a line at a time: for lists that are longer than they need to be held."""
    return (row for row, _, _ in _records(Path(path)) if row is not None)


def write_queries_csv(path: Path | str, rows: Iterable[StickerQueries]) -> int:
    """Write rows in the published form and return their number: UTF-8, no BOM, "\\n", quotes where a field needs them.

    ValueError, and no file, for a query that would be read back otherwise (see `writable`) or a sticker without any.
    """
    lines = list(csv_lines(rows))
    Path(path).write_text("".join(lines), encoding="utf-8", newline="")
    return len(lines) - 1


def csv_lines(rows: Iterable[StickerQueries]) -> Iterator[str]:
    """The lines of such a file, the header first. ValueError as `write_queries_csv`."""
    yield _csv_line(HEADER)
    for row in rows:
        wrong = next((query for query in row.queries if not query or writable(query) != query), None)
        if wrong is not None or not row.queries:
            raise ValueError(f"{row.sticker_id}: {'no queries' if wrong is None else f'{wrong!r} would not survive'}")
        yield _csv_line((row.sticker_id, SEPARATOR.join(row.queries)))


def roundtrip(path: Path | str) -> list[Difference]:
    """What would change if the file were read and written again; [] when it would come out byte for byte the same."""
    raw = Path(path).read_bytes()
    mark = Difference(1, "\\ufeff", "", "starts with a byte order mark")
    differences = [mark] if raw.startswith(b"\xef\xbb\xbf") else []
    records = list(_records(Path(path)))
    header = raw.decode("utf-8-sig").splitlines(keepends=True)[0]
    differences += _changes(1, header, _csv_line(HEADER), HEADER[1], HEADER[1])
    for row, line, text in records:
        written = "" if row is None else _csv_line((row.sticker_id, SEPARATOR.join(row.queries)))
        field = "" if row is None else next(csv.reader(io.StringIO(text, newline="")))[1]
        differences += _changes(line, text, written, field, "" if row is None else SEPARATOR.join(row.queries))
    return differences


def _changes(line: int, text: str, written: str, field_read: str, field_written: str) -> list[Difference]:
    if text == written:
        return []
    reasons = []
    if not text.endswith("\n"):
        reasons.append("no line ending")
    elif text.endswith("\r\n"):
        reasons.append("ends with CR LF")
    if not written:
        reasons.append("holds no query")
    elif field_read != field_written:
        reasons.append("empty, repeated or padded queries")
    elif text.rstrip("\r\n") != written.rstrip("\n"):
        reasons.append("quotes that are not needed")
    return [Difference(line, text.rstrip("\r\n"), written.rstrip("\n"), "; ".join(reasons))]


def _csv_line(fields: Sequence[str]) -> str:
    line = io.StringIO(newline="")
    csv.writer(line, lineterminator="\n").writerow(fields)
    return line.getvalue()


def _records(path: Path) -> Iterator[tuple[StickerQueries | None, int, str]]:
    """(row or None for a line without queries, number of its first line, its raw text)."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        raw: list[str] = []
        reader = csv.reader(_noted(file, raw), strict=True)
        first = 0
        while (fields := _next(reader, path, first + 1)) is not None:
            if first == 0 and tuple(fields) != HEADER:
                raise DataError(f"{path}:1: the header is {','.join(fields)!r}, expected {','.join(HEADER)!r}")
            if first:
                yield _row(fields, f"{path}:{first + 1}"), first + 1, "".join(raw)
            first = reader.line_num
            raw.clear()
        if first == 0:
            raise DataError(f"{path}: empty; expected the header {','.join(HEADER)}")


def _noted(lines: Iterable[str], raw: list[str]) -> Iterator[str]:
    for line in lines:
        raw.append(line)
        yield line


def _next(reader: Iterator[list[str]], path: Path, line: int) -> list[str] | None:
    try:
        return next(reader, None)
    except csv.Error as error:
        raise DataError(f"{path}:{line}: {error}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 at byte {_bad_byte(path)}") from error


def _bad_byte(path: Path) -> int:
    """The first that is not UTF-8."""
    try:
        return len(path.read_bytes().decode())
    except UnicodeDecodeError as error:
        return error.start


def _row(fields: list[str], where: str) -> StickerQueries | None:
    if not fields:
        return None
    if len(fields) != len(HEADER):
        raise DataError(f"{where}: {len(fields)} fields, expected {len(HEADER)} (quotes missing around the queries?)")
    if not fields[0].strip():
        raise DataError(f"{where}: no sticker_id")
    queries = tuple(dict.fromkeys(query.strip() for query in fields[1].split(SEPARATOR) if query.strip()))
    return StickerQueries(fields[0].strip(), queries) if queries else None


def split_by_group(groups: Sequence[G], fractions: Sequence[float], *, seed: int = 0) -> list[int]:
    """The part (index into `fractions`) of each item; items of one group (pack, near duplicates) stay together.

    Each group falls by a hash of its name and the seed, so adding data moves nothing between the parts. `fractions` are
    shares of 1 and need not add up to it; what is left over belongs to the last part.
    """
    if not fractions or min(fractions) < 0 or sum(fractions) > 1 + 1e-9:
        raise ValueError("fractions must be shares of 1")
    part_of = {group: _part(group, fractions, seed) for group in set(groups)}
    return [part_of[group] for group in groups]


def _part(group: Hashable, fractions: Sequence[float], seed: int) -> int:
    place, edge = int.from_bytes(_digest(group, seed)[:8], "big") / 2**64, 0.0
    for part, fraction in enumerate(fractions):
        edge += fraction
        if place < edge:
            return part
    return len(fractions) - 1


def hold_out(queries: Sequence[str], share: float, *, seed: int = 0) -> tuple[list[str], list[str]]:
    """(kept, held out): round(share x n) of a sticker's queries are held out, chosen by hash; never all of them."""
    n = min(round(share * len(queries)), len(queries) - 1)
    chosen = set(sorted(queries, key=lambda query: _digest(query, seed))[: max(n, 0)])
    return [query for query in queries if query not in chosen], [query for query in queries if query in chosen]


def _digest(item: Hashable, seed: int) -> bytes:
    return hashlib.sha256(f"{seed}\n{item}".encode()).digest()
