"""Chats of other collections, in the forms in which these are released. The engine's readers read them, and what these
give is taken as lines of our own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
from django.utils.translation import gettext_lazy

from retrieval_engine.data import DataError
from retrieval_engine.dialogue.data import foreign
from retrieval_engine.dialogue.data.foreign import ChatRow, Problem, Reason, Report
from sticktionary.domain.chats import reading
from sticktionary.domain.chats.shapes import BadLine, Chat, Noted

FORMATS = {"stickerint": "StickerInt", "multichat": "MultiChat", "stickerchat": "StickerChat", "mod": "MOD (DSTC10)"}
REASONS = {
    Reason.SPOILED: gettext_lazy("It cannot be read"),
    Reason.OTHER_KIND: gettext_lazy("It is no record of this kind"),
    Reason.SEEN: gettext_lazy("Its number was there before"),
    Reason.NO_ID: gettext_lazy("It has no number or name"),
    Reason.NO_TURNS: gettext_lazy("There is no turn in it"),
    Reason.NOT_A_TURN: gettext_lazy("A turn does not have the form of a turn"),
    Reason.NO_SPEAKER: gettext_lazy("A turn has no speaker"),
    Reason.NO_STICKER: gettext_lazy("There is no sticker in it"),
    Reason.BROKEN_CONTEXT: gettext_lazy("Its context does not go on from that of the sample before it"),
    Reason.EMPTY_TURN: gettext_lazy("A turn without words and without a sticker"),
    Reason.IN_WORDS: gettext_lazy("A sticker that is told in words only"),
    Reason.WRONG_TYPE: gettext_lazy("A field of another type than it should be"),
    Reason.HALF_CHARACTER: gettext_lazy("A text that holds half of a character"),
    Reason.UNKNOWN_LABEL: gettext_lazy("A label of no label set here, kept as it is"),
    Reason.NOT_A_LABEL: gettext_lazy("A label that stands for nothing"),
    Reason.FOUR_ATTRIBUTES: gettext_lazy("Attributes that are not the four"),
    Reason.NO_NAMES: gettext_lazy("Words whose speaker the format does not tell"),
}


def read(path: Path, *, format: str, name: str, language: str = "") -> Iterator[Chat | BadLine | Noted]:
    """The chats of a file that was called `name`; see `reading.read`. What a reader leaves out is a bad line, and what
    it takes off a line that it keeps is noted."""
    report, reader = Report(), reading.Reader(language)
    try:
        for rows in foreign.by_record(format, [path], report, language=language, name=name):
            if report.n_alike:  # else the file may be of another kind, which is said once
                yield from _drained(report)
            for row in rows:
                if isinstance(row, ChatRow):
                    yield from reader.take(report.line, msgspec.json.encode(row))
    except DataError as error:
        report.problems.clear()
        yield BadLine(report.line + 1, str(error).replace(str(path), name))
    yield from _drained(report)


def _drained(report: Report) -> Iterator[BadLine | Noted]:
    """The problems since the last time."""
    for problem in report.problems:
        yield (
            Noted(problem.line, str(REASONS[problem.reason])) if problem.part else BadLine(problem.line, _why(problem))
        )
    report.problems.clear()


def _why(problem: Problem) -> str:
    reason = str(REASONS[problem.reason])
    return f"{reason} ({problem.detail})." if problem.detail else f"{reason}."
