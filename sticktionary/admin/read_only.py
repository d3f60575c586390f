from __future__ import annotations

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest


class NoChanges:
    """Facts are looked at here; only verbs make and change them."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ReadOnly(NoChanges, admin.ModelAdmin):  # type: ignore[type-arg]
    pass


class ReadOnlyInline(NoChanges, admin.TabularInline):  # type: ignore[type-arg]
    extra = 0
    template = "admin/inline.html"
