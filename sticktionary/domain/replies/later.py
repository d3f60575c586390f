"""Answers that take torch: asked in the web process, made by a worker, fetched when they are there.

A question waits under a ticket in a cache that web processes and workers share; nobody but who asked may fetch what
came of it, and after a while it is forgotten. Beside it lies a sign of life of the worker that answers, for as long as
it beats: where that is gone and no answer is there, none will come.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from threading import BoundedSemaphore, Event, Thread

import msgspec
from django.core.cache import caches
from django.utils.translation import gettext as _
from msgspec import Struct

from retrieval_engine.dialogue.data.conversations import Use
from retrieval_engine.dialogue.inference.lines import QuestionLine
from retrieval_engine.dialogue.inference.replying import Answer
from sticktionary.celery_app import app
from sticktionary.domain.errors import Refused, RuleBroken
from sticktionary.models import ModelVersion

TASK = "sticktionary.answer_conversations"
KEPT_FOR_S = 600
TAKEN_WITHIN_S = 60  # by a worker; else there is none
BEATS_EVERY_S = 5.0  # a worker that answers
LOST_AFTER_S = 20  # without a beat
WAITED_S = 2.0  # for an answer, before whoever asked is sent away to come back for it
LOOKED_EVERY_S = 0.05
MOST_WAITING = 8  # of a process at once; others are sent away at once

log = logging.getLogger(__name__)
_waiting = BoundedSemaphore(MOST_WAITING)


class Ticket(Struct, frozen=True):
    """A question to be answered, and what came of it: `answers` in the order of the questions, or `error`."""

    asker: int
    model: str
    questions: tuple[QuestionLine, ...]
    k: int
    asked_at: float
    taken_at: float | None = None
    answers: tuple[Answer, ...] | None = None
    ms: float = 0.0
    error: str = ""

    @property
    def is_done(self) -> bool:
        return self.answers is not None or bool(self.error)


def ask(
    asker: int, version: ModelVersion, asked: Sequence[Use], k: int, allow: Collection[int] | None, spare: int = 0
) -> str:
    """Have a worker answer, with `spare` stickers more than are wanted; the ticket under which it will be found.
    Refused where no broker takes it."""
    ids = None if allow is None else tuple(sorted(allow))
    questions = tuple(QuestionLine.of(number, use, k + spare, ids) for number, use in enumerate(asked))
    key = secrets.token_urlsafe(18)
    _put(key, Ticket(asker, version.name, questions, k, time.time()))
    try:
        app.send_task(TASK, args=[key], expires=TAKEN_WITHIN_S)
    except Exception as error:
        log.warning("No broker took a conversation to be answered", exc_info=True)
        raise Refused("no_worker", _("Nobody is there to answer with this model. Try again in a moment.")) from error
    return key


def look(asker: int, key: str, *, wait: bool = False) -> Ticket | None:
    """What has become of a question; None for a ticket that is not this one's, or forgotten. Raises Refused with why
    there will be no answer. With `wait` it is looked for a moment long, by a few at once."""
    if wait and _waiting.acquire(blocking=False):
        try:
            until = time.monotonic() + WAITED_S
            while (ticket := _ticket(key)) is not None and not ticket.is_done and time.monotonic() < until:
                time.sleep(LOOKED_EVERY_S)
        finally:
            _waiting.release()
    ticket = _ticket(key)
    if ticket is None or ticket.asker != asker:
        return None
    if ticket.error:
        raise Refused("model_failed", ticket.error)
    if ticket.taken_at is None and time.time() - ticket.asked_at > TAKEN_WITHIN_S:
        raise Refused("no_worker", _("No worker has taken this up. Is one running?"))
    if ticket.taken_at is not None and not ticket.is_done and not _is_alive(key):
        raise Refused("worker_gone", _("The worker that was answering is gone. Ask again."))
    return ticket


# --- the worker's part ---


def carry_out(key: str) -> None:
    """Answer what waits under a ticket; a second time nothing is done."""
    from sticktionary.domain.replies import warm

    ticket = _ticket(key)
    if ticket is None or ticket.taken_at is not None:
        return
    with _beating(key):
        ticket = msgspec.structs.replace(ticket, taken_at=time.time())
        _put(key, ticket)
        started = time.perf_counter()
        try:
            answers = tuple(warm.answers(ticket.model, ticket.questions))
            ms = 1_000 * (time.perf_counter() - started)
            _put(key, msgspec.structs.replace(ticket, answers=answers, ms=ms))
        except RuleBroken as refusal:
            _put(key, msgspec.structs.replace(ticket, error=refusal.message))
        except Exception as error:
            _put(key, msgspec.structs.replace(ticket, error=str(error)[:200] or type(error).__name__))
            raise


@contextmanager
def _beating(key: str) -> Iterator[None]:
    """Leave a sign of life beside a ticket, from a thread, which ends with the process however that ends."""
    over = Event()

    def beat() -> None:
        while not over.wait(BEATS_EVERY_S):
            _show_life(key)

    _show_life(key)
    thread = Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        caches["answers"].delete(_beat_of(key))


def _show_life(key: str) -> None:
    caches["answers"].set(_beat_of(key), True, LOST_AFTER_S)


def _is_alive(key: str) -> bool:
    """Whether a worker is at it still; or was a moment ago, and has answered meanwhile."""
    return bool(caches["answers"].get(_beat_of(key))) or ((ticket := _ticket(key)) is not None and ticket.is_done)


def _beat_of(key: str) -> str:
    return f"{key}.beat"


def _ticket(key: str) -> Ticket | None:
    held = caches["answers"].get(key)
    return None if held is None else msgspec.json.decode(held, type=Ticket)


def _put(key: str, ticket: Ticket) -> None:
    caches["answers"].set(key, msgspec.json.encode(ticket), KEPT_FOR_S)
