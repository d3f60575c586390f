from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sticktionary.admin.catalogue import JobAdmin
from sticktionary.admin.read_only import ReadOnly, by_number
from sticktionary.domain.lab import runs
from sticktionary.models import ApiToken, DayFigures, GeneratedQuery, ModelVersion, TrainingRun


@admin.register(TrainingRun)
class TrainingRunAdmin(JobAdmin):
    """Runs are worked with in the lab; here they are looked up."""

    list_display = ("__str__", "status", "recipe", "release", "base", "progress", "created_by", "created_at", "page")
    list_select_related = ("release", "created_by", "model")
    list_filter = ("state", "recipe", "is_evaluation")
    searched = gettext_lazy("Number or title")
    fields = (
        *("title", "status", "recipe", "is_evaluation", "release", "base", "settings", "seed", "device"),
        *("code_version", "packages", "facts", "phase", "progress", "error", "created_by", "created_at"),
        *("started_at", "heartbeat_at", "ended_at", "worker", "n_attempts", "path", "purged_at", "page"),
    )
    readonly_fields = ("status", "progress", "page")

    def found_by(self, term: str) -> Q:
        return by_number(term) | Q(title__icontains=term)

    @admin.display(description=gettext_lazy("state"))
    def status(self, run: TrainingRun) -> Any:
        return runs.STATUS_NAMES[runs.status_of(run)]

    @admin.display(description=gettext_lazy("In the lab"))
    def page(self, run: TrainingRun) -> SafeString | str:
        return _link("lab_run", run.pk)


@admin.register(ModelVersion)
class ModelVersionAdmin(JobAdmin):
    list_display = ("title", "name", "kind", "stage", "stamp", "progress", "run", "promoted_at", "created_by", "page")
    list_select_related = ("created_by", "run")
    list_filter = ("state", "kind", "stage")
    searched = gettext_lazy("Number, title or name")

    def found_by(self, term: str) -> Q:
        return by_number(term) | Q(title__icontains=term) | Q(name__icontains=term)

    @admin.display(description=gettext_lazy("In the lab"))
    def page(self, version: ModelVersion) -> SafeString | str:
        return _link("lab_model", version.pk)


@admin.register(GeneratedQuery)
class GeneratedQueryAdmin(ReadOnly):
    list_display = ("text", "language", "sticker", "log_probability", "model")
    list_filter = ("language",)
    list_select_related = ("sticker", "model")
    searched = gettext_lazy("Number of the sticker")

    def found_by(self, term: str) -> Q:
        return by_number(term, "sticker")


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnly):
    """Of a token only its hash is kept, and that is not shown."""

    list_display = ("label", "player", "hint", "scopes", "created_at", "expires_at", "last_used_at", "revoked_at")
    list_select_related = ("player",)
    fields = list_display


@admin.register(DayFigures)
class DayFiguresAdmin(ReadOnly):
    list_display = (
        *("day", "language", "n_written", "n_looked_up", "n_skipped", "n_players", "played_s"),
        *("n_decided", "n_proven", "n_verified", "written_at"),
    )
    list_filter = ("language",)


def _link(name: str, number: int) -> SafeString | str:
    try:
        return format_html('<a href="{}">{}</a>', reverse(name, args=[number]), _("Open"))
    except NoReverseMatch:
        return "–"
