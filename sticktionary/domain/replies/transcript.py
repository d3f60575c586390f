"""A conversation as a text that anybody can write: a line a turn, `name: words [sticker:12]`.

    # Anna failed her exam.
    anna: i failed :(
    ben: oh no [sticker:31]

    anna: guess who passed the second time!
    ben:

A blank line or `---` begins another session, `#` before its first turn is its summary. The last session is the one that
is answered; a name alone at its end is who is about to send the sticker.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import regex
from django.utils.translation import gettext as _

from sticktionary.domain.replies.asking import LONGEST_NAME, MOST_TOLD, Asked, BadQuestion, Earlier, Said

MOST = 400_000  # characters
_LINE = regex.compile(rf"^\s*(?P<speaker>[^:：]{{1,{LONGEST_NAME}}}?)\s*[:：]\s*(?P<text>.*?)\s*$")
_STICKER = regex.compile(r"\[sticker:\s*(\d{1,18})\s*\]", regex.IGNORECASE)
_BREAK = regex.compile(r"^\s*(-{3,}\s*)?$")


@dataclass
class _Session:
    turns: list[Said] = field(default_factory=list)
    summary: str = ""


def read(text: str, *, speaker: str = "", own_text: str = "", language: str = "") -> Asked:
    """The conversation that the text holds. Who sends the sticker is, unless it is said, whoever's name stands alone at
    the end, or else the last one to speak before the last speaker. Raises BadQuestion, place "line.N"."""
    if len(text) > MOST:
        raise BadQuestion({"text": _("The conversation is longer than %(n)d characters.") % {"n": MOST}})
    sessions, problems = [_Session()], dict[str, str]()
    named, named_at = "", 0  # a name alone
    for number, line in enumerate(text.splitlines(), 1):
        if _BREAK.match(line):
            if sessions[-1].turns:
                sessions.append(_Session())
            continue
        if named:
            values, named = {"n": named_at, "name": named}, ""
            told = _("Line %(n)d: %(name)s says nothing. A name alone stands at the end.")
            problems[f"line.{named_at}"] = told % values
        if line.lstrip().startswith("#") and not sessions[-1].turns:
            sessions[-1].summary = line.lstrip().removeprefix("#").strip()
        elif said := _LINE.match(line):
            turns = list(_turns(said["speaker"], said["text"]))
            sessions[-1].turns += turns
            named, named_at = ("", 0) if turns else (said["speaker"], number)
        else:
            problems[f"line.{number}"] = _("Line %(n)d names nobody. Write “name: words”.") % {"n": number}
    if problems:
        raise BadQuestion(dict(list(problems.items())[:MOST_TOLD]))
    return _asked(sessions, speaker.strip() or named, own_text, language)


def _asked(sessions: list[_Session], speaker: str, own_text: str, language: str) -> Asked:
    held = [session for session in sessions if session.turns or session.summary] or [_Session()]
    if not held[-1].turns and not own_text.strip() and len(held) > 1:
        held.pop()  # a break after the last turn begins nothing
    *earlier, now = held
    turns = tuple(now.turns)
    before = tuple(Earlier(tuple(session.turns), session.summary) for session in earlier)
    return Asked(turns, speaker or _answering(turns), own_text, before, language)


def _answering(turns: tuple[Said, ...]) -> str:
    """Who answers: the last speaker but one; with a single speaker somebody else, who has no name."""
    others = (turn.speaker for turn in reversed(turns) if turn.speaker != turns[-1].speaker)
    return next(others, _("somebody else")) if turns else ""


def _turns(speaker: str, text: str) -> Iterator[Said]:
    """A line holds as many turns as it has stickers; words before the first one go with it."""
    end = 0
    for found in _STICKER.finditer(text):
        yield Said(speaker, text[end : found.start()].strip(), int(found[1]))
        end = found.end()
    if rest := text[end:].strip():
        yield Said(speaker, rest)
