"""Datasets out at any time, in the published StickerQueries form: `stickers/` and a `sticker_id,labeled_queries` CSV
per language.

It holds what a release by the usual rules would hold if it were frozen now: the same stickers under the same names, the
same queries by the same proof, the same pictures. It has no number, no split and no proof beside the queries. The same
facts give the same bytes, also as a zip.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from sticktionary.domain import jobs
from sticktionary.domain.errors import Refused
from sticktionary.domain.intake.pictures import to_hand_out
from sticktionary.domain.people import accounts
from sticktionary.domain.releases import as_of, asking, basis, gathering, play, selection
from sticktionary.domain.releases.about import ReleaseRules
from sticktionary.domain.releases.lists import Lists
from sticktionary.domain.releases.pseudonyms import Pseudonyms
from sticktionary.domain.releases.scope import Scope
from sticktionary.domain.releases.sieve import Sieve
from sticktionary.domain.releases.sticker_names import sticker_names
from sticktionary.domain.zipping import write_zip
from sticktionary.models import AuditEntry, ExportJob, Player, Round, Sticker

Told = Callable[[int, int], None]  # done, of


@dataclass(frozen=True)
class Dataset:
    lists: Lists
    names: dict[int, str]  # of the stickers that have a query
    languages: tuple[str, ...]

    def queries(self, language: str) -> dict[str, list[str]]:
        """By the name of the sticker, in the form and the order of the list."""
        return {row.sticker_id: list(row.queries) for row in self.lists.rows(language, self.names)}


def dataset_now(told: Callable[[int], None] = lambda n: None) -> Dataset:
    """What a release by the usual rules would hold of queries now. `told` is called with the rounds just read."""
    rules, moment = asking.rules_from({}), asking.watermark_now()
    rounds = play.submitted(selection.sources(rules), rules.languages, moment)
    scope, sieve = _sieve(rules, moment, rounds, told)
    lists, said = Lists(), set[int]()
    for chunk in play.chunks(rounds, moment):
        for taken in sieve.rounds(chunk):
            row = taken.row
            said.add(row.sticker_id)
            for kept in taken.queries:
                lists.add(row.sticker_id, row.language, row.source, kept.text, kept.normalised)
        told(len(chunk.rounds))
    return Dataset(lists, {id: name for id, name in scope.names.items() if id in said}, rules.languages)


def _sieve(
    rules: ReleaseRules, moment: datetime, rounds: QuerySet[Round], told: Callable[[int], None]
) -> tuple[Scope, Sieve]:
    held, all_names, pseudonyms = basis.now(rules), sticker_names(), Pseudonyms("")
    standing = selection.standing(rules, moment, held.finders(), held.outliers)
    ids = selection.sticker_ids([pack.slug for pack in held.packs], moment)
    scope = Scope(
        rules=rules,
        watermark_at=moment,
        names={id: all_names[id] for id in ids},
        parts={},
        left_out=standing.players,
        pseudonym=pseudonyms.of_player,
        told=told,
        clean=gathering.scan_of(rules, held, pseudonyms, rounds, moment, told).clean,
    )
    return scope, Sieve(scope, standing, as_of.gave_away(moment))


# --- writing it ---


def write(folder: Path, told: Told = lambda done, total: None) -> int:
    """Write the dataset into a folder that is new or empty; the number of stickers. Raises Refused."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Refused("not_empty", _("%(path)s is there already and not empty.") % {"path": folder})
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
