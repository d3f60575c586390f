from __future__ import annotations

from django.contrib import admin
from django.db.models import Q
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from sticktionary.admin import showing
from sticktionary.admin.catalogue import JobAdmin
from sticktionary.admin.read_only import ReadOnly, by_number, by_player
from sticktionary.models import Annotation, Conversation, ConversationImport, Reply, Settlement


@admin.register(Annotation)
class AnnotationAdmin(ReadOnly):
    list_display = ("id", "thumbnail", "task", "language", "player", "stamp", "said", "taxonomy", "answered_at")
    list_display_links = ("id", "task")
    list_filter = ("state", "task", "language")
    list_select_related = ("sticker", "player")
    searched = _("Number of the sticker, or who answered")

    def found_by(self, term: str) -> Q:
        return by_number(term, "sticker") | by_player(term)

    @admin.display(description=_("Picture"))
    def thumbnail(self, annotation: Annotation) -> SafeString | str:
        return showing.thumbnail(annotation.sticker)

    @admin.display(description=_("state"))
    def stamp(self, annotation: Annotation) -> SafeString:
        return showing.state(annotation)

    @admin.display(description=_("value"))
    def said(self, annotation: Annotation) -> SafeString | str:
        return "–" if annotation.value is None else showing.detail(annotation.value)


@admin.register(Settlement)
class SettlementAdmin(ReadOnly):
    list_display = ("at", "thumbnail", "task", "language", "said", "reviewer", "why")
    list_display_links = ("at",)
    list_filter = ("task", "language")
    list_select_related = ("sticker", "reviewer")
    searched = _("Number of the sticker, or who settled it")

    def found_by(self, term: str) -> Q:
        return by_number(term, "sticker") | by_player(term, "reviewer")

    @admin.display(description=_("Picture"))
    def thumbnail(self, settlement: Settlement) -> SafeString | str:
        return showing.thumbnail(settlement.sticker)

    @admin.display(description=_("value"))
    def said(self, settlement: Settlement) -> SafeString:
        return showing.detail(settlement.value)


@admin.register(Reply)
class ReplyAdmin(ReadOnly):
    list_display = ("id", "thumbnail", "language", "player", "stamp", "said", "words", "gold", "answered_at")
    list_display_links = ("id",)
    list_filter = ("state", "language", "is_gold")
    list_select_related = ("pick", "player")
    searched = _("Number of the sticker, or who replied")

    def found_by(self, term: str) -> Q:
        return by_number(term, "pick") | by_player(term)

    @admin.display(description=_("Picture"))
    def thumbnail(self, reply: Reply) -> SafeString | str:
        return showing.thumbnail(reply.pick) if reply.pick else "–"

    @admin.display(description=_("state"))
    def stamp(self, reply: Reply) -> SafeString:
        return showing.state(reply)

    @admin.display(description=_("value"))
    def said(self, reply: Reply) -> str:
        return reply.get_why_display() if reply.why else " · ".join(filter(None, [reply.intent, reply.scenario])) or "–"

    @admin.display(description=_("gold"))
    def gold(self, reply: Reply) -> str:
        if not reply.is_gold:
            return "–"
        if reply.gold_passed is None:
            return "…"
        return str(_("passed") if reply.gold_passed else _("missed"))


@admin.register(ConversationImport)
class ConversationImportAdmin(JobAdmin):
    list_display = ("label", "stamp", "is_dry_run", "progress", "created_by", "created_at")
    list_select_related = ("created_by",)


@admin.register(Conversation)
class ConversationAdmin(ReadOnly):
    list_display = ("key", "language", "source", "licence", "is_active", "takes_replies", "created_at")
    list_filter = ("language", "is_active", "takes_replies")
    searched = _("Number in its source")

    def found_by(self, term: str) -> Q:
        return Q(key=term)
