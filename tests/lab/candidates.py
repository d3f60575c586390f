"""Runs that are over, with a real if tiny model and figures of our own choosing."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from retrieval_engine.training.figures import Figure, Report
from sticktionary.domain import jobs
from sticktionary.domain.lab import approval, promotion, registry
from sticktionary.models import ModelVersion, Player, Release, TrainingRun
from tests.catalogue import colours

TASK, LANGUAGE, METRIC = "text_to_image/human_query", "all", "mrr"


def figure(method: str, value: float, half: float = 0.02, n: int = 18) -> Figure:
    return Figure(TASK, method, LANGUAGE, METRIC, value, value - half, value + half, 0.1, n, 9)


def run(release: Release, *figures: Figure, dim: int = 3, live: str = "bm25", name: str = "colours") -> TrainingRun:
    """A run of the retrieval recipe that has ended, its bundle in its folder; more dimensions make another model."""
    report = Report("stickerclip", (TASK, "fine-tuned", LANGUAGE, METRIC), list(figures))
    run = TrainingRun.objects.create(
        title=f"{name} {dim}",
        recipe="stickerclip",
        base="tiny",
        release=release,
        state="done",
        started_at=timezone.now(),
        report=asdict(report),
        facts={"live": live},
    )
    run.path = str(run.pk)
    run.save()
    colours.bundle(Path(settings.RUNS_DIR, run.path, "bundle"), name, dim)
    return run


def candidate(release: Release, value: float = 0.5, bm25: float = 0.3, dim: int = 3) -> ModelVersion:
    """A model that measured better than words alone."""
    return registry.register(run(release, figure("fine-tuned", value), figure("bm25", bm25), dim=dim))


def promoted(version: ModelVersion, actor: Player | None = None, why: str = "") -> ModelVersion:
    """Approved and brought live, as a worker does it."""
    approval.approve(actor=actor, version=version, why=why)
    promotion.promote(actor=actor, version=version)
    return worked(version)


def worked(version: ModelVersion) -> ModelVersion:
    """What a worker makes of a model that waits for one."""
    assert jobs.carry_out(ModelVersion, version.pk, promotion.run)
    version.refresh_from_db()
    return version
