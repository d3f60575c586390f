from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.admin import ModelAdmin as BaseModelAdmin
from django.contrib.admin.helpers import ActionForm
from django.contrib.admin.views.main import ChangeList
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from unfold.admin import ModelAdmin

from sticktionary.admin import showing
from sticktionary.admin.paging import KeysetChangeList
from sticktionary.domain.people import names
from sticktionary.models import Player


class ReadOnly(ModelAdmin):  # type: ignore[misc]
    """Facts are looked at here; only verbs make and change them.

    Lists come newest first, page by page, and are searched through indexes alone: `found_by` turns what was typed into
    a condition on indexed columns, and `searched` says what may be typed.
    """

    list_per_page = 50
    list_disable_select_all = True
    show_full_result_count = False
    sortable_by = ()
    ordering = ("-pk",)
    actions: Any = None
    action_form = ActionForm
    searched: Any = ""
    change_form_template = "admin/fact.html"

    @property
    def search_help_text(self) -> Any:
        return self.searched or None

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        return ("pk",) if self.searched else ()

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        return (queryset.filter(self.found_by(term)) if term else queryset), False

    def get_action_choices(self, request: HttpRequest, default_choices: Any = ()) -> list[tuple[str, str]]:
        return BaseModelAdmin.get_action_choices(self, request, [("", _("Choose what to do"))])

    def found_by(self, term: str) -> Q:
        return by_number(term)

    def get_changelist(self, request: HttpRequest, **told: Any) -> type[ChangeList]:
        return KeysetChangeList

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *told: Any, obj: Any = None, **more: Any
    ) -> HttpResponse:
        """A fact with what may be done about it: the same verbs as on the list."""
        context |= {
            "acts": [(name, title) for name, (_act, _name, title) in self.get_actions(request).items()],
            "list_url": reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"),
            "facts": [showing.fact(self, obj, name, request.user) for name in self.get_fields(request, obj)],
        }
        answer: HttpResponse = super().render_change_form(request, context, *told, obj=obj, **more)
        return answer

    @property
    def media(self) -> forms.Media:
        """Nothing is edited here, so none of the editing's scripts; ticking rows needs one."""
        return forms.Media(js=["admin/js/actions.js"]) if self.actions else forms.Media()

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


def by_number(term: str, field: str = "pk") -> Q:
    """Rows whose number it is; none when it is no number."""
    return Q(**{field: int(term)}) if term.isdecimal() and len(term) < 19 else Q(pk__in=[])


def by_player(term: str, field: str = "player") -> Q:
    """Rows of the player who goes by the name, looked up first: a join in the condition would read the whole table."""
    named = Player.objects.filter(Q(username=term) | Q(name_key=names.key_of(term)))
    return Q(**{f"{field}__in": list(named.values_list("pk", flat=True))})
