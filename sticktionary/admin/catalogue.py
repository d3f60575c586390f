from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from sticktionary.admin.read_only import ReadOnly
from sticktionary.domain import catalogue
from sticktionary.domain.catalogue import set_state
from sticktionary.domain.pictures import url_of
from sticktionary.models import ExportJob, ImportItem, ImportJob, ModelVersion, Pack, Player, Sticker

Action = Callable[[Any, HttpRequest, QuerySet[Any]], None]


def editor(request: HttpRequest) -> Player:
    assert isinstance(request.user, Player)
    return request.user


def _putting(state: str, words: Any) -> Action:
    @admin.action(description=words, permissions=["edit"])
    def put(self: Any, request: HttpRequest, stickers: QuerySet[Sticker]) -> None:
        ids = list(stickers.values_list("pk", flat=True))
        n = set_state(actor=editor(request), sticker_ids=ids, state=state, why=_("by hand, in the admin site"))
        messages.success(request, ngettext("%(n)d sticker changed.", "%(n)d stickers changed.", n) % {"n": n})

    put.__name__ = f"put_{state}"
    return put


@admin.register(Sticker)
class StickerAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("thumbnail", "name", "pack", "state", "moves", "n_skips", "twin_of", "created_at")
    list_display_links = ("name",)
    list_filter = ("state", "pack")
    search_fields = ("name", "sha256", "printed_text")
    list_select_related = ("pack", "twin_of")
    list_per_page = 50
    actions = (
        _putting(Sticker.State.ACTIVE, gettext_lazy("Put in play")),
        _putting(Sticker.State.HALTED, gettext_lazy("Halt: out of play until somebody has looked")),
        _putting(Sticker.State.WITHDRAWN, gettext_lazy("Withdraw: out of play and out of exports")),
    )

    def has_edit_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("sticktionary.change_sticker")

    @admin.display(description="")
    def thumbnail(self, sticker: Sticker) -> SafeString:
        return format_html('<img src="{}" alt="" width="48" height="48" loading="lazy">', url_of(sticker.poster))

    @admin.display(description=gettext_lazy("moves"), boolean=True)
    def moves(self, sticker: Sticker) -> bool:
        return sticker.moves


@admin.register(Pack)
class PackAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("title", "slug", "is_active", "licence", "source", "created_at")
    search_fields = ("title", "slug", "source")
    actions = ("put_in_play", "take_out_of_play")

    def has_edit_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("sticktionary.change_sticker")

    @admin.action(description=gettext_lazy("Put in play"), permissions=["edit"])
    def put_in_play(self, request: HttpRequest, packs: QuerySet[Pack]) -> None:
        self._put(request, packs, is_active=True)

    @admin.action(description=gettext_lazy("Take out of play"), permissions=["edit"])
    def take_out_of_play(self, request: HttpRequest, packs: QuerySet[Pack]) -> None:
        self._put(request, packs, is_active=False)

    def _put(self, request: HttpRequest, packs: QuerySet[Pack], *, is_active: bool) -> None:
        for pack in packs:
            catalogue.set_pack_active(actor=editor(request), pack=pack, is_active=is_active)


class JobAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    list_filter = ("state",)
    date_hierarchy = "created_at"


@admin.register(ImportJob)
class ImportAdmin(JobAdmin):
    list_display = ("label", "pack", "state", "is_dry_run", "n_done", "n_total", "created_by", "created_at", "report")
    list_select_related = ("pack", "created_by")

    @admin.display(description="")
    def report(self, job: ImportJob) -> SafeString:
        return format_html('<a href="{}">{}</a>', reverse("studio_import_job", args=[job.pk]), _("Report"))


@admin.register(ImportItem)
class ImportItemAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("name", "job", "outcome", "reason", "is_near_duplicate")
    list_filter = ("outcome", "is_near_duplicate")
    search_fields = ("name", "reason")
    list_select_related = ("job",)


@admin.register(ModelVersion)
class ModelVersionAdmin(JobAdmin):
    list_display = ("title", "name", "stage", "state", "n_done", "n_total", "promoted_at", "created_by")
    list_select_related = ("created_by",)


@admin.register(ExportJob)
class ExportAdmin(JobAdmin):
    list_display = ("__str__", "state", "n_done", "n_total", "created_by", "created_at", "ended_at")
    list_select_related = ("created_by",)
