"""Stickers that answer a conversation, for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest
from ninja import Router
from ninja.errors import Throttled
from pydantic import ValidationError

from retrieval_engine.dialogue.conversations import Use
from sticktionary.domain.errors import RuleBroken
from sticktionary.domain.people.tokens import Scope
from sticktionary.domain.replies import answering, asking, repliers
from sticktionary.domain.replies.answering import Answered
from sticktionary.domain.replies.asking import Asked, Earlier, Said
from sticktionary.web.api import problems
from sticktionary.web.api.gate import CALLS, REPLIES, Needs, actor_of, token_of
from sticktionary.web.api.problems import ACTED, Problem
from sticktionary.web.api.reply_shapes import Batch, BatchAnswers, ConversationIn, Question, Replies, TurnIn

router = Router(auth=Needs(Scope.REPLY), tags=["replies"])


@router.post("", response={200: Replies, ACTED: Problem}, throttle=[CALLS, REPLIES], operation_id="reply")
def reply(request: HttpRequest, question: Question) -> dict[str, Any]:
    """The stickers that answer a conversation, best first, and what drove them."""
    use, name = asking.checked(asked(question)), question.model or repliers.default_name()
    found = answering.answer(name, [use], question.k, packs=question.packs, language=actor_of(request).language)
    return {**told(found.answered[0]), "ms": found.ms}


@router.post("/batch", response={200: BatchAnswers, ACTED: Problem}, throttle=[CALLS], operation_id="reply_batch")
def reply_batch(request: HttpRequest, batch: Batch) -> dict[str, Any]:
    """Several conversations by one model, each with its own answer or problem, in the order in which they came."""
    if not REPLIES.take(str(token_of(request).pk), len(batch.conversations)):
        raise Throttled(wait=int(REPLIES.wait()) + 1)
    name = batch.model or repliers.default_name()
    read = [_read(given) for given in batch.conversations]
    uses = [use for use in read if isinstance(use, Use)]
    found = answering.answer(name, uses, batch.k, packs=batch.packs, language=actor_of(request).language)
    answers = iter(found.answered)
    return {
        "model": name,
        "ms": found.ms,
        "items": [
            {"answer": told(next(answers)), "problem": None}
            if isinstance(each, Use)
            else {"answer": None, "problem": each}
            for each in read
        ],
    }


def _read(given: Any) -> Use | Problem:
    try:
        return asking.checked(asked(ConversationIn.model_validate(given)))
    except ValidationError as error:
        return problems.malformed(error.errors())
    except RuleBroken as refusal:
        return problems.of_refusal(refusal)


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
            {"rank": rank, "sticker": reply.id, "score": reply.score, "heat": reply.heat}
            | {"picture": picture.image, "alt": picture.alt}
            for rank, (reply, picture) in enumerate(found.stickers, 1)
        ],
        "intents": [{"name": name, "probability": probability} for name, probability in answer.intents],
        "memories": list(answer.memories),
        "knowledge": answer.knowledge,
        "query": answer.query,
        "notes": list(answer.notes),
    }
