"""Rounds as they happened, for those who look into disputes. Nothing here can be edited: these are facts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sticktionary.admin.read_only import ReadOnly, ReadOnlyInline
from sticktionary.domain import pictures
from sticktionary.models import LedgerEntry, Notice, Query, Retrieval, Round, Skip, Sticker

N_PREVIEWS = 200  # of one round in its timeline


def picture(sticker: Sticker) -> SafeString:
    shown = pictures.picture_of(sticker)
    return format_html('<img src="{}" alt="{}" width="96" height="96" class="sticker">', shown.poster, shown.alt)


class QueryInline(ReadOnlyInline):
    model = Query
    fields = ("position", "text", "normalised", "nudges", "novelty", "added_at", "removed_at")


class RetrievalInline(ReadOnlyInline):
    model = Retrieval
    fields = ("player", "state", "rank", "none_of_these", "target_absent", "n_points", "machine_rank", "answered_at")
    show_change_link = True


@admin.register(Round)
class RoundAdmin(ReadOnly):
    list_display = ("id", "thumb", "words", "language", "source", "state", "labeler", "submitted_at", "decided_at")
    list_filter = ("state", "source", "language", "sticker__pack")
    search_fields = ("=id", "queries__text", "labeler__display_name", "sticker__name")
    list_select_related = ("sticker", "labeler")
    ordering = ("-pk",)
    list_per_page = 50
    show_full_result_count = False
    fields = (
        ("thumb", "sticker"),
        ("language", "source", "state"),
        "labeler",
        ("dealt_at", "lease_until", "submitted_at", "decided_at"),
        ("results_hidden", "model_version"),
        "taboo",
        "timeline",
    )
    readonly_fields = ("thumb", "timeline")
    inlines = (QueryInline, RetrievalInline)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Round]:
        return super().get_queryset(request).prefetch_related("queries")

    @admin.display(description=gettext_lazy("Picture"))
    def thumb(self, round_: Round) -> SafeString:
        return picture(round_.sticker)

    @admin.display(description=gettext_lazy("Queries"))
    def words(self, round_: Round) -> str:
        return "; ".join(query.text for query in round_.queries.all() if query.removed_at is None)

    @admin.display(description=gettext_lazy("Timeline"))
    def timeline(self, round_: Round) -> SafeString:
        lines = sorted(timeline_of(round_), key=lambda line: line[0])
        rows = ((date_format(localtime(at), "Y-m-d H:i:s"), what) for at, what in lines)
        return format_html('<ol class="timeline">{}</ol>', format_html_join("", "<li><time>{}</time> {}</li>", rows))


def timeline_of(round_: Round) -> Iterator[tuple[datetime, str]]:
    """Everything that is known to have happened in a round, in no order."""
    yield round_.dealt_at, _("dealt to %(who)s") % {"who": round_.labeler or _("nobody")}
    for revision in round_.revisions.all():
        yield revision.at, f"{revision.move}: {_plain(revision.detail)}"
    for preview in round_.previews.order_by("pk")[:N_PREVIEWS]:
        place = preview.target_rank or "–"
        yield preview.at, _("typed “%(text)s”, target at %(place)s") % {"text": preview.text, "place": place}
    if round_.submitted_at:
        yield round_.submitted_at, _("submitted")
    for retrieval in round_.retrievals.select_related("player"):
        yield from _retrieval_lines(retrieval)
    for skip in round_.skips.select_related("player"):
        yield skip.at, _("skipped by %(who)s: %(why)s") % {"who": skip.player, "why": skip.get_reason_display()}
    if round_.decided_at:
        yield round_.decided_at, _("decided: %(state)s") % {"state": round_.get_state_display()}


def _retrieval_lines(retrieval: Retrieval) -> Iterator[tuple[datetime, str]]:
    who = retrieval.player or _("somebody who has left")
    yield retrieval.dealt_at, _("looked up by %(who)s") % {"who": who}
    if retrieval.answered_at:
        place = retrieval.rank or _("not found")
        yield retrieval.answered_at, _("%(who)s answered: %(place)s") % {"who": who, "place": place}


def _plain(detail: Any) -> str:
    return ", ".join(f"{key} {value}" for key, value in detail.items()) if isinstance(detail, dict) else str(detail)


@admin.register(Retrieval)
class RetrievalAdmin(ReadOnly):
    list_display = ("id", "round", "player", "state", "rank", "none_of_these", "target_absent", "n_points")
    list_filter = ("state", "rank", "target_absent", "round__language")
    search_fields = ("=id", "=round__id", "player__display_name")
    list_select_related = ("round", "player")
    ordering = ("-pk",)
    show_full_result_count = False


@admin.register(LedgerEntry)
class LedgerEntryAdmin(ReadOnly):
    list_display = ("at", "player", "n_points", "reason", "round", "retrieval", "key")
    list_filter = ("reason", "player__language")
    search_fields = ("=player__username", "player__display_name", "=key")
    list_select_related = ("player", "round", "retrieval")
    ordering = ("-pk",)
    show_full_result_count = False


@admin.register(Notice)
class NoticeAdmin(ReadOnly):
    list_display = ("created_at", "player", "kind", "payload", "seen_at")
    list_filter = ("kind",)
    search_fields = ("player__display_name",)
    list_select_related = ("player",)
    ordering = ("-pk",)
    show_full_result_count = False


@admin.register(Skip)
class SkipAdmin(ReadOnly):
    list_display = ("at", "player", "sticker", "reason", "as_labeler", "round")
    list_filter = ("reason", "as_labeler")
    search_fields = ("player__display_name", "sticker__name")
    list_select_related = ("player", "sticker", "round")
    ordering = ("-pk",)
    show_full_result_count = False
