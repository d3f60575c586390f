"""What people had to judge, and how they did."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Q
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from sticktionary.admin import showing
from sticktionary.admin.read_only import ReadOnly, by_number, by_player
from sticktionary.models import Case, Judgement, Ruling, SameStickers


@admin.register(Case)
class CaseAdmin(ReadOnly):
    list_display = ("id", "kind", "stamp", "language", "about", "held_by", "opened_at", "decided_at")
    list_display_links = ("id", "kind")
    list_filter = ("state", "kind", "language")
    list_select_related = ("round", "sticker", "player", "held_by")
    searched = _("Number of the case or of the round, or who appeals")

    def found_by(self, term: str) -> Q:
        return by_number(term) | by_number(term, "round") | by_player(term)

    @admin.display(description=_("state"))
    def stamp(self, case: Case) -> SafeString:
        return showing.state(case)

    @admin.display(description=_("about"))
    def about(self, case: Case) -> SafeString | str:
        return showing.link(case.round or case.sticker or case.player)


@admin.register(Judgement)
class JudgementAdmin(ReadOnly):
    list_display = ("at", "reviewer", "verdict", "case_link", "why", "undone_at", "undone_by")
    list_display_links = ("at",)
    list_filter = ("verdict", ("undone_at", admin.EmptyFieldListFilter), ("at", admin.DateFieldListFilter))
    list_select_related = ("reviewer", "case", "undone_by")
    searched = _("Who judged, or number of the case")

    def found_by(self, term: str) -> Q:
        return by_player(term, "reviewer") | by_number(term, "case")

    @admin.display(description=_("case"))
    def case_link(self, judgement: Judgement) -> SafeString | str:
        return showing.link(judgement.case)


@admin.register(Ruling)
class RulingAdmin(ReadOnly):
    list_display = ("id", "query", "verdict", "text", "judgement")
    list_filter = ("verdict",)
    list_select_related = ("query", "judgement")
    searched = _("Number of the round")

    def found_by(self, term: str) -> Q:
        return by_number(term, "query__round")


@admin.register(SameStickers)
class SameStickersAdmin(ReadOnly):
    list_display = ("id", "one", "other", "judgement")
    list_select_related = ("first", "second", "judgement")

    @admin.display(description=_("sticker"))
    def one(self, pair: SameStickers) -> SafeString | str:
        return showing.linked(pair.first)

    @admin.display(description=_("the same as"))
    def other(self, pair: SameStickers) -> SafeString | str:
        return showing.linked(pair.second)
