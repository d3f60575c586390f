"""The chats of a release as they may be published, and what annotators said together of the stickers in them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Q

from retrieval_engine.data import split_by_group
from sticktionary.domain.annotation import questions
from sticktionary.domain.annotation.answers import Value
from sticktionary.domain.chats import dividing, feeling, summing
from sticktionary.domain.chats.feeling import Feeling
from sticktionary.domain.chats.summing import Summary
from sticktionary.domain.releases import as_of
from sticktionary.domain.releases.scope import Scope
from sticktionary.domain.releases.splits import PARTS
from sticktionary.models import Annotation, ChatSession, Conversation, Sticker, Task, Tombstone, Utterance

IN_CHAT = (Task.INTENT, Task.FITS, Task.SCENARIO)
OF_STICKER = (Task.STYLE, Task.GESTURE, Task.POSTURE, Task.FACE, Task.VERBAL)
DIRECT, SUPPLEMENT = "DR", "SR"  # a sticker that stands for words, one that goes with the speaker's own


@dataclass(frozen=True)
class Chat:
    row: Conversation
    part: str
    sessions: list[tuple[ChatSession, list[Utterance]]]  # in their order; texts are clean
    summaries: dict[int, Summary]  # by session, who gave its summary
    polarities: dict[int, Feeling]  # by turn, where reviewers said how it feels

    @property
    def name(self) -> str:
        return name_of(self.row.pk)


def name_of(conversation_id: int) -> str:
    """What a conversation is called in every release, and in its tombstone."""
    return f"chat_{conversation_id}"


def chats(scope: Scope) -> Iterator[Chat]:
    """One at a time, in the order in which they came; withdrawn ones are not among them."""
    gone = as_of.taken_back(Tombstone.Kind.CONVERSATION, scope.watermark_at)
    rows = Conversation.objects.filter(created_at__lt=scope.watermark_at, language__in=scope.rules.languages)
    for row in rows.order_by("pk").iterator(chunk_size=500):
        if row.pk not in gone:
            yield _chat(row, scope)


def _chat(row: Conversation, scope: Scope) -> Chat:
    found = list(_sessions(row, scope))
    turn_ids = Utterance.objects.filter(session__conversation=row).values("pk")
    told = feeling.told(turn_ids, scope.watermark_at, scope.left_out)
    return Chat(
        row,
        part_of(row.pk, scope),
        [(session, turns) for session, turns, _summary in found],
        {session.pk: summary for session, _turns, summary in found if session.summary},
        {id: held for id, counts in told.items() if (held := feeling.together(counts))},
    )


def part_of(conversation_id: int, scope: Scope) -> str:
    """By chat, so that no session's history is on another side; by hash, so that it stays where it is."""
    shares = [share / sum(scope.rules.split) for share in scope.rules.split]
    return PARTS[split_by_group([name_of(conversation_id)], shares)[0]]


def _sessions(row: Conversation, scope: Scope) -> Iterator[tuple[ChatSession, list[Utterance], Summary]]:
    """As they were divided and summed up at the watermark."""
    said = summing.held(row, scope.watermark_at, scope.left_out)
    for session, turns in dividing.sessions_at(row, scope.watermark_at):
        for turn in turns:
            turn.text = turn.text and scope.clean("turn", turn.pk, turn.text)
        summary = said.get((turns[0].pk, turns[-1].pk), summing.of_import(session))
        session.summary = summary.text and scope.clean("session", session.pk, summary.text)
        yield session, turns, summary


class Together:
    """What annotators said together: by majority, unless a reviewer settled it. Answers of players who are not in the
    release, and those after its watermark, do not count."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._settled = questions.settlements(scope.watermark_at)
        self._given: dict[questions.Question, list[Annotation]] = {}

    def load(self, chat: Chat) -> None:
        """Read what was said of a chat and its stickers; what was read before is forgotten."""
        self._given = questions.by_question(self._rows(chat.row))

    def _rows(self, conversation: Conversation) -> list[Annotation]:
        uses = Utterance.objects.filter(session__conversation=conversation, sticker__isnull=False)
        asked = Q(utterance__session__conversation=conversation, task__in=IN_CHAT)
        asked |= Q(utterance=None, sticker__in=uses.values("sticker"), task__in=OF_STICKER)
        rows = Annotation.objects.filter(asked, state=Annotation.State.ANSWERED)
        rows = rows.filter(answered_at__lt=self._scope.watermark_at).order_by("answered_at", "pk")
        return [row for row in rows if row.player_id not in self._scope.left_out]

    def of_use(self, task: str, turn: Utterance, language: str) -> Value | None:
        assert turn.sticker_id is not None
        return self._value(questions.ask(task, turn.sticker_id, language, turn.pk))

    def n_of_use(self, task: str, turn: Utterance, language: str) -> int:
        assert turn.sticker_id is not None
        return len(self._given.get(questions.ask(task, turn.sticker_id, language, turn.pk), []))

    def of_sticker(self, task: str, sticker_id: int, language: str) -> Value | None:
        return self._value(questions.ask(task, sticker_id, language))

    def _value(self, question: questions.Question) -> Value | None:
        given = [questions.value_of(row) for row in self._given.get(question, [])]
        return questions.holding(question.task, given, self._settled.get(question))[0]


class Alike:
    """Stickers that say the same: near twins, and pairs that reviewers joined. Either would do where one does."""

    def __init__(self, scope: Scope) -> None:
        self._first: dict[int, int] = {}
        twins = Sticker.objects.filter(twin_of__isnull=False).order_by("pk").values_list("pk", "twin_of_id")
        for one, other in [*twins, *as_of.same_stickers(scope.watermark_at)]:
            if other is not None:
                self._join(one, other)
        self._groups: defaultdict[int, set[str]] = defaultdict(set)
        for sticker_id, name in scope.names.items():
            self._groups[self.root(sticker_id)].add(name)

    def root(self, id: int) -> int:
        """One sticker that stands for all that say the same as this one."""
        while (first := self._first.get(id, id)) != id:
            id = first
        return id

    def _join(self, one: int, other: int) -> None:
        low, high = sorted((self.root(one), self.root(other)))
        self._first[high] = low

    def of(self, sticker_id: int) -> list[str]:
        return sorted(self._groups[self.root(sticker_id)])


def scenario(turns: list[Utterance], place: int) -> str:
    """Whether the speaker's own words go with the sticker: in the same turn, or in the one just before it."""
    turn = turns[place]
    before = turns[place - 1] if place else None
    goes_with = turn.text or (before and before.speaker == turn.speaker and before.text)
    return SUPPLEMENT if goes_with else DIRECT
