"""What people do with training runs: start one, stop it, take it up again, name it, clear its files away; and how one
stands."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from retrieval_engine.training.recipes import recipes
from sticktionary.domain import jobs
from sticktionary.domain.errors import Refused
from sticktionary.domain.lab import checks, data
from sticktionary.domain.people import accounts
from sticktionary.domain.releases.basis import code_version
from sticktionary.models import AuditEntry, ModelVersion, Player, Release, TrainingRun

State, Stage, Phase = TrainingRun.State, ModelVersion.Stage, TrainingRun.Phase
MAX_TITLE = 120


class Status(StrEnum):
    """How a run stands, and what has become of its model since."""

    QUEUED = "queued"
    RUNNING = "running"
    EVALUATING = "evaluating"
    MEASURED = "measured"
    AWAITING_APPROVAL = "awaiting_approval"
    APPROVED = "approved"
    LIVE = "live"
    RETIRED = "retired"
    REJECTED = "rejected"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"


STATUS_NAMES: dict[Status, Promise] = {
    Status.QUEUED: gettext_lazy("queued"),
    Status.RUNNING: gettext_lazy("running"),
    Status.EVALUATING: gettext_lazy("evaluating"),
    Status.MEASURED: gettext_lazy("measured"),
    Status.AWAITING_APPROVAL: gettext_lazy("awaiting approval"),
    Status.APPROVED: gettext_lazy("approved"),
    Status.LIVE: gettext_lazy("live"),
    Status.RETIRED: gettext_lazy("retired"),
    Status.REJECTED: gettext_lazy("rejected"),
    Status.FAILED: gettext_lazy("failed"),
    Status.CANCELLED: gettext_lazy("cancelled"),
    Status.LOST: gettext_lazy("lost"),
}


def status_of(run: TrainingRun) -> Status:
    """How it stands. Many at once: with `select_related("model")`."""
    if jobs.is_lost(run):
        return Status.LOST
    if run.state == State.RUNNING and run.phase in {Phase.EVALUATING, Phase.PUBLISHING}:
        return Status.EVALUATING
    if run.state != State.DONE:
        return Status(run.state)
    model: ModelVersion | None = getattr(run, "model", None)
    return Status.MEASURED if model is None else _status_of_model(model)


def _status_of_model(model: ModelVersion) -> Status:
    if model.stage == Stage.CANDIDATE:
        return Status.AWAITING_APPROVAL if model.approved_at is None else Status.APPROVED
    known = {Stage.CHAMPION: Status.LIVE, Stage.REJECTED: Status.REJECTED}
    return known.get(Stage(model.stage), Status.RETIRED)


def may_cancel(run: TrainingRun) -> bool:
    return run.state in {State.QUEUED, State.RUNNING} and run.cancel_asked_at is None


def may_resume(run: TrainingRun) -> bool:
    stopped = run.state in {State.FAILED, State.CANCELLED} or jobs.is_lost(run)
    return stopped and run.purged_at is None


def may_remove_files(run: TrainingRun) -> bool:
    return run.state in {State.DONE, State.FAILED, State.CANCELLED} and run.purged_at is None


PACE_OVER = 50  # steps that were kept


def seconds_left(run: TrainingRun) -> float | None:
    """Until the phase that it is in is over, at the pace of its last steps; none while there is no telling."""
    if run.state != State.RUNNING or not run.n_total:
        return None
    latest = run.events.filter(kind="step", data__phase=run.phase).order_by("-position")[:PACE_OVER]
    steps = list(latest.values_list("step", "at"))
    if len(steps) < 2 or steps[0][0] <= steps[-1][0]:
        return None
    (last, at), (first, began) = steps[0], steps[-1]
    return (at - began).total_seconds() / (last - first) * max(0, run.n_total - run.n_done)


# --- verbs ---


@transaction.atomic
def start(
    *,
    actor: Player | None,
    recipe: str,
    release: Release,
    base: str = "",
    settings: Mapping[str, Any] | None = None,
    seed: int = 0,
    device: str = "auto",
    title: str = "",
    is_evaluation: bool = False,
    queue: bool = True,
) -> TrainingRun:
    """Write down a run with every value it depends on; with `queue` the lab's worker takes it. Raises RunRefused. The
    command line has no actor: who holds the machine may."""
    if actor is not None:
        accounts.require(actor, "train")
    given: dict[str, Any] = {"base": base, "settings": settings, "seed": seed, "device": device}
    asked = checks.check(recipe=recipe, release=release, is_evaluation=is_evaluation, **given)
    Release.objects.select_for_update(of=("self",)).get(pk=release.pk)  # of two alike, one comes second
    run = TrainingRun(
        title=title.strip()[:MAX_TITLE] or f"{asked.recipe.title}: {release}"[:MAX_TITLE],
        recipe=asked.recipe.name,
        settings=asked.settings,
        base=asked.base,
        release=release,
        is_evaluation=is_evaluation,
        seed=asked.seed,
        device=asked.device,
        code_version=code_version(),
        created_by=actor,
    )
    _refuse_twin(run)
    run.save()
    run.path = str(run.pk)
    run.save(update_fields=["path"])
    _audit(actor, "start_run", run, title=run.title, recipe=run.recipe, release=release.pk, base=run.base)
    if queue:
        jobs.enqueue(run)
    return run


def evaluate(*, actor: Player | None, recipe: str, release: Release, base: str, **rest: Any) -> TrainingRun:
    """Measure a model that is there on a release, without training; a run whose end is a report and no model."""
    return start(actor=actor, recipe=recipe, release=release, base=base, is_evaluation=True, **rest)


def _refuse_twin(run: TrainingRun) -> None:
    """The same run again would come to the same result; most often it is a button that was pressed twice."""
    same = ("recipe", "settings", "base", "release", "is_evaluation", "seed")
    device = Q(device=run.device) | ~Q(device__in=checks.DEVICES)  # one that runs says what it found
    under_way = TrainingRun.objects.filter(device, state__in=[State.QUEUED, State.RUNNING], cancel_asked_at=None)
    twin = under_way.filter(**{name: getattr(run, name) for name in same}).first()
    if twin is not None:
        told = {"name": twin.title, "number": twin.pk}
        raise Refused("under_way", _("The very same run is under way already: %(name)s, number %(number)d.") % told)


@transaction.atomic
def cancel(*, actor: Player | None, run: TrainingRun) -> None:
    """End a run. One that trains leaves after its step, with a checkpoint to go on from."""
    _require(actor)
    jobs.cancel(run)
    _audit(actor, "cancel_run", run)


@transaction.atomic
def resume(*, actor: Player | None, run: TrainingRun, queue: bool = True) -> None:
    """Go on with a run that failed, was cancelled or lost, from its last checkpoint."""
    _require(actor)
    if run.purged_at is not None:
        raise Refused("purged", _("The files of this run were removed; start it anew."))
    if problem := checks.problem_with_release(run.release, recipes()[run.recipe].kind):
        raise checks.RunRefused({"release": problem})
    jobs.resume(run, queue=queue)
    _audit(actor, "resume_run", run)


@transaction.atomic
def rename(*, actor: Player | None, run: TrainingRun, title: str) -> None:
    """Give a run another title."""
    _require(actor)
    title = title.strip()
    if not title or len(title) > MAX_TITLE:
        raise checks.RunRefused({"title": _("A title has 1 to %(most)d characters.") % {"most": MAX_TITLE}})
    TrainingRun.objects.filter(pk=run.pk).update(title=title)
    _audit(actor, "rename_run", run, title=title, was=run.title)
    run.title = title


@transaction.atomic
def remove_files(*, actor: Player | None, run: TrainingRun) -> None:
    """Clear away checkpoints, logs and the bundle as it was made. The row with its curves and figures stays; the model
    has files of its own."""
    _require(actor)
    held = TrainingRun.objects.select_for_update(of=("self",)).get(pk=run.pk)
    if not may_remove_files(held):
        raise Refused("not_over", _("Only the files of a run that is over can be removed."))
    held.purged_at = timezone.now()
    held.save(update_fields=["purged_at"])
    _audit(actor, "remove_run_files", held)
    transaction.on_commit(lambda: shutil.rmtree(data.folder_of(held), ignore_errors=True))


def _require(actor: Player | None) -> None:
    if actor is not None:
        accounts.require(actor, "train")


def _audit(actor: Player | None, verb: str, run: TrainingRun, **detail: object) -> None:
    AuditEntry.objects.create(actor=actor, verb=verb, subject=f"run {run.pk}", detail=detail)
