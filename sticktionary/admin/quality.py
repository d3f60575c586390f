"""What looks wrong, with its evidence, and the rules by which it is judged."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Q
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from sticktionary.admin import showing
from sticktionary.admin.read_only import ReadOnly, by_number, by_player
from sticktionary.domain.quality import evidence
from sticktionary.models import AbusiveWord, Flag, Gold, RuleSet, StickerDifficulty


@admin.register(Flag)
class FlagAdmin(ReadOnly):
    list_display = ("at", "kind", "stamp", "player_link", "partner", "round_link", "proof", "decided_by")
    list_display_links = ("kind",)
    list_filter = ("state", "kind")
    list_select_related = ("player", "partner", "round", "decided_by")
    searched = _("Name of the player, or number of the round")

    def found_by(self, term: str) -> Q:
        return by_player(term) | by_number(term, "round")

    @admin.display(description=_("state"))
    def stamp(self, flag: Flag) -> SafeString:
        return showing.state(flag)

    @admin.display(description=_("player"))
    def player_link(self, flag: Flag) -> SafeString | str:
        return showing.link(flag.player)

    @admin.display(description=_("round"))
    def round_link(self, flag: Flag) -> SafeString | str:
        return showing.link(flag.round)

    @admin.display(description=_("evidence"))
    def proof(self, flag: Flag) -> SafeString:
        said = evidence.sentences(flag.kind, flag.evidence) if flag.evidence else []
        return format_html_join(" ", "{}", ((sentence,) for sentence in said))


@admin.register(Gold)
class GoldAdmin(ReadOnly):
    list_display = ("id", "thumbnail", "round_link", "n_exposures", "promoted_at", "retired_at")
    list_filter = (("retired_at", admin.EmptyFieldListFilter),)
    list_select_related = ("round__sticker",)
    searched = _("Number of the round")

    def found_by(self, term: str) -> Q:
        return by_number(term, "round")

    @admin.display(description=_("Picture"))
    def thumbnail(self, gold: Gold) -> SafeString | str:
        return showing.thumbnail(gold.round.sticker)

    @admin.display(description=_("round"))
    def round_link(self, gold: Gold) -> SafeString | str:
        return showing.link(gold.round)


@admin.register(StickerDifficulty)
class StickerDifficultyAdmin(ReadOnly):
    list_display = ("sticker", "thumbnail", "language", "difficulty", "sd", "n_answers", "updated_at")
    list_filter = ("language",)
    list_select_related = ("sticker",)
    searched = _("Number of the sticker")

    def found_by(self, term: str) -> Q:
        return by_number(term, "sticker")

    @admin.display(description=_("Picture"))
    def thumbnail(self, row: StickerDifficulty) -> SafeString | str:
        return showing.thumbnail(row.sticker)


@admin.register(AbusiveWord)
class AbusiveWordAdmin(ReadOnly):
    list_display = ("word", "language", "added_by", "added_at")
    list_filter = ("language",)
    list_select_related = ("added_by",)


@admin.register(RuleSet)
class RuleSetAdmin(ReadOnly):
    list_display = ("id", "at", "set_by", "why", "changed")
    list_select_related = ("set_by",)

    @admin.display(description=_("values"))
    def changed(self, rules: RuleSet) -> SafeString:
        return showing.detail(rules.values)
