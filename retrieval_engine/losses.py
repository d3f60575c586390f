"""The contrastive loss. It takes embeddings, not models: rows of length 1, `scale` = 1 / temperature."""

from __future__ import annotations

import torch
from torch import Tensor


def info_nce(
    images: Tensor,
    texts: Tensor,
    scale: Tensor | float,
    positive: Tensor,
    *,
    ignored: Tensor | None = None,
    weight: Tensor | None = None,
) -> Tensor:
    """Symmetric InfoNCE: L = 1/2 (text to image + image to text), both over S = scale x images texts^T. Scalar.

    `images` [n, d], `texts` [m, d]; `positive` bool [n, m] says which text belongs to which image: each text to one at
    least, images without any (hard negatives) only stand against the texts. Each row, and each column, is a cross
    entropy against the distribution over its positives. With n = m and the identity it is the loss of Sticker820K,
    section 4, taken as the mean of both directions; several positives as in Khosla et al. 2020, "Supervised contrastive
    learning", the mean outside of the logarithm.

    `ignored` bool [n, m] takes pairs out of the denominators that are not positive and no negatives either: near
    duplicates, a query that is typed for both. `weight` [m] in 0..1 is how far a text is believed: positives count by
    it within a row, and rows by the mean of theirs.
    """
    logits = scale * images @ texts.T
    if ignored is not None:
        logits = logits.masked_fill(ignored & ~positive, -torch.inf)
    believed = positive.to(logits.dtype) * (1.0 if weight is None else weight.to(logits.dtype))
    return (_direction(logits, believed, positive) + _direction(logits.T, believed.T, positive.T)) / 2


def _direction(logits: Tensor, believed: Tensor, positive: Tensor) -> Tensor:
    """Each row's cross entropy against `believed` scaled to 1; their mean, weighted by how far the row is believed."""
    mass, n_positive = believed.sum(1), positive.sum(1)
    told = mass > 0
    log_probabilities = logits.log_softmax(1).masked_fill(~positive, 0.0)
    losses = -(believed * log_probabilities).sum(1)[told] / mass[told]
    rows = mass[told] / n_positive[told]
    return (rows * losses).sum() / rows.sum()
