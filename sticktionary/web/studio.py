"""The studio: packs and imports, exports, for those whose roles include them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from sticktionary.domain import catalogue, exporting, long_work
from sticktionary.domain.errors import NotAllowed, Refused
from sticktionary.domain.people import accounts
from sticktionary.models import ExportJob, ImportJob, Pack, Sticker, Task
from sticktionary.models.job import Job
from sticktionary.web import downloads
from sticktionary.web.imports import import_job, new_import
from sticktionary.web.workbench import View, allowed, player_of, progress, show

# --- packs and imports ---


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    for permission, page in (
        ("view_sticker", "studio_packs"),
        ("view_trainingrun", "lab"),
        ("export_queries", "studio_exports"),
    ):
        if player_of(request).has_perm(f"sticktionary.{permission}"):
            return redirect(page)
    raise PermissionDenied


@require_GET
@allowed("view_sticker")
def packs(request: HttpRequest) -> HttpResponse:
    counted = Pack.objects.annotate(
        n_active=Count("stickers", filter=Q(stickers__state=Sticker.State.ACTIVE)),
        n_moving=Count("stickers", filter=Q(stickers__n_frames__gt=1)),
        n_halted=Count("stickers", filter=Q(stickers__state=Sticker.State.HALTED)),
    )
    imports = ImportJob.objects.select_related("pack", "created_by").order_by("-pk")[:30]
    return show(request, "packs", "packs", {"packs": counted.order_by("title"), "imports": imports})


@require_GET
@allowed("view_sticker")
def pack(request: HttpRequest, slug: str) -> HttpResponse:
    shelf = get_object_or_404(Pack, slug=slug)
    state = request.GET.get("state", "")
    stickers = shelf.stickers.order_by("name")
    if state in Sticker.State.values:
        stickers = stickers.filter(state=state)
    page = Paginator(stickers, 120).get_page(request.GET.get("page"))
    context = {
        "pack": shelf,
        "page": page,
        "state": state,
        "states": Sticker.State.choices,
        "tasks": [(task, task.label, task.needs_conversation) for task in Task],
    }
    return show(request, "pack", "packs", context)


@require_POST
@allowed("change_sticker")
def change_stickers(request: HttpRequest, slug: str) -> HttpResponse:
    """Put the ticked stickers of a pack in play, halt them, or withdraw them."""
    shelf = get_object_or_404(Pack, slug=slug)
    ticked = [int(id) for id in request.POST.getlist("sticker") if id.isdecimal() and len(id) < 19]
    ids = list(shelf.stickers.filter(pk__in=ticked).values_list("pk", flat=True))
    state, why = request.POST.get("state", ""), request.POST.get("why", "")[:300]
    try:
        catalogue.set_state(actor=player_of(request), sticker_ids=ids, state=state, why=why)
    except Refused as refusal:
        messages.error(request, refusal.message)
    return redirect("studio_pack", slug=slug)


@require_POST
@allowed("change_pack")
def bonus_tasks(request: HttpRequest, slug: str) -> HttpResponse:
    """What bonus pages ask about the stickers of a pack."""
    shelf = get_object_or_404(Pack, slug=slug)
    try:
        catalogue.set_bonus_tasks(
            actor=player_of(request),
            pack=shelf,
            tasks=request.POST.getlist("task"),
            why=request.POST.get("why", "")[:300],
        )
    except Refused as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("Kept. Players get these pages from their next sitting on."))
    return redirect("studio_pack", slug=slug)


# --- exports ---


@require_GET
@allowed("export_queries")
def exports(request: HttpRequest) -> HttpResponse:
    rows = ExportJob.objects.select_related("created_by").order_by("-pk")[:30]
    context = {"exports": [(job, progress(job), exporting.archive_of(job)) for job in rows]}
    return show(request, "exports", "exports", context)


@require_POST
@allowed("export_queries")
def new_export(request: HttpRequest) -> HttpResponse:
    exporting.start_export(actor=player_of(request))
    return redirect("studio_exports")


@require_GET
@allowed("export_queries")
def download(request: HttpRequest, job_id: int) -> StreamingHttpResponse:
    archive = exporting.archive_of(get_object_or_404(ExportJob, pk=job_id))
    if archive is None:
        raise Http404
    return downloads.of_file(archive, "application/zip")


# --- what all long work has ---

KINDS: dict[str, type[Job]] = {"imports": ImportJob, "exports": ExportJob}


def _job(request: HttpRequest, kind: str, job_id: int) -> Job:
    model = KINDS[kind]
    try:
        accounts.require(player_of(request), long_work.PERMISSION_OF[model])
    except NotAllowed as refusal:
        raise PermissionDenied(refusal.message) from refusal
    return get_object_or_404(model, pk=job_id)


@require_GET
def job_state(request: HttpRequest, kind: str, job_id: int) -> JsonResponse:
    return JsonResponse(progress(_job(request, kind, job_id)), headers={"Cache-Control": "no-store"})


@require_POST
def cancel(request: HttpRequest, kind: str, job_id: int) -> HttpResponse:
    return _change(request, kind, job_id, long_work.cancel)


@require_POST
def resume(request: HttpRequest, kind: str, job_id: int) -> HttpResponse:
    return _change(request, kind, job_id, long_work.resume)


def _change(request: HttpRequest, kind: str, job_id: int, verb: Callable[..., None]) -> HttpResponse:
    job = _job(request, kind, job_id)
    try:
        verb(actor=player_of(request), job=job)
    except Refused as refusal:
        messages.error(request, refusal.message)
    return redirect("studio_import_job", job_id=job.pk) if kind == "imports" else redirect("studio_exports")


def _of_each_kind(action: str, view: View) -> list[Any]:
    return [
        path(f"{kind}/<int:job_id>/{action}/", view, {"kind": kind}, name=f"studio_{kind}_{action}") for kind in KINDS
    ]


urlpatterns = [
    path("", home, name="studio_home"),
    path("packs/", packs, name="studio_packs"),
    path("packs/<slug:slug>/", pack, name="studio_pack"),
    path("packs/<slug:slug>/change/", change_stickers, name="studio_change_stickers"),
    path("packs/<slug:slug>/bonus/", bonus_tasks, name="studio_bonus_tasks"),
    path("import/", new_import, name="studio_import"),
    path("imports/<int:job_id>/", import_job, name="studio_import_job"),
    path("exports/", exports, name="studio_exports"),
    path("exports/new/", new_export, name="studio_new_export"),
    path("exports/<int:job_id>/download/", download, name="studio_download"),
    *_of_each_kind("state", job_state),
    *_of_each_kind("cancel", cancel),
    *_of_each_kind("resume", resume),
]
