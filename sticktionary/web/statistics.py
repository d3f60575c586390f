"""The papers' own tables, for our data."""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
