from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from retrieval_engine.losses import info_nce


def units(n: int, seed: int) -> torch.Tensor:
    return F.normalize(torch.randn(n, 8, generator=torch.Generator().manual_seed(seed)), dim=-1)


def drawn(n: int, m: int, seed: int) -> torch.Tensor:
    return torch.rand(n, m, generator=torch.Generator().manual_seed(seed))


def naive(
    logits: list[list[float]], positive: list[list[bool]], ignored: list[list[bool]], weight: list[float]
) -> float:
    """Both directions written out, one row at a time; `weight` is of the columns."""

    def direction(rows: list[list[float]], fit: list[list[bool]], out: list[list[bool]], w: list[list[float]]) -> float:
        losses, beliefs = [], []
        for x, good, gone, believed in zip(rows, fit, out, w, strict=True):
            if not any(good):
                continue
            total = math.log(sum(math.exp(v) for v, skip, g in zip(x, gone, good, strict=True) if g or not skip))
            mass = sum(b for b, g in zip(believed, good, strict=True) if g)
            losses.append(sum(b * (total - v) for v, g, b in zip(x, good, believed, strict=True) if g) / mass)
            beliefs.append(mass / sum(good))
        return sum(b * loss for b, loss in zip(beliefs, losses, strict=True)) / sum(beliefs)

    def turned(table: list[list]) -> list[list]:
        return [list(column) for column in zip(*table, strict=True)]

    by_row = [weight for _ in logits]
    forward = direction(logits, positive, ignored, by_row)
    return (forward + direction(turned(logits), turned(positive), turned(ignored), turned(by_row))) / 2


@given(st.integers(2, 6), st.integers(1, 3), st.integers(0, 2), st.integers(0, 1_000), st.floats(1, 20))
def test_it_is_the_written_out_sum(n: int, each: int, n_extra: int, seed: int, scale: float) -> None:
    """Several texts an image, some shared, some pairs ignored, texts half believed, and images that are only wrong."""
    images, texts = units(n + n_extra, seed), units(n * each, seed + 1)
    own = torch.arange(n * each)[None] // each == torch.arange(n + n_extra)[:, None]
    positive = own | (drawn(n + n_extra, n * each, seed) < 0.2)
    positive[n:] = False
    ignored = drawn(n + n_extra, n * each, seed + 2) < 0.3
    weight = 0.1 + drawn(1, n * each, seed + 3)[0]
    loss = info_nce(images, texts, scale, positive, ignored=ignored, weight=weight)
    logits = (scale * images @ texts.T).double().tolist()
    expected = naive(logits, positive.tolist(), ignored.tolist(), weight.double().tolist())
    assert float(loss) == pytest.approx(expected, rel=1e-4, abs=1e-6)


def test_pairs_alone_are_the_paper_s_loss() -> None:
    images, texts, target = units(5, 1), units(5, 2), torch.arange(5)
    logits = 7.0 * images @ texts.T
    expected = (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2
    assert float(info_nce(images, texts, 7.0, torch.eye(5, dtype=torch.bool))) == pytest.approx(float(expected))


def test_what_is_ignored_pulls_and_pushes_nothing() -> None:
    images, texts = units(4, 1), units(4, 2).requires_grad_()
    ignored = torch.zeros(4, 4, dtype=torch.bool)
    ignored[0, 1] = ignored[1, 0] = True
    info_nce(images, texts, 5.0, torch.eye(4, dtype=torch.bool), ignored=ignored).backward()
    assert texts.grad is not None
    alone = units(4, 2).requires_grad_()
    others = images.clone()
    others[0] = -others[0]  # whatever the image that text 1 ignores is, the text's own share stays
    info_nce(others, alone, 5.0, torch.eye(4, dtype=torch.bool), ignored=ignored).backward()
    assert alone.grad is not None
    assert torch.allclose(texts.grad[1], alone.grad[1], atol=1e-6)
    assert not torch.allclose(texts.grad[2], alone.grad[2], atol=1e-4)


def test_a_text_nobody_believes_teaches_nothing() -> None:
    images, texts = units(3, 1).requires_grad_(), units(3, 2)
    weight = torch.tensor([1.0, 0.0, 1.0])
    loss = info_nce(images, texts, 5.0, torch.eye(3, dtype=torch.bool), weight=weight)
    logits = 5.0 * images @ texts.T
    target = torch.arange(3)
    rows = [F.cross_entropy(logits, target, reduction="none"), F.cross_entropy(logits.T, target, reduction="none")]
    assert float(loss) == pytest.approx(float((rows[0][[0, 2]].mean() + rows[1][[0, 2]].mean()) / 2), rel=1e-5)
