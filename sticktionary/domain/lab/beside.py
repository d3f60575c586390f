"""How a model beside the live one does, over time, on what players really typed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import fmean

from retrieval_engine.training.figures import difference
from sticktionary.models import ModelVersion, ShadowLook

MOST = 50_000  # looks, the newest
HOURLY_UP_TO = timedelta(days=2)


@dataclass(frozen=True)
class Point:
    """An hour or a day: the mean over its rounds of 1 / rank of the sticker, 0 where it was not found."""

    at: datetime
    n: int
    shadow: float
    champion: float


@dataclass(frozen=True)
class Curve:
    """Of previews, or of rounds that the machine looked up. `gain` is shadow less champion over all rounds, with its
    95 % interval; the looks of one round are one observation."""

    kind: ShadowLook.Kind
    champion: str
    points: list[Point]
    n: int
    n_looks: int
    shadow: float
    live: float
    gain: tuple[float, float, float]
    overlap: float | None
    ms: float


@dataclass(frozen=True)
class _Seen:
    at: datetime
    round_id: int
    shadow: float
    live: float
    overlap: float | None
    ms: float


def curves(version: ModelVersion) -> list[Curve]:
    """One for previews and one for rounds, beside the model that was live last; none before anything was seen."""
    rows = ShadowLook.objects.filter(model=version, round__isnull=False)
    last = rows.order_by("-at").values_list("champion", flat=True).first()
    if last is None:
        return []
    found = [_curve(kind, last, _seen(version, last, kind)) for kind in ShadowLook.Kind]
    return [curve for curve in found if curve is not None]


def _seen(version: ModelVersion, champion: str, kind: ShadowLook.Kind) -> list[_Seen]:
    rows = ShadowLook.objects.filter(model=version, champion=champion, kind=kind, round__isnull=False)
    columns = rows.order_by("-at").values_list("at", "round_id", "rank", "champion_rank", "overlap", "ms")[:MOST]
    return [
        _Seen(at, round_id or 0, _reciprocal(rank), _reciprocal(live), overlap, ms or 0.0)
        for at, round_id, rank, live, overlap, ms in columns
    ]


def _reciprocal(rank: int | None) -> float:
    return 1 / rank if rank else 0.0


def _curve(kind: ShadowLook.Kind, champion: str, looks: list[_Seen]) -> Curve | None:
    if not looks:
        return None
    shadow, live = _by_round(looks)
    overlaps = [look.overlap for look in looks if look.overlap is not None]
    return Curve(
        kind=kind,
        champion=champion,
        points=_points(looks),
        n=len(shadow),
        n_looks=len(looks),
        shadow=fmean(shadow),
        live=fmean(live),
        gain=difference(shadow, live),
        overlap=fmean(overlaps) if overlaps else None,
        ms=fmean(look.ms for look in looks),
    )


def _by_round(looks: Iterable[_Seen]) -> tuple[list[float], list[float]]:
    """The mean of each round: its previews are half-typed words of the same few queries."""
    rounds = defaultdict[int, list[_Seen]](list)
    for look in looks:
        rounds[look.round_id].append(look)
    means = [(fmean(look.shadow for look in held), fmean(look.live for look in held)) for held in rounds.values()]
    return [shadow for shadow, _ in means], [live for _, live in means]


def _points(looks: list[_Seen]) -> list[Point]:
    by_hour = looks[0].at - looks[-1].at <= HOURLY_UP_TO
    spans = defaultdict[datetime, list[_Seen]](list)
    for look in looks:
        hour = look.at.replace(minute=0, second=0, microsecond=0)
        spans[hour if by_hour else hour.replace(hour=0)].append(look)
    return [_point(at, spans[at]) for at in sorted(spans)]


def _point(at: datetime, looks: list[_Seen]) -> Point:
    shadow, live = _by_round(looks)
    return Point(at, len(shadow), fmean(shadow), fmean(live))
