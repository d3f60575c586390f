"""Training runs: started, watched, stopped, taken up again."""

# Annotations are not postponed here: the decorator that pages lists reads them where their names are not known.

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja import HeaderEx, P, QueryEx, Router, Status
from ninja.pagination import LimitOffsetPagination, paginate

from retrieval_engine.training.recipes import Estimate
from sticktionary.domain.errors import Refused
from sticktionary.domain.lab import checks, once, runs
from sticktionary.domain.lab.checks import RunRefused
from sticktionary.domain.people.tokens import Scope
from sticktionary.models import Release, TrainingRun
from sticktionary.web.api.gate import CALLS, STARTS, Needs, actor_of
from sticktionary.web.api.problems import ACTED, KNOWN, LISTED, Problem
from sticktionary.web.api.shapes import EstimateOut, Events, Figures, Order, RunOut

router = Router(auth=Needs(Scope.READ), tags=["runs"])
N_EVENTS = 500
KEY_IS = "A name of your own for this start: sent again, it starts nothing and answers with the run."


@router.get("", response={200: list[RunOut], LISTED: Problem}, operation_id="runs")
@paginate(LimitOffsetPagination, max_limit=100)
def all_runs(request: HttpRequest, recipe: str = "", state: TrainingRun.State | None = None) -> QuerySet[TrainingRun]:
    """Runs, newest first; of one recipe, or in one state, where asked."""
    found = TrainingRun.objects.select_related("release", "model").order_by("-pk")
    found = found.filter(recipe=recipe) if recipe else found
    return found.filter(state=state) if state else found


@router.post(
    "",
    response={201: RunOut, ACTED: Problem},
    auth=Needs(Scope.TRAIN),
    throttle=[CALLS, STARTS],
    operation_id="start_run",
)
def start(
    request: HttpRequest,
    order: Order,
    idempotency_key: HeaderEx[str, P(alias="Idempotency-Key", max_length=80, description=KEY_IS)] = "",
) -> Status[TrainingRun]:
    """Start a run. What is wrong with the order is said for each field, and nothing is started."""
    asked = _asked(order)
    if idempotency_key:
        return Status(201, once.start(actor=actor_of(request), key=idempotency_key, **asked))
    return Status(201, runs.start(actor=actor_of(request), **asked))


@router.post("/estimate", response={200: EstimateOut, ACTED: Problem}, operation_id="estimate_run")
def estimate(request: HttpRequest, order: Order) -> Estimate:
    """What a run would take. Nothing is started."""
    asked = _asked(order)
    del asked["title"]
    return checks.check(**asked).estimate()


def _asked(order: Order) -> dict[str, Any]:
    """The order as the verbs take it: with the release for its number."""
    release = Release.objects.filter(number=order.release).first()
    if release is None:
        raise RunRefused({"release": _("There is no release of this number.")})
    return {**order.dict(), "release": release}


@router.get("/{int:run_id}", response={200: RunOut, KNOWN: Problem}, operation_id="run")
def one(request: HttpRequest, run_id: int) -> TrainingRun:
    """One run."""
    return get_object_or_404(TrainingRun.objects.select_related("release", "model"), pk=run_id)


@router.get("/{int:run_id}/events", response={200: Events, KNOWN: Problem}, operation_id="run_events")
def events(
    request: HttpRequest,
    run_id: int,
    after: QueryEx[int, P(ge=0)] = 0,
    limit: QueryEx[int, P(ge=1, le=N_EVENTS)] = N_EVENTS,
) -> dict[str, Any]:
    """A run's progress from a position on: losses, scores, checkpoints, warnings, the log."""
    run = get_object_or_404(TrainingRun, pk=run_id)
    found = list(run.events.filter(position__gt=after).order_by("position")[:limit])
    return {"items": found, "next": found[-1].position if found else after}


@router.get("/{int:run_id}/figures", response={200: Figures, ACTED: Problem}, operation_id="run_figures")
def figures(request: HttpRequest, run_id: int) -> dict[str, Any]:
    """What the run measured on the test split."""
    run = get_object_or_404(TrainingRun, pk=run_id)
    if not run.report:
        raise Refused("no_figures", _("This run has measured nothing on the test split yet."))
    return dict(run.report)


@router.post(
    "/{int:run_id}/cancel", response={200: RunOut, ACTED: Problem}, auth=Needs(Scope.TRAIN), operation_id="cancel_run"
)
def cancel(request: HttpRequest, run_id: int) -> TrainingRun:
    """Stop a run after its step; what it has learnt so far is kept, and it can be resumed."""
    runs.cancel(actor=actor_of(request), run=one(request, run_id))
    return one(request, run_id)


@router.post(
    "/{int:run_id}/resume", response={200: RunOut, ACTED: Problem}, auth=Needs(Scope.TRAIN), operation_id="resume_run"
)
def resume(request: HttpRequest, run_id: int) -> TrainingRun:
    """Go on with a run that stopped, from its last checkpoint."""
    runs.resume(actor=actor_of(request), run=one(request, run_id))
    return one(request, run_id)
