"""The catalogue's stickers as conversation models take them: with what annotators and reviewers say of them now, and
with the words that are known of them. What a release would say of the same answers."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from typing import Any

import msgspec

from retrieval_engine import taxonomy
from retrieval_engine.dialogue.data.conversations import ATTRIBUTES, Sticker
from retrieval_engine.dialogue.data.reading import SEVEN
from retrieval_engine.dialogue.inference.lines import StickerLine
from sticktionary.domain.annotation import answers, questions
from sticktionary.domain.annotation.answers import Value
from sticktionary.domain.annotation.questions import Question, question_of, value_of
from sticktionary.domain.intake.pictures import path_of
from sticktionary.domain.quality import sanctions
from sticktionary.domain.search import reading
from sticktionary.models import Annotation, Settlement, Task
from sticktionary.models import Sticker as Row

ASKED = (*ATTRIBUTES, Task.STYLE, Task.EMOTION, Task.INTENT)


def described(ids: Collection[int]) -> list[StickerLine]:
    """Those of them that are in play, by number."""
    told, spoken = _told(ids), {entry.id: entry.written for entry in reading.entries(ids)}
    rows = Row.objects.filter(pk__in=spoken.keys()).order_by("pk")
    columns = rows.values_list("pk", "twin_of_id", "pack__slug", "image", "printed_text")
    return [
        StickerLine(
            id,
            str(path_of(image)),
            group=str(twin_of or id),
            pack=pack,
            printed_text=printed,
            queries=tuple(_queries(spoken[id])),
            **_said(told[id]),
        )
        for id, twin_of, pack, image, printed in columns
    ]


def digest(line: StickerLine) -> str:
    """The same for the same description and picture: what a vector was made of."""
    return hashlib.sha256(msgspec.json.encode(line)).hexdigest()[:16]


def as_known(ids: Collection[int]) -> dict[str, Sticker]:
    """The same by the names that conversations call them: for models that read what stickers in between look like."""
    return {str(line.id): line.sticker for line in described(ids)}


def _queries(written: dict[str, str]) -> Iterator[str]:
    for language, lines in sorted(written.items()):
        if language:  # without one: labels and print
            yield from lines.split("\n")


def _told(ids: Collection[int]) -> dict[int, dict[Question, Value]]:
    """By sticker, what its annotators say together of each question, or a reviewer in their place."""
    rows = Annotation.objects.filter(sticker_id__in=ids, task__in=ASKED, state=Annotation.State.ANSWERED)
    rows = rows.exclude(player__in=sanctions.excluded_players()).order_by("answered_at", "pk")
    given = questions.by_question(rows)
    settlements = Settlement.objects.filter(sticker_id__in=ids, task__in=ASKED).order_by("at", "pk")
    settled = {question_of(row): row for row in settlements}  # the newest of each question
    told: dict[int, dict[Question, Value]] = defaultdict(dict)
    for question in given.keys() | settled.keys():
        values = [value_of(row) for row in given.get(question, ())]
        if (value := questions.holding(question.task, values, settled.get(question))[0]) is not None:
            told[question.sticker_id][question] = value
    return told


def _said(told: dict[Question, Value]) -> dict[str, Any]:
    """Of several languages the last by name holds, as in a release that is read."""
    attributes, said, intents = dict[str, str](), dict[str, Any](), Counter[str]()
    for question, value in sorted(told.items(), key=lambda pair: (pair[0].task, pair[0].language)):
        if question.task == Task.INTENT:
            intents[value["fine"]] += 1
        elif question.task == Task.STYLE:
            said["style"] = value["label"]
        elif question.task == Task.EMOTION:
            said["emotion"] = taxonomy.load(answers.LABEL_SETS[Task.EMOTION]).view(value["primary"], SEVEN)
        else:
            attributes[question.task] = ", ".join(value["words"])
    ordered = {name: attributes[name] for name in ATTRIBUTES if name in attributes}
    often = tuple(sorted(intents, key=lambda name: (-intents[name], name)))
    return {"attributes": ordered, "intents": often, **said}
