"""Addresses by their names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from django.urls import URLPattern, URLResolver, get_resolver


def names(patterns: Iterable[URLPattern | URLResolver], within: str = "") -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from names(pattern.url_patterns, f"{within}{pattern.namespace}:" if pattern.namespace else within)
        elif pattern.name:
            yield within + pattern.name


def test_a_name_leads_to_one_page() -> None:
    """Of two pages of one name `redirect` takes the last."""
    counted = Counter(names(get_resolver().url_patterns))
    assert {name: n for name, n in counted.items() if n > 1} == {}
