"""The rules and the dice of a test."""

from __future__ import annotations

from typing import Any

import pytest

from sticktionary.domain import rules
from sticktionary.domain.play import chance
from sticktionary.models import RuleSet


def hold(**changes: Any) -> rules.Rules:
    """Let these rules hold from now on, and the default of every other."""
    RuleSet.objects.create(values=changes)
    rules.forget()
    return rules.current()


def leave_nothing_to_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what happens to every page happens: no target is left out, no results are hidden, no gold is dealt."""
    monkeypatch.setattr(chance, "happens", lambda share: share >= 1)
