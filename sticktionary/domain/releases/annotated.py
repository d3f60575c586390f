"""What annotators said of the stickers of a release, as it may be published, and what follows from it."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby

from sticktionary.domain.annotation import questions
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
        return self._holding[0]

    @property
    def by(self) -> str:
        value, settled = self._holding
        if settled is not None:
            return "reviewer"
        if value is not None:
            return "majority"
        return "split" if len(self.values) > 1 else "too_few"

    @property
    def drafted_by(self) -> str:
        """Whose draft it was that holds, if it was one."""
        settled = self._holding[1]
        return settled.drafted_by if settled else ""

    @property
    def taxonomy(self) -> str:
        return self.rows[0].taxonomy if self.rows else self.settled.taxonomy if self.settled else ""

    @property
    def _holding(self) -> tuple[Value | None, Settlement | None]:
        return questions.holding(self.question.task, self.values, self.settled)


def told_in(scope: Scope) -> Iterator[Told]:
    """The questions of each sticker, in the stickers' order; only what was said before the watermark."""
    settled = questions.settlements(scope.watermark_at)
    drafted = _drafted(settled, scope)
    for sticker_id, rows in _by_sticker(scope, drafted):
        given = questions.by_question(rows)
        for question in sorted({*given, *drafted.get(sticker_id, ())}, key=_order):
            told = Told(question, [], settled.get(question))
            for row in given.get(question, []):
                if (value := _published(row, scope)) is not None:
                    told.rows.append(row)
                    told.values.append(value)
            if told.settled is not None and told.settled.drafted_by:
                told.settled = _publishable(told.settled, scope)
            if told.rows or (told.settled is not None and question in drafted.get(sticker_id, ())):
                yield told


def _drafted(settled: Mapping[Question, Settlement], scope: Scope) -> dict[int, set[Question]]:
    """By sticker, what reviewers took of drafts: they may answer what no annotator was asked."""
    found: dict[int, set[Question]] = defaultdict(set)
    for question, row in settled.items():
        is_in = question.sticker_id in scope.names and question.language in scope.rules.languages
        if row.drafted_by and is_in and row.reviewer_id not in scope.left_out:
            found[question.sticker_id].add(question)
    return dict(found)


def _by_sticker(scope: Scope, drafted: Mapping[int, object]) -> Iterator[tuple[int, list[Annotation]]]:
    """The answers about each sticker that has any, or a draft that was taken, in the stickers' order."""
    waiting = deque(sorted(drafted))
    for sticker_id, rows in groupby(_rows(scope), key=lambda row: row.sticker_id):
        while waiting and waiting[0] <= sticker_id:
            if (first := waiting.popleft()) < sticker_id:
                yield first, []
        yield sticker_id, list(rows)
    yield from ((sticker_id, []) for sticker_id in waiting)


def _publishable(settled: Settlement, scope: Scope) -> Settlement | None:
    """With its texts as they may be published; none when nothing is left."""
    value = _cleaned(settled.value, settled.pk, scope, "settlement")
    if value is None or settled.reviewer_id in scope.left_out:
        return None
    settled.value = value
    return settled


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
    return _cleaned(questions.value_of(row), row.pk, scope, "annotation")


def _cleaned(value: Value, number: int, scope: Scope, where: str) -> Value | None:
    if value.get("words"):
        words = [cleaned for word in value["words"] if (cleaned := scope.clean(where, number, word))]
        return {"words": words} if words else None
    if value.get("text"):
        text = scope.clean(where, number, value["text"])
        return {**value, "text": text} if text else None
    return value
