"""The lab's pages: who sees them, what they say, and that each button calls its verb once."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from sticktionary.domain.lab import runs
from sticktionary.models import Player, Release, TrainingRun
from tests.people.conftest import client_of


@pytest.fixture
def browser(researcher: Player) -> Client:
    return client_of(researcher)


@pytest.fixture
def run(researcher: Player, frozen: Release) -> TrainingRun:
    return runs.start(actor=researcher, recipe="stickerclip", release=frozen, base="tiny", title="First try")


def test_every_page_is_there(browser: Client, run: TrainingRun) -> None:
    for name, arguments in PAGES.items():
        response = browser.get(reverse(name, args=[run.pk] if arguments else []))
        assert response.status_code == 200, name


PAGES: dict[str, Any] = {
    "lab": False, "lab_runs": False, "lab_new_run": False, "lab_compare": False, "lab_run": True, "lab_models": False,
    "lab_try": False, "lab_tokens": False, "lab_api": False, "lab_query": False, "api_document": False,
}  # fmt: skip
