"""Models that need torch answer in child processes that a worker keeps warm: they have loaded their weights and looked
at the stickers in play, and leave when nobody has asked them for a while."""

from __future__ import annotations

import logging
import tempfile
import threading
import time
from collections.abc import Collection, Sequence
from pathlib import Path

import msgspec

from retrieval_engine.dialogue.inference import lines
from retrieval_engine.dialogue.inference.lines import AnswerLine, QuestionLine, ReadyLine
from retrieval_engine.dialogue.inference.replying import Answer
from sticktionary.domain.errors import Refused
from sticktionary.domain.replies import repliers, showing, stickers
from sticktionary.domain.replies.child import Child
from sticktionary.models import ModelVersion

MOST = 2  # at once
IDLE_S = 600.0
READY_WITHIN_S = 900.0  # a large model that looks at a whole catalogue
ANSWERS_WITHIN_S = 300.0
WORTH_IT = 10  # times as long as it took to begin, and it begins again for new stickers
AT_ONCE = 1_000  # stickers described at once

log = logging.getLogger(__name__)


class Warm:
    """A child that knows the stickers in play when it began. One question at a time."""

    def __init__(self, version: ModelVersion) -> None:
        self.lock = threading.Lock()
        began = time.monotonic()
        self.ids = set(showing.in_play().values_list("pk", flat=True))
        with tempfile.TemporaryDirectory() as folder:
            given = Path(folder, "stickers.jsonl")
            _write(given, self.ids)
            self._child = Child("answer", version.path, str(given))
            try:
                ready = lines.read(self._heard(READY_WITHIN_S), ReadyLine)
            except BaseException:
                self._child.end()
                raise
        for id, problem in ready.problems.items():
            log.warning("%s cannot see sticker %s: %s", version.name, id, problem)
        self._ready_at = time.monotonic()
        self._took_s = self._ready_at - began
        self._leaving = threading.Timer(IDLE_S, self.end)
        self._leave_later()

    def is_fit(self, in_play: Collection[int]) -> bool:
        """Whether it lives, and knows the stickers; some new ones alone are not worth beginning again at once."""
        is_young = time.monotonic() - self._ready_at < WORTH_IT * self._took_s
        return self._child.is_alive() and (is_young or self.ids.issuperset(in_play))

    def answers(self, questions: Sequence[QuestionLine], in_play: Collection[int]) -> list[Answer]:
        """To each question, of stickers that are still in play."""
        with self.lock:
            self._leave_later()
            return [self._answer(question, in_play) for question in questions]

    def _answer(self, question: QuestionLine, in_play: Collection[int]) -> Answer:
        kept = self.ids.intersection(in_play)
        allow = kept if question.allow is None else kept.intersection(question.allow)
        try:
            self._child.tell(lines.written(msgspec.structs.replace(question, allow=tuple(sorted(allow)))))
        except OSError as error:
            raise self._child.failed() from error
        told = lines.read(self._heard(ANSWERS_WITHIN_S), AnswerLine)
        if told.answer is None:
            raise Refused("bad_conversation", told.error)
        return told.answer

    def _heard(self, within_s: float) -> bytes:
        try:
            line = self._child.heard(within_s)
        except TimeoutError:
            self._child.end()
            raise
        if line is None:
            raise self._child.failed()
        return line

    def _leave_later(self) -> None:
        self._leaving.cancel()
        self._leaving = threading.Timer(IDLE_S, self.end)
        self._leaving.daemon = True
        self._leaving.start()

    def end(self) -> None:
        """Have it gone, when it has answered."""
        self._leaving.cancel()
        with self.lock:
            self._child.end()


_warm: dict[str, Warm] = {}  # by the name of the model, the one asked last at the end
_beginning = threading.Lock()


def answers(name: str, questions: Sequence[QuestionLine]) -> list[Answer]:
    """By a model's child, begun where there is none. Raises Refused where it cannot answer."""
    in_play = set(showing.in_play().values_list("pk", flat=True))
    return _fit(repliers.version_of(name), in_play).answers(questions, in_play)


def _fit(version: ModelVersion, in_play: Collection[int]) -> Warm:
    with _beginning:
        held = _warm.pop(version.name, None)
        if held is not None and not held.is_fit(in_play):
            held.end()
            held = None
        while len(_warm) >= MOST:
            _warm.pop(next(iter(_warm))).end()
        _warm[version.name] = held or Warm(version)
        return _warm[version.name]


def end_all() -> None:
    """Have all of them gone."""
    with _beginning:
        while _warm:
            _warm.popitem()[1].end()


def _write(file: Path, ids: Collection[int]) -> None:
    ordered = sorted(ids)
    with file.open("w", encoding="utf-8") as out:
        for start in range(0, len(ordered), AT_ONCE):
            out.writelines(map(lines.written, stickers.described(ordered[start : start + AT_ONCE])))
