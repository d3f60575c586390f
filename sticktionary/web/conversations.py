"""Conversations in, and what people say of the stickers in them."""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
