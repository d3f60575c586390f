"""Which chats players may be shown to reply to: none until somebody who knows where a chat is from has said so."""

from __future__ import annotations

from collections.abc import Collection

from django.db import transaction
from django.utils.translation import gettext as _

from sticktionary.domain.errors import Refused
from sticktionary.domain.people import accounts
from sticktionary.models import AuditEntry, Conversation, Player


@transaction.atomic
def clear(*, actor: Player | None, conversation_ids: Collection[int], takes_replies: bool, why: str = "") -> int:
    """Give chats to players to reply to, or take them back; how many changed. Replies that are in are kept."""
    if actor is not None:
        accounts.require(actor, "import_conversations")
    chosen = Conversation.objects.select_for_update().filter(pk__in=conversation_ids)
    if takes_replies and chosen.filter(is_active=False).exists():
        raise Refused("withdrawn", _("A conversation that was taken back can be shown to nobody."))
    changed = list(chosen.exclude(takes_replies=takes_replies).order_by("pk").values_list("pk", flat=True))
    Conversation.objects.filter(pk__in=changed).update(takes_replies=takes_replies)
    if changed:
        subject = f"conversation {changed[0]}" if len(changed) == 1 else f"{len(changed)} conversations"
        detail = {"now": takes_replies, "conversations": changed, "why": why.strip()[:300]}
        AuditEntry.objects.create(actor=actor, verb="clear_for_replies", subject=subject, detail=detail)
    return len(changed)
