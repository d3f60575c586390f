"""What a reviewer makes of a chat: where its sessions begin, what they are about, how its turns feel."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from retrieval_engine.dialogue.telling.knowing import SalientTurns
from sticktionary.domain.annotation import drafts
from sticktionary.domain.annotation.drafts import Written
from sticktionary.domain.chats import dividing, feeling, summing
from sticktionary.domain.errors import Refused
from sticktionary.models import Conversation, Draft, Utterance
from sticktionary.web.workbench import allowed, player_of


@require_POST
@allowed("review")
def note(request: HttpRequest, conversation_id: int) -> HttpResponse:
    """How a turn feels ("12 glad"), or whether a session begins at it ("12 yes"). Back to the turn."""
    name = "feeling" if "feeling" in request.POST else "begins"
    number, _space, said = request.POST.get(name, "").partition(" ")
    turn = _turn(conversation_id, number)

    def act() -> None:
        if name == "feeling":
            feeling.tell(actor=player_of(request), utterance_id=turn.pk, feeling=said)
        else:
            dividing.divide(actor=player_of(request), utterance_id=turn.pk, begins=said == "yes")

    problem = _refused(act)
    if request.headers.get("Accept") == "application/json":
        return JsonResponse({"problem": problem}, status=400 if problem else 200)
    return _back(request, conversation_id, problem, turn.pk)


def _turn(conversation_id: int, number: str) -> Utterance:
    id = int(number) if number.isdecimal() and len(number) < 19 else 0
    return get_object_or_404(Utterance, pk=id, session__conversation=conversation_id)


def _refused(act: Callable[[], object]) -> str:
    try:
        act()
    except Refused as refusal:
        return refusal.message
    return ""


def _back(request: HttpRequest, conversation_id: int, problem: str, turn_id: int | None = None) -> HttpResponse:
    if problem:
        messages.error(request, problem)
    page = request.POST.get("page", "")
    query = f"?page={page}" if page.isdecimal() else ""
    place = f"#t{turn_id}" if turn_id else ""
    return redirect(f"{reverse('studio_conversation', args=[conversation_id])}{query}{place}")


@require_POST
@allowed("review")
def by_gap(request: HttpRequest, conversation_id: int) -> HttpResponse:
    get_object_or_404(Conversation, pk=conversation_id)
    told = request.POST.get("minutes", "")
    minutes = int(told) if told.isdecimal() and len(told) < 10 else 0

    def act() -> None:
        actor = player_of(request)
        n = dividing.divide_by_gap(actor=actor, conversation_id=conversation_id, minutes=minutes)
        words = ngettext("%(n)d beginning of a session changed.", "%(n)d beginnings of sessions changed.", n)
        messages.success(request, words % {"n": n})

    return _back(request, conversation_id, _refused(act))


@require_POST
@allowed("review")
def summary(request: HttpRequest, conversation_id: int) -> HttpResponse:
    first = _turn(conversation_id, request.POST.get("first", ""))

    def act() -> None:
        summing.say(actor=player_of(request), first_id=first.pk, text=request.POST.get("text", ""))

    return _back(request, conversation_id, _refused(act), first.pk)


@require_POST
@allowed("review")
def draft_summary(request: HttpRequest, conversation_id: int) -> HttpResponse:
    """The lines of a session that say most, for a person to take or change."""
    first = _turn(conversation_id, request.POST.get("first", ""))
    chat, stub = first.session.conversation, SalientTurns()
    (text,) = stub([summing.as_lines(first.session)], chat.language)
    if not text or not chat.is_active:
        return _back(request, conversation_id, _("Nobody says a word in this session."), first.pk)
    drafts.of_session(first.session, Written({"text": text}, stub.name))
    draft = Draft.objects.filter(first=first, state=Draft.State.WAITING).order_by("-pk").first()
    if draft is None:
        return _back(request, conversation_id, _("Its draft was decided about before. Write the summary yourself."))
    return redirect(f"{reverse('studio_drafts')}?draft={draft.pk}")


urlpatterns = [
    path("note/", note, name="studio_chat_note"),
    path("by-gap/", by_gap, name="studio_chat_by_gap"),
    path("summary/", summary, name="studio_chat_summary"),
    path("summary/draft/", draft_summary, name="studio_chat_draft"),
]
