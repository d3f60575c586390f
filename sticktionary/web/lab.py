"""The lab: what can be trained, what is being trained, and one run after the other."""

from __future__ import annotations

from itertools import groupby
from operator import attrgetter
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from retrieval_engine.training.figures import Report
from retrieval_engine.training.recipes import Estimate, Recipe, SettingsError, recipes
from sticktionary.domain.errors import Refused
from sticktionary.domain.lab import (
    alongside,
    bases,
    checks,
    comparison,
    data,
    estimates,
    lineage,
    registry,
    runs,
    showing,
)
from sticktionary.domain.lab.checks import RunRefused
from sticktionary.models import ModelVersion, Query, TrainingRun
from sticktionary.web import lab_figures, lab_published
from sticktionary.web.lab_forms import PREFIX, RunForm
from sticktionary.web.workbench import acting, allowed, player_of, show

PER_PAGE = 30
MOST_BESIDE = 8
MOST_DRAWN = 4  # runs whose curves can be told apart
UNDER_WAY = Q(state__in=[TrainingRun.State.QUEUED, TrainingRun.State.RUNNING])
AWAITING = Q(model__stage=ModelVersion.Stage.CANDIDATE, model__approved_at=None)
SIEVES = {
    "": (gettext_lazy("All"), Q()),
    "under_way": (gettext_lazy("Under way"), UNDER_WAY),
    "awaiting": (gettext_lazy("Awaiting approval"), AWAITING),
    "live": (gettext_lazy("Live"), Q(model__stage=ModelVersion.Stage.CHAMPION)),
    "stopped": (
        gettext_lazy("Stopped"),
        Q(state__in=[TrainingRun.State.FAILED, TrainingRun.State.CANCELLED]),
    ),
}

# --- the front ---


@require_GET
@allowed("view_trainingrun")
def home(request: HttpRequest) -> HttpResponse:
    context = {
        "here": "home",
        "live": [(kind, registry.champion(kind)) for kind in ModelVersion.Kind],
        "under_way": _rows(_all_runs().filter(UNDER_WAY)[:10]),
        "awaiting": _rows(_all_runs().filter(AWAITING)[:10]),
        "releases": data.usable_releases()[:20],
    }
    return show(request, "lab", "lab", context)


def _all_runs() -> Any:
    return TrainingRun.objects.select_related("release", "model", "created_by").order_by("-pk")


def _rows(found: Any) -> list[dict[str, Any]]:
    """Each run with how far it is and what it reached."""
    return [{"run": run, "state": showing.state_of(run), "headline": _headline(run)} for run in found]


def _headline(run: TrainingRun) -> Any:
    report = comparison.report_of(run)
    return lab_figures.headline(report) if report else None


@require_GET
@allowed("view_trainingrun")
def all_runs(request: HttpRequest) -> HttpResponse:
    chosen = request.GET.get("show", "")
    _label, sieve = SIEVES.get(chosen, SIEVES[""])
    page = Paginator(_all_runs().filter(sieve), PER_PAGE).get_page(request.GET.get("page"))
    sieves = [(name, label) for name, (label, _sieve) in SIEVES.items()]
    context = {"here": "runs", "page": page, "rows": _rows(page), "sieves": sieves, "chosen": chosen}
    return show(request, "lab_runs", "lab", context)


# --- a new one ---


@allowed("train")
def new_run(request: HttpRequest) -> HttpResponse:
    """The form; with "estimate" what the run would take, else the run itself."""
    recipe = _recipe(request)
    if request.method != "POST":
        release = request.GET.get("release") or data.usable_releases(recipe.kind).first()
        return _form_page(request, RunForm(recipe, initial={"release": release}), None)
    form, estimate = RunForm(recipe, request.POST), None
    if form.is_valid():
        try:
            if "estimate" not in request.POST:
                return redirect("lab_run", runs.start(actor=player_of(request), **form.asked()).pk)
            estimate = _estimated(form)
        except RunRefused as refusal:
            form.tell(refusal.problems)
        except Refused as refusal:
            form.add_error(None, refusal.message)
    return _form_page(request, form, estimate)


def _recipe(request: HttpRequest) -> Recipe:
    known = recipes()
    return known.get(request.GET.get("recipe", ""), next(iter(known.values())))


def _estimated(form: RunForm) -> Estimate:
    asked = form.asked()
    del asked["title"]
    return checks.check(**asked).estimate()


def _form_page(request: HttpRequest, form: RunForm, estimate: Estimate | None) -> HttpResponse:
    kind = form.recipe.kind
    models = ModelVersion.objects.filter(kind__in=bases.STARTS[kind]).exclude(path="").order_by("-pk")
    context = {
        "here": "new",
        "form": form,
        "recipes": [(kind, list(held)) for kind, held in groupby(recipes().values(), attrgetter("kind"))],
        "is_to_choose": "recipe" not in request.GET and not form.is_bound,
        "release": request.GET.get("release", ""),
        "lacks_conversations": kind == "dialogue" and not data.usable_releases(kind).exists(),
        "estimate": estimate,
        "models": models,
    }
    return show(request, "lab_new", "lab", context, 400 if form.errors else 200)


@require_POST
@allowed("train")
def estimate(request: HttpRequest) -> JsonResponse:
    """What the run of this form would take, while it is being filled in."""
    form = RunForm(_recipe(request), request.POST)
    if not form.is_valid():
        return JsonResponse({"problems": {name: errors[0] for name, errors in form.errors.items()}})
    asked = form.asked()
    del asked["title"], asked["seed"]
    try:
        found = estimates.estimate(**asked)
    except SettingsError as error:
        return JsonResponse({"problems": {PREFIX + name: problem for name, problem in error.problems.items()}})
    return JsonResponse({"seconds": found.seconds, "memory_bytes": found.memory_bytes, "because": found.because})


# --- one run ---


@require_GET
@allowed("view_trainingrun")
def one_run(request: HttpRequest, run_id: int) -> HttpResponse:
    run = get_object_or_404(_all_runs(), pk=run_id)
    report = comparison.report_of(run)
    context = {
        "here": "runs",
        "run": run,
        "ablations": alongside.ablations_of(run) if report else [],
        "recipe": recipes().get(run.recipe),
        "state": showing.state_of(run),
        "may_cancel": runs.may_cancel(run),
        "may_resume": runs.may_resume(run),
        "may_remove_files": runs.may_remove_files(run),
        "headline": lab_figures.headline(report) if report else None,
        "tables": lab_figures.tables(report) if report else [],
        "report": report,
        "chain": _chain(run),
        "folder": data.folder_of(run),
    }
    return show(request, "lab_run", "lab", context)


def _chain(run: TrainingRun) -> list[lineage.Origin]:
    """The models that it came from, and the one that came of it."""
    last = getattr(run, "model", None) or lineage.base_of(run)
    return lineage.of_model(last) if last else []


@require_GET
@allowed("view_trainingrun")
def events(request: HttpRequest, run_id: int) -> JsonResponse:
    """A piece of what happened in the run, from a position on."""
    run = get_object_or_404(TrainingRun, pk=run_id)
    after = request.GET.get("after", "0")
    position = int(after) if after.isdecimal() and len(after) < 16 else 0
    told = {"run": showing.state_of(run), "events": showing.events_after(run.pk, position)}
    return JsonResponse(told, headers={"Cache-Control": "no-store"})


@require_GET
@allowed("view_trainingrun")
def compare(request: HttpRequest) -> HttpResponse:
    """Up to eight runs side by side: what differed, how they learnt, what they reached, and what papers print."""
    ids = [int(id) for id in request.GET.getlist("run") if id.isdecimal() and len(id) < 16]
    found = {run.pk: run for run in _all_runs().filter(pk__in=ids[:MOST_BESIDE])}
    beside = [found[id] for id in dict.fromkeys(ids) if id in found]
    reports = [comparison.report_of(run) for run in beside]
    compared = _side_by_side(beside, [report for report in reports if report]) if all(reports) else []
    rows = _rows(beside)
    context = {
        "here": "runs",
        "rows": rows,
        "drawn": rows[:MOST_DRAWN],
        "differing": _differing(beside),
        "compared": [line for line in compared if line.decides],
        "rest": lab_figures.shelved(compared),
        "is_paired": any(each and each.is_paired for line in compared for _figure, each in line.cells),
        "sheets": lab_published.sheets(beside),
        "most": MOST_BESIDE,
        "same_release": len({run.release_id for run in beside}) <= 1,
        "others": _all_runs().exclude(pk__in=found)[:30],
    }
    return show(request, "lab_compare", "lab", context)


def _side_by_side(beside: list[TrainingRun], reports: list[Report]) -> list[lab_figures.Compared]:
    """With their differences from the first, use by use where that is known of what decides."""
    if not reports:
        return []
    own = [(f.task, f.language, f.metric) for f in reports[0].figures if f.method == reports[0].headline[1]]
    deciding = [place for place in own if lab_figures.decides(place, reports[0])]
    paired = [alongside.gaps(beside[0], run, deciding) for run in beside]
    return lab_figures.side_by_side(reports, paired)


def _differing(beside: list[TrainingRun]) -> list[tuple[str, list[Any]]]:
    """The settings in which they are not alike, and what they were made of."""
    asked = [
        {
            _("recipe"): run.recipe,
            _("release"): str(run.release),
            _("base model"): run.base,
            _("seed"): run.seed,
            _("device"): run.device,
            _("code"): run.code_version,
            **run.settings,
        }
        for run in beside
    ]
    names = dict.fromkeys(name for each in asked for name in each)
    rows = [(name, [each.get(name, "–") for each in asked]) for name in names]
    return [(name, values) for name, values in rows if any(value != values[0] for value in values)]


@require_GET
@allowed("view_trainingrun")
def query(request: HttpRequest) -> HttpResponse:
    """What became of one query: the releases, runs and models it went into."""
    asked = request.GET.get("query", "").strip()
    found = Query.objects.filter(pk=int(asked)).first() if asked.isdecimal() and len(asked) < 19 else None
    uses = lineage.of_query(found) if found else []
    return show(request, "lab_query", "lab", {"here": "query", "asked": asked, "query": found, "uses": uses})


# --- what is done with it ---


def _cancel(request: HttpRequest, run: TrainingRun) -> str:
    runs.cancel(actor=player_of(request), run=run)
    return _("The run ends after the step it is in; what it has learnt is kept.")


def _resume(request: HttpRequest, run: TrainingRun) -> str:
    runs.resume(actor=player_of(request), run=run)
    return _("A worker goes on with it from its last checkpoint.")


def _rename(request: HttpRequest, run: TrainingRun) -> str:
    runs.rename(actor=player_of(request), run=run, title=request.POST.get("title", ""))
    return _("Saved.")


def _remove_files(request: HttpRequest, run: TrainingRun) -> str:
    runs.remove_files(actor=player_of(request), run=run)
    return _("Its checkpoints are gone; what it measured, and its model, stay.")


ACTIONS = {"cancel": _cancel, "resume": _resume, "rename": _rename, "remove-files": _remove_files}

urlpatterns = [
    path("", home, name="lab"),
    path("query/", query, name="lab_query"),
    path("runs/", all_runs, name="lab_runs"),
    path("runs/new/", new_run, name="lab_new_run"),
    path("runs/estimate/", estimate, name="lab_estimate"),
    path("runs/compare/", compare, name="lab_compare"),
    path("runs/<int:run_id>/", one_run, name="lab_run"),
    path("runs/<int:run_id>/events/", events, name="lab_run_events"),
    *[
        path(f"runs/<int:run_id>/{name}/", acting(TrainingRun, "train", "lab_run", verb), name=f"lab_run_{name}")
        for name, verb in ACTIONS.items()
    ],
]
