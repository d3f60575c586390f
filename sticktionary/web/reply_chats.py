"""Studio: which conversations players are shown, to reply to them with a sticker."""

from __future__ import annotations

from collections.abc import Collection

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from sticktionary.domain.errors import RuleBroken
from sticktionary.domain.reply_round import clearing
from sticktionary.models import Conversation
from sticktionary.models.players import Language
from sticktionary.web.workbench import allowed, player_of


@require_POST
@allowed("import_conversations")
def clear_one(request: HttpRequest, conversation_id: int) -> HttpResponse:
    get_object_or_404(Conversation, pk=conversation_id)
    _clear(request, [conversation_id])
    return redirect("studio_conversation", conversation_id=conversation_id)


@require_POST
@allowed("import_conversations")
def clear_all(request: HttpRequest) -> HttpResponse:
    """All that are in play, or those of one language."""
    language = request.POST.get("language", "")
    chosen = Conversation.objects.filter(is_active=True)
    if language in Language.values:
        chosen = chosen.filter(language=language)
    _clear(request, list(chosen.values_list("pk", flat=True)))
    return redirect("studio_conversations")


def _clear(request: HttpRequest, conversation_ids: Collection[int]) -> None:
    takes_replies, why = request.POST.get("switch") == "on", request.POST.get("why", "")
    try:
        n = clearing.clear(
            actor=player_of(request), conversation_ids=conversation_ids, takes_replies=takes_replies, why=why
        )
    except RuleBroken as refusal:
        messages.error(request, refusal.message)
        return
    if takes_replies:
        said = ngettext("Players may reply to %(n)s more conversation.", "Players may reply to %(n)s more.", n)
    else:
        said = ngettext("Players reply to %(n)s conversation less.", "Players reply to %(n)s fewer.", n)
    messages.success(request, said % {"n": n} if n else _("All of this holds already."))


urlpatterns = [
    path("replies/", clear_all, name="studio_clear_all_for_replies"),
    path("<int:conversation_id>/replies/", clear_one, name="studio_clear_for_replies"),
]
