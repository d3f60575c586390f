"""What came of what: from a query to the releases, runs and models it went into, and from a model back to its data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from retrieval_engine.training.release import PARTS
from sticktionary.domain.lab.registry import Kind, champion
from sticktionary.domain.releases.folders import folder_of
from sticktionary.models import ModelVersion, Notice, Query, Release, Round, Tombstone, TrainingRun

Ids = NDArray[np.int64]
OWN_WORDS = [Round.Source.PLAY, Round.Source.SUGGESTION]
FURTHEST = 20  # models from which a model descends


@dataclass(frozen=True)
class Origin:
    """A model with the run that made it, and the release it learnt from; neither for one from elsewhere."""

    model: ModelVersion
    run: TrainingRun | None
    release: Release | None


@dataclass(frozen=True)
class Use:
    """What a release and its runs made of a query: only the training part is learnt from, the others judge."""

    release: Release
    part: str
    runs: list[TrainingRun]
    models: list[ModelVersion]


@dataclass(frozen=True)
class Helped:
    """How many of a player's queries the live model learnt from."""

    n: int
    model: ModelVersion
    since: datetime | None


class _Row(msgspec.Struct):
    query_id: int
    status: str


# --- from a model back ---


def of_model(version: ModelVersion) -> list[Origin]:
    """The model, then the one it was trained on from, and so on."""
    chain = list[Origin]()
    held: ModelVersion | None = version
    while held is not None and len(chain) < FURTHEST and held not in [origin.model for origin in chain]:
        chain.append(Origin(held, held.run, held.run.release if held.run else None))
        held = base_of(held.run) if held.run else None
    return chain


def base_of(run: TrainingRun) -> ModelVersion | None:
    """The model of ours that a run started from."""
    by_name = ModelVersion.objects.filter(name=run.base).first()
    return by_name or ModelVersion.objects.filter(path=run.base).exclude(path="").order_by("pk").first()


def of_result(model_name: str) -> list[Origin]:
    """Where the model comes from that ranked a result; nothing where words alone did."""
    version = ModelVersion.objects.filter(name=model_name).select_related("run__release").first()
    return of_model(version) if version else []


# --- from a query on ---


def of_query(query: Query) -> list[Use]:
    """The releases that hold a query and have been learnt from, oldest first."""
    releases = Release.objects.filter(runs__isnull=False, frozen_at__isnull=False).distinct().order_by("pk")
    return [
        Use(release, part, *_learnt(release, query.pk, part))
        for release in releases
        if (part := part_of(release, query.pk)) is not None
    ]


def part_of(release: Release, query_id: int) -> str | None:
    """The side of the split on which a release holds a proven query."""
    return next((part for part in PARTS if _holds(_proven(release, part), query_id)), None)


def _learnt(release: Release, query_id: int, part: str) -> tuple[list[TrainingRun], list[ModelVersion]]:
    if part != "train":
        return [], []
    taken_back = Tombstone.objects.filter(kind=Tombstone.Kind.QUERY, subject=query_id).values_list("at", flat=True)
    started = TrainingRun.objects.filter(release=release, is_evaluation=False, started_at__isnull=False)
    runs = started.order_by("pk")
    learnt = [run for run in runs if not any(run.started_at and at <= run.started_at for at in taken_back)]
    return learnt, list(ModelVersion.objects.filter(run__in=learnt).order_by("pk"))


def learnt_from(version: ModelVersion) -> Ids:
    """Numbers of all queries that a model has learnt from, those of the models before it among them, ascending."""
    parts = [_train(origin.run) for origin in of_model(version) if origin.run is not None]
    return np.unique(np.concatenate(parts)) if parts else np.empty(0, dtype=np.int64)


def _train(run: TrainingRun) -> Ids:
    stones = Tombstone.objects.filter(kind=Tombstone.Kind.QUERY)
    gone = (stones.filter(at__lte=run.started_at) if run.started_at else stones).values_list("subject", flat=True)
    return np.setdiff1d(_proven(run.release, "train"), np.fromiter(gone, dtype=np.int64), assume_unique=True)


def _proven(release: Release, part: str) -> Ids:
    folder = folder_of(release)
    return np.empty(0, dtype=np.int64) if folder is None else _read(folder / "queries" / f"{part}.jsonl")


@lru_cache(maxsize=12)
def _read(path: Path) -> Ids:
    """The numbers of the proven queries in a file of a release, which never changes; a million take a second."""
    return np.sort(np.fromiter(_numbers(path), dtype=np.int64))


def _numbers(path: Path) -> Iterator[int]:
    decoder = msgspec.json.Decoder(_Row)
    if path.exists():
        with path.open("rb") as file:
            for row in map(decoder.decode, file):
                if row.status != "unproven":
                    yield row.query_id


def _holds(ids: Ids, id: int) -> bool:
    place = int(np.searchsorted(ids, id))
    return place < len(ids) and int(ids[place]) == id


# --- players ---


def tell_players(version: ModelVersion) -> int:
    """Tell everybody whose words a new live model learnt from, once for each model; how many they are."""
    counts = _by_player(learnt_from(version))
    Notice.objects.bulk_create(
        [
            Notice(player_id=player_id, kind="trained", key=_key(version, player_id), payload={"n": n})
            for player_id, n in counts.items()
        ],
        ignore_conflicts=True,
        batch_size=500,
    )
    return len(counts)


def do_not_tell(version: ModelVersion) -> None:
    """It is not live any more: who has not heard of it never does."""
    Notice.objects.filter(key__startswith=_key(version, ""), kind="trained", seen_at=None).delete()


def _by_player(ids: Ids) -> Counter[int]:
    if not len(ids):
        return Counter()
    written = Query.objects.filter(round__source__in=OWN_WORDS, round__labeler__isnull=False, removed_at=None)
    written = written.filter(pk__gte=int(ids[0]), pk__lte=int(ids[-1]))
    rows = written.values_list("pk", "round__labeler_id").iterator()
    return Counter(labeler_id for query_id, labeler_id in rows if labeler_id is not None and _holds(ids, query_id))


def of_player(player_id: int) -> list[Helped]:
    """What the live models learnt from a player."""
    live = [version for kind in Kind.values if (version := champion(kind)) is not None]
    held = {_key(version, player_id): version for version in live}
    notices = Notice.objects.filter(key__in=held, player_id=player_id).order_by("key")
    return [Helped(notice.payload["n"], held[notice.key], held[notice.key].promoted_at) for notice in notices]


def _key(version: ModelVersion, player_id: int | str) -> str:
    return f"trained:{version.pk}:{player_id}"
