from __future__ import annotations

from django.contrib import admin

from sticktionary.admin.catalogue import JobAdmin
from sticktionary.admin.read_only import ReadOnly
from sticktionary.models import DayFigures, ModelVersion


@admin.register(ModelVersion)
class ModelVersionAdmin(JobAdmin):
    list_display = ("title", "name", "stage", "stamp", "progress", "promoted_at", "created_by")
    list_select_related = ("created_by",)


@admin.register(DayFigures)
class DayFiguresAdmin(ReadOnly):
    list_display = (
        *("day", "language", "n_written", "n_looked_up", "n_skipped", "n_players", "played_s"),
        *("n_decided", "n_proven", "n_verified", "written_at"),
    )
    list_filter = ("language",)
