"""The stickers that can be sent, as a model sees them: their key frames, and which are the same for a loss."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...stickerclip.pictures import Frames, decode
from .conversations import Conversations, Sticker, Use
from .shelves import Places as Places
from .shelves import codes

Mask = NDArray[np.bool_]


class Gallery:
    """The stickers of some conversations with their frames, both in the same order."""

    def __init__(self, conversations: Conversations, frames: Frames) -> None:
        if len(frames.counts) != len(conversations.stickers):
            raise ValueError(f"{len(conversations.stickers)} stickers with the frames of {len(frames.counts)}")
        self.conversations, self.frames = conversations, frames
        self.stickers = conversations.stickers
        self.groups = codes(sticker.group for sticker in self.stickers)
        self.packs = codes(sticker.pack for sticker in self.stickers)
        self.intents = codes((*sticker.intents, f"-{sticker.id}")[0] for sticker in self.stickers)

    @classmethod
    def decoded(
        cls,
        conversations: Conversations,
        files: Sequence[Path],
        size: int,
        folder: Path,
        told: Callable[[int], None] = lambda n: None,
    ) -> Self:
        """With the pictures in `files` decoded to `size`; stickers whose picture cannot be read are left out with their
        uses, and `Conversations.dropped` counts them. `told` hears how many are done."""
        decode(files, size, folder, told)
        frames = Frames.open(folder, size)
        kept = np.flatnonzero(frames.counts)
        stickers = [conversations.stickers[place] for place in kept]
        ids = {sticker.id for sticker in stickers}
        uses = [use for use in conversations.uses if use.gold in ids]
        n_lost = len(conversations.uses) - len(uses)
        dropped = conversations.dropped | ({"the picture cannot be read": n_lost} if n_lost else {})
        rest = Frames(frames.pixels, frames.starts[kept], frames.counts[kept], frames.problems)
        return cls(Conversations(stickers, uses, dropped), rest)

    def knowing(self, intents: Sequence[str]) -> Gallery:
        """The same, with the intents that a model tells apart."""
        held = self.conversations
        return Gallery(Conversations(held.stickers, held.uses, held.dropped, intents=intents), self.frames)

    def __len__(self) -> int:
        return len(self.stickers)

    def of(self, places: Iterable[int]) -> list[Sticker]:
        """The stickers at some places."""
        return [self.stickers[place] for place in places]

    def drawn(self, places: Sequence[int] | Places, rng: np.random.Generator) -> Tensor:
        """One frame of each sticker, uint8 [n, size, size, 3], drawn among its key frames: what training sees."""
        return torch.from_numpy(self.frames.one_of(np.asarray(places).tolist(), rng))

    def all_frames(self, places: Sequence[int] | Places) -> tuple[Tensor, Tensor]:
        """Every key frame, uint8 [m, size, size, 3], and which of `places` each is of, int64 [m]."""
        chosen = np.asarray(places)
        of = np.repeat(np.arange(len(chosen)), self.frames.counts[chosen])
        return torch.from_numpy(self.frames.of(chosen.tolist())), torch.from_numpy(of)

    def same(self, rows: Sequence[int] | Places, columns: Sequence[int] | Places, *, intent: bool = False) -> Tensor:
        """bool [rows, columns]: pairs that are no negatives of each other, because they are one sticker or near
        duplicates, or, with `intent`, are mostly used for the same."""
        first, second = np.asarray(rows), np.asarray(columns)
        found = self.groups[first][:, None] == self.groups[second][None]
        if intent:
            found |= self.intents[first][:, None] == self.intents[second][None]
        return torch.from_numpy(found)

    def answers(self, uses: Sequence[Use], places: Sequence[int] | Places) -> Tensor:
        """bool [n uses, m]: pairs that are no negatives of each other, because the sticker is the one that was sent, a
        near duplicate of it, or one of which people said that it answers as well."""
        place, groups = self.conversations.place, self.groups[np.asarray(places, dtype=np.int64)]
        right = ([place[use.gold], *(place[id] for id in use.acceptable if id in place)] for use in uses)
        found = [np.isin(groups, self.groups[own]) for own in right]
        return torch.from_numpy(np.array(found, dtype=bool).reshape(len(uses), len(groups)))
