from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from sticktionary.admin import showing
from sticktionary.admin.asking import Action, Run, asking
from sticktionary.admin.read_only import ReadOnly, by_number
from sticktionary.domain import catalogue
from sticktionary.models import ImportItem, ImportJob, Pack, Player, Sticker, Task


def _putting(state: str, title: Any, words: Any) -> Action:
    def run(actor: Player, stickers: QuerySet[Sticker], why: str) -> str:
        ids = list(stickers.values_list("pk", flat=True))
        n = catalogue.set_state(actor=actor, sticker_ids=ids, state=state, why=why)
        return ngettext("%(n)d sticker changed.", "%(n)d stickers changed.", n) % {"n": n}

    return asking(f"put_{state}", title, words, run)


@admin.register(Sticker)
class StickerAdmin(ReadOnly):
    list_display = ("thumbnail", "name", "pack", "stamp", "moves", "n_skips", "twin", "created_at")
    list_display_links = ("name",)
    list_filter = ("state", "pack")
    list_select_related = ("pack", "twin_of")
    searched = gettext_lazy("Number, file name, words on it, or SHA-256")
    fields = (
        *("looks", "name", "pack", "stamp", "printed_text", "labels", "twin", "n_skips", "source", "licence"),
        *("width", "height", "n_frames", "duration_ms", "sha256", "perceptual_hash", "original", "created_at"),
    )
    readonly_fields = ("looks", "stamp", "twin")
    actions = (
        _putting(
            Sticker.State.ACTIVE,
            gettext_lazy("Put in play"),
            gettext_lazy("They are dealt and can be found again, if their pack is in play."),
        ),
        _putting(
            Sticker.State.HALTED,
            gettext_lazy("Halt"),
            gettext_lazy("They are out of play until somebody has looked at them."),
        ),
        _putting(
            Sticker.State.WITHDRAWN,
            gettext_lazy("Withdraw"),
            gettext_lazy("They are out of play, and out of every dataset from the next release on."),
        ),
    )

    def has_edit_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("sticktionary.change_sticker")

    def found_by(self, term: str) -> Q:
        """The catalogue is small beside what is played with it: parts of a name will do."""
        return by_number(term) | Q(name__icontains=term) | Q(printed_text__icontains=term) | Q(sha256=term.lower())

    def shown(self, sticker: Sticker) -> SafeString:
        return format_html("{} {}", showing.thumbnail(sticker), sticker.name)

    @admin.display(description=gettext_lazy("Picture"))
    def thumbnail(self, sticker: Sticker) -> SafeString | str:
        return showing.thumbnail(sticker)

    @admin.display(description=gettext_lazy("Picture"))
    def looks(self, sticker: Sticker) -> SafeString:
        return showing.picture(sticker)

    @admin.display(description=gettext_lazy("state"))
    def stamp(self, sticker: Sticker) -> SafeString:
        return showing.state(sticker)

    @admin.display(description=gettext_lazy("moves"), boolean=True)
    def moves(self, sticker: Sticker) -> bool:
        return sticker.moves

    @admin.display(description=gettext_lazy("looks like"))
    def twin(self, sticker: Sticker) -> SafeString | str:
        return showing.link(sticker.twin_of)


def _playing(is_active: bool) -> Run:
    def run(actor: Player, packs: QuerySet[Pack], why: str) -> str:
        for pack in packs:
            catalogue.set_pack_active(actor=actor, pack=pack, is_active=is_active, why=why)
        return _("Done, and written down.")

    return run


def _publishing(may_publish: bool) -> Run:
    def run(actor: Player, packs: QuerySet[Pack], why: str) -> str:
        for pack in packs:
            catalogue.set_may_publish_pictures(actor=actor, pack=pack, may_publish=may_publish, why=why)
        return _("Done, and written down.")

    return run


@admin.register(Pack)
class PackAdmin(ReadOnly):
    list_display = ("title", "slug", "is_active", "may_publish_pictures", "bonus", "licence", "source", "created_at")
    list_filter = ("is_active", "may_publish_pictures")
    searched = gettext_lazy("Title, address or source")
    fields = (
        *("title", "title_zh", "slug", "is_active", "may_publish_pictures", "bonus"),
        *("licence", "source", "created_at", "stickers"),
    )
    readonly_fields = ("bonus", "stickers")
    actions = (
        asking(
            "put_in_play",
            gettext_lazy("Put in play"),
            gettext_lazy("Its active stickers are dealt and can be found."),
            _playing(True),
        ),
        asking(
            "take_out_of_play",
            gettext_lazy("Take out of play"),
            gettext_lazy("None of its stickers is dealt or found any more; each keeps its own state."),
            _playing(False),
        ),
        asking(
            "let_pictures_out",
            gettext_lazy("Let releases hold its pictures"),
            gettext_lazy("From the next release on its pictures are published. Say on which licence or whose word."),
            _publishing(True),
            ["rights"],
        ),
        asking(
            "keep_pictures_in",
            gettext_lazy("Keep its pictures out of releases"),
            gettext_lazy("From the next release on only its queries are published."),
            _publishing(False),
            ["rights"],
        ),
    )

    def has_edit_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("sticktionary.change_sticker")

    def has_rights_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("sticktionary.change_pack")

    def found_by(self, term: str) -> Q:
        return Q(title__icontains=term) | Q(slug__icontains=term) | Q(source__icontains=term)

    def shown(self, pack: Pack) -> str:
        return pack.title

    @admin.display(description=gettext_lazy("bonus pages"))
    def bonus(self, pack: Pack) -> str:
        names = dict(Task.choices)
        return ", ".join(str(names.get(task, task)) for task in pack.bonus_tasks) or "–"

    @admin.display(description=gettext_lazy("Stickers"))
    def stickers(self, pack: Pack) -> SafeString:
        address = f"{reverse('admin:sticktionary_sticker_changelist')}?pack__id__exact={pack.pk}"
        return format_html(
            '<a href="{}">{}</a> · <a href="{}">{}</a>',
            *(address, pack.stickers.count()),
            *(reverse("studio_pack", args=[pack.slug]), _("In the studio")),
        )


class JobAdmin(ReadOnly):
    list_filter: Any = ("state",)

    @admin.display(description=gettext_lazy("state"))
    def stamp(self, job: Any) -> SafeString:
        return showing.state(job)

    @admin.display(description=gettext_lazy("done so far"))
    def progress(self, job: Any) -> str:
        return f"{job.n_done} / {job.n_total}"


@admin.register(ImportJob)
class ImportAdmin(JobAdmin):
    list_display = ("label", "pack", "stamp", "is_dry_run", "progress", "created_by", "created_at", "report")
    list_select_related = ("pack", "created_by")

    @admin.display(description=gettext_lazy("Report"))
    def report(self, job: ImportJob) -> SafeString:
        return format_html('<a href="{}">{}</a>', reverse("studio_import_job", args=[job.pk]), _("Report"))


@admin.register(ImportItem)
class ImportItemAdmin(ReadOnly):
    list_display = ("name", "job", "outcome", "reason", "is_near_duplicate")
    list_filter = ("outcome", "is_near_duplicate")
    list_select_related = ("job",)
    searched = gettext_lazy("Number of the import")

    def found_by(self, term: str) -> Q:
        return by_number(term, "job")
