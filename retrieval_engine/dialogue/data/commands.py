"""`python -m retrieval_engine conversations | views`: other collections into this project's JSON lines, and what each
model would learn from a release."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final

from msgspec import Struct, json

from ...paper_tables.table import lines_of
from . import foreign, reading, views
from .foreign import FORMATS, Report
from .foreign.gathering import gather

PARTS: Final = ("train", "validation", "test")


def add_to(commands: Any) -> None:
    """The two commands."""
    conversations = commands.add_parser("conversations", help="read another collection into JSON lines to be imported")
    conversations.add_argument("--from", dest="format", choices=list(FORMATS), required=True)
    conversations.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a folder, too, for ser30k")
    conversations.add_argument("--out", type=Path, metavar="FILE", help="write the chats here, one a line")
    conversations.add_argument("--stickers", type=Path, metavar="FILE", help="write what is said of each sticker here")
    conversations.add_argument("--language", default="", help="en or zh; by default the collection's")
    conversations.add_argument("--source", default="", help="where it comes from; by default the format's name")
    conversations.set_defaults(run=_conversations)
    seen = commands.add_parser("views", help="what each model would learn from a release, and what it leaves out")
    seen.add_argument("release", type=Path, metavar="RELEASE")
    seen.add_argument("--for", dest="names", choices=views.NAMES, action="append", help="may be given several times")
    seen.add_argument("--turns", type=int, metavar="N", help="read back; by default as far as the model's paper")
    seen.add_argument("--any-picture", action="store_true", help="as if every sticker's picture were at hand")
    seen.add_argument("--out", type=Path, metavar="FILE", help="write the samples of the one model here, one a line")
    seen.set_defaults(run=_views)


# --- other collections ---


def _conversations(args: argparse.Namespace) -> int:
    report = Report()
    rows = foreign.read(args.format, args.files, report, language=args.language, source=args.source or args.format)
    with _lines(args.out) as chats, _lines(args.stickers) as stickers:
        found = gather(rows, report, chats)
        for sticker in found.stickers.values():
            stickers(sticker)
    for problem in report.problems:
        print(problem, file=sys.stderr)
    more = report.n_left_out + report.without.total() - len(report.problems)
    if more > 0:
        print(f"and {more} more", file=sys.stderr)
    print(
        f"{report.n_records} records: {found.n_chats} chats ({found.n_sessions} sessions, {found.n_turns} turns, "
        f"{found.n_sent} with a sticker), {len(found.stickers)} stickers, {report.n_left_out} left out"
    )
    for line in report.lines():
        print(line)
    return 0 if found.n_chats or found.stickers else 1


class _Out:
    """Rows to a file, or to nowhere."""

    def __init__(self, file: BinaryIO | None) -> None:
        self._file = file

    def __call__(self, row: Struct) -> None:
        if self._file is not None:
            self._file.write(json.encode(row) + b"\n")


@contextmanager
def _lines(path: Path | None) -> Iterator[_Out]:
    """A file that is there only when all of it is."""
    if path is None:
        yield _Out(None)
        return
    unfinished = path.with_name(f"{path.name}.part")
    try:
        with unfinished.open("wb") as file:
            yield _Out(file)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


# --- views ---


class _Named(Struct):
    sticker_id: str


def _views(args: argparse.Namespace) -> int:
    names = list(dict.fromkeys(args.names or views.NAMES))
    if args.out and len(names) > 1:
        raise ValueError("--out takes the samples of one model: say which with --for")
    stickers = lines_of(args.release / "stickers.jsonl", _Named) if args.any_picture else ()
    at_hand = {row.sticker_id for row in stickers}
    conversations = reading.read(args.release, has_picture=at_hand)
    for name in names:
        found = views.view(name, conversations, n_turns=args.turns)
        print("\n".join(_told(found)))
        with _lines(args.out) as out:
            for sample in map(found.sample, found.uses) if args.out else ():
                out(sample)
    return 0


def _told(found: views.View) -> Iterator[str]:
    """A view in a few lines."""
    n, parts = len(found.uses), Counter(use.part for use in found.uses)
    sides = ", ".join(f"{part} {parts[part]}" for part in PARTS)
    yield f"{found.name}: {n} of {n + sum(found.dropped.values())} uses ({sides})"
    for told, counts in (("left out", found.dropped), ("without", found.lacking)):
        yield from (f"  {told:<9} {n:>7}  {reason}" for reason, n in sorted(counts.items(), key=lambda item: -item[1]))
