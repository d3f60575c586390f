from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sticktionary.domain.errors import RuleBroken
from sticktionary.domain.releases import asking, tombstones
from sticktionary.models import Player, Release


class Command(BaseCommand):
    help = "Take back a release, or a query, sticker or player from all releases to come."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("kind", choices=["release", *tombstones.VERBS])
        parser.add_argument("number", type=int)
        parser.add_argument("--why", required=True, help="kept with it; of a release it is shown")
        parser.add_argument("--as", dest="actor", metavar="USERNAME", required=True, help="a publisher or an admin")

    def handle(self, *args: Any, kind: str, number: int, why: str, actor: str, **options: Any) -> None:
        try:
            player = Player.objects.get(username=actor)
            if kind == "release":
                asking.withdraw(actor=player, release=Release.objects.get(number=number), why=why)
            else:
                tombstones.withdraw(actor=player, kind=kind, number=number, why=why)
        except Player.DoesNotExist as error:
            raise CommandError(f"There is no player “{actor}”.") from error
        except Release.DoesNotExist as error:
            raise CommandError(f"There is no release {number}.") from error
        except RuleBroken as refused:
            raise CommandError(refused.message) from refused
        self.stdout.write(f"{kind} {number} is withdrawn.")
