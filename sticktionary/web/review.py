"""The review queue: one case at a time, a key per verdict; the page of a case; the history of verdicts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from sticktionary.domain import rules
from sticktionary.domain.errors import NotAllowed, RuleBroken
from sticktionary.domain.review import casefile, desk, verdicts
from sticktionary.domain.review.desk import Filter
from sticktionary.models import Case, Judgement
from sticktionary.models.players import Language
from sticktionary.web.marks import marks_of, reason_words
from sticktionary.web.workbench import allowed, player_of, show

DAYS = (0, 1, 7)
MOST_LEFT = 200  # cases that were let go and are not handed to the same person again at once
N_PER_PAGE = 30
ONWARD = "studio_review_judgements"


@require_GET
@never_cache
@allowed("review")
def queue(request: HttpRequest) -> HttpResponse:
    wanted = _wanted(request)
    case = _next(request, wanted)
    context = {
        "file": _file(case),
        "wanted": wanted,
        "query": _query_of(wanted),
        "counts": desk.counts(),
        "kinds": Case.Kind,
        "languages": Language,
        "days": DAYS,
        "policy": rules.current(),
        "last": verdicts.last_of(player_of(request)),
        **_of(case),
    }
    return show(request, "review", "review", context)


@require_POST
@allowed("review")
def next_(request: HttpRequest) -> JsonResponse:
    """The case after the ones in hand, as a piece of the page, held for whoever asks; none when there is none."""
    in_hand = [int(number) for number in request.POST.getlist("besides") if number.isdecimal() and len(number) < 19]
    case = _next(request, _wanted(request), in_hand[:20])
    counts = desk.counts()
    return JsonResponse({"n": counts.n, "by_kind": counts.by_kind, **_piece(request, case)})


@require_GET
@never_cache
@allowed("review")
def one(request: HttpRequest, case_id: int) -> HttpResponse:
    """A case by its number, with all that was ever decided about it."""
    file = casefile.read(case_id)
    if file is None:
        raise Http404
    desk.require_of_others(player_of(request), case_id)
    last = verdicts.last_of(player_of(request))
    context = {"file": file, "is_open": file.case.state == Case.State.OPEN, "last": last, **_of(file.case)}
    return show(request, "review_case", "review", context)


@require_POST
@allowed("review")
def take(request: HttpRequest, case_id: int) -> HttpResponse:
    """Hold a case of one's choice, or go on holding it."""
    return _answer(request, lambda: _taken(request, case_id))


def _taken(request: HttpRequest, case_id: int) -> dict[str, Any]:
    case = desk.take(actor=player_of(request), case_id=case_id)
    return {} if "keep" in request.POST else _piece(request, case)


@require_POST
@allowed("review")
def judge(request: HttpRequest, case_id: int) -> HttpResponse:
    return _answer(request, lambda: _judged(request, case_id))


def _judged(request: HttpRequest, case_id: int) -> dict[str, Any]:
    said = request.POST
    judgement = verdicts.judge(
        actor=player_of(request),
        case_id=case_id,
        verdict=said.get("verdict", ""),
        key=said.get("key", "")[:40] or uuid4().hex,
        why=said.get("why", ""),
        corrections={int(name[5:]): said[name] for name in said if _is_line(name)},
        discarded=[int(number) for number in said.getlist("discard") if number.isdecimal()],
        same_as=int(said["same_as"]) if said.get("same_as", "").isdecimal() else None,
    )
    told = _("Case %(case)s: %(verdict)s.") % {"case": case_id, "verdict": judgement.get_verdict_display()}
    return {"judgement": judgement.pk, "case": case_id, "told": told}


def _is_line(name: str) -> bool:
    return name[:5] == "line-" and name[5:].isdecimal() and len(name) < 24


@require_POST
@allowed("review")
def let_go(request: HttpRequest, case_id: int) -> HttpResponse:
    left = [number for number in request.session.get("left_cases", []) if number != case_id]
    request.session["left_cases"] = [*left, case_id][-MOST_LEFT:]
    return _answer(request, lambda: _let_go(request, case_id))


def _let_go(request: HttpRequest, case_id: int) -> dict[str, Any]:
    desk.let_go(actor=player_of(request), case_id=case_id)
    return {"case": case_id}


@require_POST
@allowed("review")
def undo(request: HttpRequest, judgement_id: int) -> HttpResponse:
    return _answer(request, lambda: _undone(request, judgement_id))


def _undone(request: HttpRequest, judgement_id: int) -> dict[str, Any]:
    case = verdicts.undo(actor=player_of(request), judgement_id=judgement_id)
    told = _("Case %(case)s is open again.") % {"case": case.pk}
    return {"case": case.pk, "told": told, **(_piece(request, case) if _wants_json(request) else {})}


@require_POST
@allowed("review")
def reopen(request: HttpRequest, case_id: int) -> HttpResponse:
    return _answer(request, lambda: _reopened(request, case_id), reverse("studio_review_case", args=[case_id]))


def _reopened(request: HttpRequest, case_id: int) -> dict[str, Any]:
    case = verdicts.reopen(actor=player_of(request), case_id=case_id, why=request.POST.get("why", ""))
    return {"case": case.pk, "told": _("Case %(case)s is open again.") % {"case": case.pk}}


@require_GET
@never_cache
@allowed("review")
def judgements(request: HttpRequest) -> HttpResponse:
    """What was judged, one's own or all, newest first."""
    whose = "all" if request.GET.get("whose") == "all" else "mine"
    player = player_of(request)
    rows = Judgement.objects.select_related("case__round__sticker", "case__sticker", "reviewer", "undone_by")
    if whose == "mine":
        rows = rows.filter(reviewer=player)
    before = request.GET.get("before", "")
    if before.isdecimal() and len(before) < 19:
        rows = rows.filter(pk__lt=int(before))
    page = list(rows.order_by("-pk")[: N_PER_PAGE + 1])
    context = {
        "whose": whose,
        "rows": page[:N_PER_PAGE],
        "older": page[N_PER_PAGE - 1].pk if len(page) > N_PER_PAGE else None,
        "is_first": not before,
        "may_undo": {row.pk for row in page if verdicts.may_undo(player, row)},
    }
    return show(request, "review_judgements", "review", context)


# --- what the views share ---


def _wanted(request: HttpRequest) -> Filter:
    asked = request.GET
    kind = asked.get("kind", "")
    language = asked.get("language", "")
    days = asked.get("days", "0")
    return Filter(
        kind if kind in Case.Kind.values else "",
        language if language in Language.values else "",
        int(days) if days in map(str, DAYS) else 0,
    )


def _query_of(wanted: Filter) -> str:
    held = {"kind": wanted.kind, "language": wanted.language, "days": wanted.days}
    return urlencode({name: value for name, value in held.items() if value})


def _next(request: HttpRequest, wanted: Filter, in_hand: Iterable[int] = ()) -> Case | None:
    """Cases that were let go come again only when nothing else is left."""
    actor, left, in_hand = player_of(request), request.session.get("left_cases", []), list(in_hand)
    case = desk.next_case(actor=actor, wanted=wanted, besides=[*left, *in_hand])
    if case is None and left:
        del request.session["left_cases"]
        case = desk.next_case(actor=actor, wanted=wanted, besides=in_hand)
    return case


def _file(case: Case | None) -> casefile.CaseFile | None:
    return casefile.read(case.pk) if case else None


def _of(case: Case | None) -> dict[str, Any]:
    """What the piece of the page about a case needs besides its file. By the key a press of a button counts once."""
    return {"marks": marks_of(case), "reasons": reason_words(case), "key": uuid4().hex} if case else {}


def _piece(request: HttpRequest, case: Case | None) -> dict[str, Any]:
    if case is None:
        return {"id": None}
    context = {"file": _file(case), "is_open": True, **_of(case)}
    return {"id": case.pk, "html": render_to_string("studio/review_file.html", context, request)}


def _wants_json(request: HttpRequest) -> bool:
    return "application/json" in request.headers.get("Accept", "")


def _answer(request: HttpRequest, work: Callable[[], dict[str, Any]], onward: str = "") -> HttpResponse:
    """Do it, and say so to a script, or to a plain form by leading on."""
    try:
        told = work()
    except RuleBroken as refusal:
        status = 403 if isinstance(refusal, NotAllowed) else 409
        if _wants_json(request):
            return JsonResponse({"code": refusal.code, "message": refusal.message}, status=status)
        messages.error(request, refusal.message)
    else:
        if _wants_json(request):
            return JsonResponse(told)
        if told.get("told"):
            messages.success(request, told["told"])
    return redirect(onward or (ONWARD if request.POST.get("onward") == "judgements" else "studio_review"))


urlpatterns: list[URLPattern] = [
    path("", queue, name="studio_review"),
    path("next/", next_, name="studio_review_next"),
    path("judgements/", judgements, name=ONWARD),
    path("judgements/<int:judgement_id>/undo/", undo, name="studio_review_undo"),
    path("<int:case_id>/", one, name="studio_review_case"),
    path("<int:case_id>/take/", take, name="studio_review_take"),
    path("<int:case_id>/judge/", judge, name="studio_review_judge"),
    path("<int:case_id>/let-go/", let_go, name="studio_review_let_go"),
    path("<int:case_id>/reopen/", reopen, name="studio_review_reopen"),
]
