"""Wrong stickers that feel as the dialogue does, which are the hard ones. (PHSM; PBR, section 3.4)

It does what it says: what is drawn is nearer in sentiment. Whether that helps is another matter; on planted data it did
not, so it is off unless asked for, and sets in slowly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import torch
from torch import Tensor

from ..data.conversations import Polarity, Use

Feel = Callable[[Use], Polarity]
UNKNOWN: Final = 0.5
"""D between a dialogue without a word of sentiment and any sticker: no preference."""


def distance(felt: Sequence[Polarity], stickers: Tensor) -> Tensor:
    """[B, M]: D_ij = |P_i - P_j| + |N_i - N_j|, in 0..2, of dialogues, whose sums are scaled to P + N = 1, and stickers
    whose P is `stickers` [M]. (Algorithm 1 as printed compares dialogues with dialogues and adds differences that
    cancel: it gives 2 for every pair.)"""
    rows = []
    for own in felt:
        total = own.positive + own.negative
        rows.append(2 * (own.positive / total - stickers).abs() if total else torch.full_like(stickers, UNKNOWN))
    return torch.stack(rows)


def wrong_weights(logits: Tensor, apart: Tensor | None, excluded: Tensor, kappa: float) -> Tensor:
    """[B, M] of rows that add up to 1: how likely each sticker is drawn as a dialogue's wrong one.

    w_ij ~ exp(sim_ij / T + kappa (1 - D_ij / 2)) of `logits` = sim / T, or all zero for a draw that sentiment alone
    decides. The released code divides by no temperature here, which makes the drawing almost uniform.
    """
    if apart is not None:
        logits = logits + kappa * (1 - apart / 2)
    return weights_by_row(logits.masked_fill(excluded, -torch.inf))


def weights_by_row(logits: Tensor) -> Tensor:
    """The softmax of each row; zero where nothing is left in it."""
    return logits.softmax(-1).nan_to_num(0.0)


def one_of_each(weights: Tensor) -> Tensor:
    """int64 [n]: one column of each row of weights [n, m], drawn; -1 for a row without weight."""
    empty = weights.sum(1) <= 0
    drawn = torch.multinomial(weights + empty[:, None], 1)[:, 0]
    return torch.where(empty, -1, drawn)


def feeling(sentiment: Callable[[Sequence[str], str], Sequence[Polarity]], n_turns: int) -> Feel:
    """How a dialogue feels: the sums over its last turns of what people said of each, or else the provider does."""

    def felt(use: Use) -> Polarity:
        turns = use.turns(n_turns)
        asked = [turn.text for turn in turns if turn.polarity is None and turn.text]
        found = [turn.polarity for turn in turns if turn.polarity] + list(sentiment(asked, use.language))
        return Polarity(sum(each.positive for each in found), sum(each.negative for each in found))

    return felt
