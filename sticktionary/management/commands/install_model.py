from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from sticktionary.domain import jobs
from sticktionary.domain.errors import RuleBroken
from sticktionary.domain.lab import bundles, promotion, registry
from sticktionary.models import ModelVersion


class Command(BaseCommand):
    help = "Install a model, make the catalogue ready for it, and make it live."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "model", help="NAME:PRETRAINED of open_clip, hf-hub:..., a folder of weights, or a bundle of any kind"
        )

    def handle(self, *, model: str, **options: Any) -> None:
        try:
            version = registry.install(actor=None, source=model, queue=False)
        except RuleBroken as refusal:
            raise CommandError(refusal.message) from refusal
        self.stdout.write(f"Installing {model} ...")
        with tqdm(unit=" stickers") as bar:

            def told(version: ModelVersion) -> None:
                bar.total, bar.n = version.n_total, version.n_done
                bar.update(0)

            jobs.carry_out(ModelVersion, version.pk, lambda version: promotion.run(version, told))
        version.refresh_from_db()
        if version.state != ModelVersion.State.DONE:
            raise CommandError(f"{version.error} The live model stays {registry.champion_name(version.kind)}.")
        besides = getattr(bundles.check(version), "told", "")
        self.stdout.write("; ".join(filter(None, [f"{version.name} is live", besides])))
