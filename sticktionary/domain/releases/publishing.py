"""A release on its way to a dataset hub or an archive: asked for by a publisher, carried out by a worker."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from sticktionary.domain import jobs
from sticktionary.domain.errors import Refused
from sticktionary.domain.people import accounts
from sticktionary.domain.releases import checksums, hub, zenodo
from sticktionary.domain.releases.sending import Parcel
from sticktionary.models import AuditEntry, Player, Publication, Release

Target = Publication.Target
State = Publication.State
Told = Callable[[int, int], None]  # files that are there, of


@transaction.atomic
def publish(*, actor: Player | None, release: Release, target: str, name: str = "", queue: bool = True) -> Publication:
    """Ask for a release to be sent somewhere. `actor` is None for somebody at the server's own console."""
    if actor is not None:
        accounts.require(actor, "publish_release")
    release = Release.objects.select_for_update().get(pk=release.pk)
    _refuse_unless_frozen(release)
    name = _checked_name(target, name.strip())
    under_way = release.publications.filter(target=target, state__in=[State.QUEUED, State.RUNNING])
    if any(target == Target.ZENODO or other.name == name for other in under_way):
        raise Refused("under_way", _("This release is on its way there already."))
    if target == Target.ZENODO:
        name = _draft_begun(release)
    publication = Publication.objects.create(release=release, target=target, name=name, created_by=actor)
    _audit(actor, "publish_release", publication)
    if queue:
        jobs.enqueue(publication)
    return publication


@transaction.atomic
def cancel(*, actor: Player, publication: Publication) -> None:
    """Stop it at the next sign of life of its worker; what has arrived stays there."""
    accounts.require(actor, "publish_release")
    jobs.cancel(publication)
    _audit(actor, "cancel_publication", publication)


@transaction.atomic
def resume(*, actor: Player, publication: Publication) -> None:
    """Let it go on where it stopped."""
    accounts.require(actor, "publish_release")
    _refuse_unless_frozen(publication.release)
    jobs.resume(publication)
    _audit(actor, "resume_publication", publication)


def _audit(actor: Player | None, verb: str, publication: Publication) -> None:
    detail = {"target": publication.target, "name": publication.name, "publication": publication.pk}
    AuditEntry.objects.create(actor=actor, verb=verb, subject=f"release {publication.release_id}", detail=detail)


def _refuse_unless_frozen(release: Release) -> None:
    if release.state != Release.State.DONE or release.number is None or not release.path:
        raise Refused("not_frozen", _("This release is not frozen yet."))
    if release.withdrawn_at is not None:
        raise Refused("withdrawn", _("This release was withdrawn."))


def _checked_name(target: str, name: str) -> str:
    """The repository to send it to, if the target takes one and the server may write there."""
    if target not in Target.values:
        raise Refused("unknown_target", _("A release can be sent to a dataset hub or to Zenodo."))
    if not (settings.HF_TOKEN if target == Target.HUB else settings.ZENODO_TOKEN):
        variable = "HF_TOKEN" if target == Target.HUB else "ZENODO_TOKEN"
        raise Refused("no_token", _("The server has no token for it: set %(name)s.") % {"name": variable})
    if target == Target.ZENODO:
        return ""
    if not hub.NAME.fullmatch(name) or len(name) > 96 or "--" in name or ".." in name:
        raise Refused("bad_name", _("A repository is written as owner/name, in letters, digits, dots and dashes."))
    return name


def _draft_begun(release: Release) -> str:
    """The number of the draft that an earlier publication of this release began."""
    begun = release.publications.filter(target=Target.ZENODO).exclude(name="").order_by("-pk")
    return begun.values_list("name", flat=True).first() or ""


def run(job: Publication, told: Told = lambda n_done, n_total: None) -> None:
    """Send it; the caller holds the lease. What has arrived is not sent again when the job goes on."""
    release = job.release
    _refuse_unless_frozen(release)
    folder = Path(settings.RELEASES_DIR) / release.path

    def arrived(n_done: int, n_total: int) -> None:
        jobs.beat(job, n_done=n_done, n_total=n_total)
        told(n_done, n_total)

    def keep(name: str, url: str) -> None:
        Publication.objects.filter(pk=job.pk).update(name=name, url=url)

    with jobs.kept_alive(job):
        parcel = Parcel(folder, release.number or 0, release.title, checksums.checked(folder, lambda: jobs.beat(job)))
        if job.target == Target.HUB:
            keep(job.name, hub.send(parcel, job.name, arrived))
        else:
            zenodo.send(parcel, job.name, arrived, keep)
