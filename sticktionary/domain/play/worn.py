"""Queries of a sticker that need no more proof: others will have to find other words."""

from __future__ import annotations

import random
from collections import Counter

from django.db.models import QuerySet

from sticktionary.domain.lab import generated
from sticktionary.domain.play.outcome import COUNTS
from sticktionary.domain.prepared import prepared
from sticktionary.domain.review.rulings import as_ruled
from sticktionary.models import Query, Retrieval, Round, Sticker

ENOUGH = 2  # retrievers who found the sticker at once with it
FORESEEN = 0.5  # so likely to the query generator, it stands for one of them; by itself it takes no words from anybody
N_SHOWN = 4


def worn_out(sticker_id: int, language: str) -> dict[str, str]:
    """The worn-out queries of a sticker: what somebody wrote, by its normalised text."""
    finds = _at_once(sticker_id, language)
    if not finds:
        return {}
    queries = as_ruled(Query.objects.filter(round_id__in={round_id for round_id, _ in finds}, removed_at=None))
    texts, proof = dict[str, str](), Counter[str]()
    for query in queries:
        texts.setdefault(query.said_normalised, query.said)
        proof[query.said_normalised] += sum(_speaks_for(query, round_id, gave_away) for round_id, gave_away in finds)
    for normalised, likelihood in generated.likelihoods(sticker_id, language).items() if texts else ():
        proof[normalised] += likelihood >= FORESEEN
    return {normalised: text for normalised, text in texts.items() if proof[normalised] >= ENOUGH}


@prepared
def _at_once(sticker_id: int, language: str) -> QuerySet[Retrieval, tuple[int, int | None]]:
    """By round who found it with their first pick, and which query gave it away."""
    return (
        Retrieval.objects.filter(COUNTS, rank=1, round__sticker_id=sticker_id, round__language=language)
        .exclude(round__source=Round.Source.PRACTICE)
        .exclude(round__state__in=[Round.State.DISCARDED, Round.State.WITHDRAWN])
        .values_list("round_id", "gave_away_id")
    )


def _speaks_for(query: Query, round_id: int, gave_away: int | None) -> bool:
    """A retriever who said which query gave the sticker away speaks for that one alone."""
    return query.round_id == round_id and gave_away in {None, query.pk}


def shown(sticker: Sticker, language: str) -> list[str]:
    """A random few, so that the list itself does not dictate; all of them count."""
    texts = list(worn_out(sticker.pk, language).values())
    return random.sample(texts, min(N_SHOWN, len(texts)))
