from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from sticktionary.domain.quality import estimates


class Command(BaseCommand):
    help = "Work out the skill of players and the difficulty of stickers anew, from all answers."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{estimates.recount()} answers counted.")
