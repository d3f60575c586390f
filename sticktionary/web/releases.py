"""Releases: asked for, looked at, fetched, sent on, withdrawn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from sticktionary.domain.errors import Refused
from sticktionary.domain.releases import asking, folders, handing_out, preview, sums, tombstones
from sticktionary.models import Release
from sticktionary.web import downloads, publications
from sticktionary.web.release_forms import ReleaseForm, TakeBackForm
from sticktionary.web.workbench import acting, allowed, player_of, progress, show

PER_PAGE = 30
N_SHOWN = 200  # hits of the scan on the page; the file has them all

# --- the list, and a new one ---


@require_GET
@allowed("view_release")
def releases(request: HttpRequest) -> HttpResponse:
    return _list(request, None)


def _list(request: HttpRequest, form: TakeBackForm | None) -> HttpResponse:
    rows = Release.objects.select_related("created_by").order_by("-pk")
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    shown = {"page": page, "rows": [(row, progress(row)) for row in page], "form": form or TakeBackForm()}
    return show(request, "releases", "releases", shown, 400 if form else 200)


@require_POST
@allowed("publish_release")
def take_back(request: HttpRequest) -> HttpResponse:
    """A query, a sticker or a player, out of all releases to come."""
    form = TakeBackForm(request.POST)
    if form.is_valid():
        try:
            tombstones.withdraw(actor=player_of(request), **form.cleaned_data)
            messages.success(request, _("Taken back: releases to come leave it out and say so."))
            return redirect("studio_releases")
        except Refused as refusal:
            form.add_error(None, refusal.message)
    return _list(request, form)


@allowed("publish_release")
def new_release(request: HttpRequest) -> HttpResponse:
    """The form; with "count" what would come out by its rules, else the release itself."""
    if request.method != "POST":
        return show(request, "release_new", "releases", {"form": ReleaseForm()})
    form, figures = ReleaseForm(request.POST), None
    if form.is_valid():
        try:
            rules = form.rules()
            if "count" not in request.POST:
                given = {name: form.cleaned_data[name] for name in ("title", "notes")}
                return redirect("studio_release", asking.ask(actor=player_of(request), rules=rules, **given).pk)
            figures = preview.figures(rules)
        except Refused as refusal:
            form.add_error(None, refusal.message)
    status = 200 if figures else 400
    return show(request, "release_new", "releases", {"form": form, "figures": figures}, status)


# --- one release ---


@require_GET
@allowed("view_release")
def release(request: HttpRequest, release_id: int) -> HttpResponse:
    shown = get_object_or_404(Release.objects.select_related("created_by"), pk=release_id)
    folder = folders.folder_of(shown)
    context = {
        "release": shown,
        "progress": progress(shown),
        "is_out": handing_out.is_out(shown),
        "is_gone": bool(shown.path) and folder is None,
        "report": _read(folder, "pii_report.json"),
        "diff": _read(folder, "diff.json"),
        "n_shown": N_SHOWN,
        "rules": sorted(shown.rules.items()),
        **publications.panel(shown),
    }
    return show(request, "release", "releases", context)


def _read(folder: Path | None, name: str) -> Any:
    """A small JSON file of the release; none where it is not there or too large to show."""
    path = folder / name if folder else None
    if path is None or not path.is_file() or path.stat().st_size > 2**20:
        return None
    return forms.JSONField().to_python(path.read_text(encoding="utf-8"))


@require_GET
@allowed("view_release")
def state(request: HttpRequest, release_id: int) -> JsonResponse:
    told = progress(get_object_or_404(Release, pk=release_id))
    return JsonResponse(told, headers={"Cache-Control": "no-store"})


# --- what a publisher does with it ---


def _cancel(request: HttpRequest, shown: Release) -> str:
    asking.cancel(actor=player_of(request), release=shown)
    return _("The release is being stopped.")


def _resume(request: HttpRequest, shown: Release) -> str:
    asking.resume(actor=player_of(request), release=shown)
    return _("A worker takes it up again.")


def _withdraw(request: HttpRequest, shown: Release) -> str:
    asking.withdraw(actor=player_of(request), release=shown, why=request.POST.get("why", ""))
    return _("The release is withdrawn. What others have of it cannot be called back; the next one names it.")


def _check(request: HttpRequest, shown: Release) -> str:
    wrong = sums.spoiled(shown)
    if wrong:
        files = ", ".join(difference.path for difference in wrong[:5])
        raise Refused("spoiled", _("These files are not what they were: %(files)s") % {"files": files})
    return _("Every file is what its checksum says.")


# --- fetching it ---


@require_GET
@allowed("view_release")
def fetch_file(request: HttpRequest, release_id: int, name: str) -> StreamingHttpResponse:
    found = handing_out.file_of(get_object_or_404(Release, pk=release_id), name)
    if found is None:
        raise Http404
    return downloads.of_file(found)


@require_GET
@allowed("view_release")
def fetch_all(request: HttpRequest, release_id: int) -> StreamingHttpResponse:
    shown = get_object_or_404(Release, pk=release_id)
    folder = folders.folder_of(shown)
    if folder is None or not handing_out.is_out(shown):
        raise Http404
    return downloads.of_pieces(handing_out.zipped(folder), f"{folder.name}.zip", "application/zip")


ACTIONS = {"cancel": _cancel, "resume": _resume, "withdraw": _withdraw, "check": _check}

urlpatterns = [
    path("", releases, name="studio_releases"),
    path("take-back/", take_back, name="studio_take_back"),
    path("new/", new_release, name="studio_new_release"),
    path("<int:release_id>/", release, name="studio_release"),
    path("<int:release_id>/state/", state, name="studio_release_state"),
    path("<int:release_id>/zip/", fetch_all, name="studio_release_zip"),
    path("<int:release_id>/files/<path:name>", fetch_file, name="studio_release_file"),
    *[
        path(
            f"<int:release_id>/{name}/",
            acting(Release, "publish_release", "studio_release", verb),
            name=f"studio_release_{name}",
        )
        for name, verb in ACTIONS.items()
    ],
]
