"""What annotators said of the stickers of a release, as it may be published, and what follows from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby

from sticktionary.domain.annotation import answers, questions
from sticktionary.domain.annotation.answers import Value
from sticktionary.domain.annotation.questions import Question
from sticktionary.domain.releases import as_of
from sticktionary.domain.releases.scope import Scope
from sticktionary.models import Annotation, Settlement, Task, Tombstone


@dataclass
class Told:
    """A question of the release with its answers, as they may be published, and what holds."""

    question: Question
    rows: list[Annotation]
    settled: Settlement | None
    values: list[Value] = field(default_factory=list)

    @property
    def held(self) -> Value | None:
        if self.settled is not None:
            return dict(self.settled.value)
        return answers.majority(self.question.task, self.values)

    @property
    def by(self) -> str:
        if self.settled is not None:
            return "reviewer"
        if self.held is not None:
            return "majority"
        return "split" if len(self.values) > 1 else "too_few"


def told_in(scope: Scope) -> Iterator[Told]:
    """The questions of each sticker, in the stickers' order; only what was answered before the watermark."""
    settled = questions.settlements(scope.watermark_at)
    for _sticker_id, rows in groupby(_rows(scope), key=lambda row: row.sticker_id):
        for question, answered in sorted(questions.by_question(rows).items(), key=lambda pair: _order(pair[0])):
            told = Told(question, [], settled.get(question))
            for row in answered:
                if (value := _published(row, scope)) is not None:
                    told.rows.append(row)
                    told.values.append(value)
            if told.rows:
                yield told


def _order(question: Question) -> tuple[int, str, int]:
    return Task.values.index(question.task), question.language, question.utterance_id or 0


def _rows(scope: Scope) -> Iterator[Annotation]:
    gone = as_of.taken_back(Tombstone.Kind.CONVERSATION, scope.watermark_at)
    rows = Annotation.objects.filter(state=Annotation.State.ANSWERED, answered_at__lt=scope.watermark_at)
    rows = rows.filter(language__in=scope.rules.languages).select_related("utterance__session")
    for row in rows.order_by("sticker_id", "answered_at", "pk").iterator(chunk_size=2_000):
        is_withdrawn = row.utterance is not None and row.utterance.session.conversation_id in gone
        if row.sticker_id in scope.names and row.player_id not in scope.left_out and not is_withdrawn:
            yield row


def _published(row: Annotation, scope: Scope) -> Value | None:
    """The answer with its texts as they may be published; none when nothing of one is left."""
    value = questions.value_of(row)
    if value.get("words"):
        words = [cleaned for word in value["words"] if (cleaned := scope.clean("annotation", row.pk, word))]
        return {"words": words} if words else None
    if value.get("text"):
        text = scope.clean("annotation", row.pk, value["text"])
        return {**value, "text": text} if text else None
    return value
