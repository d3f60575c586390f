"""Who did what to which thing, when and why."""

from __future__ import annotations

from django.contrib import admin
from django.core.cache import cache
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from sticktionary.admin import showing
from sticktionary.admin.read_only import ReadOnly
from sticktionary.models import AuditEntry, Player

VERBS_HELD_S = 600


class ByActor(admin.SimpleListFilter):
    """Those who may act on others; the log itself is not searched for names."""

    title = _("by")
    parameter_name = "actor"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:  # type: ignore[type-arg]
        return [(str(player.pk), player.name) for player in Player.objects.filter(is_staff=True).order_by("username")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        said = self.value() or ""
        return queryset.filter(actor_id=int(said)) if said.isdecimal() and len(said) < 19 else queryset


class ByVerb(admin.SimpleListFilter):
    title = _("what")
    parameter_name = "verb"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:  # type: ignore[type-arg]
        verbs = cache.get_or_set("audit.verbs", _verbs, VERBS_HELD_S)
        return [(verb, verb) for verb in verbs or []]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        return queryset.filter(verb=self.value()) if self.value() else queryset


def _verbs() -> list[str]:
    """From one to the next through the index; DISTINCT would read the whole log."""
    verbs, entries = [""], AuditEntry.objects.order_by("verb").values_list("verb", flat=True)
    while later := entries.filter(verb__gt=verbs[-1]).first():
        verbs.append(later)
    return verbs[1:]


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnly):
    list_display = ("at", "actor", "verb", "subject", "why", "details")
    list_filter = (ByActor, ByVerb, ("at", admin.DateFieldListFilter))
    searched = _("To what, as it stands in the log: player 12, sticker 7 …")
    list_select_related = ("actor",)

    def found_by(self, term: str) -> Q:
        return Q(subject=term) | Q(subject__startswith=f"{term} ")

    @admin.display(description=_("why"))
    def why(self, entry: AuditEntry) -> str:
        return str(entry.detail.get("why") or entry.detail.get("reason") or "–")

    @admin.display(description=_("details"))
    def details(self, entry: AuditEntry) -> SafeString:
        return showing.detail({name: said for name, said in entry.detail.items() if name not in {"why", "reason"}})
