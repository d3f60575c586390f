from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sticktionary.domain.errors import RuleBroken
from sticktionary.domain.lab import clearing
from sticktionary.models import ModelVersion


class Command(BaseCommand):
    help = "Delete the files of models that were retired or turned down. Without names, say which could go."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("models", nargs="*", help="names, as the list of models has them")
        parser.add_argument("--all", action="store_true", help="of all that can go")

    def handle(self, *, models: list[str], all: bool, **options: Any) -> None:
        if not models and not all:
            for version in clearing.clearable():
                self.stdout.write(f"{version.name}  {version.stage}  {clearing.n_bytes(version) / 1e6:.1f} MB")
            return
        for version in clearing.clearable() if all else [_named(name) for name in models]:
            try:
                freed = clearing.delete_files(actor=None, version=version)
            except RuleBroken as refusal:
                raise CommandError(f"{version.name}: {refusal.message}") from refusal
            self.stdout.write(f"{version.name}: {freed / 1e6:.1f} MB are free again.")


def _named(name: str) -> ModelVersion:
    version = ModelVersion.objects.filter(name=name).first()
    if version is None:
        raise CommandError(f"There is no model called {name}.")
    return version
