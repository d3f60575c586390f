"""Which cluster, and what a model's catalogue is called there."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Final

from django.conf import settings
from qdrant_client import QdrantClient

from retrieval_engine.qdrant import Layout, connect
from retrieval_engine.qdrant.layout import LOCAL

FORMAT: Final = 2
"""Raised when tokens or what is kept of a sticker change: catalogues are then built anew, beside those in use."""


def connected(*, is_writer: bool = False) -> tuple[QdrantClient, Layout]:
    """One client for each of the two, however often it is asked for; the local mode has one for both."""
    return _connected(settings.SEARCH_URL, is_writer and not is_local())


@cache
def _connected(url: str, is_writer: bool) -> tuple[QdrantClient, Layout]:
    return connect(url, api_key=settings.SEARCH_API_KEY, is_writer=is_writer)


def is_local() -> bool:
    """Whether it is the client's local mode, which one process alone can have."""
    return bool(settings.SEARCH_URL.startswith(LOCAL))


def alias() -> str:
    """What stands for the live catalogue. Several installations may share a cluster and not this name."""
    return str(settings.CHANNEL_PREFIX)


def name_of(model: str) -> str:
    """The name of a model's catalogue; a model's name may hold anything."""
    return f"{alias()}-{hashlib.sha256(f'{FORMAT} {model}'.encode()).hexdigest()[:16]}"
