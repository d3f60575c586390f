"""A teacher of emotions, and its anchors: what PBR distils into its picture tower. (PBR, section 3.2)

The teacher learns to tell the seven emotions of stickers that people have labelled. Its anchors are the centres of what
it makes of the stickers of each emotion, so that a sticker is described by how near it is to each kind of fear or joy,
and not by one label alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..bases.towers import Joint
from ..data.conversations import EMOTIONS, Use
from ..data.gallery import Gallery, Places
from .clip import seen
from .learning import DialogueModel

POSITIVE: Final = ("surprise", "happiness")
NEGATIVE: Final = ("disgust", "fear", "sadness", "anger")
LLOYD_STEPS: Final = 20
PER_ANCHOR: Final = 8
"""Labelled stickers for each anchor at least."""


class EmotionTeacher(DialogueModel):
    """A picture tower and a linear layer, learned by cross entropy on the emotions of the stickers of the uses it is
    trained on. It answers no conversation: `scores` is not for it."""

    def __init__(self, gallery: Gallery, joint: Joint) -> None:
        super().__init__(gallery)
        joint.freeze(image=False, text=True)
        joint.leave_out(image_projection=True, scale=True)
        self.joint = joint
        self.classify = nn.Linear(joint.image_width, len(EMOTIONS))

    def losses(self, uses: Sequence[Use], rng: np.random.Generator, progress: float) -> dict[str, Tensor]:
        """Cross entropy; stickers that nobody labelled are passed over."""
        golds = [at for at in self.gallery.conversations.golds(uses) if self.gallery.stickers[at].emotion]
        logits = self.classify(self.joint.see(self.gallery.drawn(golds, rng)).pooled)
        return {"loss": F.cross_entropy(logits, labels(self.gallery, golds).to(logits.device))}

    def scores(self, uses: Sequence[Use], candidates: Places) -> Tensor:
        """Refused."""
        raise TypeError("a teacher of emotions ranks no stickers")

    def features(self) -> Tensor:
        """[G, Dv] of length 1: what it makes of every sticker of its gallery."""
        return F.normalize(seen(self.joint, self.gallery).pooled, dim=-1)

    def accuracy(self, places: Sequence[int]) -> float:
        """The share of the stickers at `places` whose emotion it tells."""
        with torch.no_grad():
            told = self.classify(seen(self.joint, self.gallery, places).pooled).argmax(1)
        return float((told == labels(self.gallery, places).to(told.device)).float().mean())


def labels(gallery: Gallery, places: Sequence[int]) -> Tensor:
    """int64 [n]: the emotions of stickers that have one."""
    numbers = [EMOTIONS.index(gallery.stickers[at].emotion or "") for at in places]
    return torch.tensor(numbers, dtype=torch.int64)


@dataclass(frozen=True, slots=True)
class Anchors:
    """`centres` [A, Ds] of length 1, in the order of `EMOTIONS`; `emotion` int64 [A] says which each is of. `targets`
    [G, A] is how the teacher sees each sticker of the gallery: the softmax of its cosines / T."""

    centres: Tensor
    emotion: Tensor
    targets: Tensor

    @property
    def entropy(self) -> float:
        """The mean entropy of the targets as a share of the greatest there can be; between .3 and .8 a student learns
        more from them than from labels."""
        bits = -(self.targets * self.targets.clamp(min=1e-12).log()).sum(1).mean()
        return float(bits) / float(np.log(len(self.centres)))


def anchors_of(
    teacher: EmotionTeacher, labelled: Sequence[int], per_emotion: int, temperature: float, seed: int = 0
) -> Anchors:
    """k-means within each emotion, over the labelled stickers at places `labelled`. A small emotion has fewer anchors,
    one for every eight stickers; one that nobody labelled has none. `ValueError` where nothing is labelled."""
    features = teacher.features()
    emotions = labels(teacher.gallery, labelled)
    centres, of = list[Tensor](), list[int]()
    for emotion in range(len(EMOTIONS)):
        own = features[torch.tensor(labelled, dtype=torch.int64)[emotions == emotion].to(features.device)]
        if len(own):
            found = k_means(own, max(1, min(per_emotion, len(own) // PER_ANCHOR)), seed)
            centres.append(found)
            of += [emotion] * len(found)
    if not centres:
        raise ValueError("no sticker has an emotion that its annotators agree on")
    all_centres = torch.cat(centres)
    targets = (features @ all_centres.T / temperature).softmax(-1)
    return Anchors(all_centres, torch.tensor(of, device=features.device), targets)


def k_means(rows: Tensor, k: int, seed: int) -> Tensor:
    """The `k` centres [k, d] of unit vectors [n, d], of length 1. A cluster that loses all its rows begins again at the
    row that is farthest from every centre."""
    chosen = np.random.default_rng(seed).permutation(len(rows))[:k]
    centres = rows[torch.from_numpy(chosen).to(rows.device)]
    for _ in range(LLOYD_STEPS):
        nearest = (rows @ centres.T).max(1)
        sums = torch.zeros_like(centres).index_add(0, nearest.indices, rows)
        is_empty = torch.bincount(nearest.indices, minlength=k) == 0
        sums[is_empty] = rows[nearest.values.argsort()[: int(is_empty.sum())]]
        centres = F.normalize(sums, dim=-1)
    return centres


def polarity_of(emotions: Tensor) -> Tensor:
    """[n]: how positive a sticker is, of the probabilities [n, 7] of its emotions: q+ / (q+ + q-), and .5 where it is
    mostly neutral. Surprise counts as positive, as in PBR's code."""

    def share(names: Sequence[str]) -> Tensor:
        return emotions[:, [EMOTIONS.index(name) for name in names]].sum(1)

    positive, negative = share(POSITIVE), share(NEGATIVE)
    is_neutral = emotions[:, EMOTIONS.index("neutral")] > 0.5
    return torch.where(is_neutral, 0.5, positive / (positive + negative).clamp(min=1e-12))


def by_emotion(logits: Tensor, emotion: Tensor) -> Tensor:
    """[n, 7] probabilities of anchors' logits [n, A]: the softmax over emotions of the logsumexp over their anchors,
    less the logarithm of their number, so that an emotion with many anchors is no more likely for it."""
    columns = []
    for number in range(len(EMOTIONS)):
        own = logits[:, emotion == number]
        columns.append(
            own.logsumexp(1) - np.log(own.shape[1]) if own.shape[1] else own.new_full((len(own),), -torch.inf)
        )
    return torch.stack(columns, dim=1).softmax(-1)
