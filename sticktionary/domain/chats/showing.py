"""A conversation as a page shows it: a chat, its stickers, and what people said of each of their uses."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from retrieval_engine import taxonomy
from sticktionary.domain.annotation import answers, questions
from sticktionary.models import Annotation, Sticker, Task, Utterance


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
    begins: bool  # a session
    said: list[Said] = field(default_factory=list)


def shown(utterances: Iterable[Utterance]) -> list[Shown]:
    """Turns in order, with their sessions and stickers loaded."""
    turns = list(utterances)
    said = _said([turn.pk for turn in turns if turn.sticker_id])
    last, rows = None, []
    for turn in turns:
        gone = turn.sticker is not None and turn.sticker.state == Sticker.State.WITHDRAWN
        sticker = None if gone else turn.sticker
        rows.append(Shown(turn, sticker, gone, turn.session_id != last, said.get(turn.pk, [])))
        last = turn.session_id
    return rows


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
