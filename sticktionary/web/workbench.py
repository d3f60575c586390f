"""What the pages of the studio have in common: who may see them, how they are printed, how far long work is."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from sticktionary.domain import jobs
from sticktionary.domain.errors import NotAllowed, Refused
from sticktionary.domain.people import accounts
from sticktionary.models import Player
from sticktionary.models.job import Job

View = Callable[..., HttpResponseBase]
M = TypeVar("M", bound=Model)


def player_of(request: HttpRequest) -> Player:
    assert isinstance(request.user, Player)
    return request.user


def allowed(permission: str) -> Callable[[View], View]:
    """Only for players whose roles include the permission; the verb behind the view asks again."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            try:
                accounts.require(player_of(request), permission)
                return view(request, *args, **kwargs)
            except NotAllowed as refusal:
                raise PermissionDenied(refusal.message) from refusal

        return guarded

    return decorate


def show(request: HttpRequest, name: str, tab: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    return render(request, f"studio/{name}.html", {"tab": tab, **context}, status=status)


def acting(rows: type[M], permission: str, page: str, verb: Callable[[HttpRequest, M], str]) -> View:
    """A view that calls a verb about the row whose number is in the address and goes back to its page, with what came
    of it."""

    @require_POST
    @allowed(permission)
    def act(request: HttpRequest, **number: int) -> HttpResponse:
        (pk,) = number.values()
        row = get_object_or_404(rows, pk=pk)
        try:
            messages.success(request, verb(request, row))
        except Refused as refusal:
            messages.error(request, refusal.message)
        return redirect(page, pk)

    return act


def progress(job: Job) -> dict[str, Any]:
    return {
        "state": "lost" if jobs.is_lost(job) else job.state,
        "n_done": job.n_done,
        "n_total": job.n_total,
        "is_over": job.state in {Job.State.DONE, Job.State.FAILED, Job.State.CANCELLED} or jobs.is_lost(job),
    }
