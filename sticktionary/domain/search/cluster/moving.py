"""Moving a catalogue over while somebody watches: done here, or watched while a worker does it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from retrieval_engine.qdrant import QdrantSearcher, aliases
from sticktionary.domain.search import reading
from sticktionary.domain.search.cluster.address import alias, connected, name_of
from sticktionary.domain.search.cluster.keeping import Keeper, alone, wanted
from sticktionary.models import Sticker

LOOK_EVERY_S: Final = 1.0  # at what somebody else does


@dataclass(frozen=True, slots=True)
class Progress:
    """How many stickers the live model's catalogue holds, how many were in play when it began, and whether it is the
    one that is asked."""

    n_done: int
    n_total: int
    is_live: bool


def move() -> Iterator[Progress]:
    """How far it has come, again and again, until the live model's catalogue is there and asked."""
    n_total = Sticker.objects.filter(reading.IN_PLAY).count()
    with alone() as is_alone:
        keeper = Keeper() if is_alone else None
        while True:
            if keeper is not None:
                keeper.step()
            progress = _progress(n_total)
            yield progress
            if progress.is_live:
                return
            if keeper is None:
                time.sleep(LOOK_EVERY_S)


def _progress(n_total: int) -> Progress:
    client, name = connected(is_writer=True)[0], name_of(wanted()[0])
    try:
        searcher = QdrantSearcher(client, name)
    except ValueError:  # not begun
        return Progress(0, n_total, False)
    is_whole = searcher.position.get("filled_to", 0) is None
    return Progress(len(searcher), n_total, is_whole and aliases.target(client, alias()) == name)
