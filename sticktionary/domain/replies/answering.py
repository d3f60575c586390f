"""Conversations in, stickers out: by one model, of the stickers that are in play now."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from retrieval_engine.dialogue.conversations import Use
from retrieval_engine.dialogue.replying import MOST_REPLIES, Answer, BadConversation, Replier, Reply
from sticktionary.domain.errors import Refused
from sticktionary.domain.play.snapshot import Picture
from sticktionary.domain.replies import repliers, showing
from sticktionary.domain.replies.asking import BadQuestion
from sticktionary.domain.search.live import catalogue_search
from sticktionary.models import Pack, Sticker

SPARE = 8  # replies more than are wanted: some may have left the catalogue since the model looked at it


@dataclass(frozen=True, slots=True)
class Answered:
    """What one model says to one conversation; its stickers with their pictures as a player of a language sees them."""

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


def answer(name: str, asked: Sequence[Use], k: int, *, packs: Collection[str] = (), language: str) -> Answers:
    """At most `k` stickers, best first, to each conversation; of the packs at these addresses, or of all in play."""
    allow = stickers_of(packs) if packs else None
    catalogue_search.refresh()
    model = repliers.replier(name)
    started = time.perf_counter()
    try:
        found = _answers(model, asked, min(k, MOST_REPLIES), allow, language)
    except BadConversation as error:
        raise BadQuestion({"turns": str(error)}) from error
    return Answers(name, 1_000 * (time.perf_counter() - started), tuple(found))


def _answers(
    model: Replier, asked: Sequence[Use], k: int, allow: Collection[int] | None, language: str
) -> list[Answered]:
    answers = model.answer(asked, k + SPARE, allow=allow)
    pictures = catalogue_search.known_pictures({reply.id for each in answers for reply in each.replies}, language)
    kept = [[reply for reply in answer.replies if reply.id in pictures][:k] for answer in answers]
    heat = showing.heat_of(model.name, {reply.id for replies in kept for reply in replies})
    return [
        Answered(model.name, use.language, answer, tuple((_with(heat, reply), pictures[reply.id]) for reply in replies))
        for use, answer, replies in zip(asked, answers, kept, strict=True)
    ]


def _with(heat: dict[int, tuple[tuple[float, ...], ...]], reply: Reply) -> Reply:
    return reply if reply.heat else replace(reply, heat=heat.get(reply.id, ()))


def stickers_of(packs: Collection[str]) -> set[int]:
    """The stickers in play of packs, by their addresses. Raises Refused for one that is not in play."""
    numbers = dict(Pack.objects.filter(slug__in=packs, is_active=True).values_list("slug", "pk"))
    if missing := sorted(set(packs) - numbers.keys()):
        raise Refused("no_pack", _("There is no pack called %(name)s in play.") % {"name": missing[0]})
    held = Sticker.objects.filter(pack__in=numbers.values(), state=Sticker.State.ACTIVE)
    return set(held.values_list("pk", flat=True))
