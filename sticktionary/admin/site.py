"""The site itself: one way in, a dashboard in front, and each role's own way through it."""

from __future__ import annotations

from typing import Any

from allauth.account.decorators import secure_admin_login
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from unfold.sites import UnfoldAdminSite

from sticktionary.admin.asking import editor
from sticktionary.admin.front import board_for

# Passwords are changed on the players' own pages; the others are ways of the theme that lead nowhere here.
LEFT_OUT = {"password_change", "password_change_done", "search", "autocomplete", "app_list"}


class Desk(UnfoldAdminSite):  # type: ignore[misc]
    index_title = _("Dashboard")
    empty_value_display = "–"

    def get_urls(self) -> list[URLPattern]:
        return [each for each in super().get_urls() if getattr(each, "name", None) not in LEFT_OUT]

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Nobody asks for it: the way through the desk is `navigation.sidebar`."""
        return []

    @method_decorator(login_not_required)
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The one way in, with its limits, is that of the players."""
        answer: HttpResponse = secure_admin_login(super().login)(request, extra_context)
        return answer

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        board = board_for(editor(request))
        page: TemplateResponse = super().index(request, {"board": board, **(extra_context or {})})
        return page
