"""Stickers told apart within their pack and from those of other packs. (TSCL; PBR, section 3.3)

It contrasts pictures and no emotions: two stickers of a pack that feel the same are pushed apart, too.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

TEMPERATURE: Final = 0.1


class Contrast(nn.Sequential):
    """What stickers are told apart by: two layers, normalised by layer, since small batches know no mean."""

    def __init__(self, width: int, hidden: int = 1_024, out: int = 256) -> None:
        super().__init__(nn.Linear(width, hidden), nn.LayerNorm(hidden), nn.ReLU(), nn.Linear(hidden, out))


def contrasts(first: Tensor, second: Tensor, of: Tensor, packs: Tensor, same: Tensor) -> dict[str, Tensor]:
    """L_intra and L_inter of two views [M, e] of each sticker: with the other view against stickers of its own
    dialogue's pack, and against those of other packs; in both views, near duplicates left out. (Section 8.4)"""
    n = len(first)
    views = F.normalize(torch.cat([first, second]), dim=-1)
    logits = views @ views.T / TEMPERATURE
    positive = (
        torch.eye(n, dtype=torch.bool, device=views.device)
        .repeat(2, 2)
        .logical_xor(torch.eye(2 * n, dtype=torch.bool, device=views.device))
    )
    beside, apart = of[:, None] == of[None], packs[:, None] != packs[None]
    return {
        name: _told_apart(logits, positive, (wrong & ~same).repeat(2, 2))
        for name, wrong in (("intra", beside), ("inter", apart))
    }


def _told_apart(logits: Tensor, positive: Tensor, wrong: Tensor) -> Tensor:
    """-log of the share of the one positive of each row among it and the wrong ones."""
    among = logits.masked_fill(~(positive | wrong), -torch.inf).logsumexp(1)
    return (among - logits[positive]).mean()
