from __future__ import annotations

from django.contrib import admin
from django.db.models import Q
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sticktionary.admin.catalogue import JobAdmin
from sticktionary.admin.read_only import ReadOnly, by_number
from sticktionary.models import ExportJob, Publication, Release, Tombstone


@admin.register(Release)
class ReleaseAdmin(JobAdmin):
    list_display = ("__str__", "stamp", "progress", "watermark_at", "frozen_at", "withdrawn_at", "created_by", "page")
    list_select_related = ("created_by",)
    list_filter = ("state", ("withdrawn_at", admin.EmptyFieldListFilter))

    @admin.display(description=gettext_lazy("In the studio"))
    def page(self, release: Release) -> SafeString | str:
        try:
            address = reverse("studio_release", args=[release.pk])
        except NoReverseMatch:
            return "–"
        return format_html('<a href="{}">{}</a>', address, _("Open"))


@admin.register(Publication)
class PublicationAdmin(JobAdmin):
    list_display = ("__str__", "release", "target", "name", "url", "stamp", "created_by", "created_at")
    list_select_related = ("release", "created_by")
    list_filter = ("state", "target")


@admin.register(Tombstone)
class TombstoneAdmin(ReadOnly):
    list_display = ("at", "kind", "subject", "why")
    list_filter = ("kind",)
    searched = gettext_lazy("Number of what was taken back")

    def found_by(self, term: str) -> Q:
        return by_number(term, "subject")


@admin.register(ExportJob)
class ExportAdmin(JobAdmin):
    list_display = ("__str__", "stamp", "progress", "created_by", "created_at", "ended_at")
    list_select_related = ("created_by",)
