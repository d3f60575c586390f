"""Models: their stages, one model's card, and what decides whether it goes live."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from sticktionary.domain import jobs
from sticktionary.domain.errors import Refused
from sticktionary.domain.lab import approval, beside, card, comparison, lineage, promotion, registry, runs, shadowing
from sticktionary.domain.search.live import catalogue_search
from sticktionary.models import ModelVersion
from sticktionary.web import lab_figures
from sticktionary.web.uploads import ModelForm
from sticktionary.web.workbench import acting, allowed, player_of, progress, show

Stage = ModelVersion.Stage
ORDER = [Stage.CHAMPION, Stage.CANDIDATE, Stage.PREVIOUS, Stage.RETIRED, Stage.REJECTED]

# --- all of them ---


@require_GET
@allowed("view_modelversion")
def models(request: HttpRequest) -> HttpResponse:
    return _list(request, ModelForm())


def _list(request: HttpRequest, form: ModelForm) -> HttpResponse:
    context = {
        "here": "models",
        "shelves": [(kind, _shelf(kind)) for kind in ModelVersion.Kind],
        "form": form,
        "searching_with": catalogue_search.model_version,
        "words_only": registry.WORDS_ONLY,
    }
    return show(request, "lab_models", "lab", context, 400 if form.is_bound else 200)


def _shelf(kind: str) -> list[dict[str, Any]]:
    """Models of a kind: the live one, those that may come, those that were."""
    found = ModelVersion.objects.filter(kind=kind).select_related("run").order_by("-pk")
    ordered = sorted(found, key=lambda version: ORDER.index(Stage(version.stage)))
    return [{"version": version, "progress": progress(version), "headline": _headline(version)} for version in ordered]


def _headline(version: ModelVersion) -> Any:
    report = comparison.report_of(version.run)
    return lab_figures.headline(report) if report else None


@require_POST
@allowed("install_model")
def install(request: HttpRequest) -> HttpResponse:
    form = ModelForm(request.POST)
    if not form.is_valid():
        return _list(request, form)
    return redirect("lab_model", registry.install(actor=player_of(request), source=form.cleaned_data["source"]).pk)


# --- one of them ---


@require_GET
@allowed("view_modelversion")
def model(request: HttpRequest, version_id: int) -> HttpResponse:
    version = _version(version_id)
    report = comparison.report_of(version.run)
    context = {
        "here": "models",
        "version": version,
        "progress": progress(version),
        "may": _possible(version),
        "compared": comparison.compare(version) if version.stage == Stage.CANDIDATE else None,
        "tables": lab_figures.tables(report) if report else [],
        "words_only": registry.WORDS_ONLY,
        "card": card.of(version),
        "chain": lineage.of_model(version),
        "shadow": [_shadow_of(curve) for curve in beside.curves(version)],
    }
    return show(request, "lab_model", "lab", context)


def _version(version_id: int) -> ModelVersion:
    return get_object_or_404(ModelVersion.objects.select_related("run__release", "approved_by"), pk=version_id)


def _possible(version: ModelVersion) -> dict[str, bool]:
    """What can be done with it as it stands; the verbs ask again."""
    idle = version.state not in registry.BUSY
    candidate = version.stage == Stage.CANDIDATE and bool(version.path)
    vouched = version.approved_at is not None or version.run_id is None
    return {
        "approve": idle and candidate and not vouched,
        "reject": idle and candidate,
        "promote": idle and vouched and bool(version.path) and version.stage not in {Stage.CHAMPION, Stage.REJECTED},
        "roll_back": version.stage == Stage.CHAMPION and _has_previous(version.kind),
        "shadow": idle and candidate and not version.is_shadow and version.kind == ModelVersion.Kind.RETRIEVAL,
        "unshadow": version.is_shadow,
        "look": promotion.may_look(version),
        "retire": idle and version.stage in {Stage.CANDIDATE, Stage.PREVIOUS},
        "cancel": not idle and version.stage != Stage.CHAMPION,
        "resume": version.state in {"failed", "cancelled"} or jobs.is_lost(version),
    }


def _has_previous(kind: str) -> bool:
    return ModelVersion.objects.filter(kind=kind, stage=Stage.PREVIOUS).exists()


@require_GET
@allowed("view_modelversion")
def state(request: HttpRequest, version_id: int) -> JsonResponse:
    told = progress(get_object_or_404(ModelVersion, pk=version_id))
    return JsonResponse(told, headers={"Cache-Control": "no-store"})


@require_GET
@allowed("view_modelversion")
def model_card(request: HttpRequest, version_id: int) -> HttpResponse:
    """The card as a file, for whoever takes the model elsewhere."""
    version = _version(version_id)
    response = HttpResponse(card.markdown(version), content_type="text/markdown; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="model-{version.pk}.md"'
    return response


def _shadow_of(curve: beside.Curve) -> dict[str, Any]:
    """A curve with its picture: this model and the live one over time."""
    sides = {_("this one"): "shadow", _("live"): "champion"}
    series = [
        {"name": name, "points": [[point.at.timestamp() * 1_000, getattr(point, side)] for point in curve.points]}
        for name, side in sides.items()
    ]
    drawn = {"title": str(curve.kind.label), "along": "time", "series": series}
    gain, low, high = curve.gain
    return {"curve": curve, "drawn": drawn, "gain": gain, "low": low, "high": high}


# --- what is done with it ---


def _why(request: HttpRequest) -> str:
    return request.POST.get("why", "")


def _approve(request: HttpRequest, version: ModelVersion) -> str:
    approval.approve(actor=player_of(request), version=version, why=_why(request))
    return _("Approved. It can go live now.")


def _reject(request: HttpRequest, version: ModelVersion) -> str:
    approval.reject(actor=player_of(request), version=version, why=_why(request))
    return _("Turned down. Its figures stay here.")


def _promote(request: HttpRequest, version: ModelVersion) -> str:
    promotion.promote(actor=player_of(request), version=version)
    return _("It is being made ready beside the live one; search changes over by itself when it is.")


def _roll_back(request: HttpRequest, version: ModelVersion) -> str:
    if version.stage != Stage.CHAMPION:  # the page is out of date
        raise Refused("not_live", _("This model is not live any more. Look again."))
    back = promotion.roll_back(actor=player_of(request), kind=version.kind, why=_why(request))
    return _("%(name)s is live again.") % {"name": back.title}


def _shadow(request: HttpRequest, version: ModelVersion) -> str:
    shadowing.shadow(actor=player_of(request), version=version)
    return _("It answers beside the live one from now on; nobody sees what it finds.")


def _unshadow(request: HttpRequest, version: ModelVersion) -> str:
    shadowing.stop(actor=player_of(request))
    return _("It answers no more. What it found is kept.")


def _measure(request: HttpRequest, version: ModelVersion) -> str:
    """Have what is live measured on the release that this one was judged on, so that they can be compared."""
    live = registry.champion(version.kind)
    if live is None or version.run is None:
        raise Refused("nothing_to_measure", _("There is nothing to measure it against."))
    recipe, release = registry.recipe_of(live), version.run.release
    run = runs.evaluate(actor=player_of(request), recipe=recipe, release=release, base=live.name)
    return _("Run %(number)s measures what is live; look here again when it is over.") % {"number": run.pk}


def _look(request: HttpRequest, version: ModelVersion) -> str:
    promotion.let_look(actor=player_of(request), version=version)
    return _("It is shown the stickers. When it has seen them, it can be tried.")


def _retire(request: HttpRequest, version: ModelVersion) -> str:
    approval.retire(actor=player_of(request), version=version, why=_why(request))
    return _("Put away.")


def _cancel(request: HttpRequest, version: ModelVersion) -> str:
    promotion.cancel(actor=player_of(request), version=version)
    return _("It is being stopped; what is live stays so.")


def _resume(request: HttpRequest, version: ModelVersion) -> str:
    promotion.resume(actor=player_of(request), version=version)
    return _("A worker takes it up again.")


PROMOTES: dict[str, Callable[[HttpRequest, ModelVersion], str]] = {
    "approve": _approve,
    "reject": _reject,
    "promote": _promote,
    "roll-back": _roll_back,
    "shadow": _shadow,
    "unshadow": _unshadow,
    "look": _look,
    "retire": _retire,
    "cancel": _cancel,
    "resume": _resume,
}

urlpatterns = [
    path("", models, name="lab_models"),
    path("install/", install, name="lab_install"),
    path("<int:version_id>/", model, name="lab_model"),
    path("<int:version_id>/state/", state, name="lab_model_state"),
    path("<int:version_id>/card.md", model_card, name="lab_model_card"),
    *[
        path(
            f"<int:version_id>/{name}/",
            acting(ModelVersion, "promote_model", "lab_model", verb),
            name=f"lab_model_{name}",
        )
        for name, verb in PROMOTES.items()
    ],
    path("<int:version_id>/measure/", acting(ModelVersion, "train", "lab_model", _measure), name="lab_model_measure"),
]
