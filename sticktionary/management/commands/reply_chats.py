from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sticktionary.domain.errors import RuleBroken
from sticktionary.domain.reply_round import clearing
from sticktionary.models import Conversation
from sticktionary.models.players import Language


class Command(BaseCommand):
    help = (
        "Let players reply to conversations, or no longer; without a number in their source, to all that are in play."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("switch", choices=["on", "off"])
        parser.add_argument("keys", nargs="*", metavar="key", help="a conversation's number in its source")
        parser.add_argument("--language", choices=Language.values, help="of those in this language alone")
        parser.add_argument("--why", default="", help="kept in the audit log")

    def handle(self, *, switch: str, keys: list[str], language: str | None, why: str, **options: Any) -> None:
        chosen = Conversation.objects.filter(key__in=keys) if keys else Conversation.objects.filter(is_active=True)
        if missing := sorted(set(keys) - set(chosen.values_list("key", flat=True))):
            raise CommandError(f"There is no conversation {missing[0]}.")
        if language:
            chosen = chosen.filter(language=language)
        ids = list(chosen.values_list("pk", flat=True))
        try:
            n = clearing.clear(actor=None, conversation_ids=ids, takes_replies=switch == "on", why=why)
        except RuleBroken as refusal:
            raise CommandError(refusal.message) from refusal
        self.stdout.write(f"{n} of {len(ids)} conversations changed")
