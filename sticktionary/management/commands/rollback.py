from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sticktionary.domain.errors import RuleBroken
from sticktionary.domain.lab import promotion
from sticktionary.models import ModelVersion


class Command(BaseCommand):
    help = "Put back the model that was live before, at once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--kind", choices=ModelVersion.Kind.values, default=ModelVersion.Kind.RETRIEVAL)
        parser.add_argument("--why", default="", help="is kept beside it")

    def handle(self, *, kind: str, why: str, **options: Any) -> None:
        try:
            version = promotion.roll_back(actor=None, kind=kind, why=why)
        except RuleBroken as refusal:
            raise CommandError(refusal.message) from refusal
        self.stdout.write(f"{version.name} is live again.")
