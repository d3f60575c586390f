from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from sticktionary.admin import showing
from sticktionary.admin.asking import editor
from sticktionary.admin.player_verbs import VERBS, open_to
from sticktionary.admin.read_only import ReadOnly, by_number, by_player
from sticktionary.domain.errors import NotAllowed, Refused
from sticktionary.domain.people import names
from sticktionary.models import AuditEntry, Flag, Player, PlayerQuality, Sanction

N_SHOWN = 50  # of each kind on a player's page


@admin.register(Player)
class PlayerAdmin(ReadOnly):
    list_display = ("name", "username", "language", "points", "is_guest", "is_staff", "is_active", "last_login")
    list_filter = ("language", "is_guest", "is_active", "is_staff", "groups")
    searched = _("Number, name, display name or e-mail")
    fields = (
        *("username", "display_name", "email", "language", "is_guest", "on_board", "points", "practised_at"),
        *("is_active", "is_staff", "groups", "date_joined", "last_login"),
    )
    change_form_template = "admin/player.html"

    def found_by(self, term: str) -> Q:
        return by_number(term) | Q(username=term) | Q(name_key=names.key_of(term)) | Q(email=term)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.carry_out)
        verb_url = path("<int:player_id>/do/<slug:verb>/", view, name="sticktionary_player_verb")
        return [verb_url, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        player = Player.objects.filter(pk=object_id).first() if object_id.isdecimal() else None
        told = {} if player is None else _whole(editor(request), player)
        answer: HttpResponse = super().change_view(request, object_id, form_url, {**told, **(extra_context or {})})
        return answer

    def carry_out(self, request: HttpRequest, player_id: int, verb: str) -> HttpResponse:
        """Ask what a verb needs, then do it; refusals are shown on the form."""
        if verb not in VERBS:
            raise Http404
        if not request.user.has_perm(f"sticktionary.{VERBS[verb].permission}"):
            raise PermissionDenied
        player = get_object_or_404(Player, pk=player_id)
        form = VERBS[verb].form(request.POST if request.method == "POST" else None, player=player)
        if request.method == "POST" and form.is_valid():
            try:
                made = VERBS[verb].run(actor=request.user, player_id=player_id, **form.cleaned_data)
                return self._done(request, player, verb, made)
            except NotAllowed as refused:
                raise PermissionDenied(refused.message) from refused
            except Refused as refused:
                form.add_error(None, refused.message)
        return self._page(request, player, verb, {"form": form})

    def _done(self, request: HttpRequest, player: Player, verb: str, made: Any) -> HttpResponse:
        if isinstance(made, str):
            return self._page(request, player, verb, {"link": request.build_absolute_uri(made)})
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


def _whole(actor: Player, player: Player) -> dict[str, Any]:
    decisions = AuditEntry.objects.filter(subject=f"player {player.pk}").select_related("actor").order_by("-pk")
    return {
        "verbs": open_to(actor, player),
        "quality": PlayerQuality.objects.filter(player=player).first(),
        "flags": Flag.objects.filter(player=player).order_by("-pk")[:N_SHOWN],
        "sanctions": Sanction.objects.filter(player=player).select_related("imposed_by").order_by("-pk")[:N_SHOWN],
        "consents": player.consents.order_by("-pk"),
        "decisions": [
            (entry, entry.detail.get("why") or entry.detail.get("reason"), showing.detail(_rest(entry.detail)))
            for entry in decisions[:N_SHOWN]
        ],
    }


def _rest(detail: dict[str, Any]) -> dict[str, Any]:
    return {name: said for name, said in detail.items() if name not in {"why", "reason"}}


@admin.register(PlayerQuality)
class PlayerQualityAdmin(ReadOnly):
    list_display = (
        "player",
        "weight",
        "find_skill",
        "find_sd",
        "label_skill",
        "label_sd",
        "n_finds",
        "n_labels",
        "gold",
    )
    list_select_related = ("player",)
    searched = _("Name of the player")

    def found_by(self, term: str) -> Q:
        return by_player(term)

    @admin.display(description=_("gold rounds"))
    def gold(self, quality: PlayerQuality) -> str:
        return f"{quality.n_gold_passed} / {quality.n_gold}"


@admin.register(Sanction)
class SanctionAdmin(ReadOnly):
    list_display = ("at", "player_link", "step", "reason", "imposed_by", "lifted_at", "why_lifted")
    list_filter = ("step", ("lifted_at", admin.EmptyFieldListFilter))
    list_select_related = ("player", "imposed_by")
    searched = _("Name of the player")

    def found_by(self, term: str) -> Q:
        return by_player(term)

    @admin.display(description=_("player"))
    def player_link(self, sanction: Sanction) -> SafeString | str:
        return showing.link(sanction.player)
