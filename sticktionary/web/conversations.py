"""Conversations in, and what people say of the stickers in them."""

from __future__ import annotations

from pathlib import Path

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sticktionary.domain import long_work
from sticktionary.domain.chats import conversations
from sticktionary.domain.chats.feeling import Feeling
from sticktionary.domain.chats.showing import shown
from sticktionary.domain.errors import Refused
from sticktionary.models import Conversation, ConversationImport, Player, Utterance
from sticktionary.models.players import Language
from sticktionary.web.chats_form import ChatsForm
from sticktionary.web.uploads import limit, within_quota
from sticktionary.web.workbench import allowed, player_of, progress, show

PER_PAGE = 50
TURNS_PER_PAGE = 200
GAP_MINUTES = 60  # of silence that end a session, unless another number is said
MASKED = {
    "email": gettext_lazy("e-mail addresses"),
    "link": gettext_lazy("links"),
    "phone": gettext_lazy("phone numbers"),
    "account": gettext_lazy("names of accounts"),
    "mention": gettext_lazy("mentions"),
    "name": gettext_lazy("names of speakers"),
    "removed": gettext_lazy("texts taken out whole"),
}


# --- looking ---


@require_GET
@allowed("view_conversation")
def index(request: HttpRequest) -> HttpResponse:
    language = request.GET.get("language", "")
    rows = Conversation.objects.filter(**({"language": language} if language in Language.values else {}))
    page = Paginator(_counted(rows).order_by("-pk"), PER_PAGE).get_page(request.GET.get("page"))
    imports = ConversationImport.objects.select_related("created_by").order_by("-pk")[:20]
    context = {"page": page, "language": language, "languages": Language.choices, "imports": imports}
    return show(request, "conversations", "conversations", context)


def _counted(rows: QuerySet[Conversation]) -> QuerySet[Conversation]:
    """With their sessions, turns and stickers counted: subqueries, which run for the page's rows alone."""
    of_it = Utterance.objects.filter(session__conversation=OuterRef("pk")).order_by()

    def number(column: str) -> Coalesce:
        counts = of_it.values("session__conversation").annotate(n=Count(column, distinct=column == "session"))
        return Coalesce(Subquery(counts.values("n")), 0)

    return rows.annotate(n_sessions=number("session"), n_turns=number("pk"), n_stickers=number("sticker"))


@require_GET
@allowed("view_conversation")
def conversation(request: HttpRequest, conversation_id: int) -> HttpResponse:
    chat = get_object_or_404(Conversation, pk=conversation_id)
    turns = Utterance.objects.filter(session__conversation=chat).select_related("session", "sticker")
    page = Paginator(turns.order_by("session__number", "number"), TURNS_PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "chat": chat,
        "page": page,
        "turns": shown(chat, page.object_list, player_of(request).pk),
        "feelings": Feeling.choices[:-1],
        "minutes": GAP_MINUTES,
        "can_note": chat.is_active and player_of(request).has_perm("sticktionary.review"),
    }
    return show(request, "conversation", "conversations", context)


@require_POST
@allowed("import_conversations")
def take_back(request: HttpRequest, conversation_id: int) -> HttpResponse:
    get_object_or_404(Conversation, pk=conversation_id)
    verb = conversations.erase if request.POST.get("erase") else conversations.withdraw
    try:
        verb(actor=player_of(request), conversation_id=conversation_id, why=request.POST.get("why", ""))
    except Refused as refusal:
        messages.error(request, refusal.message)
    return redirect("studio_conversation", conversation_id=conversation_id)


# --- importing ---


def _too_large(request: HttpRequest) -> HttpResponse:
    return _import_page(request, ChatsForm({}, is_over_quota=True))


@allowed("import_conversations")
@within_quota(_too_large)
@require_http_methods(["GET", "POST"])
def new_import(request: HttpRequest) -> HttpResponse:
    checked = _checked_file(request)
    if request.method != "POST":
        return _import_page(request, ChatsForm(checked=checked, initial=_initial(checked)))
    form = ChatsForm.sent(request, checked)
    if not form.is_valid():
        return _import_page(request, form)
    return redirect("studio_conversation_import", job_id=_start(player_of(request), form).pk)


def _initial(checked: ConversationImport | None) -> dict[str, object]:
    """As it was checked; when that ended at bad lines, without them."""
    if checked is None:
        return {"dry_run": True}
    return {**checked.options, "skip_bad": checked.options.get("skip_bad") or not checked.is_dry_run}


def _import_page(request: HttpRequest, form: ChatsForm) -> HttpResponse:
    context = {"form": form, "max_mb": limit() // 2**20}
    return show(request, "conversations_import", "conversations", context, 400 if form.is_bound else 200)


def _checked_file(request: HttpRequest) -> ConversationImport | None:
    """The dry run, or the import that stopped, whose file is to be imported now, if that is still there."""
    wanted = request.GET.get("checked", "")
    jobs_ = ConversationImport.objects.filter(Q(is_dry_run=True) | Q(state=ConversationImport.State.FAILED))
    job = jobs_.filter(pk=wanted).first() if wanted.isdecimal() and len(wanted) < 19 else None
    return job if job and Path(job.path).is_file() else None


def _start(player: Player, form: ChatsForm) -> ConversationImport:
    file, label = form.kept()
    dry_run = form.cleaned_data["dry_run"]
    return conversations.start_import(actor=player, path=file, label=label, options=form.options(), dry_run=dry_run)


@require_GET
@allowed("import_conversations")
def import_report(request: HttpRequest, job_id: int) -> HttpResponse:
    job = get_object_or_404(ConversationImport, pk=job_id)
    context = {
        "job": job,
        "progress": progress(job),
        "report": job.report,
        "masked": [(label, job.report.get("masked", {}).get(kind, 0)) for kind, label in MASKED.items()],
        "file_is_there": Path(job.path).is_file(),
        "shown": conversations.NAMED,
    }
    return show(request, "conversations_report", "conversations", context)


@require_GET
@allowed("import_conversations")
def import_state(request: HttpRequest, job_id: int) -> JsonResponse:
    job = get_object_or_404(ConversationImport, pk=job_id)
    return JsonResponse(progress(job), headers={"Cache-Control": "no-store"})


@require_POST
@allowed("import_conversations")
def change_import(request: HttpRequest, job_id: int, action: str) -> HttpResponse:
    """Cancel an import, or let it go on where it stopped."""
    job = get_object_or_404(ConversationImport, pk=job_id)
    try:
        (long_work.cancel if action == "cancel" else long_work.resume)(actor=player_of(request), job=job)
    except Refused as refusal:
        messages.error(request, refusal.message)
    return redirect("studio_conversation_import", job_id=job_id)


JOB = "imports/<int:job_id>/"
urlpatterns = [
    path("", index, name="studio_conversations"),
    path("import/", new_import, name="studio_import_conversations"),
    path(JOB, import_report, name="studio_conversation_import"),
    path(f"{JOB}state/", import_state, name="studio_conversation_import_state"),
    path(f"{JOB}cancel/", change_import, {"action": "cancel"}, name="studio_conversation_import_cancel"),
    path(f"{JOB}resume/", change_import, {"action": "resume"}, name="studio_conversation_import_resume"),
    path("<int:conversation_id>/", conversation, name="studio_conversation"),
    path("<int:conversation_id>/take-back/", take_back, name="studio_take_back_conversation"),
]
