from __future__ import annotations

from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.text import slugify
from tqdm import tqdm

from sticktionary.domain import jobs
from sticktionary.domain.errors import RuleBroken
from sticktionary.domain.intake import importing
from sticktionary.domain.intake.importing import Line
from sticktionary.domain.lab import embedding
from sticktionary.models import ImportItem, ImportJob, Pack


class Command(BaseCommand):
    help = "Import stickers from a folder or zip, with the queries that come with them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path, help="a folder or zip of png, jpg, webp, gif, apng, webm, and lists")
        parser.add_argument("--pack", help="slug of the pack to import into; by default the path's name")
        parser.add_argument("--title", help="title of a new pack")
        parser.add_argument("--licence", help="what may be done with the stickers of a new pack")
        parser.add_argument("--source", help="where the stickers of a new pack come from")
        parser.add_argument("--dry-run", action="store_true", help="report the same, write nothing")
        parser.add_argument("--resume", action="store_true", help="go on with an import of this path that was stopped")

    def handle(self, *, path: Path, dry_run: bool, resume: bool, **given: Any) -> None:
        path = path.absolute()
        try:
            if dry_run:
                self._rehearse(path, given["pack"] or slugify(path.stem))
            else:
                self._import(self._stopped(path) if resume else self._new(path, given))
        except RuleBroken as refusal:
            raise CommandError(refusal.message) from refusal

    def _new(self, path: Path, given: dict[str, Any]) -> ImportJob:
        facts = importing.pack_facts(path)
        pack = importing.open_pack(
            slug=given["pack"] or facts.get("slug") or path.stem,
            title=given["title"] or facts.get("title") or path.stem,
            title_zh=facts.get("title_zh", ""),
            source=given["source"] or facts.get("source") or str(path.name),
            licence=given["licence"] or facts.get("licence") or "unknown",
        )
        return importing.start_import(actor=None, path=path, label=path.name, pack=pack, queue=False)

    def _stopped(self, path: Path) -> ImportJob:
        stopped = ImportJob.objects.filter(path=str(path), is_dry_run=False).exclude(state=ImportJob.State.DONE)
        job = stopped.order_by("-pk").first()
        if job is None:
            raise CommandError(f"No import of {path} was stopped.")
        jobs.release_if_dead(job)
        return job

    def _rehearse(self, path: Path, slug: str) -> None:
        lines = [*tqdm(importing.rehearse(path, Pack.objects.filter(slug=slug).first()), unit=" files")]
        self._report(lines)

    def _import(self, job: ImportJob) -> None:
        with tqdm(unit=" files") as bar:

            def told(job: ImportJob, line: Line | None) -> None:
                bar.total, bar.n = job.n_total, job.n_done
                bar.update(0)

            if not jobs.carry_out(ImportJob, job.pk, lambda job: importing.run(job, told)):
                raise CommandError("Another process is busy with this import; try again in a minute.")
        job.refresh_from_db()
        self._report(job.items.order_by("pk"))
        if job.state != ImportJob.State.DONE:
            raise CommandError(f"The import stopped: {job.error} Go on with --resume.")
        embedding.embed_missing()

    def _report(self, lines: Iterable[Line | ImportItem]) -> None:
        """Every refused file and every duplicate by name, then the sums."""
        lines = list(lines)
        for line in lines:
            if line.reason:
                self.stdout.write(f"{line.outcome:<9}  {line.name}: {line.reason}")
        counts = Counter(line.outcome for line in lines)
        near = sum(line.is_near_duplicate for line in lines)
        self.stdout.write(
            f"{counts['imported']} imported ({near} look like another), "
            f"{counts['duplicate']} duplicates, {counts['refused']} refused."
        )
