"""Rounds as they happened, for those who look into disputes. Nothing here can be edited: these are facts."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from retrieval_engine.text import normalise
from sticktionary.admin import showing
from sticktionary.admin.read_only import ReadOnly, by_number, by_player
from sticktionary.admin.timeline import timeline_of
from sticktionary.models import LedgerEntry, Notice, Query, Retrieval, Round, Skip, Sticker

N_SEARCHED = 500  # the newest rounds that say what was searched


@admin.register(Round)
class RoundAdmin(ReadOnly):
    list_display = ("id", "thumbnail", "words", "language", "source", "stamp", "labeler", "submitted_at", "decided_at")
    list_filter = ("state", "source", "language", "results_hidden")
    searched = _("Number, a whole query, or who wrote it")
    list_select_related = ("sticker", "labeler")
    fields = (
        *("language", "source", "state", "labeler", "dealt_at", "submitted_at", "decided_at"),
        *("results_hidden", "model_version", "taboo", "suggested_in"),
    )
    change_form_template = "admin/round.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Round]:
        rounds: QuerySet[Round] = super().get_queryset(request)
        return rounds.prefetch_related("queries")

    def found_by(self, term: str) -> Q:
        with_text = Query.objects.filter(normalised=normalise(term)[:200]).order_by("-round_id")
        round_ids = list(with_text.values_list("round_id", flat=True)[:N_SEARCHED])
        return by_number(term) | Q(pk__in=round_ids) | by_player(term, "labeler")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        rounds = Round.objects.select_related("sticker__pack")
        round_ = rounds.filter(pk=object_id).first() if _is_key(object_id) else None
        told = {} if round_ is None else self._whole(round_)
        answer: HttpResponse = super().change_view(request, object_id, form_url, {**told, **(extra_context or {})})
        return answer

    def _whole(self, round_: Round) -> dict[str, Any]:
        return {
            "picture": showing.picture(round_.sticker),
            "sticker": round_.sticker,
            "queries": list(round_.queries.select_related("ruling")),
            "retrievals": list(round_.retrievals.select_related("player").order_by("pk")),
            "timeline": timeline_of(round_),
        }

    @admin.display(description=_("Picture"))
    def thumbnail(self, round_: Round) -> SafeString | str:
        return showing.thumbnail(round_.sticker)

    @admin.display(description=_("Queries"))
    def words(self, round_: Round) -> str:
        return "; ".join(query.text for query in round_.queries.all() if query.removed_at is None)

    @admin.display(description=_("state"))
    def stamp(self, round_: Round) -> SafeString:
        return showing.state(round_)


def _is_key(said: str) -> bool:
    return said.isdecimal() and len(said) < 19


@admin.register(Retrieval)
class RetrievalAdmin(ReadOnly):
    list_display = (
        *("id", "round_link", "player", "stamp", "rank", "none_of_these", "target_absent", "is_gold"),
        *("n_points", "answered_at"),
    )
    list_filter = ("state", "none_of_these", "target_absent", "is_gold")
    searched = _("Number of the round, or who looked it up")
    list_select_related = ("round", "player")
    fields = (
        *("round_link", "player", "state", "is_gold", "target_absent", "dealt_at", "lease_until", "answered_at"),
        *("picks_shown", "none_of_these", "rank", "n_points", "gave_away", "machine_rank", "model_version"),
    )
    readonly_fields = ("round_link", "picks_shown")

    def found_by(self, term: str) -> Q:
        return by_number(term, "round") | by_player(term)

    @admin.display(description=_("round"))
    def round_link(self, retrieval: Retrieval) -> SafeString | str:
        return showing.link(retrieval.round)

    @admin.display(description=_("picks"))
    def picks_shown(self, retrieval: Retrieval) -> SafeString | str:
        return showing.row_of(Sticker.objects.in_bulk(retrieval.picks), retrieval.picks)

    @admin.display(description=_("state"))
    def stamp(self, retrieval: Retrieval) -> SafeString:
        return showing.state(retrieval)


@admin.register(LedgerEntry)
class LedgerEntryAdmin(ReadOnly):
    list_display = ("at", "player", "n_points", "reason", "round_link", "key")
    list_filter = ("reason", ("at", admin.DateFieldListFilter))
    searched = _("Who earned them, number of the round, or the key")
    list_select_related = ("player", "round")

    def found_by(self, term: str) -> Q:
        return by_player(term) | by_number(term, "round") | Q(key=term)

    @admin.display(description=_("round"))
    def round_link(self, entry: LedgerEntry) -> SafeString | str:
        return showing.link(entry.round)


@admin.register(Notice)
class NoticeAdmin(ReadOnly):
    list_display = ("created_at", "player", "kind", "contents", "seen_at")
    searched = _("Who was told")
    list_select_related = ("player",)

    def found_by(self, term: str) -> Q:
        return by_player(term)

    @admin.display(description=_("contents"))
    def contents(self, notice: Notice) -> SafeString:
        return showing.detail(notice.payload)


@admin.register(Skip)
class SkipAdmin(ReadOnly):
    list_display = ("at", "player", "thumbnail", "sticker", "reason", "as_labeler", "round_link")
    list_filter = ("reason", "as_labeler")
    searched = _("Who skipped it, or number of the sticker")
    list_select_related = ("player", "sticker", "round")

    def found_by(self, term: str) -> Q:
        return by_player(term) | by_number(term, "sticker")

    @admin.display(description=_("Picture"))
    def thumbnail(self, skip: Skip) -> SafeString | str:
        return showing.thumbnail(skip.sticker)

    @admin.display(description=_("round"))
    def round_link(self, skip: Skip) -> SafeString | str:
        return showing.link(skip.round)
