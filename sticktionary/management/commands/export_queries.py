from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from sticktionary.domain import exporting
from sticktionary.domain.errors import RuleBroken


class Command(BaseCommand):
    help = "Write what players typed as a StickerQueries dataset: stickers/ and a CSV per language."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("dir", type=Path, help="a new or empty folder")

    def handle(self, *, dir: Path, **options: Any) -> None:
        with tqdm(unit=" stickers") as bar:

            def told(done: int, total: int) -> None:
                bar.total, bar.n = total, done
                bar.update(0)

            try:
                n_stickers = exporting.write(dir, told)
            except RuleBroken as refusal:
                raise CommandError(refusal.message) from refusal
        self.stdout.write(f"{n_stickers} stickers with their queries are in {dir}.")
