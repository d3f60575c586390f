"""The papers' tables for the play so far, worked out from the facts.

Players who are excluded are left out. Queries are those that count: proven in play, as reviewers mended them, and in a
second set with those that stickers came with. Agreement is between labelers of the same sticker, found or not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from datetime import timedelta
from typing import Any

from django.db.models import Count, DurationField, ExpressionWrapper, F, Q, QuerySet, Sum, Value
from django.db.models.functions import Least

from retrieval_engine.data import StickerQueries
from retrieval_engine.embedding import Cosine
from retrieval_engine.folders import Players, variants_for
from retrieval_engine.statistics import Gathered, gather, overlap
from retrieval_engine.text import normalise
from retrieval_engine.text_agreement import Jaccard, Measure, Row, agreement, measures_of
from sticktionary.domain.figures import PAGE_MOST
from sticktionary.domain.lab import registry
from sticktionary.domain.play.outcome import COUNTS, PROVEN
from sticktionary.domain.quality import sanctions
from sticktionary.domain.review.rulings import NOT_DISCARDED, as_ruled
from sticktionary.models import Query, Retrieval, Round, Sticker, Turn
from sticktionary.models.players import Language

OF_PLAYERS = (Round.Source.PLAY, Round.Source.SUGGESTION)
STICKERS_MOST = 500  # of a language whose labelers are compared
HOUR = 3_600.0


# --- table 2 ---


def players() -> dict[str, Players]:
    left_out = sanctions.excluded_players()
    return {language: _players(language, left_out) for language in Language.values}


def _players(language: str, left_out: Collection[int]) -> Players:
    written = Round.objects.filter(language=language, source=Round.Source.PLAY, submitted_at__isnull=False)
    labelers = written.exclude(labeler__in=left_out).aggregate(
        n=Count("pk"), of_somebody=Count("labeler"), people=Count("labeler", distinct=True)
    )
    searched = Retrieval.objects.filter(round__language=language, state=Retrieval.State.ANSWERED)
    searched = searched.exclude(round__source=Round.Source.PRACTICE).exclude(player__in=left_out)
    found = Q(rank__gt=0)
    counts = searched.aggregate(
        n=Count("pk"),
        of_somebody=Count("player"),
        people=Count("player", distinct=True),
        proof=Count("pk", filter=COUNTS),
        proof_found=Count("pk", filter=COUNTS & found),
        gold=Count("pk", filter=Q(is_gold=True)),
        gold_found=Count("pk", filter=Q(is_gold=True) & found),
        absent=Count("pk", filter=Q(target_absent=True)),
        absent_noticed=Count("pk", filter=Q(target_absent=True, none_of_these=True)),
    )
    return Players(
        n_labelers=labelers["people"],
        n_labelled=labelers["n"],
        tasks_per_labeler=_ratio(labelers["of_somebody"], labelers["people"]),
        n_retrievers=counts["people"],
        n_retrievals=counts["n"],
        tasks_per_retriever=_ratio(counts["of_somebody"], counts["people"]),
        n_proof=counts["proof"],
        success_rate=_ratio(counts["proof_found"], counts["proof"]),
        n_gold=counts["gold"],
        gold_pass_rate=_ratio(counts["gold_found"], counts["gold"]),
        n_absent=counts["absent"],
        absent_pass_rate=_ratio(counts["absent_noticed"], counts["absent"]),
    )


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def hours() -> dict[str, float]:
    """Of play, on pages; a page counts for at most as long as `figures` lets it."""
    took = ExpressionWrapper(F("ended_at") - F("dealt_at"), output_field=DurationField())
    most = Value(PAGE_MOST, output_field=DurationField())
    pages = Turn.objects.filter(ended_at__isnull=False, sitting__is_practice=False)
    rows = pages.values(language=F("round__language")).annotate(played=Sum(Least(took, most)))
    played: dict[str, timedelta] = {row["language"]: row["played"] or timedelta() for row in rows}
    return {language: played.get(language, timedelta()).total_seconds() / HOUR for language in Language.values}


def n_verified(language: str) -> int:
    """Queries of players that count: what an hour of play is measured by."""
    proven = Q(round__language=language, round__source__in=OF_PLAYERS, round__state__in=PROVEN, removed_at=None)
    return Query.objects.filter(proven, NOT_DISCARDED).count()


# --- table 3 ---


def lists(language: str, *, with_house: bool) -> Iterator[StickerQueries]:
    """The queries of each sticker: those that players proved, or these after those that came with it."""
    names = dict(Sticker.objects.exclude(state=Sticker.State.WITHDRAWN).values_list("pk", "name"))
    held = _with_house(language) if with_house else _proven(language)
    for sticker_id, texts in held.items():
        if sticker_id in names:
            yield StickerQueries(f"{sticker_id}/{names[sticker_id]}", tuple(texts))


def _proven(language: str) -> dict[int, list[str]]:
    rows = as_ruled(Query.objects.filter(round__language=language, removed_at=None))
    rows = rows.filter(round__source__in=OF_PLAYERS, round__state__in=PROVEN)
    rows = rows.exclude(round__labeler__in=sanctions.excluded_players())
    texts: defaultdict[int, dict[str, str]] = defaultdict(dict)
    columns = ("round__sticker_id", "said_normalised", "said")
    for sticker_id, normalised, text in rows.order_by("round_id", "position", "pk").values_list(*columns).iterator():
        texts[sticker_id].setdefault(normalised, text)
    return {sticker_id: list(held.values()) for sticker_id, held in texts.items()}


def _with_house(language: str) -> dict[int, list[str]]:
    rows = as_ruled(Query.objects.filter(round__language=language, round__source=Round.Source.HOUSE, removed_at=None))
    rows = rows.exclude(round__state=Round.State.WITHDRAWN).order_by("round__sticker_id", "position", "pk")
    texts: defaultdict[int, list[str]] = defaultdict(list)
    for sticker_id, text in rows.values_list("round__sticker_id", "said").iterator():
        texts[sticker_id].append(text)
    for sticker_id, proven in _proven(language).items():
        said = {normalise(text) for text in texts[sticker_id]}
        texts[sticker_id] += [text for text in proven if normalise(text) not in said]
    return dict(texts)


def gathered(*, with_house: bool) -> dict[str, Gathered]:
    found = {language: gather(lists(language, with_house=with_house)) for language in Language.values}
    return {language: held for language, held in found.items() if held.queries}


def common(found: dict[str, Gathered]) -> Any:
    return overlap(found["en"], found["zh"]) if len(found) == 2 else None


# --- table 4 ---


def agreed(language: str) -> list[Row]:
    """Between labelers of the same sticker, or nothing while no sticker has two."""
    annotators = _annotators(language)
    return agreement(annotators, _measures(language), variants_for(annotators)) if annotators else []


def _measures(language: str) -> Sequence[Measure]:
    """With the cosine of the live model's embeddings, where there is one."""
    bundle = registry.live_bundle()
    words = [*measures_of(language), Jaccard()]
    return [*words, Cosine(bundle, bundle.name)] if bundle else words


def _annotators(language: str) -> dict[str, list[list[str]]]:
    """By sticker what each labeler wrote; the stickers with most labelers first, no more than are compared."""
    rounds = _written(language)
    several = rounds.values("sticker_id").annotate(n=Count("labeler", distinct=True)).filter(n__gt=1)
    wanted = [row["sticker_id"] for row in several.order_by("-n", "sticker_id")[:STICKERS_MOST]]
    rows = as_ruled(Query.objects.filter(removed_at=None, round__in=rounds.filter(sticker__in=wanted)))
    columns = ("round__sticker_id", "round__labeler_id", "said")
    written: defaultdict[int, defaultdict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    for sticker_id, labeler_id, text in rows.order_by("round_id", "position", "pk").values_list(*columns):
        written[sticker_id][labeler_id].append(text)
    return {str(id): [by[who] for who in sorted(by)] for id, by in written.items() if len(by) > 1}


def _written(language: str) -> QuerySet[Round]:
    rounds = Round.objects.filter(language=language, source=Round.Source.PLAY, submitted_at__isnull=False)
    rounds = rounds.exclude(state__in=[Round.State.DISCARDED, Round.State.WITHDRAWN])
    return rounds.filter(labeler__isnull=False).exclude(labeler__in=sanctions.excluded_players())
