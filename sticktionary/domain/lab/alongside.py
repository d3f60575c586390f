"""Runs alongside each other: which ones belong together, and by how much they differ on the very same conversations."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from retrieval_engine.training.figures import intervals
from sticktionary.domain.lab import data
from sticktionary.models import TrainingRun

Key = tuple[str, str, str]  # task, language, metric
Gap = tuple[float, float, float]  # the mean of theirs - the first's, and its 95 % interval
VALUES = "values.jsonl"  # in a run's folder, as its process leaves it
MOST_ABLATIONS = 7


class _Row(msgspec.Struct):
    task: str
    language: str
    metric: str
    uses: list[str]
    values: list[float]


@dataclass(frozen=True)
class Values:
    """What a model got on each use of a sticker, in the order of the uses' names."""

    uses: tuple[str, ...]
    values: NDArray[np.float64]


def ablations_of(run: TrainingRun) -> list[TrainingRun]:
    """Runs of the same recipe on the same release, from the same base, that differ in one setting alone."""
    like = TrainingRun.objects.filter(recipe=run.recipe, release=run.release_id, base=run.base, is_evaluation=False)
    done = like.filter(state=TrainingRun.State.DONE).exclude(pk=run.pk).order_by("-pk")
    return [other for other in done if _n_differing(run, other) == 1][:MOST_ABLATIONS]


def _n_differing(run: TrainingRun, other: TrainingRun) -> int:
    names = run.settings.keys() | other.settings.keys()
    return sum(run.settings.get(name) != other.settings.get(name) for name in names)


def gaps(first: TrainingRun, other: TrainingRun, metrics: Sequence[Key]) -> Mapping[Key, Gap]:
    """By how much `other` does better than `first`, where both measured the same uses and their values are still there:
    pair by pair, with an interval by bootstrap over the uses."""
    if first.release_id != other.release_id:
        return {}
    ours, theirs = values_of(first), values_of(other)
    together = defaultdict[tuple[str, ...], list[Key]](list)  # what was measured on the same uses is drawn at once
    for key in metrics:
        if key in ours and key in theirs and ours[key].uses == theirs[key].uses:
            together[ours[key].uses].append(key)
    found = dict[Key, Gap]()
    for keys in together.values():
        found |= _intervals(keys, np.stack([theirs[key].values - ours[key].values for key in keys], axis=1))
    return found


def _intervals(keys: Sequence[Key], differences: NDArray[np.float64]) -> dict[Key, Gap]:
    means, (lows, highs) = differences.mean(axis=0), intervals(differences)
    return {
        key: (float(mean), float(low), float(high))
        for key, mean, low, high in zip(keys, means, lows, highs, strict=True)
    }


def values_of(run: TrainingRun) -> Mapping[Key, Values]:
    """What the run's own model got on each use; nothing where its files were removed, or lie on another machine."""
    path = data.folder_of(run) / VALUES
    try:
        return _read(path, path.stat().st_mtime_ns)
    except OSError:
        return {}


@lru_cache(maxsize=16)
def _read(path: Path, written_at: int) -> Mapping[Key, Values]:
    decoder = msgspec.json.Decoder(_Row)
    with path.open("rb") as file:
        rows = [decoder.decode(line) for line in file]
    return {(row.task, row.language, row.metric): _in_order(row) for row in rows if row.uses}


def _in_order(row: _Row) -> Values:
    order = sorted(range(len(row.uses)), key=row.uses.__getitem__)
    return Values(tuple(row.uses[place] for place in order), np.asarray(row.values, dtype=np.float64)[order])
