from __future__ import annotations

import json
import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from sticktionary.domain import jobs
from sticktionary.domain.errors import RuleBroken
from sticktionary.domain.releases import asking, folders, freezing, verifying
from sticktionary.models import Release


class Command(BaseCommand):
    help = "Freeze a release of what players gave up to now, or make one again and compare."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--title", help="title of the new release")
        parser.add_argument("--notes", default="", help="what is to be said about it")
        parser.add_argument("--rules", type=Path, help="a JSON file with the rules that are not the usual ones")
        parser.add_argument("--language", action="append", help="only this language; may be given again")
        parser.add_argument("--wait", action="store_true", help="freeze it here and now instead of asking a worker")
        parser.add_argument("--resume", type=int, metavar="ID", help="take up a release that stopped")
        parser.add_argument("--verify", type=int, metavar="NUMBER", help="make it again beside and compare all files")
        parser.add_argument("--reproduce", type=Path, metavar="DIR", help="with --verify: keep what was made, there")

    def handle(self, *, verify: int | None, resume: int | None, **given: Any) -> None:
        try:
            if verify is not None:
                self._verify(verify, given["reproduce"])
            elif resume is not None:
                self._carry_out(self._stopped(resume))
            else:
                self._freeze(**given)
        except RuleBroken as refusal:
            raise CommandError(refusal.message) from refusal

    def _freeze(
        self, *, title: str | None, notes: str, rules: Path | None, language: list[str] | None, wait: bool, **rest: Any
    ) -> None:
        if not title:
            raise CommandError("Give the release a --title.")
        values = _values(rules) | ({"languages": language} if language else {})
        asked = asking.ask(actor=None, title=title, notes=notes, rules=asking.rules_from(values), queue=not wait)
        if wait:
            self._carry_out(asked)
        else:
            self.stdout.write(f"A worker has been asked for release {asked.pk}.")

    def _stopped(self, release_id: int) -> Release:
        release = Release.objects.filter(pk=release_id).first()
        if release is None:
            raise CommandError(f"There is no release {release_id}.")
        jobs.release_if_dead(release)
        release.refresh_from_db()
        if release.state != Release.State.QUEUED:
            jobs.resume(release)
        return release

    def _carry_out(self, release: Release) -> None:
        with tqdm(unit=" rows") as bar:

            def work(job: Release) -> None:
                freezing.run(job, lambda done, total: _show(bar, done, total))

            if not jobs.carry_out(Release, release.pk, work):
                raise CommandError("Another process is busy with this release.")
        release.refresh_from_db()
        if release.state != Release.State.DONE:
            raise CommandError(f"It stopped: {release.error} Go on with --resume {release.pk}.")
        self.stdout.write(f"Release {release.number} is in {folders.folder_of(release)}.")

    def _verify(self, number: int, keep: Path | None) -> None:
        with tempfile.TemporaryDirectory() as aside:
            differences = verifying.verify(number=number, into=keep or Path(aside) / "again")
        for difference in differences:
            self.stdout.write(f"{difference.what}: {difference.path}")
        if differences:
            raise CommandError(f"{len(differences)} files of release {number} came out otherwise.")
        self.stdout.write(f"Every file of release {number} came out the same.")


def _values(rules: Path | None) -> dict[str, Any]:
    try:
        values = json.loads(rules.read_text(encoding="utf-8")) if rules else {}
    except (OSError, ValueError) as error:
        raise CommandError(f"{rules}: {error}") from error
    if not isinstance(values, dict):
        raise CommandError(f"{rules} holds no JSON object.")
    return values


def _show(bar: Any, done: int, total: int) -> None:
    bar.total, bar.n = total, done
    bar.update(0)
