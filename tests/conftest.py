from __future__ import annotations

from collections.abc import Iterator

import hypothesis
import pytest
from django.utils import translation

from sticktionary.domain import rules

# How long an example takes says something about the machine, not about the code. What passed once passes again; to
# look further than the usual examples: make test ARGS=--hypothesis-profile=searching
hypothesis.settings.register_profile("sticktionary", deadline=None, derandomize=True)
hypothesis.settings.register_profile("searching", deadline=None, max_examples=1_000, print_blob=True)
hypothesis.settings.load_profile("sticktionary")


@pytest.fixture(autouse=True)
def _rules_of_its_own() -> Iterator[None]:
    """The rules are held by the process; each test's are other ones."""
    rules.forget()
    yield
    rules.forget()


@pytest.fixture(autouse=True)
def _language_of_its_own() -> Iterator[None]:
    """A request leaves its language behind in the thread; each test begins without one."""
    translation.deactivate()
    yield
    translation.deactivate()
