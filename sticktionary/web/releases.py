"""Releases: frozen, looked at, fetched, published, withdrawn."""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
