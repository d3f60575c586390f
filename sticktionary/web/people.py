"""A player's own pages: profile, data, history, boards and how points work."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, date, timedelta
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache

from sticktionary.domain.lab import lineage
from sticktionary.domain.people import leaving, mydata
from sticktionary.domain.play import board, history, notices, scoring
from sticktionary.domain.play.board import Span
from sticktionary.domain.play.streak import Streak
from sticktionary.domain.reply_round import agreement
from sticktionary.models import PlayDay, Player
from sticktionary.models.players import Language
from sticktionary.web.accounts import urlpatterns as account_urlpatterns
from sticktionary.web.forms import DeleteForm, EmailForm, ProfileForm

SPANS = {Span.WEEK: gettext_lazy("Week"), Span.MONTH: gettext_lazy("Month"), Span.EVER: gettext_lazy("Ever")}
HISTORIES = {"written": history.written, "searched": history.searched, "replied": history.replied}
N_EARLIER = (0, 1, 2, 4, 9)  # for the table of novelty: how many rounds had the query before


def profile(request: HttpRequest) -> HttpResponse:
    player = _player(request)
    form = ProfileForm(request.POST or None, initial={"name": player.display_name, "on_board": player.on_board})
    if request.method == "POST" and form.is_valid() and form.save(player):
        messages.success(request, _("Saved."))
        return redirect("profile")
    return render(request, "people/profile.html", {"form": form, "player": player})


def email(request: HttpRequest) -> HttpResponse:
    player = _player(request)
    if player.is_guest:
        return redirect("account_signup")
    form = EmailForm(player, request.POST or None, initial={"email": player.email})
    if request.method == "POST" and form.is_valid() and form.save():
        messages.success(request, _("Saved."))
        return redirect("profile")
    return render(request, "people/email.html", {"form": form, "player": player})


@never_cache
def my_data(request: HttpRequest) -> StreamingHttpResponse:
    response = StreamingHttpResponse(_stream(mydata.download(_player(request).pk)), content_type="application/json")
    response["Content-Disposition"] = 'attachment; filename="sticktionary-my-data.json"'
    return response


async def _stream(pieces: Iterator[str]) -> AsyncIterator[str]:
    """One piece at a time, each read in the thread that has the database."""
    while piece := await sync_to_async(lambda: next(pieces, ""))():
        yield piece


def delete_account(request: HttpRequest) -> HttpResponse:
    player = _player(request)
    form = DeleteForm(player, request.POST or None)
    if request.method == "POST" and form.is_valid():
        leaving.delete_account(player_id=player.pk)
        logout(request)
        return redirect("goodbye")
    return render(request, "people/delete_account.html", {"form": form, "player": player})


@login_not_required
def goodbye(request: HttpRequest) -> HttpResponse:
    return render(request, "people/goodbye.html")


def my_history(request: HttpRequest) -> HttpResponse:
    kind = request.GET.get("kind", "written")
    if kind not in HISTORIES:
        raise Http404
    player_id = _player(request).pk
    context = {
        "kind": kind,
        "page": HISTORIES[kind](player_id, _number(request.GET.get("before"))),
        "is_first": "before" not in request.GET,
        "helped": [notices.trained(each.n) for each in lineage.of_player(player_id)],
        "has_replied": history.has_replied(player_id),
    }
    return render(request, "people/history.html", context)


def boards(request: HttpRequest) -> HttpResponse:
    player, now = _player(request), timezone.now()
    try:
        span = Span(request.GET.get("span", Span.WEEK))
        language = Language(request.GET.get("language", player.language))
    except ValueError as error:
        raise Http404 from error
    ranking = board.read(language, span, now)
    own = language == player.language
    top = ranking.top(player.pk)
    streak = board.streak_of(player.pk, now.astimezone(UTC).date())
    context = {
        "player": player,
        "span": span,
        "spans": SPANS,
        "language": language,
        "languages": Language,
        "top": top,
        "in_top": any(row.is_me for row in top),
        "standing": board.standing(player, span, now, ranking) if own else None,
        "kept_off": board.kept_off(player.pk) if own else "",
        "found": board.found_this_week(language, now),
        "goal": board.WEEKLY_GOAL,
        "streak": streak,
        "days": _days_of_week(player, streak, now.astimezone(UTC).date()),
    }
    return render(request, "people/boards.html", context)


def _days_of_week(player: Player, streak: Streak, today: date) -> list[dict[str, Any]]:
    monday = today - timedelta(days=today.weekday())
    week = [monday + timedelta(days=n) for n in range(7)]
    played = set(PlayDay.objects.filter(player=player, day__in=week, n_rounds__gt=0).values_list("day", flat=True))
    return [{"day": day, "played": day in played, "is_today": day == today} for day in week]


@login_not_required
def points(request: HttpRequest) -> HttpResponse:
    """The rules with their numbers, worked out by the same functions that pay."""
    novelties = [(n, scoring.query_novelty(n)) for n in N_EARLIER]
    context = {
        "bases": [scoring.base(rank) for rank in (1, 2, 3, 0)],
        "third": scoring.base(3),
        "finds": [(rank, _find(rank), scoring.WRONG_PICK_ABOVE * (rank - 1)) for rank in (1, 2, 3)],
        "rightly_none": scoring.retriever_points(rank=0, none_of_these=True, target_absent=True),
        "missed": scoring.retriever_points(rank=0, none_of_these=False, target_absent=False),
        "practice": scoring.PRACTICE,
        "confirmed": scoring.CONFIRMED,
        "replies": {
            "same": agreement.SAME_PICK,
            "named": agreement.NAMED,
            "both_named": agreement.BOTH_NAMED,
            "same_intent": agreement.SAME_INTENT,
            "same_kind": agreement.SAME_KIND,
        },
        "table": [(n, novelty, [scoring.labeler_points(r, novelty) for r in (1, 2, 3)]) for n, novelty in novelties],
        "mixed": _mixed_example(),
        "foreseen": scoring.FORESEEN,
    }
    return render(request, "people/points.html", context)


def _find(rank: int) -> int:
    return scoring.retriever_points(rank=rank, none_of_these=False, target_absent=False)


def _mixed_example() -> dict[str, float]:
    """Two queries, one nobody had used and one that a round had before, found first by one and second by another."""
    novelty = scoring.round_novelty([scoring.query_novelty(0), scoring.query_novelty(1)])
    first, second = scoring.labeler_points(1, novelty), scoring.labeler_points(2, novelty)
    return {"novelty": novelty, "first": first, "second": second, "total": first + second}


def _player(request: HttpRequest) -> Player:
    assert isinstance(request.user, Player)
    return request.user


def _number(text: str | None) -> int | None:
    if text is None:
        return None
    if not text.isdecimal() or len(text) > 18:
        raise Http404
    return int(text)


urlpatterns = [
    *account_urlpatterns,
    path("account/email/", email, name="account_email"),
    path("me/", profile, name="profile"),
    path("me/data/", my_data, name="my_data"),
    path("me/delete/", delete_account, name="delete_account"),
    path("goodbye/", goodbye, name="goodbye"),
    path("history/", my_history, name="history"),
    path("boards/", boards, name="boards"),
    path("points/", points, name="points"),
]
