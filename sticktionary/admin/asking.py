"""Actions that ask why before they are carried out by a verb; what the verb refuses is said, and nothing is lost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from sticktionary.domain.errors import NotAllowed, Refused
from sticktionary.models import Player

Run = Callable[[Player, QuerySet[Any], str], str]  # what it says when it is done
Action = Callable[[Any, HttpRequest, QuerySet[Any]], HttpResponse | None]


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=300, help_text=_("It is kept in the audit."))


def editor(request: HttpRequest) -> Player:
    assert isinstance(request.user, Player)
    return request.user


def asking(name: str, title: Any, words: Any, run: Run, permissions: Sequence[str] = ("edit",)) -> Action:
    """An action on ticked rows, or on one from its own page, that is carried out once somebody has said why."""

    @admin.action(description=title, permissions=permissions)
    def act(self: Any, request: HttpRequest, rows: QuerySet[Any]) -> HttpResponse | None:
        form = ReasonForm(request.POST if "asked" in request.POST else None)
        if form.is_valid():
            try:
                messages.success(request, run(editor(request), rows, form.cleaned_data["reason"]))
                return None
            except NotAllowed as refused:
                raise PermissionDenied(refused.message) from refused
            except Refused as refused:
                form.add_error(None, refused.message)
        return _page(self, request, rows, {"title": title, "words": words, "action": name, "form": form})

    act.__name__ = name
    return act


def _page(self: Any, request: HttpRequest, rows: QuerySet[Any], more: dict[str, Any]) -> HttpResponse:
    opts = self.opts
    context = {
        **self.admin_site.each_context(request),
        "opts": opts,
        "rows": [(row, self.shown(row)) for row in rows],
        "box": ACTION_CHECKBOX_NAME,
        "back": reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist"),
        **more,
    }
    return render(request, "admin/ask.html", context)
