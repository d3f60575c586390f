"""A conversation as a page shows it: a chat, its stickers, and what people said of each of their uses."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from retrieval_engine import taxonomy
from sticktionary.domain.annotation import answers, questions
from sticktionary.domain.chats import feeling, summing
from sticktionary.domain.chats.summing import Summary
from sticktionary.models import Annotation, Conversation, Draft, Sticker, Task, TurnPolarity, Utterance

POLARITY = "polarity"


@dataclass(frozen=True)
class Said:
    """One thing that annotators said of a use of a sticker, and how many of how many said it."""

    task: str
    text: str
    n: int
    of: int


@dataclass(frozen=True)
class Shown:
    utterance: Utterance
    sticker: Sticker | None  # none to be seen: there is none, or it was withdrawn
    is_withdrawn: bool
    begins: bool  # a session, or its part on this page
    said: list[Said] = field(default_factory=list)
    summary: Summary = Summary()  # of the session that begins here
    draft_id: int | None = None  # of such a summary, that waits for a yes
    felt: list[Said] = field(default_factory=list)  # how its words feel, as reviewers find
    my_feeling: str = ""

    @property
    def is_first(self) -> bool:
        """Of its session, not only on this page."""
        return self.utterance.number == 1


def shown(chat: Conversation, utterances: Iterable[Utterance], viewer_id: int) -> list[Shown]:
    """Turns of a chat in order, with their sessions and stickers loaded."""
    turns = list(utterances)
    said = _said([turn.pk for turn in turns if turn.sticker_id])
    summaries, drafts = _summaries(chat, turns), _drafts(chat)
    felt, mine = _felt([turn.pk for turn in turns], viewer_id)
    last, rows = None, []
    for turn in turns:
        gone = turn.sticker is not None and turn.sticker.state == Sticker.State.WITHDRAWN
        sticker = None if gone else turn.sticker
        row = Shown(
            turn,
            sticker,
            gone,
            turn.session_id != last,
            said.get(turn.pk, []),
            summaries.get(turn.session_id, Summary()) if turn.session_id != last else Summary(),
            drafts.get(turn.pk) if turn.number == 1 else None,
            felt.get(turn.pk, []),
            mine.get(turn.pk, ""),
        )
        rows.append(row)
        last = turn.session_id
    return rows


def _summaries(chat: Conversation, turns: list[Utterance]) -> dict[int, Summary]:
    """By session."""
    held = summing.held(chat, timezone.now())
    sessions = {turn.session_id: turn.session for turn in turns}
    spans = summing.spans_of(sessions)
    return {id: held.get(spans[id], summing.of_import(session)) for id, session in sessions.items()}


def _drafts(chat: Conversation) -> dict[int, int]:
    """By the first turn of a session, the draft of its summary that waits."""
    waiting = Draft.objects.filter(first__session__conversation=chat, state=Draft.State.WAITING).order_by("-pk")
    return {first: pk for first, pk in waiting.values_list("first_id", "pk") if first is not None}


def _felt(ids: list[int], viewer_id: int) -> tuple[dict[int, list[Said]], dict[int, str]]:
    """What reviewers together, and what this one, said of the words of each turn."""
    counts = feeling.told(ids, timezone.now())
    own = TurnPolarity.objects.filter(utterance__in=ids, by=viewer_id).order_by("at", "pk")
    together = {
        id: [Said(POLARITY, str(held.label), n, counted.total()) for held, n in counted.most_common()]
        for id, counted in counts.items()
    }
    return together, dict(own.values_list("utterance_id", "feeling"))


def _said(ids: list[int]) -> dict[int, list[Said]]:
    given = Annotation.objects.filter(utterance_id__in=ids, state=Annotation.State.ANSWERED)
    told: defaultdict[tuple[int, str], Counter[str]] = defaultdict(Counter)
    for row in given.order_by("pk"):
        told[row.utterance_id or 0, row.task][in_words(row.task, questions.value_of(row))] += 1
    by_turn: defaultdict[int, list[Said]] = defaultdict(list)
    for (utterance_id, task), counts in sorted(told.items()):
        for text, n in counts.most_common():
            by_turn[utterance_id].append(Said(str(Task(task).label), text, n, counts.total()))
    return by_turn


def in_words(task: str, value: answers.Value) -> str:
    """An answer as people read it, in the language of the page."""
    if task == Task.FITS:
        return _("yes") if value["ok"] else _("no")
    if task in answers.LABEL_SETS:
        label = taxonomy.load(answers.LABEL_SETS[Task(task)]).labels.get(str(answers.gist(task, value)))
        language = "zh" if (get_language() or "").startswith("zh") else "en"
        return label.name[language] if label else str(answers.gist(task, value))
    return ", ".join(value["words"]) if task in answers.IN_WORDS else str(value["text"])
