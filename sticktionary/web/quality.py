"""Rules, gold, skill, flags and consequences, for those who keep the game fair."""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
