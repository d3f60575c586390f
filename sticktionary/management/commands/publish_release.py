from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from sticktionary.domain import jobs
from sticktionary.domain.errors import RuleBroken
from sticktionary.domain.releases import publishing
from sticktionary.models import Publication, Release


class Command(BaseCommand):
    help = "Send a frozen release to a dataset hub, or to a Zenodo draft that a person publishes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("number", type=int, help="of the release")
        parser.add_argument("--to", required=True, metavar="WHERE", help="hub:OWNER/NAME or zenodo")
        parser.add_argument("--wait", action="store_true", help="send it here and now, without a worker")

    def handle(self, *, number: int, to: str, wait: bool, **options: Any) -> None:
        release = Release.objects.filter(number=number).first()
        if release is None:
            raise CommandError(f"There is no release {number}.")
        target, _colon, name = to.partition(":")
        try:
            publication = publishing.publish(actor=None, release=release, target=target, name=name, queue=not wait)
        except RuleBroken as refusal:
            raise CommandError(refusal.message) from refusal
        if wait:
            self._send(publication)
        else:
            self.stdout.write(f"Release {number} is on its way; publication {publication.pk} says how far.")

    def _send(self, publication: Publication) -> None:
        with tqdm(unit=" files") as bar:

            def told(n_done: int, n_total: int) -> None:
                bar.total, bar.n = n_total, n_done
                bar.update(0)

            jobs.carry_out(Publication, publication.pk, lambda job: publishing.run(job, told))
        publication.refresh_from_db()
        if publication.state != Publication.State.DONE:
            raise CommandError(f"{publication.error} Give the command again to go on.")
        self.stdout.write(publication.url)
