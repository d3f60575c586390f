"""Contrastive losses. They take embeddings, not models: rows of length 1, `scale` = 1 / temperature."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def symmetric_info_nce(images: Tensor, texts: Tensor, scale: Tensor | float, same: Tensor | None = None) -> Tensor:
    """L = 1/2 (CE(S) + CE(S^T)), S = scale x images texts^T, the diagonal being the target of every row.

    `images`, `texts` [n, d] are pairs row by row. `same` [n, n], True where pair i and pair j belong to one sticker or
    to near duplicates, takes those entries out of the denominators, so that they are no false negatives; its diagonal
    is ignored. Scalar. (Sticker820K section 4: the mean of both directions.)
    """
    logits = scale * images @ texts.T
    if same is not None:
        own = torch.eye(len(images), dtype=torch.bool, device=images.device)
        logits = logits.masked_fill(same & ~own, -torch.inf)
    target = torch.arange(len(images), device=images.device)
    return (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2


def multi_positive_info_nce(images: Tensor, texts: Tensor, scale: Tensor | float, positive: Tensor) -> Tensor:
    """InfoNCE where an image has several texts and a text may fit several images.

    `images` [n, d], `texts` [m, d], `positive` bool [n, m] with at least one True in every row and column. Each row,
    and each column, is a cross entropy against the uniform distribution over its positives; the two means are averaged.
    With n = m and `positive` the identity it is `symmetric_info_nce`. (Khosla et al. 2020, "Supervised contrastive
    learning", the mean outside of the logarithm.)
    """
    logits = scale * images @ texts.T
    weights = positive.to(logits.dtype)
    by_image = F.cross_entropy(logits, weights / weights.sum(1, keepdim=True))
    by_text = F.cross_entropy(logits.T, weights.T / weights.T.sum(1, keepdim=True))
    return (by_image + by_text) / 2
