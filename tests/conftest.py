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


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--only-database", action="store_true", help="only tests that ask a database: for another one")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What asks no database is the same whatever database there is."""
    if not config.getoption("--only-database"):
        return
    asks = {"db", "transactional_db", "django_db_setup"}
    kept = [item for item in items if item.get_closest_marker("django_db") or asks & set(fixtures_of(item))]
    config.hook.pytest_deselected(items=[item for item in items if item not in set(kept)])
    items[:] = kept


def fixtures_of(item: pytest.Item) -> list[str]:
    return list(getattr(item, "fixturenames", ()))


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
