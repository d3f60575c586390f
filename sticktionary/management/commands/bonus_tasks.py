from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sticktionary.domain import catalogue
from sticktionary.domain.errors import RuleBroken
from sticktionary.models import Pack, Task


class Command(BaseCommand):
    help = "Say what bonus pages ask about the stickers of a pack; without a task, they ask nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("pack", help="the pack's address, as in /studio/packs/<address>/")
        parser.add_argument("tasks", nargs="*", metavar="task", help=", ".join(Task.values))
        parser.add_argument("--why", default="", help="kept in the audit log")

    def handle(self, *, pack: str, tasks: list[str], why: str, **options: Any) -> None:
        shelf = Pack.objects.filter(slug=pack).first()
        if shelf is None:
            raise CommandError(f"There is no pack called {pack}.")
        try:
            wanted = catalogue.set_bonus_tasks(actor=None, pack=shelf, tasks=tasks, why=why)
        except RuleBroken as refusal:
            raise CommandError(refusal.message) from refusal
        self.stdout.write(f"{pack}: {', '.join(wanted) or 'nothing is asked'}")
