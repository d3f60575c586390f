from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from sticktionary.domain import jobs
from sticktionary.domain.errors import RuleBroken
from sticktionary.domain.lab import approval, promotion, registry
from sticktionary.models import ModelVersion


class Command(BaseCommand):
    help = "Make a model live: the catalogue is made ready beside the live one, then search changes over."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("model", help="the name of a model, as the list of models has it")
        parser.add_argument("--approve", action="store_true", help="approve it first, if nobody has yet")
        parser.add_argument("--why", default="", help="why it may go live although it is not known to be better")

    def handle(self, *, model: str, approve: bool, why: str, **options: Any) -> None:
        version = ModelVersion.objects.filter(name=model).first()
        if version is None:
            raise CommandError(f"There is no model called {model}.")
        try:
            if approve and version.approved_at is None:
                approval.approve(actor=None, version=version, why=why)
            promotion.promote(actor=None, version=version, queue=False)
        except RuleBroken as refusal:
            raise CommandError(refusal.message) from refusal
        self._carry_out(version)
        version.refresh_from_db()
        if version.stage != ModelVersion.Stage.CHAMPION:
            live = registry.champion_name(version.kind)
            raise CommandError(f"{version.error or 'It was cancelled.'} The live model stays {live}.")
        self.stdout.write(f"{version.name} is live.")

    def _carry_out(self, version: ModelVersion) -> None:
        with tqdm() as bar:

            def told(version: ModelVersion) -> None:
                bar.total, bar.n = version.n_total, version.n_done
                bar.update(0)

            jobs.carry_out(ModelVersion, version.pk, lambda version: promotion.run(version, told))
