"""What is asked: a conversation as somebody wrote or sent it, checked turn by turn, as the models take it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import regex
from django.utils.translation import gettext as _

from retrieval_engine.dialogue.data.conversations import Session, Turn, Use
from retrieval_engine.dialogue.inference.replying import MOST_TURNS, BadConversation, question
from sticktionary.domain.errors import Refused
from sticktionary.models import Sticker
from sticktionary.models.players import Language

LONGEST = 2_000  # characters of a turn, of words of one's own, of a summary
LONGEST_NAME = 40  # of a speaker
MOST_SESSIONS = 200
MOST_TOLD = 20  # things that are wrong; whoever sends ten thousand of them need not read all

_HAN = regex.compile(r"\p{Han}")


class BadQuestion(Refused):
    """A conversation that cannot be answered. `problems` has a sentence for each place: "turns.2.speaker" is the
    speaker of the third turn, "earlier.0.turns.4" the fifth turn of the first session."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("bad_conversation", " ".join(problems.values()))
        self.problems = dict(problems)


@dataclass(frozen=True, slots=True)
class Said:
    """A turn: words, a sticker of the catalogue, or both."""

    speaker: str
    text: str = ""
    sticker: int | None = None


@dataclass(frozen=True, slots=True)
class Earlier:
    """A session before this one."""

    turns: tuple[Said, ...]
    summary: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """`speaker` is about to send a sticker after `turns`, beside words of their own or without. Without a language, it
    is seen from the script."""

    turns: tuple[Said, ...]
    speaker: str
    own_text: str = ""
    earlier: tuple[Earlier, ...] = ()
    language: str = ""

    @property
    def all_turns(self) -> Iterator[tuple[str, int, Said]]:
        """Each with its place and its number, which runs on through the sessions as a reader counts."""
        places = [
            (f"earlier.{n}.turns.{i}", turn) for n, held in enumerate(self.earlier) for i, turn in enumerate(held.turns)
        ]
        places += [(f"turns.{i}", turn) for i, turn in enumerate(self.turns)]
        for number, (place, turn) in enumerate(places, 1):
            yield place, number, turn


def checked(asked: Asked) -> Use:
    """The question as models take it. Raises BadQuestion with everything that is wrong, place by place."""
    problems = dict(_problems(asked))
    if problems:
        raise BadQuestion(dict(list(problems.items())[:MOST_TOLD]))
    sessions = [
        Session(f"session_{n}", "", n, tuple(_turn(said) for said in held.turns), held.summary.strip())
        for n, held in enumerate(asked.earlier)
    ]
    turns, language = [_turn(said) for said in asked.turns], asked.language or _language_of(asked)
    try:
        return question(
            turns, language=language, speaker=asked.speaker.strip(), own_text=asked.own_text, earlier=sessions
        )
    except BadConversation as error:  # all that it refuses is told by place above
        raise BadQuestion({"turns": str(error)}) from error


def _turn(said: Said) -> Turn:
    return Turn(said.speaker.strip(), said.text.strip(), None if said.sticker is None else str(said.sticker))


def _problems(asked: Asked) -> Iterator[tuple[str, str]]:
    n_turns = len(asked.turns) + sum(len(held.turns) for held in asked.earlier)
    if n_turns > MOST_TURNS:
        values = {"n": n_turns, "most": MOST_TURNS}
        yield "turns", _("These are %(n)d turns; %(most)d are read at most.") % values
        return
    if len(asked.earlier) > MOST_SESSIONS:
        yield "earlier", _("At most %(n)d sessions before this one are read.") % {"n": MOST_SESSIONS}
    if not asked.speaker.strip():
        yield "speaker", _("Say who is about to send the sticker.")
    elif len(asked.speaker.strip()) > LONGEST_NAME:
        yield "speaker", _("A speaker’s name has at most %(n)d characters.") % {"n": LONGEST_NAME}
    if asked.language and asked.language not in Language.values:
        yield "language", _("Conversations are in English (en) or Chinese (zh).")
    if len(asked.own_text) > LONGEST:
        yield "own_text", _("The words beside the sticker are longer than %(n)d characters.") % {"n": LONGEST}
    for n, held in enumerate(asked.earlier):
        if len(held.summary) > LONGEST:
            yield f"earlier.{n}.summary", _("A summary has at most %(n)d characters.") % {"n": LONGEST}
    if not asked.own_text.strip() and not any(turn.text.strip() for turn in asked.turns):
        yield "turns", _("Nobody says a word in this session: there is nothing to answer.")
    known = _known({turn.sticker for _place, _number, turn in asked.all_turns if turn.sticker is not None})
    for place, number, turn in asked.all_turns:
        yield from _of_turn(place, number, turn, known)


def _of_turn(place: str, number: int, turn: Said, known: set[int]) -> Iterator[tuple[str, str]]:
    if not turn.speaker.strip():
        yield f"{place}.speaker", _("Turn %(n)d has no speaker.") % {"n": number}
    elif len(turn.speaker.strip()) > LONGEST_NAME:
        values = {"n": number, "most": LONGEST_NAME}
        yield f"{place}.speaker", _("Turn %(n)d: a speaker’s name has at most %(most)d characters.") % values
    if not turn.text.strip() and turn.sticker is None:
        yield place, _("Turn %(n)d has neither words nor a sticker.") % {"n": number}
    elif len(turn.text) > LONGEST:
        yield f"{place}.text", _("Turn %(n)d is longer than %(most)d characters.") % {"n": number, "most": LONGEST}
    if turn.sticker is not None and turn.sticker not in known:
        values = {"n": number, "id": turn.sticker}
        yield f"{place}.sticker", _("Turn %(n)d: there is no sticker %(id)d.") % values


def _known(ids: set[int]) -> set[int]:
    """Of them those that may still be looked at."""
    if not (small := [id for id in ids if 0 < id < 2**63]):
        return set()
    held = Sticker.objects.filter(pk__in=small).exclude(state=Sticker.State.WITHDRAWN)
    return set(held.values_list("pk", flat=True))


def _language_of(asked: Asked) -> str:
    """By what was said last: one Chinese character makes it Chinese."""
    last: Sequence[str] = (asked.own_text, *(turn.text for turn in reversed(asked.turns)))
    words = next((text for text in last if text.strip()), "")
    return (Language.ZH if _HAN.search(words) else Language.EN).value
