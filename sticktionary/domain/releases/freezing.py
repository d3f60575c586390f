"""Freezing a release: from the facts up to its watermark to a whole folder, or to nothing.

A release is built beside its place and moved there in one step, with its number given under a lock. A worker that dies
on the way leaves a folder that the sweep deletes and a row that is queued again; the same watermark, salt and rules
then give the same bytes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from django.db import connection, transaction
from django.db.models import Max, Q
from django.utils import timezone

from sticktionary.domain import jobs, statistics
from sticktionary.domain.releases import (
    conversations,
    documents,
    folders,
    manifest,
    play,
    replies,
    shelf,
    taken_back,
)
from sticktionary.domain.releases.about import About, File, PackNote
from sticktionary.domain.releases.annotations import write as write_annotations
from sticktionary.domain.releases.files import entry_of, write_json
from sticktionary.domain.releases.gathering import Gathered, Told, gather, take_turns
from sticktionary.domain.releases.played import Played
from sticktionary.domain.releases.rows import TombstoneRow
from sticktionary.domain.releases.tables import write_lines
from sticktionary.models import Release

LOOK_AGAIN_S = 0.05


@dataclass(frozen=True)
class Data:
    """What of a release does not depend on its number."""

    gathered: Gathered
    files: list[File]
    counts: dict[str, int]
    n_withdrawn: int
    statistics: dict[str, Any]
    pii: dict[str, Any]


def run(job: Release, heard: Callable[[int, int], None] = lambda done, total: None) -> None:
    """The worker's part; the caller holds the lease. One that was whole before its worker died is whole."""

    def told(n: int) -> None:
        jobs.beat(job, n_done=job.n_done + n)
        heard(job.n_done, job.n_total)

    if job.path:
        return
    with folders.workshop(job) as folder, jobs.kept_alive(job):
        wait_for_writers(job)
        data = write_data(folder, job, told)
        while not _published(job, folder, data):
            jobs.beat(job)


def wait_for_writers(job: Release) -> None:
    """Until everything that began before the watermark is written or given up: a move that was under way when the
    release was asked for carries an earlier time than the moment at which others can see it."""
    while connection.vendor == "postgresql" and _is_being_written(job):
        jobs.beat(job)
        time.sleep(LOOK_AGAIN_S)


def _is_being_written(job: Release) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND backend_xid IS NOT NULL AND xact_start <= %s)",
            [job.watermark_at],
        )
        return bool(cursor.fetchone()[0])


# --- the data ---


def write_data(folder: Path, release: Release, told: Told) -> Data:
    gathered = gather(release, told)
    release.n_done, release.n_total = 0, gathered.rounds.count() + len(gathered.scope.names)
    scope = gathered.scope
    files, counts = _write_play(folder, gathered)
    shown = {pack.slug: pack.may_publish_pictures for pack in gathered.basis.packs}
    files += shelf.write(folder, scope, gathered.groups, shown)
    stones = taken_back.rows(scope.watermark_at, gathered.all_names)
    files.append(write_lines(folder, "tombstones", stones, TombstoneRow))
    files += write_annotations(folder, scope)
    files += conversations.write(folder, scope)
    files += replies.write(folder, scope)
    files.append(write_json(folder, "rules.json", msgspec.to_builtins(scope.rules)))
    figures, report = statistics.of_release(folder), gathered.scan.report()
    told(0)
    files += [write_json(folder, "statistics.json", figures), write_json(folder, "pii_report.json", report)]
    return Data(gathered, files, counts | _counts(gathered, files), len(stones), figures, report)


def _write_play(folder: Path, gathered: Gathered) -> tuple[list[File], dict[str, int]]:
    scope = gathered.scope
    with Played(folder, gathered) as played:
        for chunk in play.chunks(gathered.rounds, scope.watermark_at):
            played.take(chunk)
            scope.told(len(chunk.rounds))
        files = played.close(folder)
    people = {"n_labelers": len(played.labelers), "n_retrievers": len(played.retrievers)}
    people["n_players"] = len(played.labelers | played.retrievers)
    return files, {**dict.fromkeys(ALWAYS, 0), **played.counts, **people}


ALWAYS = (
    *("n_rounds", "n_queries", "n_queries_en", "n_queries_zh", "n_retrievals"),
    *("n_train", "n_validation", "n_test"),
    *("n_found", "n_reviewed", "n_house", "n_unproven"),
)


def _counts(gathered: Gathered, files: list[File]) -> dict[str, int]:
    tables = {"annotations.jsonl": "n_annotations", "sessions.jsonl": "n_sessions", "samples.jsonl": "n_samples"}
    tables["replies.jsonl"] = "n_replies"
    counts = dict.fromkeys(tables.values(), 0)
    counts |= {tables[file.path]: file.n_rows or 0 for file in files if file.path in tables}
    n_pictures = sum(file.path.startswith("stickers/") for file in files)
    return counts | {"n_stickers": len(gathered.scope.names), "n_pictures": n_pictures}


# --- the release around it ---


def write_around(folder: Path, release: Release, number: int, data: Data) -> dict[str, Any]:
    """Documents, manifest and checksums for a release of this number; what an earlier number left is written anew."""
    held = {file.path for file in data.files}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.relative_to(folder).as_posix() not in held:
            path.unlink()
    documents.write(folder, about(release, number, data))
    paths = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    files = sorted([*data.files, *(entry_of(folder, path) for path in paths if path not in held)], key=lambda f: f.path)
    return manifest.write(folder, about(release, number, data), files)


def about(release: Release, number: int, data: Data) -> About:
    before = previous(release, number)
    folder = folders.folder_of(before) if before else None
    scope = data.gathered.scope
    return About(
        number=number,
        title=release.title,
        notes=release.notes,
        watermark_at=release.watermark_at,
        code_version=release.code_version,
        rules=scope.rules,
        counts=dict(sorted(data.counts.items())),
        packs=_packs(data.gathered),
        files=sorted(data.files, key=lambda file: file.path),
        statistics=data.statistics,
        pii=data.pii,
        n_withdrawn=data.n_withdrawn,
        previous=folder,
        previous_number=before.number if before and folder else None,
    )


def _packs(gathered: Gathered) -> list[PackNote]:
    return [
        PackNote(
            pack.slug,
            pack.title,
            pack.source,
            pack.licence,
            gathered.n_of_pack[pack.slug],
            pack.may_publish_pictures and gathered.scope.rules.with_pictures,
        )
        for pack in gathered.basis.packs
    ]


def previous(release: Release, number: int) -> Release | None:
    """The release before this number, as far as it was not withdrawn by the watermark."""
    stood = Q(withdrawn_at=None) | Q(withdrawn_at__gte=release.watermark_at)
    return Release.objects.filter(stood, number__lt=number).exclude(path="").order_by("-number").first()


# --- the last step ---


def _published(job: Release, folder: Path, data: Data) -> bool:
    """Give it the next number and move it to its place. False when another release took the number meanwhile."""
    number = next_number()
    facts = write_around(folder, job, number, data)
    with transaction.atomic():
        take_turns()
        held = Release.objects.select_for_update(of=("self",)).get(pk=job.pk)
        if held.worker != job.worker or held.state != Release.State.RUNNING:
            raise jobs.LeaseLost(f"{job.pk}")
        if held.cancel_asked_at is not None:
            raise jobs.Cancelled(f"{job.pk}")
        if next_number() != number:
            return False
        place = folders.put_in_place(folder, number)
        _keep(job, number, place, facts, data)
    return True


def next_number() -> int:
    last: int | None = Release.objects.aggregate(last=Max("number"))["last"]
    return (last or 0) + 1


def _keep(job: Release, number: int, place: Path, facts: dict[str, Any], data: Data) -> None:
    job.basis = msgspec.structs.replace(data.gathered.basis, named=data.gathered.scan.named()).as_json()
    job.number, job.path, job.frozen_at = number, place.name, timezone.now()
    job.manifest, job.manifest_sha256 = facts, entry_of(place, manifest.NAME).sha256
    job.save(update_fields=["basis", "number", "path", "frozen_at", "manifest", "manifest_sha256"])
