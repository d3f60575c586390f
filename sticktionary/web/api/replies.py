"""Stickers that answer a conversation, for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.cache import caches
from django.http import Http404, HttpRequest, HttpResponse
from ninja import Router, Status
from ninja.errors import Throttled
from pydantic import ValidationError

from retrieval_engine.dialogue.data.conversations import Use
from sticktionary.domain.errors import RuleBroken
from sticktionary.domain.people.tokens import Scope
from sticktionary.domain.replies import answering, asking, later, repliers
from sticktionary.domain.replies.answering import Answered, Answers, Pending
from sticktionary.domain.replies.asking import Asked, Earlier, Said
from sticktionary.web.api.document import ROOT
from sticktionary.web.api.gate import CALLS, REPLIES, Needs, actor_of, token_of
from sticktionary.web.api.problems import ACTED, Problem, malformed, of_refusal
from sticktionary.web.api.reply_shapes import (
    Batch,
    BatchAnswers,
    ConversationIn,
    Later,
    Question,
    Replies,
    TurnIn,
    Wanted,
)

router = Router(auth=Needs(Scope.REPLY), tags=["replies"])


PLACES = {"reply_later": "replies/later/", "reply_batch_later": "replies/batch/later/"}
LATER_S = 2  # after which it is worth while to ask again
GIVEN: Any = {200: Replies, 202: Later, ACTED: Problem}
ALL_GIVEN: Any = {200: BatchAnswers, 202: Later, ACTED: Problem}


@router.post("", response=GIVEN, throttle=[CALLS, REPLIES], operation_id="reply")
def reply(request: HttpRequest, question: Question, response: HttpResponse) -> Status[Any]:
    """The stickers that answer a conversation, best first, and what drove them. A model that needs a worker may answer
    202: the answer is fetched at the address of “Location”."""
    use, name = asking.checked(asked(question)), question.model or repliers.default_name()
    found = answering.answer(name, [use], question.k, **_how(request, question))
    if isinstance(found, Pending):
        return _later(found, response, "reply_later")
    return Status(200, _one(found))


@router.post("/batch", response=ALL_GIVEN, throttle=[CALLS], operation_id="reply_batch")
def reply_batch(request: HttpRequest, batch: Batch, response: HttpResponse) -> Status[Any]:
    """Several conversations by one model, each with its own answer or problem, in the order in which they came."""
    if not REPLIES.take(str(token_of(request).pk), len(batch.conversations)):
        raise Throttled(wait=int(REPLIES.wait()) + 1)
    name = batch.model or repliers.default_name()
    read = [_read(given) for given in batch.conversations]
    uses = [use for use in read if isinstance(use, Use)]
    found = answering.answer(name, uses, batch.k, **_how(request, batch)) if uses else Answers(name, 0.0, ())
    problems = [None if isinstance(each, Use) else each for each in read]
    if isinstance(found, Pending):
        _keep_problems(found.ticket, problems)
        return _later(found, response, "reply_batch_later")
    return Status(200, _all(found, problems))


@router.get("/later/{ticket}", response=GIVEN | {404: Problem}, operation_id="reply_later")
def reply_later(request: HttpRequest, ticket: str, response: HttpResponse) -> Status[Any]:
    """An answer that a worker was making, for ten minutes and for the owner of the token that asked."""
    found = _fetched(request, ticket)
    return _later(found, response, "reply_later") if isinstance(found, Pending) else Status(200, _one(found))


@router.get("/batch/later/{ticket}", response=ALL_GIVEN | {404: Problem}, operation_id="reply_batch_later")
def reply_batch_later(request: HttpRequest, ticket: str, response: HttpResponse) -> Status[Any]:
    """The same of several conversations."""
    found = _fetched(request, ticket)
    if isinstance(found, Pending):
        return _later(found, response, "reply_batch_later")
    return Status(200, _all(found, _kept_problems(ticket, len(found.answered))))


def _how(request: HttpRequest, wanted: Wanted) -> dict[str, Any]:
    return {"asker": actor_of(request), "packs": wanted.packs, "thorough": wanted.thorough}


def _fetched(request: HttpRequest, ticket: str) -> Answers | Pending:
    found = answering.fetch(ticket, asker=actor_of(request), wait=True)
    if found is None:
        raise Http404
    return found


def _later(found: Pending, response: HttpResponse, where: str) -> Status[Any]:
    response.headers["Location"] = address = f"{ROOT}{PLACES[where]}{found.ticket}"
    response.headers["Retry-After"] = str(LATER_S)
    return Status(202, {"model": found.model, "ticket": found.ticket, "address": address})


def _one(found: Answers) -> dict[str, Any]:
    return {**told(found.answered[0]), "ms": found.ms}


def _all(found: Answers, problems: Sequence[Problem | None]) -> dict[str, Any]:
    """Answers, and problems where there are some, each in its place."""
    answers = iter(found.answered)
    items = [{"answer": None if each else told(next(answers)), "problem": each} for each in problems]
    return {"model": found.model, "ms": found.ms, "items": items}


def _keep_problems(ticket: str, problems: Sequence[Problem | None]) -> None:
    caches["answers"].set(f"problems:{ticket}", [each and each.dict() for each in problems], later.KEPT_FOR_S)


def _kept_problems(ticket: str, n: int) -> list[Problem | None]:
    held = caches["answers"].get(f"problems:{ticket}") or [None] * n
    return [each and Problem(**each) for each in held]


def _read(given: Any) -> Use | Problem:
    try:
        return asking.checked(asked(ConversationIn.model_validate(given)))
    except ValidationError as error:
        return malformed(error.errors())
    except RuleBroken as refusal:
        return of_refusal(refusal)


def asked(given: ConversationIn) -> Asked:
    """The conversation as the domain takes it."""
    earlier = tuple(Earlier(_said(held.turns), held.summary) for held in given.earlier)
    language = given.language.value if given.language else ""
    return Asked(_said(given.turns), given.speaker, given.own_text, earlier, language)


def _said(turns: Sequence[TurnIn]) -> tuple[Said, ...]:
    return tuple(Said(turn.speaker, turn.text, turn.sticker) for turn in turns)


def told(found: Answered) -> dict[str, Any]:
    """An answer as the API promises it."""
    answer = found.answer
    return {
        "model": found.model,
        "language": found.language,
        "stickers": [
            {"rank": rank, "sticker": reply.id, "score": reply.score}
            | {"match": reply.match, "heat": reply.heat}
            | {"picture": picture.image, "alt": picture.alt}
            for rank, (reply, picture) in enumerate(found.stickers, 1)
        ],
        "intents": [{"name": name, "probability": probability} for name, probability in answer.intents],
        "memories": list(answer.memories),
        "knowledge": answer.knowledge,
        "query": answer.query,
        "searches": answer.searches,
        "notes": list(answer.notes),
    }
