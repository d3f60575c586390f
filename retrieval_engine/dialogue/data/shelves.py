"""Stickers by their packs and near duplicates, as numbers: what lists are drawn from. Nothing here needs a picture."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .conversations import Conversations, Sticker

Places = NDArray[np.int64]


class Shelved(Protocol):
    """A gallery, or `Shelves`."""

    @property
    def conversations(self) -> Conversations: ...
    @property
    def stickers(self) -> tuple[Sticker, ...]: ...
    @property
    def packs(self) -> Places: ...
    @property
    def groups(self) -> Places: ...


class Shelves:
    """The stickers of some conversations. `packs` and `groups`, int64 [n], are equal for stickers of one pack, and for
    near duplicates."""

    def __init__(self, conversations: Conversations) -> None:
        self.conversations, self.stickers = conversations, conversations.stickers
        self.packs = codes(sticker.pack for sticker in self.stickers)
        self.groups = codes(sticker.group for sticker in self.stickers)


def codes(names: Iterable[str]) -> Places:
    """A number for each name, the same for the same name: its place in alphabetical order."""
    return np.unique(np.array(list(names), dtype=str), return_inverse=True)[1].astype(np.int64)
