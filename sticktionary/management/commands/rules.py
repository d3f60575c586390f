from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sticktionary.domain import rules
from sticktionary.domain.errors import RuleBroken
from sticktionary.domain.quality import rulebook
from sticktionary.models import Player


class Command(BaseCommand):
    help = "Show the rules that hold, or change some of them. Pages that were dealt before stay as they were."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", dest="changes")
        parser.add_argument("--why", default="", help="kept with the change")
        parser.add_argument("--as", dest="actor", metavar="USERNAME", default="", help="who changes them: an admin")

    def handle(self, *args: Any, changes: list[str], why: str, actor: str, **options: Any) -> None:
        if changes:
            self._change(changes, why, actor)
        for title, section in rulebook.read().items():
            self.stdout.write(f"\n{rulebook.TITLES[title]}")
            for rule in section:
                mark = "" if rule.value == rule.default else f"  (default {rule.default})"
                self.stdout.write(f"  {rule.name:<26} {rule.value!s:<8} {rule.meaning}{mark}")

    def _change(self, changes: list[str], why: str, actor: str) -> None:
        try:
            player = Player.objects.get(username=actor)
            values = dict(_pair(change) for change in changes)
            rules.change(actor=player, changes=values, why=why)
        except Player.DoesNotExist as error:
            raise CommandError("Say who changes them: --as USERNAME of an admin.") from error
        except RuleBroken as refused:
            raise CommandError(refused.message) from refused
        rules.forget()


def _pair(change: str) -> tuple[str, rulebook.Value]:
    name, equals, text = change.partition("=")
    if not equals:
        raise CommandError(f"“{change}” is not NAME=VALUE.")
    return name.strip(), rulebook.parse(name.strip(), text)
