from __future__ import annotations

import sys
from argparse import ArgumentParser
from getpass import getpass
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from sticktionary.domain.errors import RuleBroken
from sticktionary.domain.people import moderation
from sticktionary.models import Player
from sticktionary.models.players import Language


class Command(BaseCommand):
    help = "Make a player an admin. Somebody who is not a player yet is made one, with a password that is asked for."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--language", choices=Language.values, default="en", help="of a new player (default: en)")
        parser.add_argument("--password-stdin", action="store_true", help="read a new player's password from stdin")

    def handle(self, *args: Any, username: str, language: str, password_stdin: bool, **options: Any) -> None:
        is_new = not Player.objects.filter(username=username).exists()
        password = self._ask(password_stdin) if is_new else None
        try:
            moderation.make_admin(username=username, password=password, language=language)
        except RuleBroken as refused:
            raise CommandError(refused.message) from refused
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(f"{username} is an admin{' with a new account' if is_new else ''}.")

    def _ask(self, from_stdin: bool) -> str:
        if from_stdin:
            return sys.stdin.readline().rstrip("\n")
        if (password := getpass("Password: ")) != getpass("Password, again: "):
            raise CommandError("These are two different passwords.")
        return password
