"""Conversations in, stickers out: by one model, of the stickers that are in play now."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from retrieval_engine.dialogue.data.conversations import Use
from retrieval_engine.dialogue.inference.replying import MOST_REPLIES, Answer, BadConversation, Reply
from sticktionary.domain.errors import Refused
from sticktionary.domain.play.snapshot import Picture
from sticktionary.domain.replies import later, repliers, showing
from sticktionary.domain.replies.asking import BadQuestion
from sticktionary.domain.search.live import catalogue_search
from sticktionary.models import Pack, Player, Sticker

SPARE = 8  # replies more than are wanted: some may have left the catalogue since the model looked at it


@dataclass(frozen=True, slots=True)
class Answered:
    """What one model says to one conversation; its stickers with their pictures."""

    model: str
    language: str  # of the conversation
    answer: Answer
    stickers: tuple[tuple[Reply, Picture], ...]


@dataclass(frozen=True, slots=True)
class Answers:
    """To several conversations, in their order, and how long the model took over all of them."""

    model: str
    ms: float
    answered: tuple[Answered, ...]


@dataclass(frozen=True, slots=True)
class Pending:
    """An answer that a worker is making: to be fetched with the ticket."""

    model: str
    ticket: str


def answer(
    name: str,
    asked: Sequence[Use],
    k: int,
    *,
    asker: Player,
    packs: Collection[str] = (),
    thorough: bool = False,
) -> Answers | Pending:
    """At most `k` stickers, best first, to each conversation; of the packs at these addresses, or of all in play. With
    `thorough` a model that can read conversation and sticker together does so, which takes longer."""
    allow, k = stickers_of(packs) if packs else None, min(k, MOST_REPLIES)
    if not repliers.is_quick(name, thorough=thorough):
        ticket = later.ask(asker.pk, repliers.version_of(name), asked, k, allow, SPARE)
        return fetch(ticket, asker=asker, wait=True) or Pending(name, ticket)
    catalogue_search.refresh()
    model = repliers.replier(name)
    started = time.perf_counter()
    try:
        found = model.answer(asked, k + SPARE, allow=allow)
    except BadConversation as error:
        raise BadQuestion({"turns": str(error)}) from error
    ms = 1_000 * (time.perf_counter() - started)
    return _shown(name, [use.language for use in asked], found, k, ms, asker.language)


def fetch(ticket: str, *, asker: Player, wait: bool = False) -> Answers | Pending | None:
    """What has become of a question that was left with a worker; None where there is none of this ticket."""
    held = later.look(asker.pk, ticket, wait=wait)
    if held is None:
        return None
    if held.answers is None:
        return Pending(held.model, ticket)
    catalogue_search.refresh()
    languages = [question.language for question in held.questions]
    return _shown(held.model, languages, held.answers, held.k, held.ms, asker.language)


def _shown(name: str, languages: Sequence[str], answers: Sequence[Answer], k: int, ms: float, language: str) -> Answers:
    """With pictures as a player of that language sees them; what has left the catalogue meanwhile is left out."""
    pictures = catalogue_search.known_pictures({reply.id for each in answers for reply in each.replies}, language)
    kept = [[reply for reply in answer.replies if reply.id in pictures][:k] for answer in answers]
    heat = showing.heat_of(name, {reply.id for replies in kept for reply in replies})
    answered = [
        Answered(name, of, answer, tuple((_with(heat, reply), pictures[reply.id]) for reply in replies))
        for of, answer, replies in zip(languages, answers, kept, strict=True)
    ]
    return Answers(name, ms, tuple(answered))


def _with(heat: dict[int, tuple[tuple[float, ...], ...]], reply: Reply) -> Reply:
    return reply if reply.heat else replace(reply, heat=heat.get(reply.id, ()))


def stickers_of(packs: Collection[str]) -> set[int]:
    """The stickers in play of packs, by their addresses. Raises Refused for one that is not in play."""
    numbers = dict(Pack.objects.filter(slug__in=packs, is_active=True).values_list("slug", "pk"))
    if missing := sorted(set(packs) - numbers.keys()):
        raise Refused("no_pack", _("There is no pack called %(name)s in play.") % {"name": missing[0]})
    held = Sticker.objects.filter(pack__in=numbers.values(), state=Sticker.State.ACTIVE)
    return set(held.values_list("pk", flat=True))
