"""The part of a release's page that sends it somewhere, and shows how far that is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path
from django.views.decorators.http import require_GET, require_POST

from sticktionary.domain.errors import Refused
from sticktionary.domain.releases import publishing
from sticktionary.models import Publication, Release
from sticktionary.models.job import Job
from sticktionary.web.workbench import View, allowed, player_of, progress


def panel(release: Release) -> dict[str, Any]:
    """What `studio/release_publish.html` needs."""
    rows = release.publications.select_related("created_by").order_by("-pk")[:20]
    last = release.publications.filter(target=Publication.Target.HUB).order_by("-pk").first()
    return {
        "release": release,
        "publications": [(job, progress(job), urlsplit(job.url).netloc) for job in rows],
        "may_be_sent": release.state == Job.State.DONE and release.number is not None and not release.withdrawn_at,
        "hub": urlsplit(settings.HF_ENDPOINT).netloc,
        "hub_is_known": bool(settings.HF_TOKEN),
        "zenodo": urlsplit(settings.ZENODO_URL).netloc,
        "zenodo_is_known": bool(settings.ZENODO_TOKEN),
        "last_name": last.name if last else "",
    }


@require_POST
@allowed("publish_release")
def publish(request: HttpRequest, release_id: int) -> HttpResponse:
    release = get_object_or_404(Release, pk=release_id)
    target, name = request.POST.get("target", ""), request.POST.get("name", "")
    try:
        publishing.publish(actor=player_of(request), release=release, target=target, name=name)
    except Refused as refusal:
        messages.error(request, refusal.message)
    return redirect("studio_release", release.pk)


@require_GET
@allowed("view_publication")
def state(request: HttpRequest, publication_id: int) -> JsonResponse:
    job = get_object_or_404(Publication, pk=publication_id)
    return JsonResponse(progress(job), headers={"Cache-Control": "no-store"})


def _acting(verb: Callable[..., None]) -> View:
    """A view that calls a verb about one publication and goes back to its release."""

    @require_POST
    @allowed("publish_release")
    def act(request: HttpRequest, publication_id: int) -> HttpResponse:
        job = get_object_or_404(Publication, pk=publication_id)
        try:
            verb(actor=player_of(request), publication=job)
        except Refused as refusal:
            messages.error(request, refusal.message)
        return redirect("studio_release", job.release_id)

    return act


urlpatterns = [
    path("<int:release_id>/", publish, name="studio_publish"),
    path("<int:publication_id>/state/", state, name="studio_publication_state"),
    path("<int:publication_id>/cancel/", _acting(publishing.cancel), name="studio_publication_cancel"),
    path("<int:publication_id>/resume/", _acting(publishing.resume), name="studio_publication_resume"),
]
