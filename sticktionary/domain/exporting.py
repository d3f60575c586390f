"""Datasets out at any time, in the published StickerQueries form: `stickers/` and a `sticker_id,labeled_queries` CSV
per language.

It holds what a release by the usual rules would hold if it were frozen now: the same stickers under the same names, the
same queries by the same proof, the same pictures. It has no number, no split and no proof beside the queries. The same
facts give the same bytes, also as a zip.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from sticktionary.domain import jobs
from sticktionary.domain.errors import Refused
from sticktionary.domain.intake.pictures import to_hand_out
from sticktionary.domain.people import accounts
from sticktionary.domain.zipping import write_zip
from sticktionary.models import AuditEntry, ExportJob, Player, Sticker

Told = Callable[[int, int], None]  # done, of


# --- writing it ---


def write(folder: Path, told: Told = lambda done, total: None) -> int:
    """Write the dataset into a folder that is new or empty; the number of stickers. Raises Refused."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Refused("not_empty", _("%(path)s is there already and not empty.") % {"path": folder})
    from sticktionary.domain.releases.now import dataset_now  # brings pyarrow, which is not for the web process

    dataset = dataset_now(lambda n: told(0, 0))
    _write_pictures(folder / "stickers", dataset.names, told)
    dataset.lists.write(folder, dataset.names, dataset.languages)
    return len(dataset.names)


def _write_pictures(folder: Path, names: dict[int, str], told: Told) -> None:
    """Of packs whose pictures may be published; for the others there are the queries."""
    folder.mkdir(parents=True)
    shown = Sticker.objects.filter(pk__in=list(names), pack__may_publish_pictures=True).order_by("pk")
    n_done = len(names) - len(shown)
    told(n_done, len(names))
    for done, sticker in enumerate(shown, n_done + 1):
        (folder / names[sticker.pk]).write_bytes(to_hand_out(sticker))
        told(done, len(names))


# --- verbs ---


@transaction.atomic
def start_export(*, actor: Player) -> ExportJob:
    accounts.require(actor, "export_queries")
    job = ExportJob.objects.create(created_by=actor)
    AuditEntry.objects.create(actor=actor, verb="export_queries", subject=f"export {job.pk}")
    jobs.enqueue(job)
    return job


def run(job: ExportJob) -> None:
    """Write the dataset and pack it up; the caller holds the lease. The zip appears whole or not at all."""
    archive = Path(settings.EXPORTS_DIR) / f"sticker-queries-{job.pk}.zip"
    with tempfile.TemporaryDirectory(dir=settings.EXPORTS_DIR, prefix=".") as workshop:
        folder, unfinished = Path(workshop) / "dataset", Path(workshop) / archive.name
        write(folder, lambda done, total: jobs.beat(job, n_done=done, n_total=total))
        write_zip(folder, unfinished, lambda: jobs.beat(job))
        unfinished.replace(archive)
    ExportJob.objects.filter(pk=job.pk).update(path=archive.name)


def archive_of(job: ExportJob) -> Path | None:
    """The finished zip, if it is still there."""
    path = Path(settings.EXPORTS_DIR) / job.path
    return path if job.path and path.is_file() else None
