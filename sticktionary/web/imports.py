"""Sending stickers in: the form, its upload, and the report of what became of each file."""

from __future__ import annotations

from pathlib import Path

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_GET, require_http_methods

from sticktionary.domain.errors import Refused
from sticktionary.domain.intake import importing
from sticktionary.models import ImportItem, ImportJob, Player
from sticktionary.web.uploads import ImportForm, limit, within_quota
from sticktionary.web.workbench import allowed, player_of, progress, show

SHOWN = 1_000  # lines of a report on one page


def _too_large(request: HttpRequest) -> HttpResponse:
    return _import_page(request, ImportForm({}, is_over_quota=True))


@allowed("import_stickers")
@within_quota(_too_large)
@require_http_methods(["GET", "POST"])
def new_import(request: HttpRequest) -> HttpResponse:
    checked = _checked_archive(request)
    if request.method != "POST":
        form = ImportForm(checked=checked, initial={"dry_run": checked is None, "title": request.GET.get("title", "")})
        return _import_page(request, form)
    form = ImportForm.sent(request, checked)
    if not form.is_valid():
        return _import_page(request, form)
    try:
        return redirect("studio_import_job", job_id=_start(player_of(request), form).pk)
    except Refused as refusal:
        form.add_error(None, refusal.message)
        return _import_page(request, form)


def _import_page(request: HttpRequest, form: ImportForm) -> HttpResponse:
    status = 400 if form.is_bound else 200
    return show(request, "import", "import", {"form": form, "max_mb": limit() // 2**20}, status)


def _checked_archive(request: HttpRequest) -> ImportJob | None:
    """The dry run whose archive is to be imported now, if that is still there."""
    wanted = request.GET.get("checked", "")
    job = ImportJob.objects.filter(pk=wanted, is_dry_run=True).first() if wanted.isdecimal() else None
    return job if job and Path(job.path).is_file() else None


def _start(player: Player, form: ImportForm) -> ImportJob:
    data = form.cleaned_data
    shelf = data["pack"]
    if shelf is None and not data["dry_run"]:
        facts = {name: data[name] for name in ("title", "source", "licence")}
        shelf = importing.open_pack(slug=importing.free_slug(data["title"]), **facts)
    archive, label = form.kept()
    return importing.start_import(actor=player, path=archive, label=label, pack=shelf, dry_run=data["dry_run"])


@require_GET
@allowed("import_stickers")
def import_job(request: HttpRequest, job_id: int) -> HttpResponse:
    job = get_object_or_404(ImportJob.objects.select_related("pack"), pk=job_id)
    items = job.items.select_related("sticker__twin_of__pack", "sticker__pack").order_by("pk")
    outcomes = dict(job.items.values_list("outcome").annotate(n=Count("pk")).order_by())
    context = {
        "job": job,
        "progress": progress(job),
        "outcomes": {outcome: outcomes.get(outcome, 0) for outcome in ImportItem.Outcome.values},
        "refused": items.filter(outcome=ImportItem.Outcome.REFUSED)[:SHOWN],
        "duplicates": items.filter(outcome=ImportItem.Outcome.DUPLICATE)[:SHOWN],
        "near": items.filter(is_near_duplicate=True)[:SHOWN],
        "shown": SHOWN,
        "archive_is_there": Path(job.path).is_file(),
    }
    return show(request, "import_job", "packs", context)
