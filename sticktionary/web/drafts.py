"""Studio: what models drafted, one at a time, for a person to take, change or refuse."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from retrieval_engine.dialogue.data.conversations import ATTRIBUTES
from sticktionary.domain.annotation import drafts
from sticktionary.domain.annotation.answers import MAX_TEXT, MAX_WORDS, Given
from sticktionary.domain.chats import summing
from sticktionary.domain.errors import Refused
from sticktionary.models import Draft, Task, Utterance
from sticktionary.models.players import Language
from sticktionary.web.workbench import allowed, player_of, show

SEPARATORS = re.compile(r"[,，、;；\n]")
MOST_TURNS = 200  # of a session that are shown beside its summary


@dataclass(frozen=True)
class Field:
    """One attribute of a sticker: its words, and whether there is none to be seen."""

    name: str
    label: str
    words: str
    none: bool


@require_GET
@allowed("view_annotation")
def page(request: HttpRequest) -> HttpResponse:
    """The next draft that waits, of the kind and language that are asked for."""
    wanted = _wanted(request.GET)
    waiting = drafts.waiting(wanted["kind"], wanted["language"])
    draft = _chosen(waiting, request.GET.get("draft", "")) or _after(waiting, wanted["after"])
    context = {
        "draft": draft,
        "fields": _fields(draft) if draft else [],
        "turns": _turns(draft) if draft and draft.first_id else [],
        "wanted": wanted,
        "query": urlencode({name: value for name, value in wanted.items() if value and name != "after"}),
        "n_waiting": waiting.count(),
        "counts": _counts(),
        "kinds": Draft.Kind.choices,
        "languages": Language.choices,
        "most_text": MAX_TEXT if draft and draft.kind == Draft.Kind.CAPTION else summing.MOST,
    }
    return show(request, "drafts", "annotation", context)


def _wanted(told: Any) -> dict[str, str]:
    kind, language, after = (told.get(name, "") for name in ("kind", "language", "after"))
    return {
        "kind": kind if kind in Draft.Kind.values else "",
        "language": language if language in Language.values else "",
        "after": after if after.isdecimal() and len(after) < 19 else "",
    }


def _chosen(waiting: QuerySet[Draft], number: str) -> Draft | None:
    return waiting.filter(pk=int(number)).first() if number.isdecimal() and len(number) < 19 else None


def _after(waiting: QuerySet[Draft], number: str) -> Draft | None:
    """The first after that one, and after the last the first again."""
    later = waiting.order_by("pk").filter(pk__gt=int(number)).first() if number else None
    return later or waiting.order_by("pk").first()


def _counts() -> dict[str, int]:
    rows = drafts.waiting().order_by().values("kind").annotate(n=Count("pk"))
    return {row["kind"]: row["n"] for row in rows}


def _fields(draft: Draft) -> list[Field]:
    if draft.kind != Draft.Kind.ATTRIBUTES:
        return []
    told: dict[str, list[str]] = draft.value
    comma = "，" if draft.language == Language.ZH else ", "
    return [
        Field(name, str(Task(name).label), comma.join(told.get(name, [])), told.get(name) == []) for name in ATTRIBUTES
    ]


def _turns(draft: Draft) -> list[Utterance]:
    assert draft.first is not None
    turns = Utterance.objects.filter(session=draft.first.session_id).select_related("sticker")
    return list(turns.order_by("number")[:MOST_TURNS])


@require_POST
@allowed("review")
def decide(request: HttpRequest, draft_id: int) -> HttpResponse:
    """Take it with what stands in the fields, or refuse it; then the next one."""
    wanted = _wanted(request.POST)
    query = {name: value for name, value in wanted.items() if value and name != "after"}
    try:
        if request.POST.get("verdict") == "refuse":
            drafts.refuse(actor=player_of(request), draft_id=draft_id)
        else:
            drafts.accept(actor=player_of(request), draft_id=draft_id, kept=_kept(request))
    except Refused as refusal:
        messages.error(request, refusal.message)
        query["draft"] = str(draft_id)
    else:
        query["after"] = str(draft_id)
    return redirect(f"{reverse('studio_drafts')}?{urlencode(query)}")


def _kept(request: HttpRequest) -> dict[str, Given]:
    """What is neither written nor ticked was not said. Words win over "none": whoever writes them has seen some."""
    if "text" in request.POST:
        text = " ".join(request.POST["text"].split())
        if len(text) > summing.MOST:
            raise Refused("too_long", _("At most %(n)d characters.") % {"n": summing.MOST})
        return {"text": Given(text=text)}
    kept = dict[str, Given]()
    for name in ATTRIBUTES:
        words = [word.strip() for word in SEPARATORS.split(request.POST.get(name, "")) if word.strip()]
        if len(words) > MAX_WORDS:
            raise Refused("too_many", _("At most %(n)d words each.") % {"n": MAX_WORDS})
        if words or request.POST.get(f"{name}_none"):
            kept[name] = Given(words=words, none=not words)
    return kept


urlpatterns = [
    path("", page, name="studio_drafts"),
    path("<int:draft_id>/", decide, name="studio_decide_draft"),
]
