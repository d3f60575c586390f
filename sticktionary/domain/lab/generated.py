"""What the live query generator would type for a sticker. It helps search and says what is common; it is no proof of
anything and leaves the house with no release."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection

from django.db.models import QuerySet

from sticktionary.domain.lab.registry import Kind, Stage
from sticktionary.domain.prepared import prepared
from sticktionary.models import GeneratedQuery


def likelihoods(sticker_id: int, language: str) -> dict[str, float]:
    """How likely the generator would type each of its queries, by normalised text: the geometric mean of what its
    tokens are given, from 0 to 1."""
    return {text: min(1.0, math.exp(mean)) for text, mean in _of_sticker(sticker_id, language)}


@prepared
def _of_sticker(sticker_id: int, language: str) -> QuerySet[GeneratedQuery, tuple[str, float]]:
    return _live().filter(sticker_id=sticker_id, language=language).values_list("normalised", "log_probability")


def texts_of(sticker_ids: Collection[int]) -> dict[int, dict[str, list[str]]]:
    """What it would type for each sticker, by language, the likeliest first."""
    rows = _live().filter(sticker_id__in=sticker_ids).order_by("-log_probability", "pk")
    texts: defaultdict[int, dict[str, list[str]]] = defaultdict(dict)
    for sticker_id, language, text in rows.values_list("sticker_id", "language", "text"):
        texts[sticker_id].setdefault(language, []).append(text)
    return dict(texts)


def _live() -> QuerySet[GeneratedQuery]:
    of_champion = GeneratedQuery.objects.filter(model__kind=Kind.GENERATOR, model__stage=Stage.CHAMPION)
    return of_champion.exclude(text="")  # an empty one says that nothing came of that sticker
