"""The CLIP baseline: a conversation's vector against stickers' vectors, and nothing else. (Radford et al. 2021)

Trained on conversations it is the CLIP row of the tables of MultiChat and PBR; trained on what describes stickers it is
StickerCLIP, and gives other models their towers.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ...losses import info_nce
from ..bases.towers import Joint, Seen, by_sticker
from ..data.conversations import Sticker, Use
from ..data.gallery import Gallery, Places
from ..data.wording import context
from ..settings import Training
from .learning import DialogueModel


class ContextClip(DialogueModel):
    """score = cos(text tower(last turns), picture tower(sticker))."""

    def __init__(self, gallery: Gallery, joint: Joint, settings: Training) -> None:
        super().__init__(gallery)
        self.joint, self.settings = joint, settings

    def losses(self, uses: Sequence[Use], rng: np.random.Generator, progress: float) -> dict[str, Tensor]:
        """Symmetric InfoNCE over the batch; near duplicates, and what answers as well, are no negatives."""
        golds = self.gallery.conversations.golds(uses)
        images = F.normalize(self.joint.see(self.gallery.drawn(golds, rng)).vector, dim=-1)
        same = self.gallery.answers(uses, golds).T.to(images.device)
        positive = torch.eye(len(uses), dtype=torch.bool, device=images.device)
        return {"loss": info_nce(images, self.heard(uses), self.joint.scale.exp(), positive, ignored=same)}

    def heard(self, uses: Sequence[Use]) -> Tensor:
        """[n, d] of length 1: the conversations."""
        settings = self.settings
        told = [context(use, self.gallery.conversations, settings.n_turns, self.joint.separator) for use in uses]
        return self.joint.vectors_of(told, settings.length)

    def scores(self, uses: Sequence[Use], candidates: Places) -> Tensor:
        """Cosines."""
        looks = self.once("looks", lambda: self.show(seen(self.joint, self.gallery), self.gallery.stickers))
        return cosines(self.heard(uses), looks, candidates)

    def show(self, looks: Seen, stickers: Sequence[Sticker]) -> Tensor:
        """[n, d] of length 1: stickers, of which their looks alone count."""
        return F.normalize(looks.vector, dim=-1)


def seen(joint: Joint, gallery: Gallery, places: Sequence[int] | Places | None = None, at_once: int = 128) -> Seen:
    """The stickers at `places`, or all, each the mean of its key frames, without gradients."""
    chosen = np.arange(len(gallery)) if places is None else np.asarray(places)
    parts = list[Seen]()
    with torch.no_grad():
        for start in range(0, len(chosen), at_once):
            some = chosen[start : start + at_once]
            frames, of = gallery.all_frames(some)
            parts.append(by_sticker(joint.see(frames), of.to(joint.device), len(some)))
    return Seen(*(torch.cat(column) for column in zip(*parts, strict=True)))


def cosines(queries: Tensor, stickers: Tensor, candidates: Places) -> Tensor:
    """[n, m] of unit vectors `queries` [n, d] and `stickers` [G, d] at `candidates` [n, m]."""
    chosen = torch.from_numpy(candidates).to(queries.device)
    return (queries @ stickers.T).gather(1, chosen)
