from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _

from sticktionary.admin.read_only import ReadOnly
from sticktionary.domain import moderation
from sticktionary.domain.errors import NotAllowed, Refused
from sticktionary.domain.roles import Role
from sticktionary.models import AuditEntry, Player
from sticktionary.models.players import Language

ROLES = {Role.REVIEWER: _("reviewer"), Role.RESEARCHER: _("researcher"), Role.ADMIN: _("admin")}


class Sure(forms.Form):
    """Nothing to fill in: the button is the question."""


class RoleForm(forms.Form):
    role = forms.TypedChoiceField(label=_("Role"), choices=list(ROLES.items()), coerce=Role)


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=300, help_text=_("It is kept in the audit."))


class LanguageForm(ReasonForm):
    language = forms.ChoiceField(label=_("Native language"), choices=Language.choices)
    field_order = ["language", "reason"]


@dataclass(frozen=True)
class Verb:
    title: Any
    form: type[forms.Form]
    run: Callable[..., Any]
    words: Any  # what the page says before it asks


VERBS = {
    "grant": Verb(_("Give a role"), RoleForm, moderation.grant, _("The player can do what the role allows at once.")),
    "revoke": Verb(_("Take a role"), RoleForm, moderation.revoke, _("The player loses what the role allows at once.")),
    "language": Verb(
        _("Change the language"),
        LanguageForm,
        moderation.change_language,
        _("From the next page on the player plays in it, and is on its boards with all their points."),
    ),
    "block": Verb(
        _("Block"), ReasonForm, moderation.block, _("The player is signed out everywhere and cannot come back in.")
    ),
    "unblock": Verb(_("Unblock"), ReasonForm, moderation.unblock, _("The player can sign in again.")),
    "reset": Verb(
        _("Make a reset link"),
        Sure,
        moderation.reset_link,
        _("Make sure that you know who is asking. Whoever opens the link first sets the password of this account."),
    ),
}


@admin.register(Player)
class PlayerAdmin(ReadOnly):
    list_display = ("name", "username", "language", "points", "is_guest", "is_staff", "is_active", "last_login")
    list_filter = ("language", "is_guest", "is_active", "groups")
    search_fields = ("username", "display_name", "email")
    ordering = ("-pk",)
    list_per_page = 50
    show_full_result_count = False
    fields = (
        ("username", "display_name", "email"),
        ("language", "is_guest", "on_board"),
        ("points", "practised_at"),
        ("is_active", "is_staff", "groups"),
        ("date_joined", "last_login"),
    )
    change_form_template = "admin/player.html"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.carry_out)
        verb_url = path("<int:player_id>/do/<slug:verb>/", view, name="sticktionary_player_verb")
        return [verb_url, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        decisions = AuditEntry.objects.filter(subject=f"player {object_id}").select_related("actor").order_by("-pk")
        verbs = VERBS if request.user.has_perm("sticktionary.manage_players") else {}
        context = {"verbs": verbs, "decisions": decisions[:50], **(extra_context or {})}
        return super().change_view(request, object_id, form_url, context)

    def carry_out(self, request: HttpRequest, player_id: int, verb: str) -> HttpResponse:
        """Ask what a verb needs, then do it; refusals are shown on the form."""
        if verb not in VERBS:
            raise Http404
        if not request.user.has_perm("sticktionary.manage_players"):
            raise PermissionDenied
        player = get_object_or_404(Player, pk=player_id)
        form = VERBS[verb].form(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            try:
                link = VERBS[verb].run(actor=request.user, player_id=player_id, **form.cleaned_data)
                return self._done(request, player, verb, link)
            except NotAllowed as refused:
                raise PermissionDenied(refused.message) from refused
            except Refused as refused:
                form.add_error(None, refused.message)
        return self._page(request, player, verb, {"form": form})

    def _done(self, request: HttpRequest, player: Player, verb: str, link: str | None) -> HttpResponse:
        if link:
            return self._page(request, player, verb, {"link": request.build_absolute_uri(link)})
        messages.success(request, _("Done, and written down."))
        return redirect(reverse("admin:sticktionary_player_change", args=[player.pk]))

    def _page(self, request: HttpRequest, player: Player, verb: str, more: dict[str, Any]) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": f"{VERBS[verb].title}: {player.name}",
            "verb": VERBS[verb],
            "player": player,
            "opts": Player._meta,
            **more,
        }
        return render(request, "admin/player_verb.html", context)


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnly):
    list_display = ("at", "actor", "verb", "subject", "detail")
    list_filter = ("verb",)
    search_fields = ("subject",)
    ordering = ("-pk",)
    list_select_related = ("actor",)
    show_full_result_count = False
